"""Which of the ordered checks can only be answered with the help of the model itself?"""

from collections.abc import Mapping
from typing import Any

from audits.checks import Attributions, Disturbances, UnknownCheck, get_check

# What a child makes of a model, by its name in the spec.
FROM_MODEL: Mapping[str, Any] = {"attributions": Attributions, "disturbances": Disturbances}


def needed_of_model(check: str, version: int) -> str | None:
    """What this check reads of the model; an unknown check needs nothing, it is refused elsewhere."""
    try:
        needs = get_check(check, version).needs
    except UnknownCheck:
        return None
    return next((name for name, kind in FROM_MODEL.items() if kind in needs), None)
