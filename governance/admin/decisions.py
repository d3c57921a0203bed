"""How does a reviewer read a promotion and say yes or no, bound to what was on the page?

Reading is a GET and changes nothing. A word takes two POSTs: the first shows what is about to be signed, the second
calls the service. Both carry the digests and the number of the gate's answer that the page showed.
"""

from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from audits.errors import DomainError
from audits.trail import now
from governance.admin import evidence_lines
from governance.admin.acts import ON_PROMOTIONS, acts_for
from governance.admin.decision_form import DecisionForm
from governance.admin.inbox import groups_missing, last_decision
from governance.admin.pages import account_of, moment, render_page
from governance.admin.review import (
    banner_of,
    cards_for,
    consequence_of,
    content_of,
    emergency_of,
    factors_of,
    get_promotion,
    has_moved_on,
)
from governance.admin.standing import Standing, standing_of
from governance.admin.waiver_lines import lines_of
from governance.errors import ContentChanged, SignatureRefused
from governance.models import Promotion
from governance.selectors.policies import Rules, rules_of_promotion
from governance.selectors.version_file import names_of, people_of, version_file
from governance.selectors.waivers import list_waivers
from governance.selectors.words import sign_off_asked
from governance.services.approvals import approve_promotion, refuse_promotion
from registry.selectors import find_in_production

CHANGED = (
    "The page changed under you: what you were about to decide on is no longer what stands here. "
    "Nothing was recorded. Read it again."
)


@require_safe
def show_promotion(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """The page of one promotion."""
    promotion = get_promotion(uid)
    return _promotion_page(request, site, promotion, form=None)


@require_POST
def confirm_decision(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """Show what is about to be signed. Records nothing."""
    promotion = get_promotion(uid)
    rules = rules_of_promotion(promotion)
    standing = _standing(request, promotion, rules)
    form = DecisionForm(request.POST, standing=standing, sign_off=sign_off_asked(rules))
    refusal = _refusal(request, promotion, standing)
    if refusal:
        messages.error(request, refusal)
        return redirect("admin:promotion", uid=uid)
    if not form.is_valid():
        return _promotion_page(request, site, promotion, form=form, status=422)
    return _confirmation(request, site, promotion, rules, form)


def _confirmation(
    request: HttpRequest,
    site: AdminSite,
    promotion: Promotion,
    rules: Rules,
    form: DecisionForm,
    *,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    said = form.said()
    is_approval = said["verdict"] == "approve"
    outcome = (
        consequence_of(promotion, rules, said["group"].partition("/")[0])
        if is_approval
        else f"This promotion ends at once. {promotion.version} stays in {promotion.version.position.stage}."
    )
    return render_page(
        request,
        site,
        "confirm_decision.html",
        f"{'Approve' if is_approval else 'Refuse'} {promotion.version}",
        status=status,
        promotion=promotion,
        form=form,
        said=said,
        posted={name: request.POST.get(name, "") for name in form.fields},
        is_approval=is_approval,
        outcome=outcome,
        content=content_of(promotion),
        asks_password=sign_off_asked(rules).reauthenticate,
        error=error,
    )


@sensitive_post_parameters("password")
@require_POST
def decide(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """Record the word through the service, if the page still shows what was read."""
    promotion = get_promotion(uid)
    rules = rules_of_promotion(promotion)
    standing = _standing(request, promotion, rules)
    form = DecisionForm(request.POST, standing=standing, sign_off=sign_off_asked(rules))
    refusal = _refusal(request, promotion, standing)
    if not refusal and not form.is_valid():
        refusal = "The decision arrived incomplete. Nothing was recorded; decide again."
    if not refusal:
        speak = approve_promotion if form.cleaned_data["verdict"] == "approve" else refuse_promotion
        try:
            speak(
                actor=account_of(request).actor,
                uid=promotion.uid,
                password=request.POST.get("password", ""),
                **form.word(),
            )
        except SignatureRefused as problem:
            return _confirmation(request, site, promotion, rules, form, error=problem.detail, status=problem.status)
        except ContentChanged:
            refusal = CHANGED
        except DomainError as problem:
            refusal = problem.detail
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, _taken(get_promotion(uid)))
    return redirect("admin:promotion", uid=uid)


def _taken(promotion: Promotion) -> str:
    """Return what became of a promotion with the word that was just spoken."""
    closure = getattr(promotion, "closure", None)
    if closure is None:
        missing = " and ".join(sorted(groups_missing(last_decision(promotion)))) or "nobody"
        return f"Your word is on record. Still missing: {missing}."
    if closure.outcome == "promoted":
        return f"Your word is on record. {promotion.version} is in {promotion.target} now."
    return f"Your refusal is on record. {promotion.version} does not move."


def _refusal(request: HttpRequest, promotion: Promotion, standing: Standing) -> str:
    """Return why this word is not taken: the person may not speak, or read something else than stands here."""
    if not standing.may_decide:
        return standing.why_not
    seen = {name: request.POST.get(name, "") for name in content_of(promotion)}
    return "" if seen == content_of(promotion) else CHANGED


def _standing(request: HttpRequest, promotion: Promotion, rules: Rules) -> Standing:
    missing = groups_missing(last_decision(promotion))
    return standing_of(account_of(request), promotion, rules, missing, at=now())


def _promotion_page(
    request: HttpRequest, site: AdminSite, promotion: Promotion, *, form: DecisionForm | None, status: int = 200
) -> HttpResponse:
    rules, version, at = rules_of_promotion(promotion), promotion.version, now()
    standing = _standing(request, promotion, rules)
    names = names_of([version.registered_by, version.model.owner, promotion.requested_by, *people_of(promotion)])
    cards = cards_for(promotion, rules)
    banner = banner_of(promotion, cards, names)
    file = version_file(version, at=at)
    if form is None and standing.may_decide:
        initial = {**content_of(promotion), "group": standing.seats[0].key}
        form = DecisionForm(standing=standing, sign_off=sign_off_asked(rules), initial=initial)
    live = find_in_production(model=version.model, alias=promotion.alias) if promotion.alias else None
    return render_page(
        request,
        site,
        "promotion.html",
        f"{version} to {promotion.target}",
        status=status,
        promotion=promotion,
        version=version,
        banner=banner,
        cards=cards,
        policies=rules.items,
        # When only people are missing, they should see how the groups fare without opening anything.
        opens_fairness=banner.state == "wait",
        decision=last_decision(promotion),
        has_moved_on=has_moved_on(promotion, rules, at=at),
        factors=factors_of(promotion, rules, names),
        waivers=lines_of(request, list_waivers().filter(version=version, target=promotion.target), at=at),
        break_glass=emergency_of(promotion),
        acts=acts_for(request, ON_PROMOTIONS, promotion),
        registered_by=names[version.registered_by],
        requested_by=names[promotion.requested_by],
        owner=names[version.model.owner],
        live=live if live and live.pk != version.pk else None,
        evidence=evidence_lines.lines_of(file["evidence"]),
        history=[{**line, "at": moment(line["recorded_at"])} for line in file["history"]],
        standing=standing,
        form=form if standing.may_decide else None,
    )
