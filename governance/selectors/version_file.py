"""What is there to know about one version? The file that the review page and every report are made from."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from audits.evidence import Evidence
from audits.runs import CheckRun
from audits.tables import PROFILE, PROFILED_ROLES
from audits.trail import Entry, timestamp, trail_state
from governance.actions import ACTIONS
from governance.gates import GateDecision, Outcome, Reason, decide
from governance.models import Account, Approval, PolicyVersion, Promotion
from governance.policy_format import DocumentRequirement, Requirement
from governance.selectors.conditions import state_of
from governance.selectors.facts import facts_for_version, subject_for
from governance.selectors.policies import Move, Rules, rules_for, rules_of_promotion
from governance.selectors.requirements import newest_runs, result_of
from registry.models import ModelVersion
from registry.stages import Rollout, Stage

GENERATOR = "Countersign 0.1.0"
IN_FULL = Move(Stage.PRODUCTION, "champion", Rollout.FULL)
# The ways a version can be asked to go, each as most people mean it.
TOWARDS: Mapping[str, Move] = {Stage.STAGING.value: Move(Stage.STAGING, "champion"), Stage.PRODUCTION.value: IN_FULL}
STATES = {Outcome.ALLOW: "satisfied", Outcome.WAIT: "wait", Outcome.BLOCK: "block"}


def version_file(version: ModelVersion, *, at: datetime, requested_by: str = "") -> dict[str, Any]:
    """Return the file of a version as plain JSON values. Changes nothing.

    The policies are those of the newest promotion, or else those in force for production.
    """
    promotions = list(
        version.promotions.select_related("policy", "closure").prefetch_related(
            "decisions", "approvals__lapse", "approvals__conditions__fulfilment"
        )
    )
    for promotion in promotions:
        promotion.version = version
    rules = rules_of_promotion(promotions[0]) if promotions else rules_for(version, IN_FULL)
    requirements = _requirements(rules, version, at)
    entries = list(_entries(version, promotions))
    names = names_of(
        [version.registered_by, version.model.owner, requested_by]
        + [entry.actor for entry in entries]
        + [promotion.requested_by for promotion in promotions]
        + [person for promotion in promotions for person in people_of(promotion)]
    )
    listed = [_promotion(promotion, names, at) for promotion in promotions]
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
        "policies": [_policy(item.edition) for item in rules.items],
        "requirements": requirements,
        "promotions": listed,
        "gaps": _gaps(rules, requirements, listed),
        "history": [_line(entry, names) for entry in entries],
        "trail": trail_state(),
    }


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Return how to call each actor (kind:id) to a person. An erased account leaves its id."""
    actors = set(actors)
    uids = {actor.split(":", 1)[1] for actor in actors if actor.startswith(("person:", "pipeline:"))}
    known = {str(uid): name for uid, name in Account.objects.filter(uid__in=uids).values_list("uid", "display_name")}
    return {actor: known.get(actor.split(":", 1)[-1], actor) for actor in actors}


def people_of(promotion: Promotion) -> Iterator[str]:
    """Yield everybody who spoke about a promotion, for whom, and who must meet a condition."""
    for approval in promotion.approvals.all():
        yield approval.approver
        if approval.on_behalf_of:
            yield approval.on_behalf_of
        yield from (condition.owner for condition in approval.conditions.all())


def preview_gate(version: ModelVersion, rules: Rules, *, move: Move, at: datetime) -> GateDecision:
    """Return what the gate would say if somebody else asked for the move now. Changes nothing."""
    facts = facts_for_version(version, rules, target=move.target)
    return decide(rules.policies, facts, subject=subject_for(version, rules, move), now=at)


def _policy(edition: PolicyVersion) -> dict[str, Any]:
    return {
        "name": edition.name,
        "number": edition.number,
        "title": edition.title,
        "sha256": edition.sha256,
        "text": edition.text,
    }


def _requirements(rules: Rules, version: ModelVersion, at: datetime) -> list[dict[str, Any]]:
    runs = newest_runs(rules, version)
    decision = preview_gate(version, rules, move=IN_FULL, at=at)
    reasons = {f"{reason.policy}/{reason.requirement}": reason for reason in decision.reasons}
    return [
        _requirement(line, policy.name, runs.get(f"{policy.name}/{line.id}"), reasons[f"{policy.name}/{line.id}"])
        for policy in rules.policies
        for line in policy.lines
    ]


