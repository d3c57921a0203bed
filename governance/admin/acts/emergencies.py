"""Going past the policies: one person invokes, a second confirms, a third looks back."""

from typing import Any

from django import forms

from audits.trail import now
from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import Reasoned
from governance.admin.acts.kinds import PROMOTION, page_of_promotion
from governance.admin.acts.promotions import closed
from governance.gates import Reason
from governance.models import Account, BreakGlass, BreakGlassVerdict, Promotion
from governance.roles import Verb
from governance.selectors.explanation import explain
from governance.selectors.policies import move_of, rules_of_promotion
from governance.selectors.words import must_sign
from governance.services.emergencies import confirm_break_glass, invoke_break_glass, review_break_glass


def _glass(promotion: Promotion) -> BreakGlass | None:
    return getattr(promotion, "break_glass", None)


def _reasons(promotion: Promotion) -> tuple[Reason, ...]:
    """Return what the gate holds against the move now."""
    return tuple(one.reason for one in explain(promotion.version, move_of(promotion), at=now()).blocks)


def _in_the_way(promotion: Promotion) -> tuple[str, ...]:
    return tuple(reason.sentence for reason in _reasons(promotion))


def _cannot_invoke(account: Account, promotion: Promotion) -> str:
    if ended := closed(promotion):
        return ended
    if _glass(promotion):
        return "It was invoked already; a second person can confirm it."
    firm = {policy.name for policy in rules_of_promotion(promotion).policies if not policy.allows_break_glass}
    against = sorted({reason.policy for reason in _reasons(promotion) if reason.policy in firm})
    return f"Nobody goes past the policy {' and '.join(against)}." if against else ""


def _invoke(account: Account, promotion: Promotion, said: dict[str, Any]) -> Done:
    invoke_break_glass(actor=account.actor, uid=promotion.uid, **said)
    return Done(
        "Break-glass is invoked. Nothing has moved: a second person must confirm.", page_of_promotion(promotion)
    )


INVOKE = Act(
    name="break-glass",
    on=PROMOTION,
    verb=Verb.BREAK_GLASS,
    label="Break the glass",
    title=lambda promotion: f"Break the glass for {promotion}",
    follows=lambda promotion: (
        "You ask to let the version through although the gate does not. Nothing moves yet: everybody who may confirm "
        "is told, and one of them, not you, must agree.",
    ),
    past=_in_the_way,
    stays="That you invoked it, and why, stays on record, also when nobody confirms.",
    form=Reasoned,
    tone="block",
    signs=must_sign,
    why_not=_cannot_invoke,
    perform=_invoke,
)


def _cannot_confirm(account: Account, promotion: Promotion) -> str:
    if ended := closed(promotion):
        return ended
    glass = _glass(promotion)
    if glass is None:
        return "Nobody has invoked break-glass for this promotion."
    mine = glass.invoked_by == str(account.actor)
    return "You invoked it; a second person must confirm." if mine else ""


def _confirm(account: Account, promotion: Promotion, said: dict[str, Any]) -> Done:
    confirmation = confirm_break_glass(actor=account.actor, uid=promotion.uid, **said)
    due = f"{confirmation.review_due_at:%-d %B %Y, %H:%M} UTC"
    return Done(f"The version has moved. A third person must review it by {due}.", page_of_promotion(promotion))


CONFIRM = Act(
    name="confirm-break-glass",
    on=PROMOTION,
    verb=Verb.BREAK_GLASS,
    label="Confirm the break-glass",
    title=lambda promotion: f"Confirm the break-glass for {promotion}",
    follows=lambda promotion: (
        f"{promotion.version} moves to {promotion.target} at once. What it goes past is marked for ever, and a third "
        "person must look back at it within 72 hours.",
        *(f"The reason that was given: {glass.reason}" for glass in [_glass(promotion)] if glass),
    ),
    past=_in_the_way,
    stays="Your agreement cannot be taken back. The version can be rolled back or suspended.",
    tone="block",
    signs=must_sign,
    why_not=_cannot_confirm,
    perform=_confirm,
)


class ReviewForm(Reasoned):
    """Was it right, and why."""

    verdict = forms.ChoiceField(label="Looking back, it was", choices=BreakGlassVerdict.choices)
    field_order = ("verdict", "reason")


def _cannot_review(account: Account, promotion: Promotion) -> str:
    glass = _glass(promotion)
    confirmation = getattr(glass, "confirmation", None)
    if glass is None or confirmation is None:
        return "No break-glass was confirmed for this promotion."
    if hasattr(glass, "review"):
        return "It was reviewed already."
    if str(account.actor) in {glass.invoked_by, confirmation.confirmed_by}:
        return "You invoked or confirmed it; a third person must review it."
    return ""


def _review(account: Account, promotion: Promotion, said: dict[str, Any]) -> Done:
    verdict = BreakGlassVerdict(said.pop("verdict"))
    review_break_glass(actor=account.actor, uid=promotion.uid, verdict=verdict, **said)
    return Done(f"Your review is on record: {verdict.label.lower()}.", page_of_promotion(promotion))


REVIEW = Act(
    name="review-break-glass",
    on=PROMOTION,
    verb=Verb.BREAK_GLASS,
    label="Review the break-glass",
    title=lambda promotion: f"Review the break-glass for {promotion}",
    follows=lambda promotion: (
        "Justified, it ends here. Not justified, the promotion stands no more: admission denies the version, "
        "and no rollback goes to it. It is not moved: roll it back or suspend it.",
        *(f"The reason that was given: {glass.reason}" for glass in [_glass(promotion)] if glass),
    ),
    stays="A review cannot be taken back or given twice.",
    form=ReviewForm,
    tone="wait",
    signs=must_sign,
    why_not=_cannot_review,
    perform=_review,
)
