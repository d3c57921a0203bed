"""A version reaches everybody step by step; two people can go past the policies, and a third one looks back."""

import pytest

from audits.trail import Entry, verify
from governance.errors import (
    AliasGoverned,
    BreakGlassForbidden,
    BreakGlassOutOfTurn,
    NotEntitled,
    NothingToRollBackTo,
    PromotionClosed,
    SamePerson,
    UnknownBreakGlass,
)
from governance.models import Account, BreakGlassVerdict, Notice, Promotion
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.selectors.standing import find_last_promotion, standing_of
from governance.services.aliases import assign_alias
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.emergencies import confirm_break_glass, invoke_break_glass, review_break_glass
from governance.services.rollbacks import roll_back
from registry.errors import MoveImpossible
from registry.models import CurrentAlias, ModelVersion, RegisteredModel, VersionStage
from registry.selectors import get_version
from registry.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db

STEPS = """\
policy: first-steps
title: First steps in production
applies_to: {risk_tier: [limited], target: production, rollout: [shadow, canary, blue_green]}
requirements:
  - {id: accuracy, title: The model is right often enough, check: performance.accuracy, version: 1}
"""
EVERYBODY = """\
policy: everybody
title: Everybody is served
applies_to: {risk_tier: [limited], target: production, rollout: [full]}
requirements:
  - {id: accuracy, title: The model is right often enough, check: performance.accuracy, version: 1}
approvals:
  - {group: risk, count: 1}
"""


@pytest.fixture
def pipeline() -> Account:
    for text in (make.POLICY, STEPS, EVERYBODY):
        make.policy(text)
    return make.contributor()


@pytest.fixture
def rita() -> Account:
    return make.reviewer("rita-risk", Group.RISK)


@pytest.fixture
def olga() -> Account:
    return make.account("olga", Role.OPERATOR)


@pytest.fixture
def omar() -> Account:
    return make.account("omar", Role.OPERATOR)


@pytest.fixture
def router(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline, "ward-router", risk_tier="limited")


def place(version: ModelVersion) -> tuple[str, str, int]:
    row = VersionStage.objects.get(version=version)
    return row.stage, row.rollout, row.percent


def champion(model: RegisteredModel) -> int:
    return CurrentAlias.objects.get(model=model, alias="champion").version.number


def checked(pipeline: Account, model: RegisteredModel, seed: int = 1) -> ModelVersion:
    version = make.version(pipeline, model, seed)
    make.completed(version)
    return version


def test_a_version_reaches_everybody_step_by_step_and_the_name_moves_at_the_last(
    pipeline: Account, rita: Account, router: RegisteredModel
) -> None:
    earlier = make.live(pipeline, [rita], router, seed=1)
    version = checked(pipeline, router, seed=2)
    for rollout, percent in (("shadow", 0), ("canary", 10), ("canary", 50), ("blue_green", 0)):
        step = make.promotion(pipeline, version, rollout=rollout, percent=percent)
        assert step.closure.outcome == "promoted", "the policy of the first steps asks for no approval"
        assert place(version) == (Stage.PRODUCTION, rollout, percent)
        assert place(earlier) == (Stage.PRODUCTION, "full", 0)
        assert champion(router) == 1

    last = make.promotion(pipeline, version)
    assert last.decisions.latest("number").outcome == "wait"
    make.approved([rita], last)

    assert place(version) == (Stage.PRODUCTION, "full", 0)
    assert place(earlier) == (Stage.RETIRED, "", 0)
    assert champion(router) == 2
    moves = Entry.objects.filter(subject=version.subject, action="version.moved")
    assert moves.count() == 6
    assert verify(projections=PROJECTIONS).flaws == []


