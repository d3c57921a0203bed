"""A version goes live only when its checks pass and two other people agree.

Read this first: it is the whole story at the level of the use cases.
"""

import pytest

from audits.runs import CheckRun
from audits.trail import Entry, verify
from governance.errors import AlreadyDecided, NotEntitled, OwnSubmission, PromotionClosed
from governance.models import Account, Promotion
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.promotions import request_promotion, withdraw_promotion
from governance.services.rollbacks import roll_back
from registry.models import ModelVersion, RegisteredModel
from registry.selectors import find_in_production, get_version
from registry.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline() -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def rita() -> Account:
    return make.reviewer("rita-risk", Group.RISK)


@pytest.fixture
def carl() -> Account:
    return make.reviewer("carl-compliance", Group.COMPLIANCE)


@pytest.fixture
def programme(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline)


def go_live(pipeline: Account, rita: Account, carl: Account, programme: RegisteredModel, seed: int) -> ModelVersion:
    version = make.version(pipeline, programme, seed)
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")
    return get_version(programme.name, version.number)


def outcome(promotion: Promotion) -> str:
    return promotion.decisions.latest("number").outcome


def test_a_version_that_fails_a_check_stays_out_and_the_refusal_is_on_record(
    pipeline: Account, programme: RegisteredModel
) -> None:
    version = make.version(pipeline, programme)
    make.completed(version, fairness_impact_ratio="failed")

    promotion = make.promotion(pipeline, version)

    assert outcome(promotion) == "block"
    assert get_version(programme.name, 1).position.stage == Stage.DEVELOPMENT
    assert Entry.objects.filter(subject=promotion.subject, action="gate.decided").count() == 1


def test_a_version_that_passes_waits_for_both_groups_and_goes_live_with_the_last_word(
    pipeline: Account, rita: Account, carl: Account, programme: RegisteredModel
) -> None:
    version = make.version(pipeline, programme)
    promotion = make.promotion(pipeline, version)
    assert outcome(promotion) == "wait"  # the checks are still under way

    make.completed(version)
    assert outcome(promotion) == "wait"  # two people have not spoken yet

    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    assert get_version(programme.name, 1).position.stage == Stage.DEVELOPMENT

    approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")
    assert get_version(programme.name, 1).position.stage == Stage.PRODUCTION
    live = find_in_production(model=programme, alias="champion")
    assert live is not None
    assert live.number == 1
    assert outcome(promotion) == "allow"


def test_whoever_registered_the_version_cannot_approve_it(carl: Account) -> None:
    make.policy()
    both = make.account("nora", Role.CONTRIBUTOR, groups=(Group.RISK,))
    version = make.version(both, make.model(both))
    make.completed(version)
    promotion = make.promotion(both, version)

    with pytest.raises(OwnSubmission):
        approve_promotion(actor=both.actor, uid=promotion.uid, group=Group.RISK, reason="Mine is good.")


def test_a_reviewer_speaks_once_and_only_for_a_group_of_theirs(
    pipeline: Account, rita: Account, programme: RegisteredModel
) -> None:
    version = make.version(pipeline, programme)
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    with pytest.raises(NotEntitled):
        approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Why not.")
    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    with pytest.raises(AlreadyDecided):
        refuse_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="On second thoughts.")


def test_a_refusal_ends_the_promotion(
    pipeline: Account, rita: Account, carl: Account, programme: RegisteredModel
) -> None:
    version = make.version(pipeline, programme)
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    refuse_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="The youngest are overlooked.")
    with pytest.raises(PromotionClosed):
        approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")
    assert get_version(programme.name, 1).position.stage == Stage.DEVELOPMENT


def test_a_better_version_supersedes_and_a_rollback_brings_the_earlier_one_back(
    pipeline: Account, rita: Account, carl: Account, programme: RegisteredModel
) -> None:
    operator = make.account("olga", Role.OPERATOR)
    first = go_live(pipeline, rita, carl, programme, seed=1)
    second = go_live(pipeline, rita, carl, programme, seed=2)
    assert get_version(programme.name, first.number).position.stage == Stage.RETIRED

    roll_back(actor=operator.actor, model=programme, alias="champion", reason="Complaints from the ward.")

    assert get_version(programme.name, first.number).position.stage == Stage.PRODUCTION
    assert get_version(programme.name, second.number).position.stage == Stage.SUSPENDED
    live = find_in_production(model=programme, alias="champion")
    assert live is not None
    assert live.number == first.number


def test_asking_twice_gives_the_same_promotion(pipeline: Account, programme: RegisteredModel) -> None:
    version = make.version(pipeline, programme)
    first = make.promotion(pipeline, version)
    again = request_promotion(actor=pipeline.actor, version=version, target=Stage.PRODUCTION)
    assert first == again


def test_after_all_that_the_trail_is_whole(
    pipeline: Account, rita: Account, carl: Account, programme: RegisteredModel
) -> None:
    go_live(pipeline, rita, carl, programme, seed=1)
    verdict = verify(projections=PROJECTIONS)
    assert verdict.flaws == []
    assert verdict.entries == Entry.objects.count() > 20


def test_a_promotion_that_the_stages_overtook_is_blocked_and_breaks_nothing(
    pipeline: Account, rita: Account, carl: Account, programme: RegisteredModel
) -> None:
    """Promoted to production meanwhile, the version has no way back to staging: its other promotion says so."""
    make.policy(
        make.POLICY.replace("policy: high-risk", "policy: staging").replace("target: production", "target: staging")
    )
    version = make.version(pipeline, programme)
    to_staging = make.promotion(pipeline, version, target=Stage.STAGING)
    to_production = make.promotion(pipeline, version)
    make.completed(version)
    for promotion in (to_production, to_staging):
        approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    approve_promotion(actor=carl.actor, uid=to_production.uid, group=Group.COMPLIANCE, reason="Texts read.")
    approve_promotion(actor=carl.actor, uid=to_staging.uid, group=Group.COMPLIANCE, reason="Texts read.")
    assert outcome(to_production) == "allow"
    assert outcome(to_staging) == "block"
    assert get_version(programme.name, 1).position.stage == Stage.PRODUCTION


def test_only_whoever_asked_can_withdraw(pipeline: Account, programme: RegisteredModel) -> None:
    promotion = make.promotion(pipeline, make.version(pipeline, programme))
    with pytest.raises(NotEntitled):
        withdraw_promotion(actor=make.contributor("another").actor, uid=promotion.uid)
    withdraw_promotion(actor=pipeline.actor, uid=promotion.uid)
    assert Promotion.objects.get().closure.outcome == "withdrawn"


def test_asking_orders_what_was_never_checked_also_where_the_policy_only_advises(
    pipeline: Account, programme: RegisteredModel
) -> None:
    """The rules changed after the version was handed in."""
    version = make.version(pipeline, programme)
    added = "  - {id: rates, title: Rates, check: fairness.selection_rate, version: 1, advisory: true}\napprovals:"
    make.policy(make.POLICY.replace("approvals:", added))
    make.promotion(pipeline, version)
    assert CheckRun.objects.filter(subject=version.subject, check_name="fairness.selection_rate").count() == 1
