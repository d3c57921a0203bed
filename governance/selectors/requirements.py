"""Which checks does a policy order for a version, and what have they found so far?"""

from collections.abc import Mapping

from audits.runs import CheckResult, CheckRun, Order
from governance.gates import ApprovalFact, ResultFact, Subject
from governance.models import Account, ApprovalVerdict, Promotion
from governance.policy_format import Policy, Requirement
from governance.roles import Role
from governance.selectors.policies import PolicyInForce
from registry.models import ModelVersion
from registry.stages import may_move


def order_for(requirement: Requirement, version: ModelVersion) -> Order:
    """Return the order that a requirement means for exactly this version's inputs."""
    return Order(requirement.check, requirement.version, dict(requirement.parameters), version.inputs)


def orders_for(item: PolicyInForce, version: ModelVersion) -> dict[str, Order]:
    """Return the orders of a policy by requirement id."""
    return {requirement.id: order_for(requirement, version) for requirement in item.policy.requirements}


def newest_runs(policy: Policy, version: ModelVersion) -> dict[str, CheckRun]:
    """Return, by requirement id, the newest run over exactly this version's inputs, with its result if there is one.

    A run is found by its identity (check, edition, parameters, input digests): another artifact, another table or
    another edition of the check has another identity, and so does not count.
    """
    identities = {requirement.id: order_for(requirement, version).identity for requirement in policy.requirements}
    newest: dict[str, CheckRun] = {}
    runs = CheckRun.objects.filter(identity__in=identities.values()).select_related("result").order_by("id")
    for run in runs:
        newest[run.identity] = run
    return {name: newest[identity] for name, identity in identities.items() if identity in newest}


def result_of(run: CheckRun) -> CheckResult | None:
    return getattr(run, "result", None)


def facts_of_runs(runs: Mapping[str, CheckRun]) -> dict[str, ResultFact]:
    """Return the runs as the gate reads them."""
    facts = {}
    for name, run in runs.items():
        result = result_of(run)
        facts[name] = ResultFact(
            run_uid=str(run.uid),
            verdict=result.verdict if result else None,
            sentence=result.report.get("sentence", "") if result else "",
            completed_at=result.completed_at if result else None,
        )
    return facts


def facts_for_approvals(promotion: Promotion) -> list[ApprovalFact]:
    """Return every approval and refusal of a promotion; who lost the role since is no longer entitled."""
    approvals = list(promotion.approvals.all())
    entitled = _entitled({approval.approver.split(":", 1)[1] for approval in approvals})
    return [
        ApprovalFact(
            approver=approval.approver,
            group=approval.group,
            is_entitled=(approval.approver.split(":", 1)[1], approval.group) in entitled,
            is_refusal=approval.verdict == ApprovalVerdict.REFUSE,
            artifact_sha256=approval.artifact_sha256,
            evidence_sha256=approval.evidence_sha256,
            policy_sha256=approval.policy_sha256,
        )
        for approval in approvals
    ]


def _entitled(uids: set[str]) -> set[tuple[str, str]]:
    held = Account.objects.filter(
        uid__in=uids, is_active=True, role_grants__role=Role.REVIEWER, role_grants__revocation__isnull=True
    )
    return {(str(uid), group) for uid, group in held.values_list("uid", "role_grants__group")}


def subject_for_gate(promotion: Promotion) -> Subject:
    version = promotion.version
    return Subject(
        artifact_sha256=version.artifact_sha256,
        evidence_sha256=version.evidence_sha256,
        policy_sha256=promotion.policy.sha256,
        registered_by=version.registered_by,
        requested_by=promotion.requested_by,
        can_move=may_move(version.position.stage, promotion.target),
    )
