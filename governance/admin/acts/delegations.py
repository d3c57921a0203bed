"""Letting somebody else speak, taking that back, and stepping aside."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, Reasoned
from governance.admin.acts.kinds import DELEGATION, MYSELF, PROMOTION, page_of_promotion
from governance.admin.acts.promotions import closed
from governance.models import Account, AccountKind, Delegation, Promotion
from governance.roles import Group, Verb
from governance.services.delegations import delegate_review, recuse, revoke_delegation
from registry.models import RegisteredModel


class DelegationForm(ActForm):
    """Who speaks for which group, about what, from when until when."""

    delegate = forms.ChoiceField(label="Who may speak in your place")
    group = forms.ChoiceField(label="For which group")
    model = forms.ChoiceField(label="About which model", required=False)
    starts = forms.DateField(
        label="From the beginning of (UTC)",
        help_text="At once when left out.",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    ends = forms.DateField(
        label="Until the end of (UTC)",
        help_text="At most 90 days.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Account.objects.filter(kind=AccountKind.PERSON, is_active=True).exclude(pk=self.account.pk)
        self.offer("delegate", [(str(one.uid), one.display_name) for one in people.order_by("display_name")])
        self.offer("group", [(group.value, group.value) for group in sorted(self.account.groups_reviewed_for())])
        names = RegisteredModel.objects.order_by("name").values_list("name", flat=True)
        self.offer("model", [("", "every model"), *((name, name) for name in names)])

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "delegate": Account.objects.get(uid=said["delegate"]),
            "group": Group(said["group"]),
            "model": RegisteredModel.objects.get(name=said["model"]) if said["model"] else None,
            "starts_at": datetime.combine(said["starts"], time(), UTC) if said["starts"] else None,
            "ends_at": datetime.combine(said["ends"], time(23, 59, 59), UTC),
        }

    def refuse(self, problem: Any) -> None:
        problem.context["field"] = str(problem.context.get("field", "")).removesuffix("_at")
        super().refuse(problem)


def _nothing_to_lend(account: Account, nothing: None) -> str:
    own = account.groups_reviewed_for()
    return "" if own else "You review for no group yourself, and a right that was lent is not handed on."


def _delegate(account: Account, nothing: None, said: dict[str, Any]) -> Done:
    delegation = delegate_review(actor=account.actor, **said)
    until = f"{delegation.ends_at:%-d %B %Y, %H:%M} UTC"
    return Done(
        f"{delegation.delegate} may speak for {delegation.group} in your place until {until}.", MYSELF.page(None)
    )


DELEGATE = Act(
    name="give",
    on=MYSELF,
    verb=Verb.REVIEW,
    label="Let somebody speak for you",
    title=lambda nothing: "Let somebody speak for you",
    follows=lambda nothing: (
        "While it runs, the other person reads, and approves or refuses in your place; both names stand on the record. "
        "The right cannot be handed on, and of the two of you one speaks about a promotion, once.",
        "The other person is told. It ends at its time, when you revoke it, or with your own role.",
    ),
    stays="What is said in your place stays said.",
    form=DelegationForm,
    why_not=_nothing_to_lend,
    perform=_delegate,
)


def _cannot_revoke(account: Account, delegation: Delegation) -> str:
    state = DELEGATION.state(delegation)
    if state in {"ended", "revoked"}:
        return f"It is {state} already."
    mine = delegation.delegated_by == str(account.actor)
    return "" if mine else "Only whoever gave a delegation revokes it."


def _revoke(account: Account, delegation: Delegation, said: dict[str, Any]) -> Done:
    revoke_delegation(actor=account.actor, uid=delegation.uid)
    return Done("The delegation is revoked.", DELEGATION.page(delegation))


REVOKE = Act(
    name="revoke",
    on=DELEGATION,
    verb=Verb.REVIEW,
    label="Revoke",
    title=lambda delegation: f"Revoke the delegation to {delegation.delegate}",
    follows=lambda delegation: (
        f"{delegation.delegate} speaks for {delegation.group} in your place no more, and is told.",
    ),
    stays="What was said through it stays said.",
    why_not=_cannot_revoke,
    perform=_revoke,
)


def _cannot_recuse(account: Account, promotion: Promotion) -> str:
    if ended := closed(promotion):
        return ended
    aside = promotion.recusals.filter(person=str(account.actor)).exists()
    return "You stepped aside already." if aside else ""


def _recuse(account: Account, promotion: Promotion, said: dict[str, Any]) -> Done:
    recuse(actor=account.actor, uid=promotion.uid, **said)
    return Done("You stepped aside from this promotion.", page_of_promotion(promotion))


RECUSE = Act(
    name="step-aside",
    on=PROMOTION,
    verb=Verb.REVIEW,
    label="Step aside",
    title=lambda promotion: f"Step aside from {promotion}",
    follows=lambda promotion: (
        "A word you gave on this promotion counts no more, and none is taken from you or in your place. "
        "Somebody else of your group must speak.",
    ),
    stays="You cannot come back to this promotion.",
    form=Reasoned,
    tone="wait",
    why_not=_cannot_recuse,
    perform=_recuse,
)
