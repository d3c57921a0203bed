"""What happens when somebody takes a version out?"""

import pytest

from audits.trail import Entry, verify
from governance.errors import Malformed, NotEntitled, NothingToRollBackTo, PromotionClosed
from governance.models import Account, Promotion, PromotionClosure, Retirement
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.services.approvals import approve_promotion
from governance.services.retirements import delete_version, retire_version, suspend_version
from governance.services.rollbacks import roll_back
from registry.errors import MoveImpossible, UnknownVersion, VersionDeleted, VersionLive
from registry.models import CurrentAlias, ModelVersion
from registry.selectors import find_in_production, get_version
from registry.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline() -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def people() -> tuple[Account, Account]:
    return make.reviewer("rita-risk", Group.RISK), make.reviewer("carl-compliance", Group.COMPLIANCE)


@pytest.fixture
def olga() -> Account:
    return make.account("olga", Role.OPERATOR)


@pytest.fixture
def live(pipeline: Account, people: tuple[Account, Account]) -> list[ModelVersion]:
    """Two versions, of which the second superseded the first."""
    model = make.model(pipeline)
    return [make.live(pipeline, people, model, seed) for seed in (1, 2)]


def stage_of(version: ModelVersion) -> str:
    return ModelVersion.objects.get(pk=version.pk).position.stage


def outcomes(version: ModelVersion) -> list[str]:
    closed = PromotionClosure.objects.filter(promotion__version=version).order_by("id")
    return list(closed.values_list("outcome", flat=True))


def test_a_suspended_version_is_out_at_once_and_no_name_points_at_it(live: list[ModelVersion], olga: Account) -> None:
    suspend_version(actor=olga.actor, version=live[1], reason="Mrs Miller complains.")
    assert stage_of(live[1]) == Stage.SUSPENDED
    assert find_in_production(model=live[1].model, alias="champion") is None
    assert not CurrentAlias.objects.exists()
    told = list(Entry.objects.order_by("-index").values_list("action", flat=True)[:3])
    assert told == ["version.moved", "alias.withdrawn", "version.suspended"]
    assert Retirement.objects.get().reason == "Mrs Miller complains."
    assert not Entry.objects.filter(text__contains="Miller").exists()
    assert verify(projections=PROJECTIONS).flaws == []


def test_what_was_under_way_does_not_bring_a_suspended_version_back(
    live: list[ModelVersion], pipeline: Account, people: tuple[Account, Account], olga: Account
) -> None:
    again = make.promotion(pipeline, get_version(live[1].model.name, 2))
    approve_promotion(actor=people[0].actor, uid=again.uid, group=Group.RISK, reason="Read.")
    suspend_version(actor=olga.actor, version=live[1], reason="Complaints.")
    with pytest.raises(PromotionClosed):
        approve_promotion(actor=people[1].actor, uid=again.uid, group=Group.COMPLIANCE, reason="Read.")
    assert stage_of(live[1]) == Stage.SUSPENDED


def test_a_suspended_version_comes_back_through_the_gate(
    live: list[ModelVersion], pipeline: Account, people: tuple[Account, Account], olga: Account
) -> None:
    suspend_version(actor=olga.actor, version=live[1], reason="Complaints.")
    make.approved(people, make.promotion(pipeline, live[1]))
    assert stage_of(live[1]) == Stage.PRODUCTION
    assert outcomes(live[1]) == ["promoted", "promoted"]


def test_after_a_suspension_a_rollback_brings_the_earlier_version_back(live: list[ModelVersion], olga: Account) -> None:
    suspend_version(actor=olga.actor, version=live[1], reason="Complaints.")
    done = roll_back(actor=olga.actor, model=live[0].model, alias="champion", reason="Nothing is served.")
    assert (done.from_version, done.to_version) == (live[1], live[0])
    assert (stage_of(live[0]), stage_of(live[1])) == (Stage.PRODUCTION, Stage.SUSPENDED)
    assert verify(projections=PROJECTIONS).flaws == []


