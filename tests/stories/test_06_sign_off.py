"""A yes counts for exactly what was seen, from exactly whoever gave it, and for as long as what it depends on holds."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from audits.errors import DomainError
from audits.trail import Entry, now, record, verify
from governance.errors import (
    ConditionClosed,
    ContentChanged,
    Malformed,
    NotEntitled,
    NotYourTurn,
    PromotionClosed,
    SignatureRefused,
)
from governance.gates import decide
from governance.models import Account, Approval, ApprovalLapse, Notice, Promotion
from governance.roles import Group
from governance.selectors.facts import facts_for_gate, subject_for_gate
from governance.selectors.policies import rules_of_promotion
from governance.selectors.projections import PROJECTIONS
from governance.selectors.words import content_before
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.conditions import Demand, fulfil_condition
from governance.services.delegations import recuse
from governance.services.promotions import settle_promotion, withdraw_promotion
from governance.services.signatures import MOST_WRONG
from registry import services as registry
from registry.stages import Stage
from tests import make
from tests.stories.waiting import PASSWORD, Ready, sentence, stage, yes

pytestmark = pytest.mark.django_db

SIGNED = make.POLICY + "sign_off: {reauthenticate: true, meanings: [reviewed, approved]}\n"
ORDERED = make.POLICY + "approval_order: ordered\n"


def sentence_after(promotion: Promotion, due_at: datetime) -> str:
    """Return what the gate would say about risk's approval a day after something was due, if nothing else aged."""
    rules, later = rules_of_promotion(promotion), due_at + timedelta(days=1)
    facts, subject = facts_for_gate(promotion, rules), subject_for_gate(promotion, rules)
    decision = decide(rules.policies, facts, subject=subject, now=later, aged_at=now())
    return next(reason.sentence for reason in decision.reasons if reason.requirement == "approval:risk")


# What was seen


def test_an_approval_lapses_when_the_evidence_changes(
    pipeline: Account, rita: Account, carl: Account, ready: Ready
) -> None:
    promotion = ready()
    yes(promotion, rita)
    other = make.table(pipeline, make.TABLE.replace("p0,1,1", "p0,1,0"))
    with record(actor=pipeline.actor, at=now()) as recording:
        registry.attach_evidence(recording=recording, version=promotion.version, purpose="reference", evidence=other)
    settle_promotion(actor=make.WORKER, uid=promotion.uid)

    assert ApprovalLapse.objects.get().because == "evidence"
    assert "lapsed because the content changed" in sentence(promotion, "risk")
    assert Notice.objects.get(account=rita).sentence.endswith("evidence changed after you gave it.")
    yes(promotion, carl, Group.COMPLIANCE)
    assert stage() == Stage.DEVELOPMENT


def test_an_approval_lapses_when_a_policy_gets_a_new_edition(rita: Account, carl: Account, ready: Ready) -> None:
    promotion = ready()
    yes(promotion, rita)
    make.policy(make.POLICY.replace("max_age_days: 90", "max_age_days: 60"))
    settle_promotion(actor=make.WORKER, uid=promotion.uid)

    assert ApprovalLapse.objects.get().because == "policies"
    assert Entry.objects.filter(action="approval.lapsed", subject=promotion.subject).count() == 1
    settle_promotion(actor=make.WORKER, uid=promotion.uid)
    assert ApprovalLapse.objects.count() == 1  # once is enough
    yes(promotion, carl, Group.COMPLIANCE)
    assert stage() == Stage.DEVELOPMENT


def test_another_reviewer_can_speak_after_a_lapse(rita: Account, carl: Account, ready: Ready) -> None:
    promotion = ready()
    yes(promotion, rita)
    make.policy(make.POLICY.replace("max_age_days: 90", "max_age_days: 60"))
    yes(promotion, carl, Group.COMPLIANCE)
    yes(promotion, make.reviewer("rolf-risk", Group.RISK))
    assert stage() == Stage.PRODUCTION


