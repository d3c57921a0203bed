"""What do workers do for the governing floor?"""

import sys
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_init

from audits.trail import Actor
from governance.services.promotions import settle_promotions
from governance.starting import TooManyRights, require_two_roles


@worker_init.connect
def stay_away_with_too_many_rights(**_: Any) -> None:
    """A worker looks at its role before it takes any work."""
    try:
        require_two_roles()
    except TooManyRights as refusal:
        sys.exit(str(refusal))


@shared_task(name="governance.settle_batch", acks_late=True, ignore_result=True, time_limit=120)
def settle_batch(batch: str) -> int:
    """Settle the promotions that a finished batch of checks concerns. Twice does no harm."""
    return settle_promotions(actor=Actor.process("worker"), batch=UUID(batch))
