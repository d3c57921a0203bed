"""How does a reviewer let somebody else speak, and how does one step aside?"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from audits.trail import Actor, ActorKind, new_uid, now, record
from governance.errors import DelegationEnded, Malformed, NotEntitled, Recused
from governance.models import Account, AccountKind, Delegation, DelegationRevocation, Recusal
from governance.roles import Group, Verb
from governance.selectors.delegations import get_delegation
from governance.services._notices import tell
from governance.services._settlement import lock_open_promotion, settle
from governance.services.authority import authorise
from registry.models import RegisteredModel

LONGEST: Final = timedelta(days=90)


def delegate_review(
    *,
    actor: Actor,
    delegate: Account,
    group: Group,
    ends_at: datetime,
    starts_at: datetime | None = None,
    model: RegisteredModel | None = None,
) -> Delegation:
    """Let somebody else speak for a group in one's own place: from a time (now when left out), for 90 days at most.

    It never chains: the right is one's own by a role, or it cannot be handed on.
    Records: delegation.given; the delegate is told. Raises: NotEntitled, Malformed.
    """
    authorise(actor, Verb.REVIEW)
    at = now()
    starts_at = starts_at or at
    delegator = Account.objects.get(uid=actor.id)
    if group not in delegator.groups_reviewed_for():
        raise NotEntitled(f"You are no reviewer for {group} yourself, and a right that was lent is not handed on.")
    if delegate == delegator:
        raise Malformed("Name somebody else: for yourself you speak anyway.", field="delegate")
    if delegate.kind != AccountKind.PERSON or not delegate.is_active:
        raise Malformed("Only an active person can speak for you.", field="delegate")
    if starts_at < at:
        raise Malformed("A delegation does not begin in the past.", field="starts_at")
    if ends_at <= starts_at or ends_at - starts_at > LONGEST:
        raise Malformed(f"A delegation ends after it begins, within {LONGEST.days} days.", field="ends_at")
    with record(actor=actor, at=at) as recording:
        delegation = Delegation(
            uid=new_uid(),
            delegator=delegator,
            delegate=delegate,
            group=group.value,
            model=model,
            starts_at=starts_at,
            ends_at=ends_at,
            delegated_by=str(actor),
            delegated_at=at,
        )
        data = {
            "delegate": str(delegate.actor),
            "group": group.value,
            "model": model.subject if model else "",
            "from": starts_at.isoformat(),
            "until": ends_at.isoformat(),
        }
        recording.create(delegation, action="delegation.given", subject=delegation.subject, data=data)
        sentence = f"You may speak for {group} in somebody's place until {ends_at:%-d %B %Y, %H:%M} UTC."
        tell({str(delegate.actor)}, sentence, about=delegation.subject, at=at)
    return delegation


def revoke_delegation(*, actor: Actor, uid: UUID) -> DelegationRevocation:
    """End a delegation of one's own before its time. What was said through it stays said.

    Records: delegation.revoked; the delegate is told.
    Raises: UnknownDelegation, NotEntitled, DelegationEnded. Idempotent: by delegation.
    """
    with record(actor=actor, at=now()) as recording:
        delegation = get_delegation(uid)
        if delegation.delegated_by != str(actor):
            raise NotEntitled("Only whoever gave a delegation revokes it; it ends with that person's role too.")
        if hasattr(delegation, "revocation"):
            return delegation.revocation
        if delegation.ends_at <= recording.at:
            raise DelegationEnded(f"This delegation ended on {delegation.ends_at:%-d %B %Y at %H:%M} UTC.")
        revocation = DelegationRevocation(delegation=delegation, revoked_by=str(actor), revoked_at=recording.at)
        recording.create(revocation, action="delegation.revoked", subject=delegation.subject)
        sentence = f"You speak for {delegation.group} in somebody's place no more."
        tell({str(delegation.delegate.actor)}, sentence, about=delegation.subject, at=recording.at)
    return revocation


def recuse(*, actor: Actor, uid: UUID, reason: str) -> Recusal:
    """Step aside from an open promotion: one's earlier word counts no more, and no later one is taken.

    Records: reviewer.recused, gate.decided when the answer is new.
    Raises: NotEntitled, UnknownPromotion, PromotionClosed, Recused, Malformed. Locks: the open promotion.
    """
    authorise(actor, Verb.REVIEW)
    if actor.kind is not ActorKind.PERSON:
        raise NotEntitled("Only a person can step aside.")
    if not reason.strip():
        raise Malformed("Say why in a sentence: the reason is part of the record.", field="reason")
    with record(actor=actor, at=now()) as recording:
        promotion = lock_open_promotion(str(uid))
        if promotion.recusals.filter(person=str(actor)).exists():
            raise Recused("You stepped aside from this promotion already.")
        recusal_uid = new_uid()
        recusal = Recusal(
            uid=recusal_uid,
            promotion=promotion,
            person=str(actor),
            sealed_reason=Recusal.reason.seal(reason.strip(), author=str(actor), uid=recusal_uid),
            recused_at=recording.at,
        )
        recording.create(recusal, action="reviewer.recused", subject=promotion.subject)
        settle(recording=recording, promotion=promotion)
    return recusal
