"""A draft is tried on every version before it comes into force, and nothing is recorded."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.trail import Entry, now
from governance.models import Account
from governance.selectors.policies import Move, rules_for
from governance.selectors.simulation import Simulation, simulate
from governance.selectors.version_file import preview_gate
from governance.services.policies import read_policy
from governance.services.retirements import delete_version, retire_version
from registry.models import RegisteredModel
from tests import make

pytestmark = pytest.mark.django_db

# A stricter limit is another question: what answered the old one answers this one not at all.
STRICTER = make.POLICY.replace("min_ratio: 0.8", "min_ratio: 0.9")
WITHOUT_RATIO = make.POLICY.replace("id: impact-ratio,", "id: impact-ratio, advisory: true,")
WITH_CARD = make.POLICY + "documents: [{id: card, title: It has a card, kind: model_card}]\n"


@pytest.fixture
def pipeline(db: None) -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def model(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline)


def tried(text: str) -> Simulation:
    return simulate(read_policy(text), at=now())


def verdicts(simulation: Simulation) -> dict[int, str]:
    return {change.version: f"{change.before} {change.after}" for change in simulation.changes}


def codes(simulation: Simulation) -> list[tuple[str, str | None, str | None]]:
    return [
        (one.requirement, one.before and one.before.code, one.after and one.after.code)
        for change in simulation.changes
        for one in change.differences
    ]


def test_a_draft_that_says_the_same_changes_nothing(pipeline: Account, model: RegisteredModel) -> None:
    make.completed(make.version(pipeline, model))
    simulation = tried(make.POLICY + "# the same\n")
    assert (simulation.replaces, simulation.judged, simulation.changes) == (1, 1, ())


def test_each_version_whose_verdict_would_change_is_named_with_the_reasons_that_differ(
    pipeline: Account, model: RegisteredModel
) -> None:
    good, bad = make.version(pipeline, model, 1), make.version(pipeline, model, 2)
    make.completed(good)
    make.completed(bad, fairness_impact_ratio="failed")
    before = Entry.objects.count()
    assert verdicts(tried(STRICTER)) == {1: "allow wait", 2: "block wait"}
    assert codes(tried(STRICTER)) == [("impact-ratio", "passed", "not_run"), ("impact-ratio", "failed", "not_run")]
    assert verdicts(tried(WITHOUT_RATIO)) == {2: "block allow"}
    assert codes(tried(WITHOUT_RATIO)) == [("impact-ratio", "failed", "advisory_failed")]
    assert codes(tried(WITH_CARD)) == [("card", None, "not_run")]
    assert Entry.objects.count() == before


def test_a_waiver_of_a_finding_counts_on_both_sides(pipeline: Account, model: RegisteredModel) -> None:
    version = make.version(pipeline, model)
    found = {"fairness.impact_ratio": {"findings": [{"key": "sex/female", "sentence": "Low.", "severity": "high"}]}}
    make.completed(version, found=found, fairness_impact_ratio="failed")
    rita = make.reviewer("rita", make.Group.RISK)
    make.waiver(rita, version, finding="sex/female")
    assert verdicts(tried(make.POLICY.replace("count: 1", "count: 2"))) == {}
    unwaivable = make.POLICY.replace("id: impact-ratio,", "id: impact-ratio, waivable: false,")
    assert codes(tried(unwaivable)) == [("impact-ratio", "waived", "failed")]


def test_what_is_gone_or_guarded_by_neither_is_left_out(pipeline: Account, model: RegisteredModel) -> None:
    operator = make.account("olga", make.Role.OPERATOR)
    gone, retired = make.version(pipeline, model, 1), make.version(pipeline, model, 2)
    make.version(pipeline, make.model(pipeline, "minimal", "minimal"), 3)
    make.version(pipeline, model, 4)
    delete_version(actor=operator.actor, version=gone, reason="Never used.")
    retire_version(actor=operator.actor, version=retired, reason="Replaced.")
    assert tried(STRICTER).judged == 1
    wider = make.POLICY.replace("risk_tier: [high]", "risk_tier: [high, minimal]")
    assert [(change.model, change.before) for change in tried(wider).changes] == [("minimal", "block")]


def test_both_sides_say_what_the_gate_itself_says(pipeline: Account, model: RegisteredModel) -> None:
    versions = [make.version(pipeline, model, seed) for seed in range(1, 4)]
    make.completed(versions[0])
    make.completed(versions[1], performance_accuracy="inconclusive")
    without_people = STRICTER.replace("- {group: compliance, count: 1}\n", "").replace(
        "risk, count: 1", "risk, count: 2"
    )
    simulation = {change.version: change for change in tried(without_people).changes}
    make.policy(without_people)
    for version in versions:
        move = Move("production", "champion", "full")
        decision = preview_gate(version, rules_for(version, move), move=move, at=now())
        own = {reason.requirement: reason.code for reason in decision.reasons}
        for one in simulation[version.number].differences if version.number in simulation else ():
            assert own[one.requirement] == (one.after and one.after.code)


def test_it_asks_the_database_no_more_for_many_versions_than_for_few(pipeline: Account, model: RegisteredModel) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            tried(STRICTER)
        return len(asked)

    make.version(pipeline, model, 1)
    few = queries()
    for seed in range(2, 8):
        make.version(pipeline, model, seed)
    assert queries() == few
