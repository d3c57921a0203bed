"""Whatever people do in whatever order: no version is live that the rules did not let through.

A machine of hypothesis takes random steps over registering, checking, approving, refusing, waiving, letting waivers and
delegations run out, promoting, rolling back, suspending, delegating, recusing and breaking glass. It keeps its own,
simple account of what was said, and after each step asks of every move into production whether that account allows it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from audits.errors import DomainError
from audits.runs import CheckRun
from audits.trail import now, verify
from governance.models import Account, BreakGlass, OpenPromotion, Promotion, Waiver
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.services import attachments, delegations, emergencies, promotions, retirements, rollbacks, waivers
from governance.services.approvals import approve_promotion, refuse_promotion
from registry.models import ModelVersion, RegisteredModel, StageTransition
from registry.selectors import get_version
from registry.stages import Rollout, Stage
from tests import make

POLICY = """\
policy: high-risk
title: High-risk models to production, wording {wording}
applies_to: {{risk_tier: [high], target: production}}
requirements:
  - {{id: accuracy, title: The model is right often enough, check: performance.accuracy, version: 1}}
approvals:
  - {{group: risk, count: 1}}
  - {{group: compliance, count: 1}}
"""
# Short enough for a waiver or a delegation to run out between two steps.
MOMENT = timedelta(milliseconds=12)
LONG = timedelta(days=30)


@dataclass
class Said:
    """One yes: whose it is, for which group, and under which wording and evidence it was given."""

    people: frozenset[str]
    group: str
    content: tuple[str, str]


@dataclass
class Ledger:
    """What was said and done, kept by the machine itself, in its own simple way."""

    wording: int = 0
    results: dict[tuple[int, str], str] = field(default_factory=dict)
    waivers: dict[UUID, tuple[int, str, datetime, datetime]] = field(default_factory=dict)
    revoked: dict[UUID, datetime] = field(default_factory=dict)
    words: dict[UUID, list[Said]] = field(default_factory=dict)
    recused: dict[UUID, set[str]] = field(default_factory=dict)
    invoked: dict[UUID, str] = field(default_factory=dict)
    confirmed: dict[UUID, str] = field(default_factory=dict)
    let_through: dict[int, tuple[UUID, datetime]] = field(default_factory=dict)


class World:
    """A policy, some people and one registered model: what every example begins with."""

    def __init__(self) -> None:
        make.policy(POLICY.format(wording=0))
        self.askers = [make.contributor("pipeline"), make.account("person-who-asks", Role.CONTRIBUTOR)]
        groups = {"rita": Group.RISK, "rolf": Group.RISK, "carl": Group.COMPLIANCE, "cleo": Group.COMPLIANCE}
        self.reviewers = [make.reviewer(name, group) for name, group in groups.items()]
        self.lawyer = make.reviewer("lena", Group.LEGAL)
        self.operators = [make.account("olga", Role.OPERATOR), make.account("otto", Role.OPERATOR)]
        self.model: RegisteredModel = make.model(self.askers[0])
        self.versions = [make.version(self.askers[0], self.model, seed) for seed in (1, 2)]


class Governance(RuleBasedStateMachine):
    """Every act of the governing floor in any order; what an example did is undone, so that the world is made once."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = transaction.atomic()
        # As the TestCase of Django does, so that what is durable may run inside.
        self._world._from_testcase = True  # type: ignore[attr-defined]
        self._world.__enter__()
        self.known = Ledger()
        self.judged = 0
        self.seed = len(world.versions)
        self.askers, self.reviewers, self.lawyer, self.operators = (
            world.askers,
            world.reviewers,
            world.lawyer,
            world.operators,
        )
        self.people = [*self.askers, *self.reviewers, self.lawyer, *self.operators]
        self.model = RegisteredModel.objects.get(pk=world.model.pk)

    def teardown(self) -> None:
        verdict = verify(projections=PROJECTIONS)
        transaction.set_rollback(True)
        self._world.__exit__(None, None, None)
        assert verdict.is_whole, verdict.flaws

    # What the steps choose from: mostly who may do it, now and then anybody. A choice of nothing does nothing.

    def _one_of(self, likely: list[Account], choice: int) -> Account:
        """Return one of those who may do it for choices below 70, and else anybody at all."""
        among = likely if choice < 70 else self.people
        return among[choice % len(among)]

    def _attempt(self, act: Callable[[], Any]) -> Any:
        """Do it, or be refused; whatever is neither is a fault."""
        try:
            return act()
        except DomainError:
            return None

    def _version(self, choice: int) -> ModelVersion | None:
        numbers = list(ModelVersion.objects.filter(deletion__isnull=True).values_list("number", flat=True))
        return get_version(self.model.name, numbers[choice % len(numbers)]) if numbers else None

    def _promotion(self, choice: int) -> Promotion | None:
        uids = list(OpenPromotion.objects.order_by("pk").values_list("promotion__uid", flat=True))
        return Promotion.objects.get(uid=uids[choice % len(uids)]) if uids else None

    def _content(self, version: ModelVersion) -> tuple[str, str]:
        return (get_version(self.model.name, version.number).evidence_sha256, str(self.known.wording))

    CHOICE = st.integers(0, 99)

    @rule(who=CHOICE)
    def register(self, who: int) -> None:
        if ModelVersion.objects.count() < 5:
            self.seed += 1
            asker = self._one_of(self.askers, who)
            self._attempt(lambda: make.version(asker, self.model, self.seed))

    @rule(which=CHOICE, verdict=st.sampled_from(["passed", "passed", "failed", "inconclusive", "errored"]))
    def check(self, which: int, verdict: str) -> None:
        version = self._version(which)
        if version:
            key = (version.pk, version.evidence_sha256)
            before = set(version_runs_without_result(version))
            make.completed(version, performance_accuracy=verdict)
            if before:
                self.known.results[key] = verdict

    @rule(which=CHOICE, who=CHOICE)
    def bring_other_evidence(self, which: int, who: int) -> None:
        version = self._version(which)
        if version and which >= 70 and version.attachments.count() < 2:
            self.seed += 1
            asker = self._one_of(self.askers, who)
            table = make.table(self.askers[0], f"{make.TABLE}q{self.seed},1,1,female\n")
            self._attempt(
                lambda: attachments.attach_evidence(
                    actor=asker.actor, version=version, purpose="evaluation", evidence=table
                )
            )

    @rule(chance=CHOICE)
    def publish_another_wording(self, chance: int) -> None:
        if self.known.wording < 2 and chance >= 70:
            self.known.wording += 1
            make.policy(POLICY.format(wording=self.known.wording))

    @rule(which=CHOICE, who=CHOICE, rollout=st.sampled_from([None, Rollout.SHADOW, Rollout.CANARY]))
    def ask(self, which: int, who: int, rollout: Rollout | None) -> None:
        version = self._version(which)
        if version:
            percent = 10 if rollout is Rollout.CANARY else 0
            self._attempt(
                lambda: promotions.request_promotion(
                    actor=self._one_of(self.askers, who).actor,
                    version=version,
                    target=Stage.PRODUCTION,
                    rollout=rollout,
                    percent=percent,
                )
            )

    @rule(which=CHOICE, who=CHOICE, for_whom=CHOICE, group=st.sampled_from([Group.RISK, Group.COMPLIANCE]))
    def approve(self, which: int, who: int, for_whom: int, group: Group) -> None:
        promotion = self._promotion(which)
        if promotion:
            of_group = [person for person in self.reviewers if group in person.groups_reviewed_for()]
            person = self._one_of(of_group, who)
            delegator = of_group[for_whom % 2] if for_whom >= 80 or person not in of_group else None
            content = self._content(promotion.version)
            people = frozenset({str(person.actor), *([str(delegator.actor)] if delegator else [])})
            # Noted before, because the last yes moves the version at once; taken back when it is refused.
            said = Said(people, group.value, content)
            words = self.known.words.setdefault(promotion.uid, [])
            words.append(said)
            if not self._attempt(
                lambda: approve_promotion(
                    actor=person.actor, uid=promotion.uid, group=group, reason="Read.", on_behalf_of=delegator
                )
            ):
                words.remove(said)

    @rule(which=CHOICE, who=CHOICE)
    def refuse(self, which: int, who: int) -> None:
        promotion = self._promotion(which)
        if promotion and who >= 80:
            person = self.reviewers[who % 4]
            group = next(iter(person.groups_reviewed_for()))
            self._attempt(lambda: refuse_promotion(actor=person.actor, uid=promotion.uid, group=group, reason="No."))

    @rule(which=CHOICE, who=CHOICE)
    def withdraw(self, which: int, who: int) -> None:
        promotion = self._promotion(which)
        if promotion and who >= 80:
            actor = self.people[who % len(self.people)].actor
            self._attempt(lambda: promotions.withdraw_promotion(actor=actor, uid=promotion.uid))

    @rule(which=CHOICE, who=CHOICE, is_short=st.booleans())
    def waive(self, which: int, who: int, is_short: bool) -> None:
        version = self._version(which)
        if version:
            person = self._one_of([self.lawyer, *self.reviewers], who)
            expires_at = now() + (MOMENT if is_short else LONG)
            waiver: Waiver | None = self._attempt(
                lambda: waivers.grant_waiver(
                    actor=person.actor,
                    version=version,
                    target=Stage.PRODUCTION,
                    policy="high-risk",
                    requirement="accuracy",
                    reason="The figure is known to be low here.",
                    compensating_control="Somebody reads every case.",
                    expires_at=expires_at,
                )
            )
            if waiver:
                self.known.waivers[waiver.uid] = (version.pk, str(person.actor), waiver.granted_at, expires_at)

    @rule(which=CHOICE, who=CHOICE)
    def revoke_a_waiver(self, which: int, who: int) -> None:
        uids = [uid for uid in self.known.waivers if uid not in self.known.revoked]
        if uids:
            uid, person = uids[which % len(uids)], self._one_of(self.reviewers, who)
            if self._attempt(lambda: waivers.revoke_waiver(actor=person.actor, uid=uid)):
                self.known.revoked[uid] = now()

    @rule()
    def let_time_pass(self) -> None:
        sleep(MOMENT.total_seconds() * 1.1)

    @rule(who=CHOICE, to=CHOICE, is_short=st.booleans())
    def delegate(self, who: int, to: int, is_short: bool) -> None:
        person, delegate = self.reviewers[who % 4], self.people[to % len(self.people)]
        group = next(iter(person.groups_reviewed_for()))
        ends_at = now() + (MOMENT if is_short else LONG)
        self._attempt(
            lambda: delegations.delegate_review(actor=person.actor, delegate=delegate, group=group, ends_at=ends_at)
        )

    @rule(which=CHOICE, who=CHOICE)
    def step_aside(self, which: int, who: int) -> None:
        promotion = self._promotion(which)
        if promotion and who >= 60:
            person = self.reviewers[who % 4]
            if self._attempt(lambda: delegations.recuse(actor=person.actor, uid=promotion.uid, reason="A friend's.")):
                self.known.recused.setdefault(promotion.uid, set()).add(str(person.actor))

    @rule(who=CHOICE)
    def roll_back(self, who: int) -> None:
        actor = self._one_of(self.operators, who).actor
        self._attempt(lambda: rollbacks.roll_back(actor=actor, model=self.model, alias="champion", reason="Worse."))

    @rule(which=CHOICE, who=CHOICE, act=st.sampled_from(["suspend_version", "retire_version", "delete_version"]))
    def take_out(self, which: int, who: int, act: str) -> None:
        version = self._version(which)
        if version and who >= 60:
            actor = self._one_of(self.operators, which).actor
            self._attempt(lambda: getattr(retirements, act)(actor=actor, version=version, reason="Not needed."))

    @rule(which=CHOICE, who=CHOICE)
    def break_the_glass(self, which: int, who: int) -> None:
        promotion = self._promotion(which)
        if promotion and which >= 40:
            person = self._one_of(self.operators, who)
            broken: BreakGlass | None = self._attempt(
                lambda: emergencies.invoke_break_glass(actor=person.actor, uid=promotion.uid, reason="People wait.")
            )
            if broken:
                self.known.invoked[promotion.uid] = str(person.actor)

    @rule(which=CHOICE, who=CHOICE)
    def confirm_the_emergency(self, which: int, who: int) -> None:
        uids = [uid for uid in self.known.invoked if uid not in self.known.confirmed]
        if uids:
            uid, person = uids[which % len(uids)], self._one_of([*self.reviewers, *self.operators], who)
            self.known.confirmed[uid] = str(person.actor)
            if not self._attempt(lambda: emergencies.confirm_break_glass(actor=person.actor, uid=uid)):
                del self.known.confirmed[uid]

    # Steps that mostly lead somewhere; single steps before and after them lead astray.

    @rule(
        which=CHOICE,
        verdict=st.sampled_from(["passed", "passed", "failed"]),
        who=st.lists(CHOICE, min_size=4, max_size=4),
    )
    def go_the_usual_way(self, which: int, verdict: str, who: list[int]) -> None:
        self.ask(which=which, who=who[0], rollout=None)
        self.check(which=which, verdict=verdict)
        if verdict == "failed":
            self.waive(which=which, who=0, is_short=who[3] % 2 == 0)
        newest = OpenPromotion.objects.count() - 1
        self.approve(which=newest, who=who[1], for_whom=0, group=Group.RISK)
        self.approve(which=newest, who=who[2], for_whom=0, group=Group.COMPLIANCE)

    @rule(which=CHOICE)
    def approve_what_was_waived_until_just_now(self, which: int) -> None:
        self.ask(which=which, who=0, rollout=None)
        self.check(which=which, verdict="failed")
        self.waive(which=which, who=0, is_short=True)
        self.let_time_pass()
        newest = OpenPromotion.objects.count() - 1
        self.approve(which=newest, who=0, for_whom=0, group=Group.RISK)
        self.approve(which=newest, who=0, for_whom=0, group=Group.COMPLIANCE)

    @rule(which=CHOICE, who=CHOICE)
    def go_through_an_emergency(self, which: int, who: int) -> None:
        self.ask(which=which, who=0, rollout=None)
        self.break_the_glass(which=99, who=0)
        self.confirm_the_emergency(which=len(self.known.invoked) - 1, who=who)

    @invariant()
    def every_move_into_production_was_let_through(self) -> None:
        moves = StageTransition.objects.filter(to_stage=Stage.PRODUCTION, pk__gt=self.judged).order_by("pk")
        for move in moves.select_related("version"):
            self.judged = move.pk
            kind, _, uid = move.because.partition("/")
            if kind == "rollback":
                assert move.version_id in self.known.let_through, "rolled back to what was never let through"
                assert self._stands(*self.known.let_through[move.version_id], move), (
                    "rolled back to what stands no more"
                )
            else:
                assert kind == "promotion"
                assert self._stands(UUID(uid), move.moved_at, move), f"{move.version} went live by {move.because}"
                self.known.let_through[move.version_id] = (UUID(uid), move.moved_at)

    def _stands(self, promotion: UUID, decided_at: datetime, move: StageTransition) -> bool:
        waived_by = self._waived_by(promotion, decided_at, move)
        return self._by_emergency(promotion) or (
            self._by_check(move, waived_by) and self._by_people(promotion, move, waived_by)
        )

    def _by_emergency(self, promotion: UUID) -> bool:
        invoker = self.known.invoked.get(promotion)
        return self.known.confirmed.get(promotion, invoker) != invoker

    def _by_check(self, move: StageTransition, waived_by: list[str]) -> bool:
        results = [verdict for (version, _), verdict in self.known.results.items() if version == move.version_id]
        return "passed" in results or bool(waived_by)

    def _waived_by(self, promotion: UUID, decided_at: datetime, move: StageTransition) -> list[str]:
        """Return who granted the waivers that stand at a move.

        One that somebody grants who approved before counts neither for nor against what was decided already.
        """
        approvers = {person for said in self.known.words.get(promotion, []) for person in said.people}
        return [
            grantor
            for uid, (version, grantor, since, until) in self.known.waivers.items()
            if version == move.version_id
            and since <= move.moved_at < until
            and self.known.revoked.get(uid, until) >= move.moved_at
            and (since <= decided_at or grantor not in approvers)
        ]

    def _by_people(self, promotion: UUID, move: StageTransition, waived_by: list[str]) -> bool:
        asked = Promotion.objects.get(uid=promotion)
        barred = {asked.requested_by, move.version.registered_by, *waived_by}
        barred |= self.known.recused.get(promotion, set())
        good = [said for said in self.known.words.get(promotion, []) if said.people.isdisjoint(barred)]
        by_group = {group: [said for said in good if said.group == group] for group in ("risk", "compliance")}
        return any(
            one.people.isdisjoint(other.people) and one.content == other.content
            for one in by_group["risk"]
            for other in by_group["compliance"]
        )


def version_runs_without_result(version: ModelVersion) -> list[int]:
    """Return the runs ordered for a version that have no result yet, of the check that its policy asks for."""
    runs = CheckRun.objects.filter(subject=version.subject, check_name="performance.accuracy", result__isnull=True)
    return list(runs.values_list("pk", flat=True))


# Examples and steps of each: 100,000 steps in the long run.
LENGTHS = [pytest.param(12, 40, id="short"), pytest.param(1_000, 100, id="long", marks=pytest.mark.soak)]


@pytest.mark.parametrize(("examples", "steps"), LENGTHS)
def test_nothing_is_live_that_was_not_let_through(db: None, examples: int, steps: int) -> None:
    world = World()
    run_state_machine_as_test(
        lambda: Governance(world),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
        ),
    )
