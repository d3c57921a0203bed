"""Which of the ordered checks can only be answered with the help of the model itself?"""

from audits.checks import Attributions, UnknownCheck, get_check


def needs_attributions(check: str, version: int) -> bool:
    """Whether this check reads attributions; an unknown check needs nothing, it is refused elsewhere."""
    try:
        return Attributions in get_check(check, version).needs
    except UnknownCheck:
        return False
