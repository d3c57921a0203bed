"""Accepting one requirement, or one finding of it, for a time; and ending that early."""

from collections.abc import Iterator
from typing import Any

from django import forms

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, sentence
from governance.admin.acts.kinds import PROMOTION, WAIVER, page_of_promotion
from governance.admin.acts.promotions import closed
from governance.gates import Outcome
from governance.models import Account, Promotion, Waiver
from governance.roles import Verb
from governance.selectors.policies import rules_of_promotion
from governance.selectors.requirements import newest_runs, result_of
from governance.selectors.waivers import objection_to_waiving
from governance.selectors.words import must_sign
from governance.services.waivers import LONGEST_DAYS, grant_waiver, revoke_waiver
from registry.stages import Stage

LONGEST_LABEL = 160


def waivable(promotion: Promotion) -> Iterator[tuple[str, str]]:
    """Yield what stands against a promotion, as the gate last judged it, and may be waived, as value and words.

    A whole requirement is `policy/id`, one finding of it `policy/id#key`.
    """
    decision = max(promotion.decisions.all(), key=lambda one: one.number, default=None)
    standing = {
        (reason.get("policy"), reason["requirement"])
        for reason in (decision.reasons if decision else ())
        if reason["outcome"] != Outcome.ALLOW
    }
    rules = rules_of_promotion(promotion)
    runs = newest_runs(rules, promotion.version)
    for policy in rules.policies:
        for line in policy.lines:
            if not line.is_waivable or (policy.name, line.id) not in standing:
                continue
            key = f"{policy.name}/{line.id}"
            yield key, f"{line.title}: all of it"
            result = result_of(runs[key]) if key in runs else None
            for finding in result.report.get("findings", ()) if result else ():
                yield f"{key}#{finding['key']}", f"{line.title}: only that {finding['sentence']}"[:LONGEST_LABEL]


class WaiverForm(ActForm):
    """What is accepted, for how long, why, and what is done instead."""

    requirement = forms.ChoiceField(label="What you accept")
    days = forms.IntegerField(
        label="For how many days",
        help_text="A policy can allow fewer.",
        initial=30,
        min_value=1,
        max_value=LONGEST_DAYS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    reason = sentence("Why it can be accepted")
    compensating_control = sentence("What is done instead")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("requirement", list(waivable(self.about)))

    def said(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        line, _, finding = said.pop("requirement").partition("#")
        policy, _, requirement = line.partition("/")
        return {**said, "policy": policy, "requirement": requirement, "finding": finding}


def _cannot_waive(account: Account, promotion: Promotion) -> str:
    if ended := closed(promotion):
        return ended
    if objection := objection_to_waiving(promotion.version, promotion, person=str(account.actor)):
        return objection.detail
    return "" if any(waivable(promotion)) else "Nothing that may be waived stands against it."


def _waive(account: Account, promotion: Promotion, said: dict[str, Any]) -> Done:
    target = Stage(promotion.target) if promotion.target else None
    waiver = grant_waiver(actor=account.actor, version=promotion.version, target=target, **said)
    return Done(
        f"Waived until {waiver.expires_at:%-d %B %Y, %H:%M} UTC. The gate has judged anew.",
        page_of_promotion(promotion),
    )


WAIVE = Act(
    name="waive",
    on=PROMOTION,
    verb=Verb.WAIVE,
    label="Accept a finding for a time",
    title=lambda promotion: f"Accept a finding of {promotion.version}",
    follows=lambda promotion: (
        f"What you choose counts as waived for {promotion.version} and its move to "
        f"{promotion.target or '@' + promotion.alias}, and the gate judges anew at once. "
        "What else is asked for is still asked for.",
        "When the time is over the gate closes again by itself, and those concerned are told.",
    ),
    stays="Whoever waives cannot approve this promotion. The waiver stays on record; it can be revoked.",
    form=WaiverForm,
    tone="wait",
    signs=must_sign,
    why_not=_cannot_waive,
    perform=_waive,
)


def _cannot_revoke(account: Account, waiver: Waiver) -> str:
    state = WAIVER.state(waiver)
    return "" if state == "in_force" else f"It has ended already: it is {state}."


def _revoke(account: Account, waiver: Waiver, said: dict[str, Any]) -> Done:
    revoke_waiver(actor=account.actor, uid=waiver.uid)
    return Done("The waiver is revoked. The gate has judged anew.", WAIVER.page(waiver))


REVOKE_WAIVER = Act(
    name="revoke",
    on=WAIVER,
    verb=Verb.WAIVE,
    label="Revoke",
    title=lambda waiver: f"Revoke a waiver for {waiver.version}",
    follows=lambda waiver: (
        f"{waiver.policy}/{waiver.requirement}{', ' + waiver.finding if waiver.finding else ''} is asked for again, "
        "and an open promotion is judged anew at once. Whoever granted the waiver is told.",
    ),
    stays="A waiver that was revoked does not come back; another can be granted.",
    tone="wait",
    why_not=_cannot_revoke,
    perform=_revoke,
)
