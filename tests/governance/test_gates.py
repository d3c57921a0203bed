"""The decision table: which situation leads to which answer?"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.gates import ApprovalFact, Facts, GateDecision, Outcome, ResultFact, Subject, decide
from governance.policy_format import ApprovalFactor, Policy, Requirement, Scope

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUBJECT = Subject("artifact", "evidence", "policy", registered_by="pipeline:train", requested_by="person:asker")
FRESH = NOW - timedelta(days=1)


def requirement(**changes: Any) -> Requirement:
    given = {"id": "fair", "title": "Fair enough", "check": "fairness.impact_ratio", "version": 1, "parameters": {}}
    rest = {"max_age_days": 90, "is_advisory": False, "controls": ()}
    return Requirement(**{**given, **rest, **changes})


def policy(*requirements: Requirement, approvals: tuple[ApprovalFactor, ...] = ()) -> Policy:
    return Policy("high-risk", "High risk", Scope("production", risk_tiers=("high",)), requirements, approvals)


def result(verdict: str | None, completed_at: datetime | None = FRESH) -> ResultFact:
    return ResultFact("run", verdict, "As found.", completed_at if verdict else None)


def approval(approver: str = "person:rita", group: str = "risk", **changes: Any) -> ApprovalFact:
    bound = {"artifact_sha256": "artifact", "evidence_sha256": "evidence", "policy_sha256": "policy"}
    return ApprovalFact(
        **{
            **{"approver": approver, "group": group, "is_entitled": True, "is_refusal": False, "given_at": FRESH},
            **bound,
            **changes,
        }
    )


def answer(a_policy: Policy, results: dict[str, ResultFact], *approvals: ApprovalFact) -> GateDecision:
    keyed = {f"{a_policy.name}/{name}": fact for name, fact in results.items()}
    return decide([a_policy], Facts(results=keyed, approvals=approvals), subject=SUBJECT, now=NOW)


@pytest.mark.parametrize(
    ("situation", "fact", "outcome", "code"),
    [
        ("never ordered", None, Outcome.WAIT, "not_run"),
        ("still running", result(None), Outcome.WAIT, "running"),
        ("passed yesterday", result("passed"), Outcome.ALLOW, "passed"),
        ("passed exactly 90 days ago", result("passed", NOW - timedelta(days=90)), Outcome.ALLOW, "passed"),
        (
            "passed 90 days and a second ago",
            result("passed", NOW - timedelta(days=90, seconds=1)),
            Outcome.BLOCK,
            "expired",
        ),
        ("failed", result("failed"), Outcome.BLOCK, "failed"),
        ("inconclusive", result("inconclusive"), Outcome.BLOCK, "inconclusive"),
        ("errored", result("errored"), Outcome.BLOCK, "errored"),
        ("a verdict nobody knows", result("splendid"), Outcome.BLOCK, "unknown_verdict"),
    ],
)
def test_one_requirement(situation: str, fact: ResultFact | None, outcome: Outcome, code: str) -> None:
    decision = answer(policy(requirement()), {"fair": fact} if fact else {})
    assert (decision.outcome, decision.reasons[0].code) == (outcome, code), situation


@pytest.mark.parametrize(
    ("situation", "approvals", "outcome"),
    [
        ("nobody has spoken", [], Outcome.WAIT),
        ("a risk reviewer approved", [approval()], Outcome.ALLOW),
        ("the registrant approved", [approval("pipeline:train")], Outcome.WAIT),
        ("the requester approved", [approval("person:asker")], Outcome.WAIT),
        ("somebody approved for another group", [approval(group="compliance")], Outcome.WAIT),
        ("the reviewer lost the role since", [approval(is_entitled=False)], Outcome.WAIT),
        ("approved another artifact", [approval(artifact_sha256="other")], Outcome.WAIT),
        ("approved other evidence", [approval(evidence_sha256="other")], Outcome.WAIT),
        ("approved under another edition of the policy", [approval(policy_sha256="other")], Outcome.WAIT),
        ("a risk reviewer refused", [approval(is_refusal=True)], Outcome.BLOCK),
        ("one approved and one refused", [approval(), approval("person:carl", is_refusal=True)], Outcome.BLOCK),
    ],
)
def test_one_approval_factor(situation: str, approvals: list[ApprovalFact], outcome: Outcome) -> None:
    needs_one = policy(requirement(), approvals=(ApprovalFactor("risk", 1),))
    assert answer(needs_one, {"fair": result("passed")}, *approvals).outcome == outcome, situation


def test_two_of_a_group_means_two_people() -> None:
    needs_two = policy(requirement(), approvals=(ApprovalFactor("risk", 2),))
    results = {"fair": result("passed")}
    assert answer(needs_two, results, approval(), approval()).outcome == Outcome.WAIT
    assert answer(needs_two, results, approval(), approval("person:carl")).outcome == Outcome.ALLOW


@pytest.mark.parametrize("changed", ["artifact_sha256", "evidence_sha256", "policy_sha256"])
def test_a_lapsed_approval_is_named_as_such(changed: str) -> None:
    needs_one = policy(requirement(), approvals=(ApprovalFactor("risk", 1),))
    decision = answer(needs_one, {"fair": result("passed")}, approval(**{changed: "other"}))
    assert decision.outcome is Outcome.WAIT
    assert "1 lapsed because the content changed" in decision.reasons[-1].sentence


def test_the_worst_reason_wins_and_all_are_kept() -> None:
    three = policy(requirement(id="a"), requirement(id="b"), requirement(id="c"))
    decision = answer(three, {"a": result("passed"), "b": result("failed")})
    assert decision.outcome == Outcome.BLOCK
    assert [reason.code for reason in decision.reasons] == ["passed", "failed", "not_run"]


def test_a_version_that_cannot_move_is_blocked_however_good_it_is() -> None:
    stuck = Subject("artifact", "evidence", "policy", "pipeline:train", "person:asker", can_move=False)
    facts = Facts(results={"high-risk/fair": result("passed")})
    decision = decide([policy(requirement())], facts, subject=stuck, now=NOW)
    assert (decision.outcome, decision.reasons[0].code) == (Outcome.BLOCK, "no_way")


def test_an_advisory_requirement_is_reported_and_never_closes_the_gate() -> None:
    decision = answer(policy(requirement(is_advisory=True)), {"fair": result("failed")})
    assert (decision.outcome, decision.reasons[0].code) == (Outcome.ALLOW, "advisory_failed")


def test_a_policy_that_asks_for_nothing_allows_nothing() -> None:
    assert answer(policy(), {}).outcome == Outcome.BLOCK


VERDICTS = st.sampled_from(["passed", "failed", "inconclusive", "errored", None])


@given(st.dictionaries(st.sampled_from("abcde"), VERDICTS), st.sets(st.sampled_from("abcde")))
def test_losing_evidence_never_turns_a_no_into_a_yes(verdicts: dict[str, str | None], lost: set[str]) -> None:
    five = policy(*(requirement(id=name) for name in "abcde"))
    results = {name: result(verdict) for name, verdict in verdicts.items()}
    if answer(five, results).outcome != Outcome.ALLOW:
        left = {name: fact for name, fact in results.items() if name not in lost}
        assert answer(five, left).outcome != Outcome.ALLOW


@given(st.lists(VERDICTS, min_size=1, max_size=5))
def test_the_gate_opens_only_when_every_requirement_passed(verdicts: list[str | None]) -> None:
    names = "abcde"[: len(verdicts)]
    results = {name: result(verdict) for name, verdict in zip(names, verdicts, strict=True)}
    decision = answer(policy(*(requirement(id=name) for name in names)), results)
    assert (decision.outcome == Outcome.ALLOW) == all(verdict == "passed" for verdict in verdicts)
