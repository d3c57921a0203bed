"""Of two words at once, exactly one is accepted; the trail stays whole."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection

from audits.errors import DomainError
from audits.trail import Entry, now, verify
from governance.errors import AlreadyDecided, AlreadyWaived, PromotionClosed, PromotionOpen, SignatureRefused
from governance.models import (
    Account,
    Approval,
    DeadlinePassed,
    Notice,
    OpenPromotion,
    Promotion,
    PromotionClosure,
    Waiver,
)
from governance.roles import Group
from governance.selectors.projections import PROJECTIONS
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.deadlines import note_deadlines
from governance.services.delegations import delegate_review
from governance.services.promotions import withdraw_promotion
from governance.services.signatures import MOST_WRONG, reauthenticate
from governance.services.waivers import revoke_waiver
from governance.supervisor.dispatcher import DISPATCHER
from registry.models import ModelVersion, RegisteredModel
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

Word = Callable[[], object]
LENGTHS = [pytest.param(25, id="short"), pytest.param(500, id="long", marks=pytest.mark.soak)]

ONE_APPROVAL = """\
policy: one-approval
title: One approval to production
applies_to: {risk_tier: [limited], target: production}
requirements:
  - {id: accuracy, title: The model is right often enough, check: performance.accuracy, version: 1}
approvals:
  - {group: risk, count: 1}
