"""How do two people go past the policies in an emergency, and how does a third one look back?

Each of them signs with the password where a policy asks for it, as whoever approves does: an emergency is no way round
the signature. A wrong password is on record (signature.refused).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from audits.trail import Actor, ActorKind, Recording, new_uid, now, record, timestamp
from governance.errors import (
    BreakGlassForbidden,
    BreakGlassOutOfTurn,
    Malformed,
    NotEntitled,
    SamePerson,
    UnknownBreakGlass,
)
from governance.gates import BreakGlassFact, Outcome, Reason, decide
from governance.models import (
    Account,
    BreakGlass,
    BreakGlassConfirmation,
    BreakGlassReview,
    BreakGlassVerdict,
    Promotion,
)
from governance.roles import ALLOWED, Verb
from governance.selectors.facts import facts_for_gate, subject_for_gate
from governance.selectors.policies import rules_of_promotion
from governance.services._notices import tell
from governance.services._settlement import gate_of, lock_open_promotion, rules_in_force, settle
from governance.services.authority import authorise
from governance.services.signatures import refuse_unsigned, sign, told_of
from registry.services import lock_versions

REVIEW_AFTER: Final = timedelta(hours=72)


@sensitive_variables("password")
def invoke_break_glass(*, actor: Actor, uid: UUID, reason: str, password: str = "") -> BreakGlass:
    """Ask to let an open promotion through although the gate does not. Nothing moves until somebody else confirms.

    Records: break_glass.invoked. Tells those who can confirm.
    Raises: NotEntitled, Malformed, SignatureRefused, BreakGlassForbidden, BreakGlassOutOfTurn, UnknownPromotion,
    PromotionClosed.
    Locks: the open promotion.
    """
    _authorise_person(actor)
    if not reason.strip():
        raise Malformed("Say why in a sentence: the reason is part of the record.", field="reason")
    signed_at = sign(actor=actor, password=password)
    with record(actor=actor, at=now()) as recording:
        promotion = lock_open_promotion(str(uid))
        if BreakGlass.objects.filter(promotion=promotion).exists():
            raise BreakGlassOutOfTurn("Break-glass was invoked for this promotion already; somebody else can confirm.")
        refuse_unsigned(rules_in_force(promotion).policies, signed_at)
        _refuse_what_cannot_be_skipped(recording, promotion)
        row_uid = new_uid()
        row = BreakGlass(
            uid=row_uid,
            promotion=promotion,
            sealed_reason=BreakGlass.reason.seal(reason.strip(), author=str(actor), uid=row_uid),
            invoked_by=str(actor),
            invoked_at=recording.at,
        )
        data = {"break_glass": str(row.uid)} | told_of(signed_at)
        recording.create(row, action="break_glass.invoked", subject=promotion.subject, data=data)
        sentence = f"Break-glass was invoked for {promotion}; it needs a second person to confirm."
        tell(_who_may_confirm() - {str(actor)}, sentence, about=promotion.subject, at=recording.at)
    return row


@sensitive_variables("password")
def confirm_break_glass(*, actor: Actor, uid: UUID, password: str = "") -> BreakGlassConfirmation:
    """Agree, as a second person: the version moves now, and every requirement it went past is marked.

    A review by a third person is due 72 hours later.
    Records: break_glass.confirmed, gate.decided, version.moved, alias.assigned, promotion.closed.
    Raises: NotEntitled, SignatureRefused, SamePerson, UnknownBreakGlass, BreakGlassForbidden, UnknownPromotion,
    PromotionClosed.
    Locks: the open promotion.
    """
    _authorise_person(actor)
    signed_at = sign(actor=actor, password=password)
    with record(actor=actor, at=now()) as recording:
        promotion = lock_open_promotion(str(uid))
        row = _break_glass_of(promotion)
        if row.invoked_by == str(actor):
            raise SamePerson("You invoked this break-glass; a second person must confirm it.")
        rules = rules_in_force(promotion)
        refuse_unsigned(rules.policies, signed_at)
        decision = gate_of(promotion, rules, at=recording)
        skipped = [reason.to_document() for reason in _in_the_way(decision.reasons)]
        confirmation = BreakGlassConfirmation(
            break_glass=row,
            confirmed_by=str(actor),
            confirmed_at=recording.at,
            skipped=skipped,
            review_due_at=recording.at + REVIEW_AFTER,
        )
        data = {
            "break_glass": str(row.uid),
            "skipped": sorted(f"{one['policy']}/{one['requirement']}" for one in skipped),
            "review_due_at": timestamp(confirmation.review_due_at),
            **told_of(signed_at),
        }
        recording.create(confirmation, action="break_glass.confirmed", subject=promotion.subject, data=data)
        # The rules may have changed since it was invoked.
        _refuse_unless_clear(_in_the_way(settle(recording=recording, promotion=promotion).reasons))
        sentence = f"{promotion} went past the policies by break-glass; a third person must review it within 72 hours."
        tell({promotion.requested_by, row.invoked_by}, sentence, about=promotion.subject, at=recording.at)
    return confirmation


@sensitive_variables("password")
def review_break_glass(
    *, actor: Actor, uid: UUID, verdict: BreakGlassVerdict, reason: str, password: str = ""
) -> BreakGlassReview:
    """Look back, as a third person. Not justified, the promotion stands no more, and nobody is admitted by it.

    The version is not moved: whoever runs it must first know what to put in its place. Roll back, or suspend it.
    Records: break_glass.reviewed. Tells those concerned.
    Raises: NotEntitled, Malformed, SignatureRefused, SamePerson, UnknownBreakGlass, BreakGlassOutOfTurn.
    Locks: the model.
    """
    _authorise_person(actor)
    if not reason.strip():
        raise Malformed("Say why in a sentence: the reason is part of the record.", field="reason")
    signed_at = sign(actor=actor, password=password)
    with record(actor=actor, at=now()) as recording:
        promotion = Promotion.objects.select_related("version").filter(uid=uid).first()
        if promotion is None:
            raise UnknownBreakGlass(f"There is no promotion {uid}.")
        lock_versions(promotion.version.model_id)
        row = _break_glass_of(promotion)
        confirmation = BreakGlassConfirmation.objects.filter(break_glass=row).first()
        if confirmation is None or BreakGlassReview.objects.filter(break_glass=row).exists():
            raise BreakGlassOutOfTurn(
                "This break-glass was reviewed already." if confirmation else "Nobody has confirmed this break-glass."
            )
        if str(actor) in {row.invoked_by, confirmation.confirmed_by}:
            raise SamePerson("You invoked or confirmed this break-glass; a third person must review it.")
        refuse_unsigned(rules_of_promotion(promotion).policies, signed_at)
        row_uid = new_uid()
        review = BreakGlassReview(
            uid=row_uid,
            break_glass=row,
            verdict=verdict,
            sealed_reason=BreakGlassReview.reason.seal(reason.strip(), author=str(actor), uid=row_uid),
            reviewed_by=str(actor),
            reviewed_at=recording.at,
        )
        data = {"break_glass": str(row.uid), "verdict": verdict.value} | told_of(signed_at)
        recording.create(review, action="break_glass.reviewed", subject=promotion.subject, data=data)
        sentence = f"The break-glass for {promotion} was judged {verdict.label.lower()}."
        if verdict is BreakGlassVerdict.NOT_JUSTIFIED:
            sentence += " The version is not admitted any more: roll back, or suspend it."
        concerned = {promotion.requested_by, row.invoked_by, confirmation.confirmed_by}
        tell(concerned, sentence, about=promotion.subject, at=recording.at)
    return review


def _authorise_person(actor: Actor) -> None:
    authorise(actor, Verb.BREAK_GLASS)
    if actor.kind is not ActorKind.PERSON:
        raise NotEntitled("Only a person can go past the policies, and only a person can judge it.")


def _break_glass_of(promotion: Promotion) -> BreakGlass:
    row = BreakGlass.objects.filter(promotion=promotion).first()
    if row is None:
        raise UnknownBreakGlass("Nobody invoked break-glass for this promotion.")
    return row


def _refuse_what_cannot_be_skipped(recording: Recording, promotion: Promotion) -> None:
    """Raises: BreakGlassForbidden when the gate would not allow it even if two people agreed."""
    rules = rules_in_force(promotion)
    agreed = replace(facts_for_gate(promotion, rules), break_glass=BreakGlassFact("", "one person", "another person"))
    decision = decide(rules.policies, agreed, subject=subject_for_gate(promotion, rules), now=recording.at)
    _refuse_unless_clear(_in_the_way(decision.reasons))


def _in_the_way(reasons: Iterable[Reason]) -> list[Reason]:
    return [reason for reason in reasons if reason.outcome is not Outcome.ALLOW]


def _refuse_unless_clear(reasons: list[Reason]) -> None:
    if reasons:
        said = " ".join(f"{reason.policy}: {reason.sentence}".removeprefix(": ") for reason in reasons)
        raise BreakGlassForbidden(
            f"Break-glass does not go past this. {said}", reasons=[reason.to_document() for reason in reasons]
        )


def _who_may_confirm() -> set[str]:
    roles = [role.value for role, verbs in ALLOWED.items() if Verb.BREAK_GLASS in verbs]
    held = Account.objects.filter(is_active=True, role_grants__role__in=roles, role_grants__revocation__isnull=True)
    return {str(account.actor) for account in held.distinct()}
