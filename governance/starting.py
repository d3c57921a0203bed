"""May this process start on this database, and what should its operator hear first?"""

import structlog
from django.conf import settings

from audits.trail import check_outside, first_right_beyond_need, loose_guards, running_role

log = structlog.get_logger(__name__)

HOW = "See docs/how-to/run-with-two-database-roles.md."


class TooManyRights(Exception):
    """With COUNTERSIGN_TWO_ROLES, the role of this process could change what was recorded."""

    code = "too_many_rights"


def look_before_starting() -> list[str]:
    """Return what is not as it should be, in sentences, where it is no reason to stay away.

    Raises: TrailNotExtended, when others keep what this database does not extend; TooManyRights.
    """
    said = check_outside().problems + [guard.sentence for guard in loose_guards()]
    require_two_roles()
    right = None if settings.TWO_ROLES else first_right_beyond_need()
    if right:
        said.append(f"The database role {running_role()} may {right}, so whoever breaks in could as well. {HOW}")
    return said


def stay_away_unless_fit() -> None:
    """Look as `look_before_starting` does, for a web server or worker that may be started by itself.

    A place that cannot be asked is logged. Raises: TrailNotExtended, TooManyRights.
    """
    require_two_roles()
    for sentence in check_outside().problems:
        log.warning("not_compared_at_start", problem=sentence)


def require_two_roles() -> None:
    """Try the rights of the running role, where COUNTERSIGN_TWO_ROLES asks for it. Raises: TooManyRights."""
    if not settings.TWO_ROLES:
        return
    if not running_role():
        raise TooManyRights(f"COUNTERSIGN_TWO_ROLES is on, and SQLite knows no roles. {HOW}")
    right = first_right_beyond_need()
    if right:
        raise TooManyRights(
            f"COUNTERSIGN_TWO_ROLES is on, and the role {running_role()} may {right}. "
            f"Start this process with the application's role. {HOW}"
        )
