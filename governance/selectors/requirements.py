"""Which checks do the policies order for a version, and what have they found so far?"""

from collections.abc import Mapping
from datetime import datetime

from audits.runs import CheckResult, CheckRun, Order
from governance.gates import ResultFact, is_unanswered
from governance.policy_format import Requirement
from governance.selectors.policies import Rules, rules_about
from registry.models import ModelVersion


def order_for(requirement: Requirement, version: ModelVersion) -> Order | None:
    """Return the order that a requirement means for exactly this version's inputs.

    None without the table it reads, or while nobody has told the artifact.
    """
    inputs = version.inputs
    tables = inputs["tables"]
    if requirement.evidence not in tables or not version.artifact_sha256:
        return None
    if requirement.evidence != "evaluation":
        inputs = {**inputs, "tables": {**tables, "evaluation": tables[requirement.evidence]}}
    return Order(requirement.check, requirement.version, dict(requirement.parameters), inputs)


def orders_for(rules: Rules, version: ModelVersion) -> dict[str, Order]:
    """Return the orders of all policies by requirement key (policy/id)."""
    orders = {
        f"{policy.name}/{requirement.id}": order_for(requirement, version)
        for policy in rules.policies
        for requirement in policy.requirements
    }
    return {key: order for key, order in orders.items() if order}


def newest_runs(rules: Rules, version: ModelVersion, *, before: int | None = None) -> dict[str, CheckRun]:
    """Return, by requirement key, the newest run over exactly this version's inputs, with its result if there is one.

    A run is found by its identity (check, edition, parameters, input digests): another artifact, another table or
    another edition of the check has another identity, and so does not count. With `before`, an index of the trail, only
    what had been ordered by then.
    """
    identities = {key: order.identity for key, order in orders_for(rules, version).items()}
    newest: dict[str, CheckRun] = {}
    runs = CheckRun.objects.filter(identity__in=set(identities.values())).select_related("result").order_by("id")
    if before is not None:
        runs = runs.filter(entry__index__lt=before)
    for run in runs:
        newest[run.identity] = run
    return {key: newest[identity] for key, identity in identities.items() if identity in newest}


def unanswered_orders(version: ModelVersion, *, at: datetime) -> list[Order]:
    """Return, once each, the orders to which the policies about a version have no answer that only time would bring."""
    rules = rules_about(version.model)
    facts = facts_of_runs(newest_runs(rules, version))
    lines = {f"{policy.name}/{line.id}": line for policy in rules.policies for line in policy.requirements}
    orders = {
        order.identity: order
        for key, order in orders_for(rules, version).items()
        if is_unanswered(lines[key], facts.get(key), at)
    }
    return list(orders.values())


def result_of(run: CheckRun) -> CheckResult | None:
    return getattr(run, "result", None)


def facts_of_runs(runs: Mapping[str, CheckRun]) -> dict[str, ResultFact]:
    """Return the runs as the gate reads them."""
    facts = {}
    for key, run in runs.items():
        result = result_of(run)
        report = result.report if result else {}
        facts[key] = ResultFact(
            run_uid=str(run.uid),
            verdict=result.verdict if result else None,
            sentence=report.get("sentence", ""),
            completed_at=result.completed_at if result else None,
            findings=tuple(finding["key"] for finding in report.get("findings", ())),
        )
    return facts
