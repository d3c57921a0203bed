"""Which conditions are open, met or overdue?"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Q, QuerySet

from governance.errors import UnknownCondition
from governance.models import Condition


class ConditionState(StrEnum):
    OPEN = "open"
    MET = "met"
    OVERDUE = "overdue"


def state_of(condition: Condition, *, at: datetime) -> ConditionState:
    """Return how a condition stands at a moment. What is overdue is never met: its approval is revoked."""
    if hasattr(condition, "fulfilment"):
        return ConditionState.MET
    return ConditionState.OVERDUE if at > condition.due_at else ConditionState.OPEN


def list_conditions() -> QuerySet[Condition]:
    return Condition.objects.select_related("approval__promotion__version__model", "fulfilment")


def get_condition(uid: UUID) -> Condition:
    """Return a condition with its approval. Raises: UnknownCondition."""
    condition = list_conditions().filter(uid=uid).first()
    if condition is None:
        raise UnknownCondition(f"There is no condition {uid}.")
    return condition


def standing_as(state: ConditionState, *, at: datetime) -> Q:
    """Return what selects the conditions that stand like this at a moment."""
    if state is ConditionState.MET:
        return Q(fulfilment__isnull=False)
    is_due = Q(due_at__lt=at) if state is ConditionState.OVERDUE else Q(due_at__gte=at)
    return Q(fulfilment__isnull=True) & is_due
