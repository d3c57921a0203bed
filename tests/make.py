"""Builders: they call the services, so a test cannot create what production cannot."""

import hashlib
import io
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from audits.evidence import Evidence
from audits.runs import CheckRun
from audits.runs.services import claim, complete_batch, runs_of
from audits.tables import TableFormat
from audits.trail import Actor, now
from governance.models import Account, OpenPromotion, PolicyVersion, Promotion, Waiver
from governance.roles import Group, Role, Verb
from governance.services import accounts, approvals, policies, promotions, submissions, tokens, waivers
from registry.models import ModelVersion, RegisteredModel
from registry.stages import Rollout, Stage

COMMAND = Actor.process("command:test")
WORKER = Actor.process("worker")

POLICY = """\
policy: high-risk
title: High-risk models to production
applies_to: {risk_tier: [high], target: production}
requirements:
  - {id: impact-ratio, title: Every group is selected at a similar rate, check: fairness.impact_ratio, version: 1,
     parameters: {attribute: sex, min_ratio: 0.8}, max_age_days: 90}
  - {id: accuracy, title: The model is right often enough, check: performance.accuracy, version: 1}
approvals:
  - {group: risk, count: 1}
  - {group: compliance, count: 1}
"""

TABLE = "patient,label,selected,sex\n" + "".join(
    f"p{n},{int(n % 3 == 0)},{int(n % 3 == 0)},{'female' if n % 2 else 'male'}\n" for n in range(240)
)
DECLARATION: dict[str, Any] = {
    "task": "binary",
    "favourable": 1,
    "columns": {
        "patient": {"roles": ["id"]},
        "label": {"roles": ["label"]},
        "selected": {"roles": ["prediction"]},
        "sex": {"roles": ["sensitive"]},
    },
}

DPIA = "# Data protection\n\n## Purpose\n\nOffers of care.\n\n## Risks\n\nSomebody is overlooked.\n"


def account(
    login: str, *roles: Role, groups: tuple[Group, ...] = (), kind: str = "person", password: str | None = None
) -> Account:
    made = accounts.create_account(
        actor=COMMAND, login=login, display_name=login.replace("-", " ").title(), kind=kind, password=password
    )
    for role in roles:
        accounts.grant_role(actor=COMMAND, account=made, role=role)
    for group in groups:
        accounts.grant_role(actor=COMMAND, account=made, role=Role.REVIEWER, group=group)
    return made


def contributor(login: str = "training-pipeline") -> Account:
    return account(login, Role.CONTRIBUTOR, kind="pipeline")


def reviewer(login: str, *groups: Group, password: str | None = None) -> Account:
    return account(login, groups=groups, password=password)


def token(holder: Account, *scopes: Verb, days: int = 30, **limits: Any) -> str:
    return tokens.issue_token(actor=COMMAND, account=holder, name="test", scopes=scopes, days=days, **limits)[1]


def policy(text: str = POLICY) -> PolicyVersion:
    """Put a text in force, if it is not: one operator proposes, another approves."""
    newest = PolicyVersion.objects.filter(name=_name_of_policy(text)).order_by("-number").first()
    if newest and newest.text == text:
        return newest
    draft = policies.propose_policy(actor=_operator("policy-author").actor, text=text)
    return policies.approve_policy(actor=_operator("policy-approver").actor, uid=draft.uid)


@cache
def _name_of_policy(text: str) -> str:
    return policies.read_policy(text).name


def _operator(login: str) -> Account:
    return Account.objects.filter(login=login).first() or account(login, Role.OPERATOR)


def model(by: Account, name: str = "care-programme", risk_tier: str = "high", **particulars: Any) -> RegisteredModel:
    return submissions.register_model(
        actor=by.actor, name=name, risk_tier=risk_tier, **{"task": "binary", **particulars}
    )


def stored(by: Account, content: bytes) -> str:
    """Store bytes and return their digest."""
    sha256 = hashlib.sha256(content).hexdigest()
    submissions.receive_bytes(actor=by.actor, stream=io.BytesIO(content), sha256=sha256, length=len(content))
    return sha256


def table(by: Account, text: str = TABLE, declaration: dict[str, Any] | None = None) -> Evidence:
    return submissions.declare_table_evidence(
        actor=by.actor,
        sha256=stored(by, text.encode()),
        name="evaluation.csv",
        fmt=TableFormat("csv"),
        declaration=declaration or DECLARATION,
    )


def lightgbm_text(seed: int) -> bytes:
    """Return bytes that are recognised as LightGBM's text format; no test opens them as a model."""
    lines = ("tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0", "max_feature_idx=0")
    return "\n".join((*lines, f"seed={seed}", "")).encode()