"""


@pytest.fixture
def racing() -> Iterator[Callable[[Word, Word], list[object]]]:
    """Two callers, each on a thread and a database connection of its own, let go at the same moment."""

    def caller(start: threading.Barrier, word: Word) -> object:
        start.wait(10)
        try:
            return word()
        except DomainError as refused:
            return refused

    def race(one: Word, other: Word) -> list[object]:
        start = threading.Barrier(2)
        return list(callers.map(partial(caller, start), (one, other)))

    with ThreadPoolExecutor(2) as callers:
        yield race
        closing = threading.Barrier(2)

        def close() -> None:
            closing.wait(10)
            connection.close()

        for done in [callers.submit(close), callers.submit(close)]:
            done.result()


def awaiting_one_word(by: Account, of: RegisteredModel, number: int) -> Promotion:
    """Return a promotion whose checks have passed and which waits for one approval."""
    version: ModelVersion = make.version(by, of, seed=number)
    make.completed(version)
    return make.promotion(by, version, alias=f"champion-{number}")


def assert_one_word_counts(promotion: Promotion, said: list[object], refusal: type[DomainError]) -> str:
    accepted = [word for word in said if isinstance(word, Approval)]
    refused = [word for word in said if isinstance(word, refusal)]
    assert len(accepted) == len(refused) == 1, said
    assert list(Approval.objects.filter(promotion=promotion)) == accepted
    ends = [closure.outcome for closure in PromotionClosure.objects.filter(promotion=promotion)]
    assert ends == ["promoted" if accepted[0].verdict == "approve" else "refused"]
    return str(accepted[0].verdict)


@pytest.mark.parametrize("races", LENGTHS)
def test_one_person_who_approves_and_refuses_at_once_has_spoken_once(
    races: int, racing: Callable[[Word, Word], list[object]]
) -> None:
    make.policy(ONE_APPROVAL)
    pipeline, rita = make.contributor(), make.reviewer("rita-risk", Group.RISK)
    model = make.model(pipeline, risk_tier="limited")
    for number in range(1, races + 1):
        promotion = awaiting_one_word(pipeline, model, number)
        word = {"actor": rita.actor, "uid": promotion.uid, "group": Group.RISK, "reason": "I have read the figures."}
        said = racing(partial(approve_promotion, **word), partial(refuse_promotion, **word))
        # The first word ended it, so the second finds it closed.
        assert_one_word_counts(promotion, said, PromotionClosed)
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole, verdict.flaws


@pytest.mark.parametrize("races", LENGTHS)
def test_of_two_people_who_disagree_at_once_one_decides(
    races: int, racing: Callable[[Word, Word], list[object]]
) -> None:
    make.policy(ONE_APPROVAL)
    pipeline = make.contributor()
    rita, rolf = make.reviewer("rita-risk", Group.RISK), make.reviewer("rolf-risk", Group.RISK)
    model = make.model(pipeline, risk_tier="limited")
    for number in range(1, races + 1):
        promotion = awaiting_one_word(pipeline, model, number)
        word = {"uid": promotion.uid, "group": Group.RISK, "reason": "I have read the figures."}
        said = racing(
            partial(approve_promotion, actor=rita.actor, **word), partial(refuse_promotion, actor=rolf.actor, **word)
        )
        assert_one_word_counts(promotion, said, PromotionClosed)
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole, verdict.flaws


def test_one_person_cannot_approve_twice_at_once_for_two_groups(
    racing: Callable[[Word, Word], list[object]],
) -> None:
    make.policy()
    pipeline = make.contributor()
    rita = make.reviewer("rita", Group.RISK, Group.COMPLIANCE)
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    words = [
        partial(approve_promotion, actor=rita.actor, uid=promotion.uid, group=group, reason="I have read it.")
        for group in (Group.RISK, Group.COMPLIANCE)
    ]
    said = racing(words[0], words[1])
    assert sorted(type(word).__name__ for word in said) == [AlreadyDecided.__name__, Approval.__name__]
    assert not PromotionClosure.objects.filter(promotion=promotion).exists()


WRITERS = 32


def test_32_who_ask_for_one_version_and_target_at_once_leave_one_open_promotion() -> None:
    make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    askers = [make.contributor(f"pipeline-{number}") for number in range(WRITERS)]
    start = threading.Barrier(WRITERS)

    def ask(asker: Account) -> object:
        try:
            start.wait(30)
            return make.promotion(asker, version)
        except DomainError as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as threads:
        answers = list(threads.map(ask, askers))
    asked = [answer for answer in answers if isinstance(answer, Promotion)]
    assert len(asked) == 1
    assert [answer.code for answer in answers if isinstance(answer, DomainError)] == [PromotionOpen.code] * 31
    assert [row.promotion for row in OpenPromotion.objects.all()] == list(Promotion.objects.all()) == asked
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole, verdict.flaws


def failing_version() -> tuple[ModelVersion, Account]:
    """Return a version that fails a check, and who registered it."""
    make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version, fairness_impact_ratio="failed")
    return version, pipeline


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_of_two_waivers_of_the_same_at_once_one_is_granted(
    racing: Callable[[Word, Word], list[object]], is_asked_for: bool
) -> None:
    version, pipeline = failing_version()
    if is_asked_for:
        make.promotion(pipeline, version)
    rita, wanda = make.reviewer("rita", Group.RISK), make.reviewer("wanda", Group.LEGAL)
    said = racing(partial(make.waiver, rita, version), partial(make.waiver, wanda, version))
    assert sorted(type(word).__name__ for word in said) == [AlreadyWaived.__name__, Waiver.__name__]
    assert Waiver.objects.count() == 1
    assert verify(projections=PROJECTIONS).is_whole


def test_one_person_cannot_waive_and_approve_at_once_so_that_both_count(
    racing: Callable[[Word, Word], list[object]],
) -> None:
    version, pipeline = failing_version()
    promotion = make.promotion(pipeline, version)
    rita, carl = make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)
    word = {"actor": rita.actor, "uid": promotion.uid, "group": Group.RISK, "reason": "I have read the figures."}
    racing(partial(approve_promotion, **word), partial(make.waiver, rita, version))
    approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")
    assert not PromotionClosure.objects.filter(promotion=promotion).exists()


def test_a_promotion_asked_for_while_a_waiver_is_granted_is_judged_with_it(
    racing: Callable[[Word, Word], list[object]],
) -> None:
    version, pipeline = failing_version()
    wanda = make.reviewer("wanda", Group.LEGAL)
    for number in range(10):
        waiver, promotion = racing(
            partial(make.waiver, wanda, version), partial(make.promotion, pipeline, version, alias=f"champion-{number}")
        )
        assert isinstance(waiver, Waiver)
        assert isinstance(promotion, Promotion)
        assert promotion.decisions.latest("number").outcome == "wait"
        revoke_waiver(actor=wanda.actor, uid=waiver.uid)
        withdraw_promotion(actor=pipeline.actor, uid=promotion.uid)


def test_of_two_dispatchers_that_note_a_deadline_at_once_one_does(
    racing: Callable[[Word, Word], list[object]],
) -> None:
    version, pipeline = failing_version()
    promotion = make.promotion(pipeline, version)
    wanda = make.reviewer("wanda", Group.LEGAL)
    for days in range(1, 11):
        waiver = make.waiver(wanda, version, days=days)
        note = partial(note_deadlines, actor=DISPATCHER, at=waiver.expires_at)
        assert sorted(map(str, racing(note, note))) == ["0", "1"]
        assert promotion.decisions.latest("number").outcome == "block"
        revoke_waiver(actor=wanda.actor, uid=waiver.uid)
    assert DeadlinePassed.objects.count() == Notice.objects.filter(account=wanda).count() == 10


@pytest.mark.parametrize("races", LENGTHS)
def test_of_a_reviewer_and_her_delegate_who_speak_at_once_one_is_heard(
    races: int, racing: Callable[[Word, Word], list[object]]
) -> None:
    make.policy(ONE_APPROVAL.replace("count: 1", "count: 2"))
    pipeline, dora = make.contributor(), make.account("dora")
    rita = make.reviewer("rita-risk", Group.RISK)
    delegate_review(actor=rita.actor, delegate=dora, group=Group.RISK, ends_at=now() + timedelta(days=1))
    model = make.model(pipeline, risk_tier="limited")
    for number in range(1, races + 1):
        promotion = awaiting_one_word(pipeline, model, number)
        word = {"uid": promotion.uid, "group": Group.RISK, "reason": "I have read the figures."}
        said = racing(
            partial(approve_promotion, actor=rita.actor, **word),
            partial(approve_promotion, actor=dora.actor, on_behalf_of=rita, **word),
        )
        assert sorted(type(one).__name__ for one in said) == [AlreadyDecided.__name__, Approval.__name__]
        assert Approval.objects.filter(promotion=promotion).count() == 1


@pytest.mark.parametrize("races", LENGTHS)
def test_of_an_approval_and_a_withdrawal_at_once_one_is_taken(
    races: int, racing: Callable[[Word, Word], list[object]]
) -> None:
    make.policy(ONE_APPROVAL)
    pipeline, rita = make.contributor(), make.reviewer("rita-risk", Group.RISK)
    model = make.model(pipeline, risk_tier="limited")
    for number in range(1, races + 1):
        promotion = awaiting_one_word(pipeline, model, number)
        word = {"uid": promotion.uid, "group": Group.RISK, "reason": "I have read the figures."}
        said = racing(
            partial(approve_promotion, actor=rita.actor, **word),
            partial(withdraw_promotion, actor=pipeline.actor, uid=promotion.uid),
        )
        assert sum(isinstance(one, PromotionClosed) for one in said) == 1, said
        is_approved = isinstance(said[0], Approval)
        assert Approval.objects.filter(promotion=promotion).exists() == is_approved
        ends = PromotionClosure.objects.get(promotion=promotion).outcome
        assert ends == ("promoted" if is_approved else "withdrawn")


def test_wrong_passwords_at_once_are_counted_one_by_one(racing: Callable[[Word, Word], list[object]]) -> None:
    rita = make.reviewer("rita-risk", Group.RISK, password="seven-lamps-over-the-harbour")
    guess = partial(reauthenticate, actor=rita.actor, password="a-wrong-guess")
    for _ in range(MOST_WRONG):
        assert {type(one) for one in racing(guess, guess)} == {SignatureRefused}
    assert Entry.objects.filter(action="signature.refused").count() == MOST_WRONG
