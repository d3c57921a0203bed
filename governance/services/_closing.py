"""How does a promotion end? Once, whatever ends it."""

from audits.trail import Recording
from governance.models import ClosureOutcome, OpenPromotion, Promotion, PromotionClosure


def close(*, recording: Recording, promotion: Promotion, outcome: ClosureOutcome) -> None:
    """End a promotion. Records: promotion.closed. One end only: the closure is unique in the database."""
    closure = PromotionClosure(
        promotion=promotion, outcome=outcome, closed_by=str(recording.actor), closed_at=recording.at
    )
    recording.create(
        closure, action="promotion.closed", subject=promotion.subject, data={"outcome": str(outcome.value)}
    )
    OpenPromotion.objects.filter(promotion=promotion).delete()
