"""What was accepted for a version although the policy asks for it, and how does a reviewer accept one thing more?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from audits.errors import DomainError
from governance.admin.inbox import last_decision
from governance.admin.pages import account_of, may
from governance.admin.review import get_promotion
from governance.gates import Outcome
from governance.models import Promotion, Waiver
from governance.roles import Verb
from governance.selectors.policies import Rules
from governance.selectors.version_file import names_of
from governance.selectors.waivers import IN_FORCE, list_waivers, objection_to_waiving, rules_towards, state_of
from governance.services.waivers import LONGEST_DAYS, grant_waiver, revoke_waiver
from registry.stages import Stage

Choices = list[tuple[str, str]]
WORDS = {"in_force": "in force", "expired": "ended", "revoked": "revoked"}
STATES = {"in_force": "allow", "expired": "neutral", "revoked": "neutral"}


class WaiverForm(forms.Form):
    """What is accepted, for how long, why, and what is done instead."""

    requirement = forms.ChoiceField(label="What you accept")
    days = forms.IntegerField(
        label="For how many days",
        initial=30,
        min_value=1,
        max_value=LONGEST_DAYS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    reason = forms.CharField(label="Why it can be accepted", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    compensating_control = forms.CharField(
        label="What is done instead", max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        requirement = self.fields["requirement"]
        assert isinstance(requirement, forms.ChoiceField)  # noqa: S101 -- tells mypy, checks nothing
        requirement.choices = choices


@dataclass(frozen=True, slots=True)
class Line:
    """A waiver as the page tells it."""

    waiver: Waiver
    state: str
    word: str
    by: str
    is_in_force: bool


def waivers_shown(promotion: Promotion, *, at: datetime) -> list[Line]:
    """Return the waivers for the version and target of a promotion, newest first."""
    rows = list(list_waivers().filter(version=promotion.version, target=promotion.target))
    names = names_of(row.granted_by for row in rows)
    states = [state_of(row, at=at) for row in rows]
    return [
        Line(row, STATES[state], WORDS[state], names[row.granted_by], state == IN_FORCE)
        for row, state in zip(rows, states, strict=True)
    ]


def waiver_form(request: HttpRequest, promotion: Promotion, rules: Rules) -> WaiverForm | None:
    """Return the form for whoever may waive something of an open promotion, or nothing."""
    if hasattr(promotion, "closure") or not may(request, Verb.WAIVE):
        return None
    if objection_to_waiving(promotion.version, promotion, person=str(account_of(request).actor)):
        return None
    choices = _waivable(promotion, rules)
    return WaiverForm(choices=choices, auto_id="id_waive_%s") if choices else None


def _waivable(promotion: Promotion, rules: Rules) -> Choices:
    """Return what stands against the promotion, as the gate last judged it, and may be waived."""
    decision = last_decision(promotion)
    standing = {
        (reason.get("policy"), reason["requirement"])
        for reason in (decision.reasons if decision else ())
        if reason["outcome"] != Outcome.ALLOW
    }
    return [
        (f"{policy.name}/{line.id}", line.title)
        for policy in rules.policies
        for line in policy.lines
        if line.is_waivable and (policy.name, line.id) in standing
    ]


@require_POST
def waive(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """Grant a waiver through the service."""
    promotion = get_promotion(uid)
    # Whether it still stands against the move is not asked again: the service judges by the policies of now.
    policies = rules_towards(promotion.version, promotion.target).policies
    lines = [(f"{policy.name}/{line.id}", line.title) for policy in policies for line in policy.lines]
    form = WaiverForm(request.POST, choices=lines)
    if not form.is_valid():
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {errors[0]} Nothing was recorded.")
        return redirect("admin:promotion", uid=uid)
    said = form.cleaned_data
    policy, _, requirement = said.pop("requirement").partition("/")
    try:
        waiver = grant_waiver(
            actor=account_of(request).actor,
            version=promotion.version,
            target=Stage(promotion.target) if promotion.target else None,
            policy=policy,
            requirement=requirement,
            **said,
        )
    except DomainError as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, f"Waived until {waiver.expires_at:%-d %B %Y, %H:%M} UTC. The gate has judged anew.")
    return redirect("admin:promotion", uid=uid)


@require_POST
def revoke(request: HttpRequest, site: AdminSite, uid: UUID, waiver: UUID) -> HttpResponse:
    """End a waiver through the service."""
    try:
        revoke_waiver(actor=account_of(request).actor, uid=waiver)
    except DomainError as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, "The waiver is revoked. The gate has judged anew.")
    return redirect("admin:promotion", uid=uid)
