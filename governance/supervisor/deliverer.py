"""What has to be sent to webhooks, again and again?

In a process of its own: a receiver that takes ten seconds to answer holds up neither a check nor the trail.
"""

import time
from functools import partial

from audits.trail import now
from governance.selectors.webhooks import webhooks_with_work
from governance.services.webhook_deliveries import deliver_webhook, forget_old_deliveries
from governance.supervisor.bell import Bell
from governance.supervisor.duties import Duties

PAUSE_SECONDS = 0.5
FORGET_SECONDS = 3600.0


class Deliverer:
    """Gives each webhook that has something due a turn. Several may work at a time: each webhook has a lease."""

    def __init__(self) -> None:
        self._duties = Duties()
        self._forgot: float | None = None

    def round(self) -> int:
        """Do once what is due now; return how many webhooks had a turn."""
        self._duties.attempt("forget", self._forget)
        webhooks = webhooks_with_work(at=now())
        for uid in webhooks:
            self._duties.attempt(f"deliver {uid}", partial(deliver_webhook, uid=uid))
        return len(webhooks)

    def _forget(self) -> None:
        asked = time.monotonic()
        if self._forgot is None or asked - self._forgot >= FORGET_SECONDS:
            forget_old_deliveries(at=now())
            self._forgot = asked


def deliver() -> None:
    """Deliver until a signal asks to stop; the message that is under way is finished first."""
    deliverer, duties = Deliverer(), Duties()
    with Bell() as bell:
        while not bell.is_stopping:
            duties.attempt("round", deliverer.round)
            bell.sleep(PAUSE_SECONDS)
