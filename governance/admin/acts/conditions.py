"""Confirming that a condition of an approval is met."""

from typing import Any

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, sentence
from governance.admin.acts.kinds import CONDITION
from governance.models import Account, Condition
from governance.roles import Group, Verb
from governance.selectors.words import must_sign
from governance.services.conditions import fulfil_condition


class NoteForm(ActForm):
    """What was seen."""

    note = sentence("What you saw")


def _cannot_confirm(account: Account, condition: Condition) -> str:
    state = CONDITION.state(condition)
    group = Group(condition.approval.group)
    if state != "open":
        return {"met": "It is met already.", "overdue": "It is overdue, and the approval is revoked."}[state]
    if condition.owner == str(account.actor):
        return "You must meet it; another reviewer confirms that it is met."
    if group not in account.groups_reviewed_for():
        return f"A reviewer for {group.value} confirms it."
    return ""


def _fulfil(account: Account, condition: Condition, said: dict[str, Any]) -> Done:
    fulfil_condition(actor=account.actor, uid=condition.uid, **said)
    return Done("The condition is met; the approval stands.", CONDITION.page(condition))


FULFIL = Act(
    name="fulfil",
    on=CONDITION,
    verb=Verb.REVIEW,
    label="Confirm that it is met",
    title=lambda condition: f"Condition of the approval for {condition.approval.group}",
    follows=lambda condition: (
        f"Of {condition.approval.promotion}: {condition.text}",
        f"Due until {condition.due_at:%-d %B %Y, %H:%M} UTC. Confirmed in time, the approval stands without it.",
    ),
    stays="What you confirm stays on record and cannot be taken back.",
    form=NoteForm,
    signs=lambda condition: must_sign(condition.approval.promotion),
    why_not=_cannot_confirm,
    perform=_fulfil,
)
