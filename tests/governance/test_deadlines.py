"""What runs out is noted once, settles what is open, and is told to those concerned."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.trail import Entry, now
from governance.models import Account, BreakGlassVerdict, DeadlinePassed, Notice, Promotion
from governance.roles import Group, Role
from governance.services.approvals import approve_promotion
from governance.services.conditions import Demand, fulfil_condition
from governance.services.deadlines import note_deadlines
from governance.services.delegations import delegate_review, revoke_delegation
from governance.services.emergencies import confirm_break_glass, invoke_break_glass, review_break_glass
from governance.services.promotions import withdraw_promotion
from governance.supervisor.dispatcher import DISPATCHER
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def nora() -> Account:
    return make.account("nora", Role.CONTRIBUTOR)


@pytest.fixture
def rita() -> Account:
    return make.reviewer("rita", Group.RISK)


def asked_for(nora: Account, text: str = make.POLICY, **verdicts: str) -> Promotion:
    make.policy(text)
    version = make.version(nora, make.model(nora))
    make.completed(version, **verdicts)
    return make.promotion(nora, version)


def noted() -> list[tuple[str, int]]:
    return list(DeadlinePassed.objects.order_by("id").values_list("kind", "reminder"))


def told(account: Account) -> int:
    """Return how many notices say that something has run out."""
    return Notice.objects.filter(account=account, sentence__regex="ended on|was due on|to be reviewed by").count()


def sentence_for(promotion: Promotion, group: str) -> str:
    reasons = promotion.decisions.latest("number").reasons
    return next(reason["sentence"] for reason in reasons if reason["requirement"] == f"approval:{group}")


def conditional(promotion: Promotion, rita: Account, owner: Account) -> Demand:
    demand = Demand("Add the youngest to the training data.", owner, now() + timedelta(days=3))
    approve_promotion(
        actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="With that, yes.", conditions=[demand]
    )
    return demand


def test_an_overdue_condition_takes_the_approval_back_and_its_owner_hears_of_it(nora: Account, rita: Account) -> None:
    promotion = asked_for(nora)
    owner = make.reviewer("owner", Group.LEGAL)
    demand = conditional(promotion, rita, owner)
    assert note_deadlines(actor=DISPATCHER, at=demand.due_at) == 0, "due at that moment is not overdue"
    assert note_deadlines(actor=DISPATCHER, at=demand.due_at + timedelta(seconds=1)) == 1
    assert noted() == [("condition", 0)]
    assert "overdue" in sentence_for(promotion, "risk")
    assert told(owner) == told(rita) == told(nora) == 1


def test_a_condition_that_is_met_or_matters_no_more_passes_in_silence(nora: Account, rita: Account) -> None:
    promotion = asked_for(nora)
    demand = conditional(promotion, rita, make.reviewer("owner", Group.LEGAL))
    condition = promotion.approvals.get().conditions.get()
    fulfil_condition(actor=rita.actor, uid=condition.uid, note="Seen in the new table.")
    other = make.promotion(nora, make.version(nora, promotion.version.model, seed=2))
    conditional(other, rita, make.reviewer("another", Group.LEGAL))
    withdraw_promotion(actor=nora.actor, uid=other.uid)
    assert note_deadlines(actor=DISPATCHER, at=demand.due_at + timedelta(days=1)) == 0


def test_an_approval_that_has_become_too_old_is_noted_while_the_promotion_is_open(nora: Account, rita: Account) -> None:
    promotion = asked_for(nora, make.POLICY + "approval_days: 7\n")
    approval = approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    end = approval.given_at + timedelta(days=7)
    assert note_deadlines(actor=DISPATCHER, at=end) == 0
    assert note_deadlines(actor=DISPATCHER, at=end + timedelta(seconds=1)) == 1
    assert note_deadlines(actor=DISPATCHER, at=end + timedelta(days=9)) == 0
    assert noted() == [("approval", 0)]
    assert "older than the policy accepts" in sentence_for(promotion, "risk")
    assert told(rita) == told(nora) == 1


def test_an_emergency_nobody_has_looked_back_at_is_brought_up_every_day_until_somebody_does(nora: Account) -> None:
    promotion = asked_for(nora, make.POLICY, fairness_impact_ratio="failed")
    olga, omar, vera = (make.account(login, Role.OPERATOR) for login in ("olga-2", "omar-2", "vera"))
    invoke_break_glass(actor=olga.actor, uid=promotion.uid, reason="The ward is without a model.")
    confirmation = confirm_break_glass(actor=omar.actor, uid=promotion.uid)
    due = confirmation.review_due_at
    hours = [(-1, 0), (0, 1), (23, 0), (24, 1), (47, 0), (100, 1), (101, 0)]
    for hour, count in hours:
        assert note_deadlines(actor=DISPATCHER, at=due + timedelta(hours=hour)) == count, hour
    assert noted() == [("break_glass_review", number) for number in (0, 1, 4)]
    assert told(olga) == told(omar) == told(vera) == told(nora) == 3
    review_break_glass(
        actor=vera.actor, uid=promotion.uid, verdict=BreakGlassVerdict.JUSTIFIED, reason="There was no other way."
    )
    assert note_deadlines(actor=DISPATCHER, at=due + timedelta(hours=200)) == 0


def test_both_sides_hear_that_a_delegation_has_ended_unless_it_was_revoked(rita: Account) -> None:
    dora = make.account("dora")
    end = now() + timedelta(days=7)
    lent = delegate_review(actor=rita.actor, delegate=dora, group=Group.RISK, ends_at=end)
    taken_back = delegate_review(actor=rita.actor, delegate=dora, group=Group.RISK, ends_at=end)
    revoke_delegation(actor=rita.actor, uid=taken_back.uid)
    assert note_deadlines(actor=DISPATCHER, at=end - timedelta(seconds=1)) == 0
    assert note_deadlines(actor=DISPATCHER, at=end) == 1
    assert note_deadlines(actor=DISPATCHER, at=end + timedelta(days=1)) == 0
    assert noted() == [("delegation", 0)]
    assert Entry.objects.get(action="deadline.passed").subject == lent.subject
    assert told(rita) == told(dora) == 1


def test_asking_what_has_run_out_writes_nothing_and_reads_little_when_nothing_has(nora: Account, rita: Account) -> None:
    promotion = asked_for(nora, make.POLICY + "approval_days: 7\n", fairness_impact_ratio="failed")
    make.waiver(rita, promotion.version, days=1)
    later = now() + timedelta(days=2)
    note_deadlines(actor=DISPATCHER, at=later)
    before = Entry.objects.count()
    with CaptureQueriesContext(connection) as queries:  # fmt: skip
        assert note_deadlines(actor=DISPATCHER, at=later) == 0
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert len(queries) <= 7, [query["sql"][:90] for query in queries]
    assert Entry.objects.count() == before
