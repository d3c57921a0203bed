"""What has to happen by itself, again and again?

Nothing here is remembered on disk: every round asks the rows what is due, so that a round lost is a round later.
"""

import time
from uuid import UUID

from audits.runs import give_up_lost_jobs
from audits.trail import Actor, now, publish_checkpoint, publish_outside, signed_size, trail_size
from governance.dispatch import ring_for_due_batches
from governance.selectors.promotions import list_open_promotions, open_promotions_with_news
from governance.services.certifications import withdraw_overdue_aliases
from governance.services.deadlines import note_deadlines
from governance.services.promotions import settle_promotion
from governance.supervisor.duties import Duties

DISPATCHER = Actor.process("dispatcher")
# How often it is asked what has run out; whoever is concerned hears of it within a minute, where five are promised.
DEADLINES_SECONDS = 30.0


class NotHandedOut(Exception):
    """A witness or an anchor did not take the newest checkpoint; it is asked again after the rest."""


class Dispatcher:
    """Rings for due work, gives up what was lost too often, notes what ran out, settles promotions, signs the trail."""

    def __init__(self) -> None:
        # How much of the trail has been heard. None: nothing yet, so the first round settles every open promotion.
        self._heard: int | None = None
        self._unsettled: set[UUID] = set()
        self._duties = Duties()
        self._deadlines_asked: float | None = None

    def round(self) -> None:
        """Do once what is due now. A duty that fails is logged and rests a while; the others go on."""
        self._duties.attempt("ring", ring_for_due_batches)
        self._duties.attempt("give_up", lambda: give_up_lost_jobs(actor=DISPATCHER))
        self._duties.attempt("note_deadlines", self._note_deadlines)
        self._duties.attempt("hear", self._hear)
        for uid in list(self._unsettled):
            self._duties.attempt(f"settle {uid}", lambda uid=uid: self._settle(uid))  # type: ignore[misc]
        self.sign()

    def sign(self) -> None:
        """Publish a checkpoint when the trail has grown since the last one, and hand it to those who keep it."""
        self._duties.attempt("sign", _sign_what_was_recorded)
        self._duties.attempt("hand_out", _hand_out)

    def _note_deadlines(self) -> None:
        asked = time.monotonic()
        if self._deadlines_asked is None or asked - self._deadlines_asked >= DEADLINES_SECONDS:
            at = now()
            note_deadlines(actor=DISPATCHER, at=at)
            withdraw_overdue_aliases(actor=DISPATCHER, at=at)
            self._deadlines_asked = asked

    def _hear(self) -> None:
        """Note which open promotions have something new to hear.

        The trail itself tells: its entries are numbered in the order of commits, so none is passed over, and a
        result is heard once, whether the gate's answer changes or not.
        """
        size = trail_size()
        if self._heard is None:
            self._unsettled.update(list_open_promotions())
        elif size > self._heard:
            self._unsettled.update(open_promotions_with_news(since=self._heard, until=size))
        self._heard = size

    def _settle(self, uid: UUID) -> None:
        settle_promotion(actor=DISPATCHER, uid=uid)
        self._unsettled.discard(uid)


def _sign_what_was_recorded() -> None:
    # Two cheap reads, so that an idle installation writes nothing and holds no lock.
    if trail_size() != signed_size():
        publish_checkpoint()


def _hand_out() -> None:
    problems = publish_outside().problems
    if problems:
        raise NotHandedOut(" ".join(problems))
