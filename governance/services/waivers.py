"""How is a finding accepted for a time, and how does that end early?"""

from datetime import datetime, timedelta
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from audits.trail import Actor, ActorKind, Recording, new_uid, now, record, timestamp
from governance.errors import (
    AlreadyWaived,
    Malformed,
    NotEntitled,
    NotWaivable,
    UnknownRequirement,
    WaiverEnded,
)
from governance.models import OpenPromotion, Promotion, Waiver, WaiverRevocation
from governance.policy_format import Policy
from governance.roles import Verb
from governance.selectors.requirements import facts_of_runs, newest_runs
from governance.selectors.waivers import (
    IN_FORCE,
    find_line,
    get_waiver,
    objection_to_waiving,
    rules_towards,
    state_of,
    waivers_in_force,
)
from governance.services._notices import tell
from governance.services._settlement import lock_open_promotion, settle
from governance.services.authority import authorise
from governance.services.signatures import refuse_unsigned, sign, told_of
from registry.errors import MoveImpossible
from registry.models import ModelVersion, VersionDeletion, VersionStage
from registry.services import lock_versions
from registry.stages import Stage, may_move

# However long a policy lets waivers stand, none stands longer.
LONGEST_DAYS = 90


@sensitive_variables("password")
def grant_waiver(
    *,
    actor: Actor,
    version: ModelVersion,
    target: Stage | None,
    policy: str,
    requirement: str,
    finding: str = "",
    reason: str,
    compensating_control: str,
    expires_at: datetime | None = None,
    days: int | None = None,
    password: str = "",
) -> Waiver:
    """Accept one requirement, or one finding of it, for one version and target until a time.

    The end is given as `expires_at` or in `days`. Without a target it counts for moves of an alias alone. `password`
    signs, where the policy asks for it.
    Records: waiver.granted; where a promotion is open, what its settlement records; signature.refused when the password
    is wrong.
    Raises: NotEntitled, OwnSubmission, AlreadyDecided (the grantor approved what is open), Recused, AlreadyWaived,
    UnknownRequirement, NotWaivable, MoveImpossible, SignatureRefused, Malformed.
    Locks: the model, then the open promotion; before it, for the password alone, the account.
    """
    person = _person(actor)
    for field, text in {"reason": reason, "compensating_control": compensating_control}.items():
        if not text.strip():
            raise Malformed("Say it in a sentence: it is part of the record.", field=field)
    signed_at = sign(actor=actor, password=password)
    with record(actor=actor, at=now()) as recording:
        promotion, position = _lock(version, target or "")
        if objection := objection_to_waiving(version, promotion, person=person):
            raise objection
        _refuse_immovable(version, position, target)
        asking = _waivable(version, target or "", policy, requirement, finding)
        refuse_unsigned([asking], signed_at)
        ends = _end(recording.at, asking, expires_at, days)
        same = {"policy": policy, "requirement": requirement, "finding": finding}
        if waivers_in_force(version, target=target or "", at=recording.at).filter(**same).exists():
            raise AlreadyWaived("A waiver of exactly this is in force; revoke it before you grant another.")
        uid = new_uid()
        waiver = Waiver(
            uid=uid,
            version=version,
            target=target or "",
            **same,
            sealed_reason=Waiver.reason.seal(reason.strip(), author=person, uid=uid),
            sealed_control=Waiver.compensating_control.seal(compensating_control.strip(), author=person, uid=uid),
            granted_by=person,
            granted_at=recording.at,
            expires_at=ends,
        )
        data = {"waiver": str(uid), "target": target or "", **same, "expires_at": timestamp(ends)}
        data |= told_of(signed_at)
        recording.create(waiver, action="waiver.granted", subject=version.subject, data=data)
        _settle(recording, promotion)
    return waiver


