"""What happens when something has run out?"""

from datetime import datetime

from django.db import IntegrityError

from audits.trail import Actor, record, timestamp
from governance.errors import PromotionClosed
from governance.models import DeadlinePassed, OpenPromotion
from governance.selectors.deadlines import Deadline, deadlines_to_note
from governance.services._notices import tell
from governance.services._settlement import lock_open_promotion, settle
from registry.models import ModelVersion


def note_deadlines(*, actor: Actor, at: datetime) -> int:
    """Put on record, once, what has run out by a moment, and tell those concerned; return how much that was.

    Each deadline in a transaction of its own, so that one that cannot be noted holds no other back.
    Records: deadline.passed for each, and what the settlement of the version's open promotions records.
    Idempotent: by kind, subject, time and reminder, also when several call at once.
    Locks: the open promotions of the version.
    """
    return sum(_note(actor, deadline, at) for deadline in deadlines_to_note(at))


def _note(actor: Actor, deadline: Deadline, at: datetime) -> bool:
    """Note one deadline; return whether it was this caller who did."""
    key = {
        "kind": deadline.kind.value,
        "about": deadline.about,
        "due_at": deadline.due_at,
        "reminder": deadline.reminder,
    }
    try:
        with record(actor=actor, at=at) as recording:
            row = DeadlinePassed(**key, version=deadline.version, noted_at=at)
            data = {**key, "due_at": timestamp(deadline.due_at)}
            recording.create(row, action="deadline.passed", subject=deadline.subject, data=data)
            tell(deadline.people, deadline.sentence, about=deadline.subject, at=at)
            for uid in _open_promotions(deadline.version):
                try:
                    promotion = lock_open_promotion(uid)
                except PromotionClosed:
                    continue
                settle(recording=recording, promotion=promotion)
    except IntegrityError:
        if DeadlinePassed.objects.filter(**key).exists():
            return False
        raise
    return True


def _open_promotions(version: ModelVersion | None) -> list[str]:
    if version is None:
        return []
    rows = OpenPromotion.objects.filter(version=version).order_by("promotion_id")
    return [str(uid) for uid in rows.values_list("promotion__uid", flat=True)]