def artifact(by: Account, seed: int = 1) -> Evidence:
    return submissions.declare_artifact_evidence(
        actor=by.actor, sha256=stored(by, lightgbm_text(seed)), name=f"model-{seed}.txt"
    )


def document(by: Account, text: str = DPIA, kind: str = "dpia", **particulars: str) -> Evidence:
    return submissions.declare_document_evidence(
        actor=by.actor, sha256=stored(by, text.encode()), name=f"{kind}.md", kind=kind, **particulars
    )


def definition(by: Account, text: str, format_name: str) -> Evidence:
    """Return a prompt (text), an agent (json) or a reference."""
    return submissions.declare_artifact_evidence(
        actor=by.actor, sha256=stored(by, text.encode()), name=f"it.{format_name}", format_name=format_name
    )


def reference(by: Account, product_version: str = "2026-08-06", **change: Any) -> Evidence:
    told = {
        "provider": "Example AI",
        "product": "Large",
        "product_version": product_version,
        "endpoint": "https://models.example/v1",
    }
    return definition(by, json.dumps({**told, **change}), "reference")


def version(by: Account, of: RegisteredModel, seed: int = 1, text: str = TABLE) -> ModelVersion:
    return submissions.submit_version(
        actor=by.actor, model_name=of.name, artifact=artifact(by, seed), tables={"evaluation": table(by, text)}
    )


def outcome(run: CheckRun, verdict: str = "passed", **extra: Any) -> dict[str, Any]:
    """Return what the check engine would deliver for a run."""
    return {
        "check": run.check_name,
        "version": run.check_version,
        "parameters": run.parameters,
        "verdict": verdict,
        "sentence": f"As found: {verdict}.",
        "measurements": [],
        "findings": [],
        "notes": [],
        "statistics": {},
        **extra,
    }


def completed(of: ModelVersion, *, found: dict[str, dict[str, Any]] | None = None, **verdicts: str) -> None:
    """Deliver results for the runs ordered for a version, as a worker would, then settle as its callback would.

    `verdicts` gives a verdict by check name with underscores for dots; the others pass. `found` gives sentence,
    measurements and findings by check name.
    """
    batches = (
        CheckRun.objects.filter(subject=of.subject, result__isnull=True).values_list("batch", flat=True).distinct()
    )
    for batch in list(batches.order_by("batch")):
        lease = claim(batch=batch, at=now())
        assert lease, "somebody else works on this batch"
        outcomes = [
            outcome(
                run,
                verdicts.get(run.check_name.replace(".", "_"), "passed"),
                **(found or {}).get(run.check_name, {}),
            )
            for run in runs_of(batch)
        ]
        complete_batch(actor=WORKER, batch=batch, token=lease, outcomes=outcomes, guards=[])
        promotions.settle_promotions(actor=WORKER, batch=batch)


def promotion(
    by: Account,
    of: ModelVersion,
    target: Stage = Stage.PRODUCTION,
    alias: str = "champion",
    rollout: str | None = None,
    percent: int = 0,
) -> Promotion:
    return promotions.request_promotion(
        actor=by.actor,
        version=of,
        target=target,
        alias=alias,
        rollout=Rollout(rollout) if rollout else None,
        percent=percent,
    )


def approved(people: Iterable[Account], promotion: Promotion) -> Promotion:
    """Let each of these reviewers approve for the groups they hold, as long as the promotion is open."""
    for person in people:
        for group in sorted(person.groups_reviewed_for()):
            if OpenPromotion.objects.filter(promotion=promotion).exists():
                approvals.approve_promotion(
                    actor=person.actor, uid=promotion.uid, group=group, reason="I have read it."
                )
    return Promotion.objects.get(pk=promotion.pk)


def live(by: Account, people: Iterable[Account], of: RegisteredModel, seed: int = 1) -> ModelVersion:
    """Return a version that passed its checks and was approved into production."""
    made = version(by, of, seed)
    completed(made)
    approved(people, promotion(by, made))
    return ModelVersion.objects.select_related("model", "position").get(pk=made.pk)


def waiver(by: Account, of: ModelVersion, target: Stage = Stage.PRODUCTION, **changes: Any) -> Waiver:
    """Accept the failed impact ratio of `POLICY` for 30 days, or what `changes` say."""
    what = {"policy": "high-risk", "requirement": "impact-ratio", "days": 30}
    said = {"reason": "The group is small and known.", "compensating_control": "A nurse reads every refusal."}
    return waivers.grant_waiver(actor=by.actor, version=of, target=target, **{**what, **said, **changes})