@pytest.mark.parametrize(
    ("stands", "asked"),
    [
        (("canary", 50), ("canary", 10)),
        (("canary", 50), ("shadow", 0)),
        (("blue_green", 0), ("canary", 99)),
        (("full", 0), ("blue_green", 0)),
        (("full", 0), ("shadow", 0)),
    ],
)
def test_a_rollout_does_not_go_back(
    pipeline: Account, rita: Account, router: RegisteredModel, stands: tuple[str, int], asked: tuple[str, int]
) -> None:
    version = checked(pipeline, router)
    make.approved([rita], make.promotion(pipeline, version, rollout=stands[0], percent=stands[1]))
    with pytest.raises(MoveImpossible):
        make.promotion(pipeline, version, rollout=asked[0], percent=asked[1])
    assert place(version) == (Stage.PRODUCTION, *stands)


def test_what_another_version_superseded_is_not_brought_back_by_what_was_under_way(
    pipeline: Account, rita: Account, router: RegisteredModel
) -> None:
    first = make.live(pipeline, [rita], router, seed=1)
    again = make.promotion(pipeline, first)
    make.live(pipeline, [rita], router, seed=2)
    with pytest.raises(PromotionClosed):
        approve_promotion(actor=rita.actor, uid=again.uid, group=Group.RISK, reason="Read.")
    assert place(first)[0] == Stage.RETIRED


def test_a_version_that_serves_under_another_governed_name_stays_when_one_name_moves_on(
    pipeline: Account, rita: Account, router: RegisteredModel
) -> None:
    first = make.live(pipeline, [rita], router, seed=1)
    make.approved([rita], make.promotion(pipeline, first, alias="night-ward"))
    make.live(pipeline, [rita], router, seed=2)
    assert place(first)[0] == Stage.PRODUCTION
    third = checked(pipeline, router, seed=3)
    make.approved([rita], make.promotion(pipeline, third, alias="night-ward"))
    assert place(first)[0] == Stage.RETIRED


def test_a_free_name_is_given_by_hand_and_a_governed_one_is_not(
    pipeline: Account, rita: Account, router: RegisteredModel
) -> None:
    version = checked(pipeline, router)
    for _ in range(2):
        assign_alias(actor=pipeline.actor, version=version, alias="baseline")
    assert CurrentAlias.objects.get(alias="baseline").version == version
    assert Entry.objects.filter(action="alias.assigned").count() == 1
    make.promotion(pipeline, version, alias="night-ward")
    make.policy(EVERYBODY.replace("policy: everybody", "policy: stroke").replace("target:", "alias: [stroke], target:"))
    for alias in ("champion", "night-ward", "stroke"):
        with pytest.raises(AliasGoverned):
            assign_alias(actor=pipeline.actor, version=version, alias=alias)
    with pytest.raises(NotEntitled):
        assign_alias(actor=rita.actor, version=version, alias="baseline")


@pytest.fixture
def waiting(pipeline: Account, router: RegisteredModel) -> Promotion:
    """A promotion whose check has failed and which nobody has approved."""
    version = make.version(pipeline, router)
    make.completed(version, performance_accuracy="failed")
    return make.promotion(pipeline, version)


def test_two_people_go_past_the_policies_and_every_requirement_says_so(
    waiting: Promotion, olga: Account, omar: Account
) -> None:
    invoke_break_glass(actor=olga.actor, uid=waiting.uid, reason="Dr Weber cannot wait.")
    assert place(waiting.version)[0] == Stage.DEVELOPMENT
    assert Notice.objects.filter(account=omar).exists()
    with pytest.raises(SamePerson):
        confirm_break_glass(actor=olga.actor, uid=waiting.uid)

    confirmation = confirm_break_glass(actor=omar.actor, uid=waiting.uid)

    assert place(waiting.version) == (Stage.PRODUCTION, "full", 0)
    decided = waiting.decisions.latest("number")
    assert {one["code"] for one in decided.reasons} == {"break_glass"}
    assert {one["requirement"] for one in confirmation.skipped} == {"accuracy", "approval:risk"}
    assert (confirmation.review_due_at - confirmation.confirmed_at).total_seconds() == 72 * 3600
    assert not Entry.objects.filter(text__contains="Weber").exists()
    assert verify(projections=PROJECTIONS).flaws == []