def test_what_was_retired_on_purpose_never_comes_back(
    live: list[ModelVersion], pipeline: Account, olga: Account
) -> None:
    with pytest.raises(MoveImpossible):
        retire_version(actor=olga.actor, version=live[0], reason="It is retired already.")
    make.policy(make.POLICY.replace("count: 1", "count: 2"))
    suspend_version(actor=olga.actor, version=live[1], reason="Complaints.")
    roll_back(actor=olga.actor, model=live[0].model, alias="champion", reason="Back.")
    retire_version(actor=olga.actor, version=live[0], reason="Too old.")
    assert (stage_of(live[0]), CurrentAlias.objects.count()) == (Stage.RETIRED, 0)
    with pytest.raises(NothingToRollBackTo):
        roll_back(actor=olga.actor, model=live[0].model, alias="champion", reason="Back again.")
    with pytest.raises(MoveImpossible):
        make.promotion(pipeline, live[0])


@pytest.mark.parametrize("take_out", [retire_version, delete_version])
def test_open_promotions_end_with_the_version(pipeline: Account, olga: Account, take_out) -> None:
    version = make.version(pipeline, make.model(pipeline))
    promotion = make.promotion(pipeline, version)
    take_out(actor=olga.actor, version=version, reason="Not needed.")
    assert outcomes(version) == ["withdrawn"]
    assert not Promotion.objects.get(pk=promotion.pk).version.open_promotions.exists()


def test_a_deleted_version_leaves_a_tombstone_its_number_and_its_digest(pipeline: Account, olga: Account) -> None:
    model = make.model(pipeline)
    version = make.version(pipeline, model)
    delete_version(actor=olga.actor, version=version, reason="Trained on the wrong table.")
    with pytest.raises(UnknownVersion):
        get_version(model.name, 1)
    with pytest.raises(VersionDeleted):
        make.version(pipeline, model, seed=1)
    with pytest.raises(VersionDeleted):
        delete_version(actor=olga.actor, version=version, reason="Once more.")
    with pytest.raises(MoveImpossible):
        make.promotion(pipeline, version)
    assert make.version(pipeline, model, seed=2).number == 2
    about = Entry.objects.filter(subject=version.subject, action__startswith="version.")
    assert list(about.order_by("index").values_list("action", flat=True)) == [
        *("version.registered", "version.moved", "version.deletion_ordered", "version.moved", "version.deleted")
    ]
    assert verify(projections=PROJECTIONS).flaws == []


def test_a_live_version_cannot_be_deleted_and_a_retired_one_can(live: list[ModelVersion], olga: Account) -> None:
    before = Entry.objects.count()
    with pytest.raises(VersionLive):
        delete_version(actor=olga.actor, version=live[1], reason="Away.")
    assert Entry.objects.count() == before
    assert find_in_production(model=live[1].model, alias="champion") == live[1]
    delete_version(actor=olga.actor, version=live[0], reason="Away.")
    with pytest.raises(NothingToRollBackTo):
        roll_back(actor=olga.actor, model=live[0].model, alias="champion", reason="Back.")


@pytest.mark.parametrize("take_out", [suspend_version, retire_version, delete_version])
def test_nobody_takes_a_version_out_without_a_role_and_a_reason(
    live: list[ModelVersion], pipeline: Account, olga: Account, take_out
) -> None:
    with pytest.raises(NotEntitled):
        take_out(actor=pipeline.actor, version=live[1], reason="Away.")
    with pytest.raises(Malformed):
        take_out(actor=olga.actor, version=live[1], reason=" ")
    assert stage_of(live[1]) == Stage.PRODUCTION


def test_only_what_is_in_production_can_be_suspended(pipeline: Account, olga: Account) -> None:
    version = make.version(pipeline, make.model(pipeline))
    with pytest.raises(MoveImpossible):
        suspend_version(actor=olga.actor, version=version, reason="Away.")
    assert not Retirement.objects.exists()
