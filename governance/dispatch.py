"""How do committed rows reach the workers?

Rows are the truth, the queue is a hint: a message may be lost, doubled or late, and the next sweep finds the row.
"""

from functools import partial
from uuid import UUID

import structlog
from celery import chain
from django.db import transaction
from kombu.exceptions import OperationalError

from audits.runs import due_batches, mark_published
from audits.tasks import run_checks
from audits.trail import now

log = structlog.get_logger(__name__)


def ring_on_commit(batch: UUID | None) -> None:
    """Ring for a batch as soon as the transaction that ordered it has committed."""
    if batch is not None:
        transaction.on_commit(partial(ring, batch))


def ring(batch: UUID) -> bool:
    """Tell the workers about a batch; when its checks are done, its promotions are settled.

    Returns False when the broker does not answer: the row stays due, and the next sweep rings again.
    """
    from_governance = run_checks.app.signature("governance.settle_batch", args=[str(batch)], immutable=True)
    try:
        chain(run_checks.si(str(batch)), from_governance).apply_async(retry=False)
    except (OperationalError, OSError) as problem:
        log.warning("broker_unreachable", batch=str(batch), problem=str(problem))
        return False
    mark_published(batch=batch, at=now())
    return True


def ring_for_due_batches() -> int:
    """Ring for everything that is due; return how many batches that were.

    The first that the broker does not take ends the round: waiting for a silent broker once is enough.
    """
    rung = 0
    for batch in due_batches(at=now()):
        if not ring(batch):
            break
        rung += 1
    return rung