def test_what_a_third_person_finds_unjustified_stands_no_more(
    waiting: Promotion, pipeline: Account, rita: Account, olga: Account, omar: Account, router: RegisteredModel
) -> None:
    with pytest.raises(UnknownBreakGlass):
        review_break_glass(
            actor=rita.actor, uid=waiting.uid, verdict=BreakGlassVerdict.JUSTIFIED, reason="Nobody asked."
        )
    invoke_break_glass(actor=olga.actor, uid=waiting.uid, reason="It cannot wait.")
    word = {"uid": waiting.uid, "verdict": BreakGlassVerdict.NOT_JUSTIFIED, "reason": "It could have waited."}
    with pytest.raises(BreakGlassOutOfTurn):
        review_break_glass(actor=rita.actor, **word)
    confirm_break_glass(actor=omar.actor, uid=waiting.uid)
    promotion = find_last_promotion(waiting.version, target=Stage.PRODUCTION)
    assert promotion is not None
    assert standing_of(promotion, at=waiting.requested_at).holds
    for one in (olga, omar):
        with pytest.raises(SamePerson):
            review_break_glass(actor=one.actor, **word)

    review_break_glass(actor=rita.actor, **word)

    found = standing_of(promotion, at=waiting.requested_at)
    assert [reason.code for reason in found.objections] == ["failed", "approval_missing"]
    with pytest.raises(BreakGlassOutOfTurn):
        review_break_glass(actor=rita.actor, **word)
    make.live(pipeline, [rita], router, seed=2)
    with pytest.raises(NothingToRollBackTo):
        roll_back(actor=olga.actor, model=router, alias="champion", reason="Back.")


def test_neither_of_the_two_can_be_a_pipeline(waiting: Promotion, olga: Account) -> None:
    machine = make.account("machine", Role.OPERATOR, kind="pipeline")
    with pytest.raises(NotEntitled):
        invoke_break_glass(actor=machine.actor, uid=waiting.uid, reason="Now.")
    invoke_break_glass(actor=olga.actor, uid=waiting.uid, reason="Now.")
    with pytest.raises(NotEntitled):
        confirm_break_glass(actor=machine.actor, uid=waiting.uid)
    assert place(waiting.version)[0] == Stage.DEVELOPMENT


def test_a_policy_can_rule_it_out_also_after_it_was_invoked(waiting: Promotion, olga: Account, omar: Account) -> None:
    invoke_break_glass(actor=olga.actor, uid=waiting.uid, reason="Now.")
    make.policy(EVERYBODY.replace("requirements:", "break_glass: false\nrequirements:"))
    before = Entry.objects.count()
    with pytest.raises(BreakGlassForbidden):
        confirm_break_glass(actor=omar.actor, uid=waiting.uid)
    assert Entry.objects.count() == before
    assert place(waiting.version)[0] == Stage.DEVELOPMENT


def test_where_a_policy_rules_it_out_it_cannot_be_invoked(
    pipeline: Account, router: RegisteredModel, olga: Account
) -> None:
    make.policy(EVERYBODY.replace("requirements:", "break_glass: false\nrequirements:"))
    promotion = make.promotion(pipeline, make.version(pipeline, router))
    with pytest.raises(BreakGlassForbidden):
        invoke_break_glass(actor=olga.actor, uid=promotion.uid, reason="Now.")


def test_a_refusal_is_not_gone_past(waiting: Promotion, rita: Account, olga: Account, omar: Account) -> None:
    invoke_break_glass(actor=olga.actor, uid=waiting.uid, reason="Now.")
    with pytest.raises(BreakGlassOutOfTurn):
        invoke_break_glass(actor=omar.actor, uid=waiting.uid, reason="Now.")
    refuse_promotion(actor=rita.actor, uid=waiting.uid, group=Group.RISK, reason="Never.")
    with pytest.raises(PromotionClosed):
        confirm_break_glass(actor=omar.actor, uid=waiting.uid)
    assert get_version("ward-router", 1).position.stage == Stage.DEVELOPMENT