@pytest.mark.parametrize("name", ["artifact_sha256", "evidence_sha256", "policy_sha256", "decision"])
@pytest.mark.parametrize("speak", [approve_promotion, refuse_promotion])
def test_a_word_about_something_else_than_stands_here_is_not_taken(
    rita: Account, ready: Ready, name: str, speak: Callable[..., Any]
) -> None:
    promotion = ready()
    seen = content_before(promotion, rules_of_promotion(promotion))
    word = partial(speak, actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Read.")
    with pytest.raises(ContentChanged) as refused:
        word(seen=replace(seen, **{name: 7 if name == "decision" else "0" * 64}))
    assert refused.value.context["changed"] == [name]
    assert not Approval.objects.exists()
    word(seen=seen)
    assert Approval.objects.count() == 1


# When


def test_approvals_that_are_ordered_are_given_in_turn(rita: Account, carl: Account, ready: Ready) -> None:
    promotion = ready(ORDERED)
    with pytest.raises(NotYourTurn, match="asks risk before compliance") as refused:
        yes(promotion, carl, Group.COMPLIANCE)
    assert refused.value.context == {"waits_for": "risk"}
    yes(promotion, rita)
    yes(promotion, carl, Group.COMPLIANCE)
    assert stage() == Stage.PRODUCTION


def test_a_no_waits_for_nobodys_turn(carl: Account, ready: Ready) -> None:
    promotion = ready(ORDERED)
    refuse_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="No legal basis.")
    assert Promotion.objects.get().closure.outcome == "refused"


# The signature


def test_a_signature_takes_the_password_and_a_meaning(rita: Account, carl: Account, ready: Ready) -> None:
    promotion = ready(SIGNED)
    approval = yes(promotion, rita, password=PASSWORD, meaning="reviewed")
    assert approval.meaning == "reviewed"
    assert approval.reauthenticated_at is not None
    assert approval.reauthenticated_at <= approval.given_at
    yes(promotion, carl, Group.COMPLIANCE, password=PASSWORD, meaning="approved")
    assert stage() == Stage.PRODUCTION
    assert not Entry.objects.filter(text__contains=PASSWORD).exists()


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"meaning": "reviewed"}, SignatureRefused),
        ({"meaning": "reviewed", "password": "seven-lamps"}, SignatureRefused),
        ({"password": PASSWORD}, Malformed),
        ({"password": PASSWORD, "meaning": "responsible_for"}, Malformed),
        ({"password": PASSWORD, "meaning": "glanced at"}, Malformed),
    ],
)
def test_a_signature_that_lacks_something_is_none(
    rita: Account, ready: Ready, more: dict[str, str], refusal: type[DomainError]
) -> None:
    promotion = ready(SIGNED)
    with pytest.raises(refusal):
        yes(promotion, rita, **more)
    assert not Approval.objects.exists()