def revoke_waiver(*, actor: Actor, uid: UUID) -> WaiverRevocation:
    """End a waiver before its time. Whoever may grant waivers may revoke any.

    Records: waiver.revoked; where a promotion is open, what its settlement records.
    Raises: NotEntitled, UnknownWaiver, WaiverEnded. Locks: as `grant_waiver`.
    """
    person = _person(actor)
    with record(actor=actor, at=now()) as recording:
        waiver = get_waiver(uid)
        promotion, _ = _lock(waiver.version, waiver.target)
        waiver = get_waiver(uid)
        state = state_of(waiver, at=recording.at)
        if state != IN_FORCE:
            raise WaiverEnded(f"This waiver has ended already: it is {state}.", state=state)
        revocation = WaiverRevocation(waiver=waiver, revoked_by=person, revoked_at=recording.at)
        data = {"waiver": str(uid)}
        recording.create(revocation, action="waiver.revoked", subject=waiver.version.subject, data=data)
        if waiver.granted_by != person:
            sentence = f"Your waiver of {waiver.policy}/{waiver.requirement} for {waiver.version} was revoked."
            tell({waiver.granted_by}, sentence, about=waiver.version.subject, at=recording.at)
        _settle(recording, promotion)
    return revocation


def _person(actor: Actor) -> str:
    authorise(actor, Verb.WAIVE)
    if actor.kind is not ActorKind.PERSON:
        raise NotEntitled("Only a person can grant or revoke a waiver.")
    return str(actor)


def _lock(version: ModelVersion, target: str) -> tuple[Promotion | None, VersionStage]:
    """Return the open promotion that a waiver concerns, if there is one, locked, and where the version stands.

    The model is locked first, as every act does that may move a version: meanwhile nobody asks for a promotion, so none
    is judged without the waiver, and no two acts wait for each other.
    """
    lock_versions(version.model_id)
    row = OpenPromotion.objects.filter(version=version, target=target).select_related("promotion").first()
    promotion = lock_open_promotion(str(row.promotion.uid)) if row else None
    return promotion, VersionStage.objects.get(version=version)


def _refuse_immovable(version: ModelVersion, position: VersionStage, target: Stage | None) -> None:
    if VersionDeletion.objects.filter(version=version).exists():
        raise MoveImpossible(f"{version} was deleted.")
    if position.stage == Stage.RETIRED:
        raise MoveImpossible(f"{version} is retired; there is nothing left to waive for it.")
    if target and not may_move(position.stage, target):
        raise MoveImpossible(f"{version} is in stage {position.stage}; it cannot move to {target} from there.")


def _waivable(version: ModelVersion, target: str, policy: str, requirement: str, finding: str) -> Policy:
    """Return the policy that asks for what shall be waived.

    Raises: UnknownRequirement, NotWaivable, Malformed for a finding that the newest result does not have.
    """
    found = find_line(version, target=target, policy=policy, requirement=requirement)
    if found is None:
        raise UnknownRequirement(
            f"No policy in force asks {policy}/{requirement} of this version's move to {target or 'an alias'}."
        )
    asking, line = found
    if not line.is_waivable:
        raise NotWaivable(f"The policy lets nobody waive {policy}/{requirement}.")
    if finding:
        facts = facts_of_runs(newest_runs(rules_towards(version, target), version))
        fact = facts.get(f"{policy}/{requirement}")
        known = fact.findings if fact else ()
        if finding not in known:
            there_are = ", ".join(known) or "none"
            raise Malformed(f"The newest result has no such finding; it has: {there_are}.", field="finding")
    return asking


def _end(at: datetime, policy: Policy, expires_at: datetime | None, days: int | None) -> datetime:
    """Return when the waiver ends. Raises: Malformed."""
    longest = min(policy.max_waiver_days, LONGEST_DAYS)
    if (expires_at is None) == (days is None):
        raise Malformed("Say when it ends: `expires_at` or `days`, one of them.", field="expires_at")
    field = "days" if expires_at is None else "expires_at"
    if days is not None and not 1 <= days <= longest:
        raise Malformed(f"A waiver under this policy stands 1 to {longest} days, not {days}.", field=field)
    ends = expires_at or at + timedelta(days=days or 0)
    if ends <= at:
        raise Malformed("The end has passed already.", field=field)
    if ends > at + timedelta(days=longest):
        raise Malformed(f"A waiver under this policy stands at most {longest} days.", field=field)
    return ends


def _settle(recording: Recording, promotion: Promotion | None) -> None:
    if promotion is not None:
        settle(recording=recording, promotion=promotion)
