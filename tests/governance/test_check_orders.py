"""What only a run can answer is ordered again; what was answered is not."""

from datetime import timedelta
from typing import Any

import pytest

from audits.runs import CheckResult, CheckRun, Job, runs_of
from audits.tasks import run_checks
from audits.trail import Entry
from audits.trail.fields import document_text
from governance.errors import NotEntitled, NothingToOrder
from governance.gates import UNANSWERED, ResultFact, is_unanswered
from governance.models import Account, Promotion
from governance.policy_format import Requirement
from governance.roles import Group
from governance.services.check_orders import order_checks
from governance.services.retirements import retire_version
from registry.errors import VersionRetired
from registry.models import ModelVersion
from tests import make
from tests.governance.test_decision_table import DAY, NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline() -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def version(pipeline: Account) -> ModelVersion:
    return make.version(pipeline, make.model(pipeline))


def outcome_of(promotion: Promotion) -> str:
    return str(promotion.decisions.latest("number").outcome)


@pytest.mark.parametrize(
    ("situation", "fact", "expected"),
    [
        ("never run", None, True),
        ("under way", ResultFact("run", None, "", None), False),
        ("broke off", ResultFact("run", "errored", "", NOW), True),
        ("failed: would fail again", ResultFact("run", "failed", "", NOW), False),
        ("could not be measured: could not again", ResultFact("run", "inconclusive", "", NOW), False),
        ("passed", ResultFact("run", "passed", "", NOW - 30 * DAY), False),
        ("passed too long ago", ResultFact("run", "passed", "", NOW - 31 * DAY), True),
    ],
)
def test_what_only_a_run_answers(situation: str, fact: ResultFact | None, expected: bool) -> None:
    line = Requirement("fair", "Fair enough", "fairness.impact_ratio", 1, {}, max_age_days=30)
    assert is_unanswered(line, fact, NOW) is expected, situation
    assert {"not_run", "errored", "expired"} == UNANSWERED


def test_a_check_that_broke_off_is_run_again_and_the_open_promotion_waits_for_it(
    pipeline: Account, version: ModelVersion
) -> None:
    make.completed(version, performance_accuracy="errored")
    promotion = make.promotion(pipeline, version)
    # Whoever asks has what broke off run again.
    assert outcome_of(promotion) == "wait"
    make.completed(version, performance_accuracy="errored")
    assert outcome_of(promotion) == "block"
    runs = order_checks(actor=pipeline.actor, version=version)
    assert [run.check_name for run in runs] == ["performance.accuracy"]
    assert Entry.objects.filter(action="check_run.ordered", subject=version.subject).count() == 4
    assert outcome_of(promotion) == "wait"
    make.completed(version)
    assert {reason["code"] for reason in promotion.decisions.latest("number").reasons} == {"passed", "approval_missing"}


def test_what_is_under_way_is_not_ordered_twice_and_what_failed_not_at_all(
    pipeline: Account, version: ModelVersion
) -> None:
    entries = Entry.objects.count()
    with pytest.raises(NothingToOrder):
        order_checks(actor=pipeline.actor, version=version)
    make.completed(version, fairness_impact_ratio="failed", performance_accuracy="inconclusive")
    with pytest.raises(NothingToOrder):
        order_checks(actor=pipeline.actor, version=version)
    assert Entry.objects.count() == entries + 2
    assert CheckRun.objects.count() == 2


def test_what_passed_too_long_ago_is_ordered_again(
    pipeline: Account, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.completed(version)
    later = make.now() + timedelta(days=91)
    monkeypatch.setattr("governance.services.check_orders.now", lambda: later)
    runs = order_checks(actor=pipeline.actor, version=version)
    assert [run.check_name for run in runs] == ["fairness.impact_ratio"]


def test_a_retired_version_and_a_reviewer_order_nothing(pipeline: Account, version: ModelVersion) -> None:
    make.completed(version, performance_accuracy="errored")
    with pytest.raises(NotEntitled):
        order_checks(actor=make.reviewer("rita", Group.RISK).actor, version=version)
    operator: Any = make.account("olga", make.Role.OPERATOR)
    retire_version(actor=operator.actor, version=version, reason="Nobody needs it.")
    with pytest.raises(VersionRetired):
        order_checks(actor=pipeline.actor, version=version)


@pytest.mark.django_db(transaction=True)
def test_a_check_that_is_run_again_alone_says_the_same_to_the_last_byte(
    pipeline: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    parity = (
        "{id: parity, title: Rates are close, check: fairness.equalized_odds_difference, version: 1, max_age_days: 9}"
    )
    make.policy(make.POLICY.replace("approvals:", f"  - {parity}\napprovals:"))
    version = make.version(pipeline, make.model(pipeline))
    *_, last = runs_of(Job.objects.get().batch)
    assert last.check_name == "fairness.equalized_odds_difference"
    assert run_checks(str(last.batch))
    later = make.now() + timedelta(days=10)
    monkeypatch.setattr("governance.services.check_orders.now", lambda: later)
    (alone,) = order_checks(actor=pipeline.actor, version=version)
    assert run_checks(str(alone.batch))
    among_others, again = CheckResult.objects.filter(run__identity=last.identity).order_by("id")
    assert again.run == alone
    assert again.report["measurements"]
    assert document_text(again.report) == document_text(among_others.report)
