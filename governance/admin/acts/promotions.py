"""Asking for a promotion: to a stage, to the next step of a rollout, anew where a version stands, or for a name."""

from collections.abc import Iterator
from typing import Any

from django import forms

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, sentence
from governance.admin.acts.kinds import PROMOTION, VERSION, page_of_promotion
from governance.models import Account, Promotion
from governance.roles import Verb
from governance.selectors.aliases import CHAMPION
from governance.services.promotions import request_promotion, withdraw_promotion
from registry.models import ModelVersion
from registry.stages import Rollout, Stage, may_move, may_widen

STEPS = {
    Rollout.SHADOW: "production, as shadow: it sees the traffic and answers nobody",
    Rollout.CANARY: "production, as canary: it answers a share of the traffic",
    Rollout.BLUE_GREEN: "production, blue/green: it stands ready beside the present one",
    Rollout.FULL: "production, in full: it answers everybody",
}
ALIAS_ALONE = "alias"


def destinations(version: ModelVersion) -> Iterator[tuple[str, str]]:
    """Yield where a version can be asked to go from where it stands, step by step, as value and words."""
    stage, rollout, percent = version.position.stage, version.position.rollout, version.position.percent
    if stage == Stage.RETIRED:
        return
    if may_move(stage, Stage.STAGING):
        yield Stage.STAGING.value, "staging"
    for step, words in STEPS.items() if may_move(stage, Stage.PRODUCTION) else ():
        most = 99 if step is Rollout.CANARY else 0
        if stage == Stage.PRODUCTION and not may_widen(rollout, percent, step, most):
            continue
        again = " (again: certifies it anew)" if (stage, rollout) == (Stage.PRODUCTION, step) else ""
        yield step.value, f"{words}{again}"
    yield ALIAS_ALONE, "no other stage: only the alias moves"


class RequestForm(ActForm):
    """Where to, under which name, and why."""

    to = forms.ChoiceField(label="Where it shall go")
    percent = forms.IntegerField(
        label="Share of the traffic, in percent",
        help_text="Of a canary alone: 1 to 99.",
        required=False,
        min_value=1,
        max_value=99,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    alias = forms.CharField(
        label="Alias that shall point at it",
        help_text="Empty for none. In a rollout it moves with the last step.",
        required=False,
        max_length=60,
        initial=CHAMPION,
    )
    reason = sentence("Why", "What speaks for the move. It stays on the record.", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = list(destinations(self.about))
        self.offer("to", choices)
        self.fields["to"].initial = Rollout.FULL.value

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        to = said["to"]
        staged = to in {Stage.STAGING.value, ALIAS_ALONE}
        target = {Stage.STAGING.value: Stage.STAGING, ALIAS_ALONE: None}.get(to, Stage.PRODUCTION)
        return {
            "target": target,
            "rollout": None if staged else Rollout(to),
            "percent": said["percent"] or 0,
            "alias": said["alias"].strip(),
            "reason": said["reason"],
        }


def _nowhere(account: Account, version: ModelVersion) -> str:
    return "" if list(destinations(version)) else "It is retired; only a rollback brings a retired version back."


def _request(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    promotion = request_promotion(actor=account.actor, version=version, **said)
    return Done(_answer(promotion), page_of_promotion(promotion))


def _answer(promotion: Promotion) -> str:
    closure = Promotion.objects.get(pk=promotion.pk)
    if hasattr(closure, "closure"):
        return "Asked for, and nothing stood against it: it has moved."
    outcome = promotion.decisions.latest("number").outcome
    return {
        "wait": "Asked for. The gate waits for what is listed here.",
        "block": "Asked for. The gate blocks it for the reasons here; it stays open until somebody ends it.",
    }.get(outcome, "Asked for.")


REQUEST = Act(
    name="ask",
    on=VERSION,
    verb=Verb.PROMOTE,
    label="Ask for a promotion",
    title=lambda version: f"Ask for a promotion of {version}",
    follows=lambda version: (
        f"{version} stands in {version.position.stage}. The gate answers at once by the policies in force, "
        "and again whenever a fact is added; when nothing is missing, the version moves at once.",
        "Checks that were never run or are too old are ordered. You cannot approve what you ask for.",
    ),
    stays="The request is on record for ever. While it is open, you can withdraw it.",
    form=RequestForm,
    why_not=_nowhere,
    perform=_request,
)


def closed(promotion: Promotion) -> str:
    """Return the sentence that a promotion takes no more acts, or nothing while it is open."""
    closure = getattr(promotion, "closure", None)
    return f"This promotion was {closure.outcome} on {closure.closed_at:%-d %B %Y}." if closure else ""


def _not_mine(account: Account, promotion: Promotion) -> str:
    if ended := closed(promotion):
        return ended
    mine = promotion.requested_by == str(account.actor)
    return "" if mine else "Only whoever asked for a promotion withdraws it; a reviewer can refuse it."


def _withdraw(account: Account, promotion: Promotion, said: dict[str, Any]) -> Done:
    withdraw_promotion(actor=account.actor, uid=promotion.uid)
    return Done("The request is withdrawn.", page_of_promotion(promotion))


WITHDRAW = Act(
    name="withdraw",
    on=PROMOTION,
    verb=Verb.PROMOTE,
    label="Withdraw the request",
    title=lambda promotion: f"Withdraw: {promotion}",
    follows=lambda promotion: (
        f"The promotion ends, and {promotion.version} stays in {promotion.version.position.stage}.",
        "Approvals given for it count for nothing else.",
    ),
    stays="The request and every word about it stay on record. You can ask anew.",
    why_not=_not_mine,
    perform=_withdraw,
)