def test_a_no_is_signed_too_and_means_itself(rita: Account, ready: Ready) -> None:
    promotion = ready(SIGNED)
    word = partial(refuse_promotion, actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Too few rows.")
    with pytest.raises(SignatureRefused):
        word()
    assert word(password=PASSWORD).reauthenticated_at is not None


def test_who_has_no_password_cannot_sign(ready: Ready) -> None:
    promotion = ready(SIGNED)
    rolf = make.reviewer("rolf-risk", Group.RISK)
    with pytest.raises(SignatureRefused, match="no password to sign with"):
        yes(promotion, rolf, password="anything", meaning="reviewed")


def test_wrong_passwords_are_on_record_and_soon_no_more_are_tried(rita: Account, ready: Ready) -> None:
    promotion = ready(SIGNED)
    for number in range(MOST_WRONG):
        with pytest.raises(SignatureRefused, match="is wrong"):
            yes(promotion, rita, password=f"guess-{number}", meaning="reviewed")
    for tried in ("one-guess-more", PASSWORD):
        with pytest.raises(SignatureRefused, match="nothing was tried"):
            yes(promotion, rita, password=tried, meaning="reviewed")
    attempts = Entry.objects.filter(action="signature.refused", actor=str(rita.actor))
    assert attempts.count() == MOST_WRONG
    assert "guess" not in "".join(attempts.values_list("text", flat=True))


# Conditions


def demand(owner: Account, due_in: timedelta = timedelta(days=30), text: str = "Measure the autumn sample.") -> Demand:
    return Demand(text, owner, now() + due_in)


def test_a_condition_that_is_overdue_revokes_the_yes_by_itself(
    rita: Account, carl: Account, dora: Account, ready: Ready
) -> None:
    promotion = ready()
    approval = yes(promotion, rita, conditions=[demand(dora, timedelta(seconds=3))])
    condition = approval.conditions.get()
    assert (condition.owner, condition.text) == (str(dora.actor), "Measure the autumn sample.")
    assert Notice.objects.get(account=dora).about == condition.subject
    time.sleep(max((condition.due_at - now()).total_seconds(), 0) + 0.01)
    with pytest.raises(ConditionClosed, match="its approval is revoked"):
        fulfil_condition(actor=rita.actor, uid=condition.uid, note="Late, but done.")
    yes(promotion, carl, Group.COMPLIANCE)
    assert "revoked because a condition is overdue" in sentence(promotion, "risk")
    assert stage() == Stage.DEVELOPMENT


def test_a_condition_that_is_met_in_time_keeps_the_yes(
    rita: Account, carl: Account, dora: Account, ready: Ready
) -> None:
    promotion = ready()
    condition = yes(promotion, rita, conditions=[demand(dora)]).conditions.get()
    assert "0 of 1" in sentence_after(promotion, condition.due_at)
    fulfil_condition(actor=rita.actor, uid=condition.uid, note="Seen: 4,000 rows.")
    with pytest.raises(ConditionClosed, match="was met"):
        fulfil_condition(actor=rita.actor, uid=condition.uid, note="Seen again.")
    assert "1 of 1" in sentence_after(promotion, condition.due_at)
    yes(promotion, carl, Group.COMPLIANCE)
    assert stage() == Stage.PRODUCTION
    assert verify(projections=PROJECTIONS).flaws == []


def test_only_another_reviewer_of_the_group_confirms_a_condition(rita: Account, carl: Account, ready: Ready) -> None:
    promotion = ready()
    owner = make.reviewer("rolf-risk", Group.RISK)
    condition = yes(promotion, rita, conditions=[demand(owner)]).conditions.get()
    for who in (owner, carl):
        with pytest.raises(NotEntitled):
            fulfil_condition(actor=who.actor, uid=condition.uid, note="Done.")
    with pytest.raises(Malformed):
        fulfil_condition(actor=rita.actor, uid=condition.uid, note=" ")


@pytest.mark.parametrize(
    "changes", [{"due_in": timedelta(0)}, {"due_in": timedelta(days=366)}, {"text": "  "}], ids=str
)
def test_a_condition_that_cannot_be_is_refused_and_so_is_the_yes(
    rita: Account, dora: Account, ready: Ready, changes: dict[str, Any]
) -> None:
    promotion = ready()
    with pytest.raises(Malformed):
        yes(promotion, rita, conditions=[demand(dora, **changes)])
    assert not Approval.objects.exists()
    assert not Entry.objects.filter(action__in=["approval.given", "condition.set"]).exists()


# Too late


def test_a_withdrawn_promotion_takes_no_word_of_any_kind(pipeline: Account, rita: Account, ready: Ready) -> None:
    promotion = ready()
    withdraw_promotion(actor=pipeline.actor, uid=promotion.uid)
    before = Entry.objects.count()
    with pytest.raises(PromotionClosed):
        yes(promotion, rita)
    with pytest.raises(PromotionClosed):
        recuse(actor=rita.actor, uid=promotion.uid, reason="Too late.")
    assert Entry.objects.count() == before
