"""A failed check is accepted for a time, with a reason; when the time is over, the answer is no again."""

from datetime import timedelta

import pytest

from audits.trail import Entry, now, verify
from governance.models import Account, DeadlinePassed, Notice, Promotion
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.services.approvals import approve_promotion
from governance.services.deadlines import note_deadlines
from governance.services.waivers import revoke_waiver
from governance.supervisor.dispatcher import DISPATCHER
from registry.selectors import get_version
from registry.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> Account:
    return make.reviewer("rita-risk", Group.RISK)


@pytest.fixture
def carl() -> Account:
    return make.reviewer("carl-compliance", Group.COMPLIANCE)


@pytest.fixture
def wanda() -> Account:
    return make.reviewer("wanda-risk", Group.RISK)


@pytest.fixture
def promotion() -> Promotion:
    """A promotion of a version that fails one check, asked for by a person."""
    make.policy()
    nora = make.account("nora", Role.CONTRIBUTOR)
    version = make.version(nora, make.model(nora))
    make.completed(version, fairness_impact_ratio="failed")
    return make.promotion(nora, version)


def outcome(promotion: Promotion) -> str:
    return promotion.decisions.latest("number").outcome


def codes(promotion: Promotion) -> list[str]:
    return [reason["code"] for reason in promotion.decisions.latest("number").reasons]


def actions() -> list[str]:
    return list(Entry.objects.order_by("index").values_list("action", flat=True))


def told(account: Account) -> list[str]:
    return list(Notice.objects.filter(account=account).values_list("sentence", flat=True))


def test_a_waived_failure_lets_the_version_through_once_two_others_have_approved(
    promotion: Promotion, rita: Account, carl: Account, wanda: Account
) -> None:
    assert outcome(promotion) == "block"
    waiver = make.waiver(wanda, promotion.version)
    assert outcome(promotion) == "wait"
    assert codes(promotion)[0] == "waived"

    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")

    assert get_version("care-programme", 1).position.stage == Stage.PRODUCTION
    granted = Entry.objects.get(action="waiver.granted")
    assert str(waiver.uid) in granted.text
    assert waiver.reason not in granted.text, "what people write is sealed"
    assert verify(projections=PROJECTIONS).is_whole


def test_an_expired_waiver_closes_the_gate_again_and_those_concerned_are_told(
    promotion: Promotion, rita: Account, wanda: Account
) -> None:
    waiver = make.waiver(wanda, promotion.version, days=1)
    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    assert outcome(promotion) == "wait"

    assert note_deadlines(actor=DISPATCHER, at=waiver.expires_at - timedelta(microseconds=1)) == 0
    assert note_deadlines(actor=DISPATCHER, at=waiver.expires_at) == 1

    assert outcome(promotion) == "block"
    assert actions()[-2:] == ["deadline.passed", "gate.decided"]
    sentence = told(wanda)[0]
    assert sentence.startswith("The waiver of high-risk/impact-ratio for care-programme 1 ended on")
    registrant = Account.objects.get(login="nora")
    assert told(registrant) == told(rita) == [sentence], "who registered it, and who approved on the strength of it"


def test_what_is_noted_once_is_not_noted_again(promotion: Promotion, wanda: Account) -> None:
    make.waiver(wanda, promotion.version, days=1)
    later = now() + timedelta(days=2)
    assert note_deadlines(actor=DISPATCHER, at=later) == 1
    before = actions()
    assert note_deadlines(actor=DISPATCHER, at=later + timedelta(days=30)) == 0
    assert actions() == before
    assert DeadlinePassed.objects.count() == 1


def test_a_revoked_waiver_closes_the_gate_at_once_and_expires_no_more(
    promotion: Promotion, rita: Account, wanda: Account
) -> None:
    waiver = make.waiver(wanda, promotion.version, days=1)
    revoke_waiver(actor=rita.actor, uid=waiver.uid)
    assert outcome(promotion) == "block"
    assert told(wanda) == ["Your waiver of high-risk/impact-ratio for care-programme 1 was revoked."]
    assert note_deadlines(actor=DISPATCHER, at=now() + timedelta(days=2)) == 0


def test_a_waiver_granted_before_anybody_asks_counts_when_somebody_does(wanda: Account) -> None:
    make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version, fairness_impact_ratio="failed")
    make.waiver(wanda, version)
    assert outcome(make.promotion(pipeline, version)) == "wait"


def test_a_waiver_of_one_finding_covers_that_finding_alone(wanda: Account) -> None:
    make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    findings = [{"key": f"sex/{group}", "sentence": f"Too few {group}."} for group in ("female", "other")]
    found = {"fairness.impact_ratio": {"findings": findings}}
    make.completed(version, found=found, fairness_impact_ratio="failed")
    promotion = make.promotion(pipeline, version)
    make.waiver(wanda, version, finding="sex/female")
    assert outcome(promotion) == "block"
    make.waiver(wanda, version, finding="sex/other")
    assert outcome(promotion) == "wait"


def test_who_waived_is_not_among_those_who_approved(promotion: Promotion, carl: Account, wanda: Account) -> None:
    make.waiver(wanda, promotion.version)
    approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")
    assert "approval_missing" in codes(promotion)
    assert get_version("care-programme", 1).position.stage == Stage.DEVELOPMENT
