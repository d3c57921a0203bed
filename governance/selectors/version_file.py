"""What is there to know about one version? The file that the review page and every report are made from."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from audits.evidence import Evidence
from audits.runs import CheckRun
from audits.trail import Entry, timestamp, trail_state
from governance.actions import ACTIONS
from governance.gates import GateDecision, Outcome, Subject, decide
from governance.models import Account, Promotion
from governance.policy_format import Requirement
from governance.selectors.policies import PolicyInForce, policies_in_force, read_edition
from governance.selectors.requirements import facts_of_runs, newest_runs, result_of
from registry.models import ModelVersion

GENERATOR = "Countersign 0.1.0"
STATES = {Outcome.ALLOW: "satisfied", Outcome.WAIT: "wait", Outcome.BLOCK: "block"}


def version_file(version: ModelVersion, *, at: datetime, requested_by: str = "") -> dict[str, Any]:
    """Return the file of a version as plain JSON values. Changes nothing.

    The policy is the one of the newest promotion, or else the one in force for production.
    """
    promotions = list(version.promotions.select_related("policy", "closure").prefetch_related("decisions", "approvals"))
    item = _policy_of(version, promotions)
    requirements = _requirements(item, version, at) if item else []
    entries = list(_entries(version, promotions))
    names = names_of(
        [version.registered_by, version.model.owner, requested_by]
        + [entry.actor for entry in entries]
        + [promotion.requested_by for promotion in promotions]
        + [approval.approver for promotion in promotions for approval in promotion.approvals.all()]
    )
    listed = [_promotion(promotion, names) for promotion in promotions]
    return {
        "generated_at": timestamp(at),
        "generator": GENERATOR,
        "requested_by": names.get(requested_by, requested_by),
        "origin": trail_state()["origin"],
        "model": {
            "name": version.model.name,
            "owner": names[version.model.owner],
            "risk_tier": version.model.risk_tier,
            "task": version.model.task,
            "description": version.model.description,
            "intended_use": version.model.intended_use,
        },
        "version": {
            "number": version.number,
            "artifact_sha256": version.artifact_sha256,
            "artifact_format": version.artifact_format,
            "registered_by": names[version.registered_by],
            "registered_at": timestamp(version.registered_at),
            "stage": version.position.stage,
            "aliases": sorted(alias.alias for alias in version.aliases.all()),
            "source": version.source,
            "notes": version.notes,
        },
        "evidence": _evidence(version),
        "policy": _policy(item),
        "requirements": requirements,
        "promotions": listed,
        "gaps": _gaps(item, requirements, listed),
        "history": [_line(entry, names) for entry in entries],
        "trail": trail_state(),
    }


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Return how to call each actor (kind:id) to a person. An erased account leaves its id."""
    actors = set(actors)
    uids = {actor.split(":", 1)[1] for actor in actors if actor.startswith(("person:", "pipeline:"))}
    known = {str(uid): name for uid, name in Account.objects.filter(uid__in=uids).values_list("uid", "display_name")}
    return {actor: known.get(actor.split(":", 1)[-1], actor) for actor in actors}


def preview_gate(version: ModelVersion, item: PolicyInForce, *, at: datetime) -> GateDecision:
    """Return what the gate would say if somebody else asked for the promotion now. Changes nothing."""
    subject = Subject(version.artifact_sha256, version.evidence_sha256, item.edition.sha256, version.registered_by, "")
    return decide(item.policy, facts_of_runs(newest_runs(item.policy, version)), (), subject=subject, now=at)


def _policy_of(version: ModelVersion, promotions: list[Promotion]) -> PolicyInForce | None:
    if promotions:
        return read_edition(promotions[0].policy)
    return next(iter(policies_in_force(risk_tier=version.model.risk_tier, target="production")), None)


def _policy(item: PolicyInForce | None) -> dict[str, Any]:
    if item is None:
        return {}
    edition = item.edition
    return {
        "name": edition.name,
        "number": edition.number,
        "title": edition.title,
        "sha256": edition.sha256,
        "text": edition.text,
    }


