"""What do workers do for the governing floor?"""

import sys
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_init

from audits.trail import Actor, TrailNotExtended
from governance.services.promotions import settle_promotions
from governance.starting import TooManyRights, stay_away_unless_fit


@worker_init.connect
def look_before_working(**_: Any) -> None:
    """A worker takes no work on an old copy, nor with a role that could change what was recorded."""
    try:
        stay_away_unless_fit()
    except (TooManyRights, TrailNotExtended) as refusal:
        sys.exit(str(refusal))


@shared_task(name="governance.settle_batch", acks_late=True, ignore_result=True, time_limit=120)
def settle_batch(batch: str) -> int:
    """Settle the promotions that a finished batch of checks concerns. Twice does no harm."""
    return settle_promotions(actor=Actor.process("worker"), batch=UUID(batch))
