"""Whoever asks why a version does not move is told what blocks it, who can unblock it and how."""

import re
from pathlib import Path

import pytest

from audits.trail import Entry, now
from governance.gates import Outcome, Reason
from governance.gates.remedies import remedy_of
from governance.models import Account
from governance.policy_format import DocumentRequirement, Requirement
from governance.roles import Group, Role
from governance.selectors.explanation import Explained, Explanation, explain
from governance.selectors.policies import Move
from governance.services.approvals import approve_promotion
from registry.models import ModelVersion
from tests import make

PRODUCTION = Move("production", "champion", "full")
GATES = Path(__file__).parents[2] / "governance" / "gates"


@pytest.fixture
def pipeline(db: None) -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def version(pipeline: Account) -> ModelVersion:
    return make.version(pipeline, make.model(pipeline))


def blocking(explanation: Explanation) -> dict[str, Explained]:
    return {one.reason.requirement: one for one in explanation.blocks}


def test_what_passes_and_what_blocks_is_told_apart_with_who_and_how(version: ModelVersion) -> None:
    make.completed(version, fairness_impact_ratio="failed")
    for name in ("rita", "rob"):
        make.reviewer(name, Group.RISK)
    before = Entry.objects.count()
    explanation = explain(version, PRODUCTION, at=now())
    assert explanation.outcome is Outcome.BLOCK
    assert [one.reason.requirement for one in explanation.passes] == ["accuracy"]
    blocks = blocking(explanation)
    assert set(blocks) == {"impact-ratio", "approval:risk", "approval:compliance"}
    assert blocks["impact-ratio"].who[0].role is Role.CONTRIBUTOR
    assert blocks["impact-ratio"].remedy.how.endswith("Or a reviewer grants a waiver.")
    held = {name: (one.who[0].group, one.who[0].number) for name, one in blocks.items() if name.startswith("approval")}
    assert held == {"approval:risk": ("risk", 2), "approval:compliance": ("compliance", 0)}
    assert Entry.objects.count() == before


def test_who_has_spoken_or_is_barred_may_not_act_any_more(pipeline: Account, version: ModelVersion) -> None:
    make.policy(make.POLICY.replace("group: risk, count: 1", "group: risk, count: 2"))
    make.completed(version)
    analyst = make.account("ines", Role.CONTRIBUTOR, groups=(Group.RISK,))
    rita = make.reviewer("rita", Group.RISK)
    promotion = make.promotion(analyst, version)
    make.completed(version)
    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Within the limits.")
    explanation = explain(version, PRODUCTION, at=now())
    risk = blocking(explanation)["approval:risk"]
    assert explanation.promotion == promotion
    assert risk.reason.sentence.startswith("1 of 2 approvals")
    assert (risk.who[0].number, risk.who[0].may_act) == (2, 0)


def test_a_move_that_no_policy_guards_is_for_an_operator(version: ModelVersion) -> None:
    make.account("olga", Role.OPERATOR)
    (only,) = explain(version, Move("staging", "champion"), at=now()).blocks
    assert (only.reason.code, only.who[0].role) == ("no_policy", Role.OPERATOR)
    assert only.who[0].number == Account.objects.filter(role_grants__role=Role.OPERATOR).count()


LINES = (
    None,
    Requirement("a", "A", "performance.accuracy", 1, {}),
    DocumentRequirement("b", "B", "model_card"),
)


@pytest.mark.parametrize("line", LINES, ids=["no line", "check", "document"])
def test_every_code_that_is_in_the_way_has_a_remedy(line: Requirement | DocumentRequirement | None) -> None:
    source = "".join(path.read_text() for path in GATES.glob("*.py"))
    codes = set(re.findall(r'Reason\(\s*"([a-z_]+)"', source)) | {
        "failed",
        "inconclusive",
        "errored",
        "unknown_verdict",
    }
    assert {"no_policy", "soaking", "approval_missing", "refused"} <= codes
    for code in codes - {"passed", "approved", "waived", "soaked"}:
        remedy = remedy_of(Reason(code, "approval:risk", Outcome.BLOCK, ""), line)
        assert remedy is not None, code
        assert remedy.how.endswith(".")