def _requirements(item: PolicyInForce, version: ModelVersion, at: datetime) -> list[dict[str, Any]]:
    runs = newest_runs(item.policy, version)
    reasons = {reason.requirement: reason for reason in preview_gate(version, item, at=at).reasons}
    return [
        _requirement(requirement, runs.get(requirement.id), reasons[requirement.id])
        for requirement in item.policy.requirements
    ]


def _requirement(requirement: Requirement, run: CheckRun | None, reason: Any) -> dict[str, Any]:
    result = result_of(run) if run else None
    report: Mapping[str, Any] = result.report if result else {}
    return {
        "id": requirement.id,
        "title": requirement.title,
        "check": requirement.check,
        "check_version": requirement.version,
        "parameters": dict(requirement.parameters),
        "blocking": not requirement.is_advisory,
        "controls": list(requirement.controls),
        "state": STATES[reason.outcome],
        "outcome": reason.code.removeprefix("advisory_"),
        "sentence": report.get("sentence") or reason.sentence,
        "measurements": report.get("measurements", []),
        "findings": report.get("findings", []),
        "notes": report.get("notes", []),
        "run_uid": str(run.uid) if run else None,
        "completed_at": timestamp(result.completed_at) if result else None,
    }


def _promotion(promotion: Promotion, names: Mapping[str, str]) -> dict[str, Any]:
    closure = getattr(promotion, "closure", None)
    return {
        "uid": str(promotion.uid),
        "target": promotion.target,
        "alias": promotion.alias,
        "reason": promotion.reason,
        "requested_by": names[promotion.requested_by],
        "requested_at": timestamp(promotion.requested_at),
        "state": closure.outcome if closure else "open",
        "decisions": [
            {"outcome": row.outcome, "at": timestamp(row.decided_at), "reasons": row.reasons}
            for row in promotion.decisions.all()
        ],
        "approvals": [
            {
                "by": names[row.approver],
                "group": row.group,
                "verdict": row.verdict,
                "reason": row.reason,
                "at": timestamp(row.given_at),
            }
            for row in promotion.approvals.all()
        ],
    }


def _evidence(version: ModelVersion) -> list[dict[str, Any]]:
    listed = []
    uids = [table["uid"] for table in version.evidence.values()]
    by_uid = {str(row.uid): row for row in Evidence.objects.filter(uid__in=uids)}
    artifact = Evidence.objects.filter(kind="artifact", sha256=version.artifact_sha256).first()
    if artifact:
        listed.append(_evidence_line("artifact", artifact))
    listed += [_evidence_line(purpose, by_uid[table["uid"]]) for purpose, table in version.evidence.items()]
    return listed


def _evidence_line(purpose: str, row: Evidence) -> dict[str, Any]:
    declared = row.declaration.get("declaration", {}).get("columns", {})
    columns = [{**column, "roles": declared.get(column["name"], {}).get("roles", [])} for column in row.columns]
    return {
        "purpose": purpose,
        "name": row.name,
        "sha256": row.sha256,
        "size": row.size,
        "rows": row.row_count,
        "columns": columns,
    }


def _entries(version: ModelVersion, promotions: list[Promotion]) -> Iterable[Entry]:
    subjects = [version.subject, *(promotion.subject for promotion in promotions)]
    return Entry.objects.filter(subject__in=subjects).order_by("index")


def _line(entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "index": entry.index,
        "recorded_at": timestamp(entry.recorded_at),
        "actor": names[entry.actor],
        "action": entry.action,
        "subject": entry.subject,
        "sentence": ACTIONS.get(entry.action, entry.action),
    }


def _gaps(
    item: PolicyInForce | None, requirements: list[dict[str, Any]], promotions: list[dict[str, Any]]
) -> list[str]:
    """Return, in sentences, what is missing, could not be measured, is too old or was refused."""
    gaps = [] if item else ["No policy is in force for this version's risk tier."]
    gaps += [
        f"{line['title']}: {line['outcome'].replace('_', ' ')}. {line['sentence']}"
        for line in requirements
        if line["outcome"] != "passed"
    ]
    for promotion in promotions:
        gaps += [
            f"Refused for {approval['group']} by {approval['by']}: {approval['reason']}"
            for approval in promotion["approvals"]
            if approval["verdict"] == "refuse"
        ]
    return gaps
