"""The decision table as a whole: a situation a line, and what the gate answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.gates import (
    ApprovalFact,
    BreakGlassFact,
    ConditionFact,
    DocumentFact,
    Facts,
    GateDecision,
    ResultFact,
    Stay,
    Subject,
    WaiverFact,
    decide,
)
from governance.policy_format import ApprovalFactor, DocumentRequirement, Policy, Requirement, Scope, SignOff, Soak

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SUBJECT = Subject(
    *("artifact", "evidence", "policies"),
    registered_by="pipeline:train",
    requested_by="person:asker",
    trained_by="person:trainer",
    evidence_authors=frozenset({"person:curator"}),
    policy_authors=frozenset({"person:author"}),
    stage="staging",
    stays=(Stay("development", "", NOW - 9 * DAY, NOW - 2 * DAY), Stay("staging", "", NOW - 2 * DAY)),
)
FAIR = Requirement("fair", "Fair enough", "fairness.impact_ratio", 1, {}, max_age_days=90)
CARD = DocumentRequirement("card", "It has a card", "model_card", sections=("Limits",), max_age_days=90)
POLICY = Policy("high-risk", "High risk", Scope("production"), (FAIR,), (ApprovalFactor("risk", 1),), (CARD,))
OTHER = Policy("credit", "Credit", Scope("production"), (), (ApprovalFactor("legal", 1),))


def approval(approver: str = "person:rita", group: str = "risk", **changes: Any) -> ApprovalFact:
    given = {"is_entitled": True, "is_refusal": False, "given_at": NOW - DAY}
    bound = {"artifact_sha256": "artifact", "evidence_sha256": "evidence", "policy_sha256": "policies"}
    return ApprovalFact(approver, group, **{**given, **bound, **changes})


def waiver(**changes: Any) -> WaiverFact:
    what = {"uid": "w", "policy": "high-risk", "requirement": "fair", "finding": "", "granted_by": "person:wanda"}
    return WaiverFact(**{**what, "granted_at": NOW - DAY, "expires_at": NOW + DAY, **changes})


def document(*sections: str, attached_at: datetime = NOW - DAY) -> dict[str, DocumentFact]:
    return {"model_card": DocumentFact(frozenset(sections), attached_at)}


PASSED = {"high-risk/fair": ResultFact("run", "passed", "", NOW - DAY)}
FAILED = {"high-risk/fair": ResultFact("run", "failed", "", NOW - DAY, ("sex/f", "sex/m"))}
GOOD = Facts(PASSED, document("limits"), (approval(),))
BAD = replace(GOOD, results=FAILED)


def answer(facts: Facts, *policies: Policy, subject: Subject = SUBJECT) -> GateDecision:
    return decide(policies or (POLICY,), facts, subject=subject, now=NOW)


def with_approval(**changes: Any) -> Facts:
    return replace(GOOD, approvals=(approval(**changes),))


@pytest.mark.parametrize(
    ("situation", "facts", "outcome", "code"),
    [
        ("all is there", GOOD, "allow", "passed passed approved"),
        # Documents
        ("no card", replace(GOOD, documents={}), "wait", "passed not_run approved"),
        ("a card without the section", replace(GOOD, documents=document("use")), "block", "passed failed approved"),
        (
            "a card of last year",
            replace(GOOD, documents=document("limits", attached_at=NOW - 400 * DAY)),
            "block",
            "passed expired approved",
        ),
        # Waivers
        ("failed", BAD, "block", "failed passed approved"),
        ("failed and waived", replace(BAD, waivers=(waiver(),)), "allow", "waived passed approved"),
        ("waived for another line", replace(BAD, waivers=(waiver(requirement="card"),)), "block", "failed"),
        ("waived for another policy", replace(BAD, waivers=(waiver(policy="credit"),)), "block", "failed"),
        ("a waiver that is over", replace(BAD, waivers=(waiver(expires_at=NOW),)), "block", "failed"),
        ("a waiver yet to come", replace(BAD, waivers=(waiver(granted_at=NOW + HOUR),)), "block", "failed"),
        ("a waiver taken back", replace(BAD, waivers=(waiver(is_revoked=True),)), "block", "failed"),
        ("a waiver by the asker", replace(BAD, waivers=(waiver(granted_by="person:asker"),)), "block", "failed"),
        ("one of two findings waived", replace(BAD, waivers=(waiver(finding="sex/f"),)), "block", "failed"),
        (
            "both findings waived",
            replace(BAD, waivers=(waiver(finding="sex/f"), waiver(finding="sex/m"))),
            "allow",
            "waived",
        ),
        ("whoever waived approves", replace(BAD, waivers=(waiver(granted_by="person:rita"),)), "wait", "waived"),
        # Approvals
        ("nobody spoke", replace(GOOD, approvals=()), "wait", "passed passed approval_missing"),
        ("refused", with_approval(is_refusal=True), "block", "refused"),
        ("refused by one who stepped aside", with_approval(is_refusal=True, is_recused=True), "wait", "passed"),
        ("approved, then stepped aside", with_approval(is_recused=True), "wait", "passed passed approval_missing"),
        ("approved other evidence", with_approval(evidence_sha256="old"), "wait", "passed passed approval_missing"),
        ("approved under other policies", with_approval(policy_sha256="old"), "wait", "passed passed approval_missing"),
        # Delegation
        ("by a delegate", with_approval(approver="person:dan", on_behalf_of="person:rita"), "allow", "passed"),
        ("by the asker as a delegate", with_approval(approver="person:asker", on_behalf_of="person:rita"), "wait", ""),
        ("for the asker by a delegate", with_approval(on_behalf_of="person:asker"), "wait", ""),
        # Conditions
        ("a condition not due yet", with_approval(conditions=(ConditionFact(NOW + DAY),)), "allow", ""),
        ("a condition overdue", with_approval(conditions=(ConditionFact(NOW - HOUR),)), "wait", ""),
        ("a condition met in time", with_approval(conditions=(ConditionFact(NOW - HOUR, NOW - DAY),)), "allow", ""),
        ("a condition met too late", with_approval(conditions=(ConditionFact(NOW - DAY, NOW - HOUR),)), "wait", ""),
        # Break-glass
        (
            "two people went past everything",
            Facts(break_glass=BreakGlassFact("b", "person:olga", "person:otto")),
            "allow",
            "break_glass break_glass break_glass",
        ),
        (
            "one person tried to",
            Facts(break_glass=BreakGlassFact("b", "person:olga", "person:olga")),
            "wait",
            "not_run not_run approval_missing",
        ),
    ],
)
def test_one_policy(situation: str, facts: Facts, outcome: str, code: str) -> None:
    decision = answer(facts)
    codes = " ".join(reason.code for reason in decision.reasons)
    assert decision.outcome == outcome, (situation, codes)
    assert codes.startswith(code), situation


@pytest.mark.parametrize(
    ("situation", "changes", "outcome"),
    [
        ("a line that no waiver stands in for", {"requirements": (replace(FAIR, is_waivable=False),)}, "block"),
        ("a policy that lets no waiver run", {"max_waiver_days": 0}, "block"),
        ("a policy whose longest waiver is over", {"max_waiver_days": 1}, "block"),
        ("a policy that accepts this one", {"max_waiver_days": 2}, "allow"),
        ("a line that is only advice", {"requirements": (replace(FAIR, is_advisory=True),)}, "allow"),
    ],
)
def test_what_a_policy_says_about_waivers(situation: str, changes: dict[str, Any], outcome: str) -> None:
    facts = replace(BAD, waivers=(waiver(),))
    assert answer(facts, replace(POLICY, **changes)).outcome == outcome, situation


@pytest.mark.parametrize(
    ("situation", "changes", "outcome"),
    [
        ("an approval of yesterday, a day accepted", {"approval_days": 1}, "allow"),
        ("the password was asked for and not given", {"sign_off": SignOff(reauthenticate=True)}, "wait"),
        ("a meaning was asked for and not given", {"sign_off": SignOff(meanings=("approved",))}, "wait"),
        ("two must approve", {"approvals": (ApprovalFactor("risk", 2),)}, "wait"),
        ("somebody else's turn first", {"approvals": (ApprovalFactor("legal", 1), ApprovalFactor("risk", 1))}, "wait"),
        ("no emergency is let past", {"allows_break_glass": False}, "allow"),
    ],
)
def test_what_a_policy_says_about_approvals(situation: str, changes: dict[str, Any], outcome: str) -> None:
    assert answer(GOOD, replace(POLICY, **changes)).outcome == outcome, situation


@pytest.mark.parametrize(
    ("duty", "approver"),
    [("training_owner", "trainer"), ("evidence_author", "curator"), ("policy_author", "author")],
)
def test_a_duty_bars_where_the_policy_separates_it(duty: str, approver: str) -> None:
    facts = with_approval(approver=f"person:{approver}")
    assert answer(facts).outcome == "allow"
    assert answer(facts, replace(POLICY, separation=frozenset({duty}))).outcome == "wait"


@pytest.mark.parametrize(
    ("soak", "outcome", "code"),
    [
        (Soak("staging", 48), "allow", "soaked"),
        (Soak("staging", 49), "wait", "soaking"),
        (Soak("development", 7 * 24), "allow", "soaked"),
        (Soak("development", 7 * 24 + 1), "block", "wrong_stage"),
        (Soak("production", 1, "canary"), "block", "wrong_stage"),
    ],
)
def test_time_in_a_stage(soak: Soak, outcome: str, code: str) -> None:
    decision = answer(GOOD, replace(POLICY, soak=soak))
    assert decision.outcome == outcome
    assert code in {reason.code for reason in decision.reasons}


@pytest.mark.parametrize(
    ("soak", "outcome"),
    [
        (Soak("staging", 48), "allow"),
        (Soak("production", 24), "allow"),
        (Soak("production", 24, "canary"), "allow"),
        (Soak("production", 25, "canary"), "block"),
        (Soak("production", 1, "shadow"), "block"),
    ],
)
def test_a_suspended_version_has_stood_where_it_stood_and_only_unbroken_time_counts(soak: Soak, outcome: str) -> None:
    stays = (
        Stay("staging", "", NOW - 9 * DAY, NOW - 7 * DAY),
        Stay("production", "canary", NOW - 7 * DAY, NOW - 6 * DAY),
        Stay("suspended", "", NOW - 6 * DAY, NOW - 5 * DAY),
        Stay("production", "canary", NOW - 5 * DAY, NOW - 4 * DAY),
        Stay("suspended", "", NOW - 4 * DAY),
    )
    subject = replace(SUBJECT, stage="suspended", stays=stays)
    assert answer(GOOD, replace(POLICY, soak=soak), subject=subject).outcome == outcome


@pytest.mark.parametrize(
    ("situation", "policies", "facts", "outcome"),
    [
        ("the second policy waits", (POLICY, OTHER), GOOD, "wait"),
        (
            "both are satisfied",
            (POLICY, OTHER),
            replace(GOOD, approvals=(approval(), approval("p:l", "legal"))),
            "allow",
        ),
        ("a waiver of one is none of the other's", (POLICY, OTHER), replace(BAD, waivers=(waiver(),)), "wait"),
        (
            "one lets an emergency past, the other does not",
            (POLICY, replace(OTHER, allows_break_glass=False)),
            Facts(break_glass=BreakGlassFact("b", "person:olga", "person:otto")),
            "wait",
        ),
    ],
)
def test_several_policies(situation: str, policies: tuple[Policy, ...], facts: Facts, outcome: str) -> None:
    assert answer(facts, *policies).outcome == outcome, situation


def test_no_policy_means_no() -> None:
    decision = decide((), GOOD, subject=SUBJECT, now=NOW)
    assert (decision.outcome, [reason.code for reason in decision.reasons]) == ("block", ["no_policy"])


RESULTS = st.sampled_from([None, "passed", "failed", "inconclusive", "errored"])
FINDINGS = st.sets(st.sampled_from(["a", "b"]))


@given(
    verdict=RESULTS,
    findings=FINDINGS,
    sections=st.none() | st.sets(st.sampled_from(["limits", "use"])),
    waived=st.lists(st.tuples(st.sampled_from(["fair", "card"]), st.sampled_from(["", "a", "b"])), max_size=3),
    is_approved=st.booleans(),
    lost=st.sets(st.sampled_from(["result", "document", "waivers", "approvals"])),
)
def test_losing_evidence_never_turns_a_no_into_a_yes(
    verdict: str | None,
    findings: set[str],
    sections: set[str] | None,
    waived: list[tuple[str, str]],
    is_approved: bool,
    lost: set[str],
) -> None:
    result = ResultFact("run", verdict, "", NOW - DAY if verdict else None, tuple(findings))
    facts = Facts(
        results={"high-risk/fair": result},
        documents=document(*sections) if sections is not None else {},
        approvals=(approval(),) if is_approved else (),
        waivers=tuple(waiver(requirement=line, finding=finding) for line, finding in waived),
    )
    left = Facts(
        results={} if "result" in lost else facts.results,
        documents={} if "document" in lost else facts.documents,
        approvals=() if "approvals" in lost else facts.approvals,
        waivers=() if "waivers" in lost else facts.waivers,
    )
    if answer(left).outcome == "allow":
        assert answer(facts).outcome == "allow"