def what_is_asked(line: Requirement | DocumentRequirement, policy: str) -> dict[str, Any]:
    """Return what one line of a policy asks for; a document is told like a check of its own kind."""
    if isinstance(line, Requirement):
        check, edition, parameters = line.check, line.version, dict(line.parameters)
    else:
        check, edition, parameters = f"document.{line.kind}", 1, {"sections": ", ".join(line.sections) or "any"}
    return {
        "policy": policy,
        "id": line.id,
        "title": line.title,
        "check": check,
        "check_version": edition,
        "parameters": parameters,
        "blocking": not line.is_advisory,
        "controls": list(line.controls),
    }


def _requirement(
    line: Requirement | DocumentRequirement, policy: str, run: CheckRun | None, reason: Reason
) -> dict[str, Any]:
    result = result_of(run) if run else None
    report: Mapping[str, Any] = result.report if result else {}
    return {
        **what_is_asked(line, policy),
        "state": STATES[reason.outcome],
        "outcome": reason.code.removeprefix("advisory_"),
        "sentence": (report.get("sentence") if reason.code != "waived" else "") or reason.sentence,
        "measurements": report.get("measurements", []),
        "findings": report.get("findings", []),
        "notes": report.get("notes", []),
        "run_uid": str(run.uid) if run else None,
        "completed_at": timestamp(result.completed_at) if result else None,
    }


def _promotion(promotion: Promotion, names: Mapping[str, str], at: datetime) -> dict[str, Any]:
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
        "approvals": [_approval(row, names, at) for row in promotion.approvals.all()],
    }


def _approval(row: Approval, names: Mapping[str, str], at: datetime) -> dict[str, Any]:
    lapse = getattr(row, "lapse", None)
    return {
        "by": names[row.approver],
        "on_behalf_of": names[row.on_behalf_of] if row.on_behalf_of else "",
        "group": row.group,
        "verdict": row.verdict,
        "meaning": row.meaning,
        "reason": row.reason,
        "at": timestamp(row.given_at),
        "reauthenticated_at": timestamp(row.reauthenticated_at) if row.reauthenticated_at else None,
        "lapsed": lapse.because if lapse else "",
        "conditions": [
            {
                "text": condition.text,
                "owner": names[condition.owner],
                "due_at": timestamp(condition.due_at),
                "state": state_of(condition, at=at).value,
            }
            for condition in row.conditions.all()
        ],
    }


def _evidence(version: ModelVersion) -> list[dict[str, Any]]:
    listed = []
    references = version.tables | version.documents
    uids = [reference["uid"] for reference in references.values()]
    by_uid = {str(row.uid): row for row in Evidence.objects.filter(uid__in=uids)}
    artifact = Evidence.objects.filter(kind="artifact", sha256=version.artifact_sha256).first()
    if artifact:
        listed.append(_evidence_line("artifact", artifact))
    listed += [_evidence_line(purpose, by_uid[it["uid"]]) for purpose, it in references.items()]
    return listed


def _evidence_line(purpose: str, row: Evidence) -> dict[str, Any]:
    declared = row.declaration.get("declaration", {}).get("columns", {})
    is_profile = row.format == PROFILE
    columns = [{**column, "roles": _roles(declared.get(column["name"], {}), is_profile)} for column in row.columns]
    return {
        "purpose": purpose,
        "name": row.name,
        "sha256": row.sha256,
        "size": row.size,
        "rows": row.row_count,
        "is_profile": is_profile,
        "columns": columns,
    }


def _roles(declared: Mapping[str, Any], is_profile: bool) -> list[str]:
    """Return the roles of a column that count: a profile knows few of those that its table had."""
    return [role for role in declared.get("roles", []) if not is_profile or role in PROFILED_ROLES]


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


def _gaps(rules: Rules, requirements: list[dict[str, Any]], promotions: list[dict[str, Any]]) -> list[str]:
    """Return, in sentences, what is missing, could not be measured, is too old or was refused."""
    gaps = [] if rules.items else ["No policy in force guards this version's way to production."]
    gaps += [
        f"{line['title']}: {line['outcome'].replace('_', ' ')}. {line['sentence']}"
        for line in requirements
        if line["outcome"] not in {"passed", "waived"}
    ]
    for promotion in promotions:
        gaps += [
            f"Refused for {approval['group']} by {approval['by']}: {approval['reason']}"
            for approval in promotion["approvals"]
            if approval["verdict"] == "refuse"
        ]
    return gaps
