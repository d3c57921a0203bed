"""Is this installation set up so that the database itself protects the trail? Asked by `manage.py check --deploy`."""

from typing import Any

from django.core.checks import CheckMessage, Error, Info, register

from audits.trail import loose_guards, rights_beyond_need, running_role

HOW = "See docs/how-to/run-with-two-database-roles.md."


@register("trail", deploy=True)
def check_guards(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Name every guard that is not as the migrations left it."""
    return [
        Error(guard.sentence, hint="Run verify_trail, then put the guard back.", id="countersign.E001")
        for guard in loose_guards()
    ]


@register("trail", deploy=True)
def check_running_role(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Try with the running role what the application must not be able to do."""
    role = running_role()
    if not role:
        text = "SQLite knows no roles: whoever can write the database's file can lift its triggers."
        return [Info(text, hint=f"An organisation uses PostgreSQL and two roles. {HOW}", id="countersign.I001")]
    return [Error(f"The role {role} may {right}.", hint=HOW, id="countersign.E002") for right in rights_beyond_need()]
