"""What is known for and against a move? Everything the gate reads, gathered at one moment."""

from collections.abc import Iterable, Mapping

from django.db.models import Q

from audits.evidence import Evidence
from governance.gates import ApprovalFact, BreakGlassFact, ConditionFact, DocumentFact, Facts, Subject, WaiverFact
from governance.models import (
    Account,
    Approval,
    ApprovalVerdict,
    BreakGlass,
    BreakGlassVerdict,
    Condition,
    Promotion,
    RoleGrant,
    Waiver,
)
from governance.roles import Role
from governance.selectors.delegations import delegations_covering
from governance.selectors.policies import Move, Rules, move_of
from governance.selectors.requirements import facts_of_runs, newest_runs
from governance.selectors.stays import stays_of
from registry.models import ModelVersion
from registry.stages import Stage, may_move


def subject_for(version: ModelVersion, rules: Rules, move: Move, *, requested_by: str = "") -> Subject:
    """Return what the gate decides about, if somebody asked for this move now."""
    position = version.position
    return Subject(
        artifact_sha256=version.artifact_sha256,
        evidence_sha256=version.evidence_sha256,
        policy_sha256=rules.sha256,
        registered_by=version.registered_by,
        requested_by=requested_by,
        trained_by=version.trained_by,
        evidence_authors=_evidence_authors(version),
        policy_authors=frozenset(item.edition.authored_by for item in rules.items),
        # Of a retired version the stages know a way back, and only a rollback takes it.
        can_move=not move.target or (position.stage != Stage.RETIRED and may_move(position.stage, move.target)),
        stage=position.stage,
        rollout=position.rollout,
        stays=stays_of([version]).get(version.pk, ()) if any(policy.soak for policy in rules.policies) else (),
        step=move.rollout,
    )


def subject_for_gate(promotion: Promotion, rules: Rules) -> Subject:
    return subject_for(promotion.version, rules, move_of(promotion), requested_by=promotion.requested_by)


def facts_for_version(version: ModelVersion, rules: Rules, *, target: str) -> Facts:
    """Return what speaks for and against a version before anybody has asked for the move."""
    return Facts(
        results=facts_of_runs(newest_runs(rules, version)),
        documents=_documents(version),
        waivers=_waivers(version, target),
    )


def facts_for_gate(promotion: Promotion, rules: Rules, *, before: int | None = None) -> Facts:
    """Return what speaks for and against a promotion.

    With `before`, an index of the trail, checks and roles count as they stood then; what people have said of this
    promotion since (recusals, conditions, waivers, the review of a break-glass) counts as it stands now.
    """
    version = promotion.version
    return Facts(
        results=facts_of_runs(newest_runs(rules, version, before=before)),
        documents=_documents(version),
        approvals=tuple(facts_for_approvals(promotion, before=before)),
        waivers=_waivers(version, promotion.target),
        break_glass=_break_glass(promotion),
    )


def facts_for_approvals(promotion: Promotion, *, before: int | None = None) -> list[ApprovalFact]:
    """Return every approval and refusal of a promotion; who lost the role since is no longer entitled.

    With `before`, an index of the trail, who held the role then is entitled.
    """
    approvals = list(promotion.approvals.prefetch_related("conditions__fulfilment"))
    people = {_uid(person) for one in approvals for person in (one.approver, one.on_behalf_of) if person}
    entitled = _entitled(people, before)
    recused = set(promotion.recusals.values_list("person", flat=True))
    return [
        ApprovalFact(
            approver=approval.approver,
            group=approval.group,
            is_entitled=_may_speak(approval, promotion, entitled, before),
            is_refusal=approval.verdict == ApprovalVerdict.REFUSE,
            artifact_sha256=approval.artifact_sha256,
            evidence_sha256=approval.evidence_sha256,
            policy_sha256=approval.policy_sha256,
            given_at=approval.given_at,
            on_behalf_of=approval.on_behalf_of,
            is_reauthenticated=approval.reauthenticated_at is not None,
            meaning=approval.meaning,
            is_recused=not recused.isdisjoint({approval.approver, approval.on_behalf_of}),
            conditions=tuple(_condition(row) for row in approval.conditions.all()),
        )
        for approval in approvals
    ]


