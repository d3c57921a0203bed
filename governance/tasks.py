"""What do workers do for the governing floor?"""

from uuid import UUID

from celery import shared_task

from audits.trail import Actor
from governance.services.promotions import settle_promotions


@shared_task(name="governance.settle_batch", acks_late=True, ignore_result=True, time_limit=120)
def settle_batch(batch: str) -> int:
    """Settle the promotions that a finished batch of checks concerns. Twice does no harm."""
    return settle_promotions(actor=Actor.process("worker"), batch=UUID(batch))
