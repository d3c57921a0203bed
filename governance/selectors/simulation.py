"""What would change if a policy came into force? Every version is judged by both editions; nothing is recorded.

The facts are those at hand: results, documents and waivers. Approvals are left out on both sides, because a new edition
makes all of them lapse. Versions are read in bulk, and never the reports of their checks, except where a waiver accepts
single findings.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from audits.runs import CheckResult, CheckRun
from governance.gates import Facts, Outcome, Reason, ResultFact, Stay, Subject, WaiverFact, decide, worst_of
from governance.models import Waiver
from governance.policy_format import Policy
from governance.selectors.facts import fact_of_waiver, facts_of_documents, headings_of
from governance.selectors.policies import Move, covers_model, editions_in_force, guards
from governance.selectors.requirements import order_for
from governance.selectors.stays import stays_of
from registry.models import ModelVersion, RegisteredModel
from registry.stages import Rollout, Stage, may_move

CHUNK = 500
TARGETS = (Stage.STAGING, Stage.PRODUCTION)

# Called with how many versions are judged and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One requirement that the two editions answer differently; None where an edition does not ask it."""

    policy: str
    requirement: str
    before: Reason | None
    after: Reason | None


@dataclass(frozen=True, slots=True)
class Change:
    """One move of one version about which the gate would say something else."""

    model: str
    version: int
    target: str
    alias: str
    rollout: str
    before: Outcome
    after: Outcome
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a draft would change. `replaces` is the number of the edition in force, 0 when there is none."""

    policy: str
    replaces: int
    judged: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Sides:
    """The policies about one model in force, and those that would be."""

    before: tuple[Policy, ...]
    after: tuple[Policy, ...]
    moves: tuple[Move, ...]


def simulate(draft: Policy, *, at: datetime, progress: Progress | None = None) -> Simulation:
    """Return each version whose verdict a draft would change: neither deleted nor retired, and guarded by either."""
    items = editions_in_force()
    present = next((item for item in items if item.policy.name == draft.name), None)
    before = tuple(item.policy for item in items)
    after = (*(policy for policy in before if policy.name != draft.name), draft)
    concerned = (draft, present.policy) if present else (draft,)
    sides = {
        model.pk: _sides(model, before, after, concerned)
        for model in RegisteredModel.objects.all()
        if any(covers_model(policy, model) for policy in concerned)
    }
    changes: list[Change] = []
    judged = 0
    versions = ModelVersion.objects.filter(model_id__in=list(sides), deletion__isnull=True)
    versions = versions.exclude(position__stage=Stage.RETIRED)
    total = versions.count()
    last = 0
    while chunk := list(
        versions.filter(pk__gt=last)
        .select_related("model", "position")
        .prefetch_related("attachments")
        .order_by("pk")[:CHUNK]
    ):
        last = chunk[-1].pk
        changes += _changes(chunk, sides, at)
        judged += len(chunk)
        if progress:
            progress(judged, total)
    changes.sort(key=lambda change: (change.model, change.version, change.target, change.rollout, change.alias))
    return Simulation(draft.name, present.edition.number if present else 0, judged, tuple(changes))


def _sides(
    model: RegisteredModel, before: Sequence[Policy], after: Sequence[Policy], concerned: Sequence[Policy]
) -> _Sides:
    """Return the policies about a model, and the moves that the draft or the edition it replaces guards."""
    scopes = [policy.scope for policy in concerned]
    aliases = {alias for scope in scopes for alias in scope.aliases} or {"champion"}
    steps = {step for scope in scopes for step in scope.rollouts} or {Rollout.FULL.value}
    moves = [
        Move(target.value, alias, rollout)
        for target in TARGETS
        for alias in sorted(aliases)
        for rollout in (sorted(steps) if target == Stage.PRODUCTION else [""])
    ]
    return _Sides(
        before=tuple(policy for policy in before if covers_model(policy, model)),
        after=tuple(policy for policy in after if covers_model(policy, model)),
        moves=tuple(
            move for move in moves if any(guards(policy, move) and covers_model(policy, model) for policy in concerned)
        ),
    )


def _changes(chunk: Sequence[ModelVersion], sides: Mapping[int, _Sides], at: datetime) -> Iterator[Change]:
    waivers: dict[tuple[int, str], list[WaiverFact]] = {}
    for row in Waiver.objects.filter(version__in=chunk).select_related("revocation"):
        waivers.setdefault((row.version_id, row.target), []).append(fact_of_waiver(row))
    with_findings = {pk for (pk, _), facts in waivers.items() if any(fact.finding for fact in facts)}
    results = _results(chunk, sides, with_findings)
    headings = headings_of(chunk)
    soaks = any(policy.soak for side in sides.values() for policy in (*side.before, *side.after))
    stays = stays_of(chunk) if soaks else {}
    for version in chunk:
        side = sides[version.model_id]
        documents = facts_of_documents(version, headings)
        subject = _subject(version, stays.get(version.pk, ()))
        for move in side.moves:
            if not may_move(version.position.stage, move.target):
                continue
            facts = Facts(documents=documents, waivers=tuple(waivers.get((version.pk, move.target), ())))
            said = [
                _judge(policies, replace(facts, results=found), subject, move, at)
                for policies, found in zip((side.before, side.after), results[version.pk], strict=True)
            ]
            (outcome_before, before), (outcome_after, after) = said
            if outcome_before is not outcome_after:
                yield Change(
                    version.model.name,
                    version.number,
                    move.target,
                    move.alias,
                    move.rollout,
                    outcome_before,
                    outcome_after,
                    tuple(_differences(before, after)),
                )


def _subject(version: ModelVersion, stays: tuple[Stay, ...]) -> Subject:
    """Return the version without what only approvals are judged by."""
    position = version.position
    return Subject(
        artifact_sha256=version.artifact_sha256,
        evidence_sha256="",
        policy_sha256="",
        registered_by=version.registered_by,
        requested_by="",
        stage=position.stage,
        rollout=position.rollout,
        stays=stays,
    )


def _judge(
    policies: Sequence[Policy], facts: Facts, subject: Subject, move: Move, at: datetime
) -> tuple[Outcome, list[Reason]]:
    guarding = [policy for policy in policies if guards(policy, move)]
    reasons = decide(guarding, facts, subject=subject, now=at).reasons
    left = [reason for reason in reasons if not reason.requirement.startswith("approval:")]
    return worst_of(left), left


def _differences(before: Sequence[Reason], after: Sequence[Reason]) -> Iterator[Difference]:
    old, new = ({(reason.policy, reason.requirement): reason for reason in side} for side in (before, after))
    for key in sorted({*old, *new}):
        was, becomes = old.get(key), new.get(key)
        if (was and (was.code, was.outcome)) != (becomes and (becomes.code, becomes.outcome)):
            yield Difference(*key, was, becomes)


def _results(
    chunk: Sequence[ModelVersion], sides: Mapping[int, _Sides], with_findings: set[int]
) -> dict[int, tuple[dict[str, ResultFact], dict[str, ResultFact]]]:
    """Return, by version, the facts of both sides: by requirement key, what the newest run found."""
    identities = {
        version.pk: tuple(_identities(version, policies) for policies in (_of(version, sides))) for version in chunk
    }
    wanted = {identity for both in identities.values() for side in both for identity in side.values()}
    newest: dict[str, tuple[int, ResultFact]] = {}
    columns = ("identity", "id", "uid", "result__verdict", "result__completed_at")
    for identity, pk, uid, verdict, completed_at in (
        CheckRun.objects.filter(identity__in=wanted).order_by("id").values_list(*columns)
    ):
        newest[identity] = (pk, ResultFact(str(uid), verdict, completed_at=completed_at))
    read = {
        newest[identity][0]
        for pk in with_findings
        for side in identities[pk]
        for identity in side.values()
        if identity in newest
    }
    reports = dict(CheckResult.objects.filter(run_id__in=read).values_list("run_id", "report")) if read else {}

    def fact(identity: str) -> ResultFact:
        pk, known = newest[identity]
        findings = reports.get(pk, {}).get("findings", ())
        return replace(known, findings=tuple(one["key"] for one in findings)) if findings else known

    facts = {}
    for pk, both in identities.items():
        before, after = ({key: fact(it) for key, it in side.items() if it in newest} for side in both)
        facts[pk] = (before, after)
    return facts


def _of(version: ModelVersion, sides: Mapping[int, _Sides]) -> tuple[Sequence[Policy], Sequence[Policy]]:
    side = sides[version.model_id]
    return side.before, side.after


def _identities(version: ModelVersion, policies: Sequence[Policy]) -> dict[str, str]:
    orders = {
        f"{policy.name}/{line.id}": order_for(line, version) for policy in policies for line in policy.requirements
    }
    return {key: order.identity for key, order in orders.items() if order}
