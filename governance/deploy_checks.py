"""Is this installation set up so that nothing is given away?

Whether the database itself protects the trail is asked by `manage.py check --deploy`; whether a password would travel
in the clear at every start.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register

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


@register(Tags.security)
def check_mail_password(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Refuse a mail server that would be told a password which everybody on the way can read."""
    host, is_encrypted = settings.EMAIL_HOST, settings.EMAIL_USE_SSL or settings.EMAIL_USE_TLS
    if not settings.EMAIL_HOST_PASSWORD or is_encrypted or host in {"localhost", "127.0.0.1", "::1"}:
        return []
    return [
        Error(
            f"COUNTERSIGN_MAIL_URL would send the password for {host} without encryption.",
            hint=f"Write smtps://user:password@{host}:465 for TLS from the start, or "
            f"smtp+starttls://user:password@{host}:587 where the server changes to TLS before the password.",
            id="countersign.E003",
        )
    ]
