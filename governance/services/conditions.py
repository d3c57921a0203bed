"""How is a yes given on a condition, and how is the condition met?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from audits.trail import Actor, Recording, new_uid, now, record
from governance.errors import ConditionClosed, Malformed, NotEntitled
from governance.models import Account, Approval, Condition, ConditionFulfilment
from governance.roles import Group, Verb
from governance.selectors.conditions import get_condition
from governance.selectors.policies import rules_of_promotion
from governance.services._notices import tell
from governance.services.authority import authorise
from governance.services.signatures import refuse_unsigned, sign, told_of

LONGEST: Final = timedelta(days=365)
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Demand:
    """What an approver wants done after the yes: by whom, and until when."""

    text: str
    owner: Account
    due_at: datetime


def set_conditions(*, recording: Recording, approval: Approval, demands: Collection[Demand]) -> None:
    """Make an approval depend on demands; one that is not met in time revokes it.

    Records: condition.set for each; the owners are told. Raises: Malformed.
    """
    if len(demands) > MOST:
        raise Malformed(f"An approval has at most {MOST} conditions.", field="conditions")
    promotion, author = approval.promotion, str(recording.actor)
    for demand in demands:
        if not demand.text.strip():
            raise Malformed("Say what must be done.", field="conditions.text")
        if not recording.at < demand.due_at <= recording.at + LONGEST:
            raise Malformed(f"A condition is due in the future, within {LONGEST.days} days.", field="conditions.due_at")
        uid = new_uid()
        row = Condition(
            uid=uid,
            approval=approval,
            sealed_text=Condition.text.seal(demand.text.strip(), author=author, uid=uid),
            owner=str(demand.owner.actor),
            set_by=author,
            set_at=recording.at,
            due_at=demand.due_at,
        )
        data = {"condition": str(uid), "approval": str(approval.uid), "owner": row.owner, "due": _day(row.due_at)}
        recording.create(row, action="condition.set", subject=promotion.subject, data=data)
        sentence = f"An approval of {promotion} depends on you: meet its condition before {_day(row.due_at)}."
        tell({row.owner}, sentence, about=row.subject, at=recording.at)


@sensitive_variables("password")
def fulfil_condition(*, actor: Actor, uid: UUID, note: str, password: str = "") -> ConditionFulfilment:
    """Confirm that a condition is met: a reviewer of the group that set it, who is not its owner.

    `password` signs, where a policy asks for it.
    Records: condition.met; signature.refused when the password is wrong.
    Raises: NotEntitled, UnknownCondition, ConditionClosed (met already, or overdue), SignatureRefused, Malformed.
    """
    authorise(actor, Verb.REVIEW)
    if not note.strip():
        raise Malformed("Say in a sentence what you saw: it is part of the record.", field="note")
    signed_at = sign(actor=actor, password=password)
    with record(actor=actor, at=now()) as recording:
        condition = get_condition(uid)
        group = Group(condition.approval.group)
        if group not in Account.objects.get(uid=actor.id).groups_reviewed_for():
            raise NotEntitled(f"A reviewer for {group} set this condition, and one must confirm that it is met.")
        if condition.owner == str(actor):
            raise NotEntitled("Whoever must meet a condition does not confirm that it is met.")
        if hasattr(condition, "fulfilment"):
            raise ConditionClosed(f"This condition was met on {condition.fulfilment.met_at:%-d %B %Y} already.")
        if recording.at > condition.due_at:
            raise ConditionClosed(
                f"This condition was due on {condition.due_at:%-d %B %Y at %H:%M} UTC, and its approval is revoked.",
                due_at=condition.due_at.isoformat(),
            )
        refuse_unsigned(rules_of_promotion(condition.approval.promotion).policies, signed_at)
        fulfilment_uid = new_uid()
        fulfilment = ConditionFulfilment(
            uid=fulfilment_uid,
            condition=condition,
            sealed_note=ConditionFulfilment.note.seal(note.strip(), author=str(actor), uid=fulfilment_uid),
            met_by=str(actor),
            met_at=recording.at,
        )
        data = {"condition": str(condition.uid)} | told_of(signed_at)
        subject = condition.approval.promotion.subject
        return recording.create(fulfilment, action="condition.met", subject=subject, data=data)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
