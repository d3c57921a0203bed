"""How does a loop go on with its other duties when one of them fails?"""

import time
from collections.abc import Callable

import structlog
from django.db import connection

log = structlog.get_logger(__name__)

# What went wrong once is tried again after this, so that one broken thing does not fill the log.
RETRY_SECONDS = 15.0


class Duties:
    """Acts that are done again and again, each by its name; one that fails is logged and rests a while."""

    def __init__(self) -> None:
        self._resting: dict[str, float] = {}

    def attempt(self, duty: str, act: Callable[[], object]) -> None:
        if time.monotonic() < self._resting.get(duty, 0.0):
            return
        try:
            act()
        except Exception:
            log.exception("duty_failed", duty=duty, again_in_seconds=RETRY_SECONDS)
            self._resting[duty] = time.monotonic() + RETRY_SECONDS
            # A connection that the server has ended would fail for ever; the next query opens a new one.
            connection.close()
        else:
            self._resting.pop(duty, None)
