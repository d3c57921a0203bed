"""A large registry, made fast: rows without entries, with the guards lifted; for measuring and nothing else."""

import itertools
from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import django
from django.core.management import call_command
from django.db import connection

django.setup()

from audits.runs import CheckResult, CheckRun  # noqa: E402 - models need the set-up
from audits.trail import now  # noqa: E402
from governance.models import Account  # noqa: E402
from governance.policy_format import Policy  # noqa: E402
from governance.roles import Group, Role  # noqa: E402
from governance.selectors.explanation import explain  # noqa: E402
from governance.selectors.policies import Move, editions_in_force  # noqa: E402
from governance.selectors.requirements import order_for  # noqa: E402
from governance.selectors.simulation import simulate  # noqa: E402
from governance.services.policies import SHIPPED, read_policy  # noqa: E402
from governance.services.rollbacks import roll_back  # noqa: E402
from registry.models import ModelState, ModelVersion, RegisteredModel, VersionStage  # noqa: E402
from registry.selectors import get_version  # noqa: E402
from tests import make  # noqa: E402

IN_A_MODEL = 100
BATCH = 2000
TIERS = ("high", "limited", "minimal")
REPORT = {"sentence": "As found.", "measurements": [], "findings": [], "notes": ["x" * 4000]}


def build(versions: int, *, with_runs: int) -> None:
    """Fill an empty database: so many versions, a hundred of a model; the first have results for every check."""
    call_command("migrate", verbosity=0)
    for path in SHIPPED:
        if path.parent.name == "policies":
            make.policy(path.read_text())
    with connection.cursor() as cursor:
        # No guard, no foreign key: the rows have no entries.
        cursor.execute("SET session_replication_role = replica")
    at = now()
    models = [
        RegisteredModel(
            name=f"model-{n}",
            owner="pipeline:x",
            risk_tier=TIERS[n % 3],
            task="binary",
            registered_at=at,
            intended_use="Loans.",
            entry_id=uuid4(),
        )
        for n in range(versions // IN_A_MODEL)
    ]
    RegisteredModel.objects.bulk_create(models)
    ModelState.objects.bulk_create(
        ModelState(model=one, name=one.name, is_listed=True, updated_at=at) for one in models
    )
    policies = [item.policy for item in editions_in_force()]
    made = 0
    for chunk in _chunks(_versions(models, versions, at)):
        ModelVersion.objects.bulk_create(chunk)
        VersionStage.objects.bulk_create(
            VersionStage(version=one, model=one.model, number=one.number, stage="development", since=at, updated_at=at)
            for one in chunk
        )
        if made < with_runs:
            _complete(chunk, policies, at)
        made += len(chunk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET session_replication_role = DEFAULT")


def _chunks(versions: Iterator[ModelVersion]) -> Iterator[list[ModelVersion]]:
    while chunk := list(itertools.islice(versions, BATCH)):
        yield chunk


def _versions(models: list[RegisteredModel], number: int, at: datetime) -> Iterator[ModelVersion]:
    for n in range(number):
        table = {"uid": str(uuid4()), "sha256": f"{n:064x}", "declaration_sha256": "0" * 64}
        yield ModelVersion(
            model=models[n // IN_A_MODEL],
            number=n % IN_A_MODEL + 1,
            registered_sha256=f"{n:064x}",
            registered_format="onnx",
            evidence={"evaluation": table, "reference": table},
            registered_by="pipeline:x",
            registered_at=at,
            entry_id=uuid4(),
        )


def _complete(chunk: list[ModelVersion], policies: list[Policy], at: datetime) -> None:
    runs = []
    for version in chunk:
        for policy in policies:
            if policy.scope.covers_model(
                risk_tier=version.model.risk_tier, task="binary", entry_type="trained_model", tags={}
            ):
                for line in policy.requirements:
                    order = order_for(line, version)
                    assert order
                    runs.append(
                        CheckRun(
                            uid=uuid4(),
                            batch=uuid4(),
                            subject=version.subject,
                            check_name=order.check_name,
                            check_version=order.check_version,
                            parameters=order.parameters,
                            inputs=order.inputs,
                            identity=order.identity,
                            ordered_at=at,
                            entry_id=uuid4(),
                        )
                    )
    CheckRun.objects.bulk_create(runs, batch_size=BATCH)
    results = (
        CheckResult(run=run, verdict="passed", report=REPORT, guards=[], completed_at=at, entry_id=uuid4())
        for run in runs
    )
    CheckResult.objects.bulk_create(results, batch_size=BATCH)


def explained_once(n: int) -> int:
    """Explain the n-th version's way to production; return how many reasons are in the way."""
    version = get_version(f"model-{n // IN_A_MODEL}", n % IN_A_MODEL + 1)
    return len(explain(version, Move("production", "champion", "full"), at=now()).blocks)


def line_of_promotions(many: int) -> tuple[RegisteredModel, Account]:
    """Promote so many versions of one model, one after the other, through the use cases; return who may roll back."""
    make.policy()
    pipeline = make.contributor()
    people = make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)
    model = make.model(pipeline)
    for seed in range(many):
        make.live(pipeline, people, model, seed)
    return model, make.account("olga", Role.OPERATOR)


def rolled_back_once(model: RegisteredModel, operator: Account) -> int:
    """Roll the champion back; return the version that serves now."""
    return roll_back(actor=operator.actor, model=model, alias="champion", reason="Complaints.").to_version.number


def simulated_once() -> tuple[int, int]:
    """Try a draft that guards every trained model; return how many versions were judged and how many would change."""
    text = (
        "policy: high-risk\ntitle: All\napplies_to: {target: production, entry_type: [trained_model]}\n"
        "requirements:\n"
        "  - {id: accuracy, title: Right, check: performance.accuracy, version: 1, parameters: {min_accuracy: 0.9}}\n"
        "  - {id: ranking, title: Ranks, check: performance.roc_auc, version: 1}\n"
        "approvals: [{group: risk, count: 1}]\n"
    )
    simulation = simulate(read_policy(text), at=now())
    return simulation.judged, len(simulation.changes)
