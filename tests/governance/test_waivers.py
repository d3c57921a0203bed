"""Who may waive what, for how long, and what is refused before anything is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from audits.errors import DomainError
from audits.trail import Actor, Entry, now
from governance.errors import (
    AlreadyDecided,
    AlreadyWaived,
    Malformed,
    NotEntitled,
    NotWaivable,
    OwnSubmission,
    Recused,
    UnknownRequirement,
    UnknownWaiver,
    WaiverEnded,
)
from governance.models import Account, Promotion, Waiver
from governance.roles import Group, Role
from governance.services.approvals import approve_promotion
from governance.services.delegations import recuse
from governance.services.promotions import request_promotion
from governance.services.waivers import revoke_waiver
from registry.errors import MoveImpossible
from registry.models import ModelVersion
from registry.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db

POLICY = make.POLICY + "waivers: {max_days: 20}\n"
FIRM = POLICY.replace(
    "check: performance.accuracy, version: 1", "check: performance.accuracy, version: 1, waivable: false"
)


@dataclass(frozen=True)
class World:
    """Somebody who registers and asks, two reviewers, and a version that fails a check and is asked to production."""

    nora: Account
    rita: Account
    wanda: Account
    version: ModelVersion
    promotion: Promotion


@pytest.fixture
def world() -> World:
    make.policy(FIRM)
    nora = make.account("nora", Role.CONTRIBUTOR, groups=(Group.RISK,))
    version = make.version(nora, make.model(nora))
    make.completed(version, fairness_impact_ratio="failed")
    rita, wanda = make.reviewer("rita", Group.RISK), make.reviewer("wanda", Group.LEGAL)
    return World(nora, rita, wanda, version, make.promotion(nora, version))


def refused(refusal: type[DomainError], act: Callable[[], object], *, field: str = "") -> str:
    """Return the sentence of a refusal after which the trail and the waivers are as before."""
    before = Entry.objects.count(), Waiver.objects.count()
    with pytest.raises(refusal) as caught:
        act()
    assert (Entry.objects.count(), Waiver.objects.count()) == before
    assert caught.value.context.get("field", "") == field
    return caught.value.detail


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"policy": "no-such"}, UnknownRequirement, ""),
        ({"requirement": "no-such"}, UnknownRequirement, ""),
        ({"requirement": "approval:risk"}, UnknownRequirement, ""),
        ({"target": Stage.STAGING}, UnknownRequirement, ""),
        ({"target": None}, UnknownRequirement, ""),
        ({"requirement": "accuracy"}, NotWaivable, ""),
        ({"finding": "sex/nobody"}, Malformed, "finding"),
        ({"reason": " \n"}, Malformed, "reason"),
        ({"compensating_control": ""}, Malformed, "compensating_control"),
        ({"days": 21}, Malformed, "days"),
        ({"days": 0}, Malformed, "days"),
        ({"days": -1}, Malformed, "days"),
        ({"days": None}, Malformed, "expires_at"),
        ({"expires_at": now() + timedelta(days=2)}, Malformed, "expires_at"),
        ({"days": None, "expires_at": now() - timedelta(seconds=1)}, Malformed, "expires_at"),
        ({"days": None, "expires_at": now() + timedelta(days=21)}, Malformed, "expires_at"),
        ({"target": Stage.DEVELOPMENT}, MoveImpossible, ""),
    ],
)
def test_what_cannot_be_waived_is_refused_and_nothing_is_stored(
    world: World, changes: dict[str, Any], refusal: type[DomainError], field: str
) -> None:
    assert refused(refusal, lambda: make.waiver(world.wanda, world.version, **{"days": 20, **changes}), field=field)


def test_no_policy_lets_a_waiver_stand_longer_than_90_days(world: World) -> None:
    make.policy()
    refused(Malformed, lambda: make.waiver(world.wanda, world.version, days=91), field="days")
    make.waiver(world.wanda, world.version, days=90)


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.AUDITOR, Role.OPERATOR])
def test_only_reviewers_waive(world: World, role: Role) -> None:
    somebody = make.account("somebody", role)
    refused(NotEntitled, lambda: make.waiver(somebody, world.version))


def test_neither_a_pipeline_nor_a_process_waives(world: World) -> None:
    pipeline = make.account("pipeline", groups=(Group.RISK,), kind="pipeline")
    refused(NotEntitled, lambda: make.waiver(pipeline, world.version))
    waiver = make.waiver(world.wanda, world.version, days=1)
    refused(NotEntitled, lambda: revoke_waiver(actor=Actor.process("command:x"), uid=waiver.uid))


def test_whoever_registered_or_asked_does_not_waive(world: World) -> None:
    refused(OwnSubmission, lambda: make.waiver(world.nora, world.version, days=1))
    asker = make.account("asker", Role.CONTRIBUTOR, groups=(Group.RISK,))
    other = make.version(world.nora, world.version.model, seed=2)
    make.completed(other, fairness_impact_ratio="failed")
    make.waiver(asker, other, days=1)
    promotion = request_promotion(actor=asker.actor, version=other, target=Stage.PRODUCTION)
    assert promotion.decisions.latest("number").outcome == "block", "a waiver of one's own does not count afterwards"
    refused(OwnSubmission, lambda: make.waiver(asker, other, days=1))


def test_whoever_approved_what_is_open_does_not_waive_for_it(world: World) -> None:
    approve_promotion(actor=world.rita.actor, uid=world.promotion.uid, group=Group.RISK, reason="Figures read.")
    refused(AlreadyDecided, lambda: make.waiver(world.rita, world.version, days=1))
    other = make.version(world.nora, world.version.model, seed=2)
    make.waiver(world.rita, other, days=1)


def test_whoever_stepped_aside_does_not_waive(world: World) -> None:
    recuse(actor=world.rita.actor, uid=world.promotion.uid, reason="I trained a forerunner.")
    refused(Recused, lambda: make.waiver(world.rita, world.version, days=1))


def test_a_retired_version_has_nothing_to_waive(world: World) -> None:
    for seed in (2, 3):
        version = make.version(world.nora, world.version.model, seed=seed)
        make.completed(version)
        uid = make.promotion(world.nora, version).uid
        approve_promotion(actor=world.rita.actor, uid=uid, group=Group.RISK, reason="Figures read.")
        carl = make.reviewer(f"carl-{seed}", Group.COMPLIANCE)
        approve_promotion(actor=carl.actor, uid=uid, group=Group.COMPLIANCE, reason="Texts read.")
    refused(MoveImpossible, lambda: make.waiver(world.wanda, world.version.model.versions.get(number=2), days=1))


def test_the_same_is_not_waived_twice_at_a_time(world: World) -> None:
    waiver = make.waiver(world.wanda, world.version, days=1)
    refused(AlreadyWaived, lambda: make.waiver(world.rita, world.version, days=1))
    revoke_waiver(actor=world.rita.actor, uid=waiver.uid)
    make.waiver(world.rita, world.version, days=1)


def test_a_waiver_ends_once(world: World) -> None:
    waiver = make.waiver(world.wanda, world.version, days=1)
    revoke_waiver(actor=world.wanda.actor, uid=waiver.uid)
    assert "revoked" in refused(WaiverEnded, lambda: revoke_waiver(actor=world.wanda.actor, uid=waiver.uid))
    refused(UnknownWaiver, lambda: revoke_waiver(actor=world.wanda.actor, uid=world.promotion.uid))