def _may_speak(approval: Approval, promotion: Promotion, entitled: set[tuple[str, str]], before: int | None) -> bool:
    if not approval.on_behalf_of:
        return (_uid(approval.approver), approval.group) in entitled
    # The right was another's: that one must still hold it, and must have handed it on when the word was given.
    delegator, delegate = _uid(approval.on_behalf_of), _uid(approval.approver)
    return (
        (delegator, approval.group) in entitled
        and (before is not None or Account.objects.filter(uid=delegate, is_active=True).exists())
        and delegations_covering(
            delegate=delegate, delegator=delegator, group=approval.group, promotion=promotion, at=approval.given_at
        )
    )


def _entitled(uids: set[str], before: int | None) -> set[tuple[str, str]]:
    held = RoleGrant.objects.filter(account__uid__in=uids, role=Role.REVIEWER)
    if before is None:
        held = held.filter(account__is_active=True, revocation__isnull=True)
    else:
        kept = Q(revocation__isnull=True) | Q(revocation__entry__index__gte=before)
        held = held.filter(kept, entry__index__lt=before)
    return {(str(uid), group) for uid, group in held.values_list("account__uid", "group")}


def _uid(actor: str) -> str:
    return actor.split(":", 1)[1]


def _condition(row: Condition) -> ConditionFact:
    fulfilment = getattr(row, "fulfilment", None)
    return ConditionFact(due_at=row.due_at, met_at=fulfilment.met_at if fulfilment else None)


def _waivers(version: ModelVersion, target: str) -> tuple[WaiverFact, ...]:
    rows = Waiver.objects.filter(version=version, target=target).select_related("revocation")
    return tuple(fact_of_waiver(row) for row in rows)


def fact_of_waiver(row: Waiver) -> WaiverFact:
    return WaiverFact(
        uid=str(row.uid),
        policy=row.policy,
        requirement=row.requirement,
        finding=row.finding,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        is_revoked=hasattr(row, "revocation"),
    )


def _documents(version: ModelVersion) -> dict[str, DocumentFact]:
    return facts_of_documents(version, headings_of([version]))


def headings_of(versions: Iterable[ModelVersion]) -> dict[str, list[str]]:
    """Return the headings of all documents attached to versions, by the uid of the evidence."""
    uids = {reference["uid"] for version in versions for reference in version.documents.values()}
    declared = Evidence.objects.filter(uid__in=uids) if uids else ()
    return {str(row.uid): row.declaration.get("sections", []) for row in declared}


def facts_of_documents(version: ModelVersion, headings: Mapping[str, list[str]]) -> dict[str, DocumentFact]:
    """Return the newest document of each kind as the gate reads it."""
    facts = {}
    if version.model.intended_use.strip():
        facts["intended_use"] = DocumentFact(frozenset(), version.model.registered_at)
    kinds = version.documents
    attached = {row.purpose: row for row in version.attachments.all() if row.purpose in kinds}
    for kind, row in attached.items():
        sections = headings.get(row.reference["uid"], [])
        facts[kind] = DocumentFact(frozenset(section.casefold() for section in sections), row.attached_at)
    return facts


def _evidence_authors(version: ModelVersion) -> frozenset[str]:
    """Return who declared the tables and documents of now, and who attached them."""
    references = [*version.tables.values(), *version.documents.values()]
    declared = Evidence.objects.filter(uid__in=[reference["uid"] for reference in references])
    attached = {row.attached_by for row in version.attachments.all()}
    return frozenset(declared.values_list("entry__actor", flat=True)) | attached


def _break_glass(promotion: Promotion) -> BreakGlassFact | None:
    row = BreakGlass.objects.filter(promotion=promotion).select_related("confirmation", "review").first()
    confirmation = getattr(row, "confirmation", None)
    if row is None or confirmation is None:
        return None
    review = getattr(row, "review", None)
    if review is not None and review.verdict == BreakGlassVerdict.NOT_JUSTIFIED:
        return None
    return BreakGlassFact(str(row.uid), row.invoked_by, confirmation.confirmed_by)
