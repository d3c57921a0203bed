"""Accepting one requirement, or one finding of it, for a time; and ending that early."""

from collections.abc import Iterator
from typing import Any

from django import forms

from audits.trail import now
from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, sentence
from governance.admin.acts.kinds import PROMOTION, VERSION, WAIVER, page_of_promotion
from governance.admin.acts.promotions import closed
from governance.gates import Outcome
from governance.models import Account, OpenPromotion, Promotion, Waiver
from governance.roles import Verb
from governance.selectors.explanation import explain
from governance.selectors.policies import Rules, rules_for, rules_of_promotion
from governance.selectors.requirements import newest_runs, result_of
from governance.selectors.version_file import TOWARDS
from governance.selectors.waivers import objection_to_waiving
from governance.selectors.words import must_sign, sign_off_asked
from governance.services.waivers import LONGEST_DAYS, grant_waiver, revoke_waiver
from registry.models import ModelVersion
from registry.stages import Stage, may_move

LONGEST_LABEL = 160


def waivable(promotion: Promotion) -> Iterator[tuple[str, str]]:
    """Yield what stands against a promotion, as the gate last judged it, and may be waived, as value and words."""
    decision = max(promotion.decisions.all(), key=lambda one: one.number, default=None)
    standing = {
        (reason.get("policy", ""), reason["requirement"])
        for reason in (decision.reasons if decision else ())
        if reason["outcome"] != Outcome.ALLOW
    }
    yield from _choices(rules_of_promotion(promotion), promotion.version, standing)


def waivable_ahead(version: ModelVersion) -> Iterator[tuple[str, str]]:
    """Yield what would stand against each way that nobody has asked for yet, as `target:value` and words."""
    asked = set(OpenPromotion.objects.filter(version=version).values_list("target", flat=True))
    for target, move in TOWARDS.items():
        if target in asked or not may_move(version.position.stage, target):
            continue
        explanation = explain(version, move, at=now())
        standing = {(one.reason.policy, one.reason.requirement) for one in explanation.blocks}
        for value, words in _choices(explanation.rules, version, standing):
            yield f"{target}:{value}", f"To {target}: {words}"


def _choices(rules: Rules, version: ModelVersion, standing: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the lines that stand against a move and may be waived, as value and words.

    A whole requirement is `policy/id`, one finding of it `policy/id#key`.
    """
    runs = newest_runs(rules, version)
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
        self.offer("requirement", list(self.choices()))

    def choices(self) -> Iterator[tuple[str, str]]:
        return waivable(self.about)

    def said(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        target = Stage(self.about.target) if self.about.target else None
        named = _named(said.pop("requirement"))
        return {**said, "version": self.about.version, "target": target, **named}


class WaiverAheadForm(WaiverForm):
    """The same, for a way that nobody has asked for yet."""

    def choices(self) -> Iterator[tuple[str, str]]:
        return waivable_ahead(self.about)

    def said(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        target, _, value = said.pop("requirement").partition(":")
        return {**said, "version": self.about, "target": Stage(target), **_named(value)}


def _named(value: str) -> dict[str, str]:
    line, _, finding = value.partition("#")
    policy, _, requirement = line.partition("/")
    return {"policy": policy, "requirement": requirement, "finding": finding}


def _cannot_waive(account: Account, promotion: Promotion) -> str:
    if ended := closed(promotion):
        return ended
    if objection := objection_to_waiving(promotion.version, promotion, person=str(account.actor)):
        return objection.detail
    return "" if any(waivable(promotion)) else "Nothing that may be waived stands against it."


def _waive(account: Account, promotion: Promotion, said: dict[str, Any]) -> Done:
    waiver = grant_waiver(actor=account.actor, **said)
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


def _cannot_waive_ahead(account: Account, version: ModelVersion) -> str:
    if objection := objection_to_waiving(version, None, person=str(account.actor)):
        return objection.detail
    if any(waivable_ahead(version)):
        return ""
    return "Nothing that may be waived would stand against a way that nobody has asked for yet."


def _waive_ahead(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    waiver = grant_waiver(actor=account.actor, **said)
    until = f"{waiver.expires_at:%-d %B %Y, %H:%M} UTC"
    return Done(f"Waived for the move to {waiver.target} until {until}, if it is asked for.", VERSION.page(version))


WAIVE_AHEAD = Act(
    name="waive",
    on=VERSION,
    verb=Verb.WAIVE,
    label="Accept a finding before the move is asked for",
    title=lambda version: f"Accept a finding of {version}",
    follows=lambda version: (
        f"What you choose counts as waived for {version} and that move, from now on and when somebody asks for it. "
        "What else is asked for is still asked for.",
        "When the time is over it stands against the move again by itself, and those concerned are told.",
    ),
    stays="Whoever waives cannot approve that promotion. The waiver stays on record; it can be revoked.",
    form=WaiverAheadForm,
    tone="wait",
    signs=lambda version: any(sign_off_asked(rules_for(version, move)).reauthenticate for move in TOWARDS.values()),
    why_not=_cannot_waive_ahead,
    perform=_waive_ahead,
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
