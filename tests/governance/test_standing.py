"""Does what was promoted still stand, and does a rollback choose by that?"""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from audits.evidence import local_path
from audits.trail import Recorded, new_uid, now, record
from governance.errors import NothingToRollBackTo
from governance.models import (
    Account,
    Approval,
    Condition,
    Recusal,
    RoleGrant,
    Waiver,
    WaiverRevocation,
)
from governance.roles import Group, Role
from governance.selectors.standing import Standing, find_last_promotion, standing_of
from governance.services import approvals, promotions, retirements
from governance.services.accounts import revoke_role
from governance.services.retirements import suspend_version
from governance.services.rollbacks import roll_back
from registry.models import EvidenceAttachment, ModelVersion, RegisteredModel
from registry.services import attach_evidence
from registry.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db

LATER = timedelta(days=10)
SOAKED = make.POLICY.replace("approvals:", "soak: {stage: staging, hours: 1}\napprovals:")
TO_STAGING = """\
policy: staging
title: To staging
applies_to: {target: staging}
requirements:
  - {id: accuracy, title: The model is right often enough, check: performance.accuracy, version: 1}
"""


@pytest.fixture
def pipeline() -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def people() -> tuple[Account, Account]:
    return make.reviewer("rita-risk", Group.RISK), make.reviewer("carl-compliance", Group.COMPLIANCE)


@pytest.fixture
def model(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline)


@pytest.fixture
def live(pipeline: Account, people: tuple[Account, Account], model: RegisteredModel) -> ModelVersion:
    return make.live(pipeline, people, model)


def standing(version: ModelVersion, at: datetime | None = None) -> Standing:
    promotion = find_last_promotion(version, target=Stage.PRODUCTION)
    assert promotion is not None
    return standing_of(promotion, at=at or now())


def objections(version: ModelVersion, at: datetime | None = None) -> list[str]:
    return [f"{one.code} {one.requirement}" for one in standing(version, at).objections]


def put(row: Recorded, action: str, by: Account) -> Any:
    with record(actor=by.actor, at=now()) as recording:
        return recording.create(row, action=action, subject="promotion/test")


def waiver(version: ModelVersion, by: Account, *, days: int = 5) -> Waiver:
    row = Waiver(
        uid=new_uid(),
        version=version,
        target=Stage.PRODUCTION,
        policy="high-risk",
        requirement="accuracy",
        granted_by=str(by.actor),
        granted_at=now(),
        expires_at=now() + timedelta(days=days),
    )
    return put(row, "waiver.granted", by)


@pytest.fixture
def waived(pipeline: Account, people: tuple[Account, Account], model: RegisteredModel) -> ModelVersion:
    """A version whose accuracy failed and was accepted for five days."""
    version = make.version(pipeline, model)
    make.completed(version, performance_accuracy="failed")
    waiver(version, make.reviewer("walter", Group.RISK))
    make.approved(people, make.promotion(pipeline, version))
    return version


def test_what_was_approved_stands_and_growing_older_does_not_change_that(live: ModelVersion) -> None:
    assert standing(live).holds
    assert standing(live, now() + timedelta(days=4000)).holds


def test_new_policies_and_lost_roles_do_not_touch_a_finished_promotion(
    live: ModelVersion, people: tuple[Account, Account]
) -> None:
    make.policy(make.POLICY.replace("count: 1", "count: 2"))
    for grant in RoleGrant.objects.filter(account=people[0]):
        revoke_role(actor=make.COMMAND, grant=grant)
    assert standing(live).holds


def test_a_role_that_was_lost_before_the_gate_allowed_never_counted(
    pipeline: Account, model: RegisteredModel, people: tuple[Account, Account]
) -> None:
    """Two more approved meanwhile; then those two step aside, and the lost one's word does not fill the gap."""
    rolf = make.reviewer("rolf", Group.RISK)
    version = make.version(pipeline, model)
    promotion = make.promotion(pipeline, version)
    make.approved([rolf], promotion)
    revoke_role(actor=make.COMMAND, grant=RoleGrant.objects.get(account=rolf))
    make.completed(version)
    make.approved(people, promotion)
    assert standing(version).holds
    put(Recusal(uid=new_uid(), promotion=promotion, person=str(people[0].actor), recused_at=now()), "a.b", people[0])
    assert objections(version) == ["approval_missing approval:risk"]


def test_a_waiver_that_ran_out_ends_it_and_a_new_one_of_somebody_else_renews_it(
    waived: ModelVersion, people: tuple[Account, Account]
) -> None:
    assert standing(waived).holds
    assert objections(waived, now() + LATER) == ["failed accuracy"]
    waiver(waived, people[0], days=20)
    assert objections(waived, now() + LATER) == ["failed accuracy"], "an approver cannot keep it standing"
    assert standing(waived).holds, "and takes no approval back by trying"
    waiver(waived, make.reviewer("wilma", Group.RISK), days=20)
    assert standing(waived, now() + LATER).holds


def test_a_revoked_waiver_ends_it(waived: ModelVersion) -> None:
    row = WaiverRevocation(waiver=Waiver.objects.get(), revoked_by="person:x", revoked_at=now())
    if any(field.name == "uid" for field in WaiverRevocation._meta.fields):
        row.uid = new_uid()  # type: ignore[attr-defined]
    put(row, "waiver.revoked", make.reviewer("wilma"))
    assert objections(waived) == ["failed accuracy"]


def test_an_overdue_condition_ends_it(live: ModelVersion, people: tuple[Account, Account]) -> None:
    approval = Approval.objects.get(group="risk")
    moment = now()
    row = Condition(
        uid=new_uid(),
        approval=approval,
        sealed_text="",
        owner="person:x",
        set_by=approval.approver,
        set_at=moment,
        due_at=moment + timedelta(days=3),
    )
    put(row, "condition.set", people[0])
    assert standing(live).holds
    assert objections(live, now() + LATER) == ["approval_missing approval:risk"]


def test_evidence_and_checks_that_came_later_are_another_matter(
    live: ModelVersion, pipeline: Account, model: RegisteredModel
) -> None:
    table = make.table(pipeline, make.TABLE.replace("p0,", "q0,"))
    with record(actor=pipeline.actor, at=now()) as recording:
        attach_evidence(recording=recording, version=live, purpose="evaluation", evidence=table)
    assert EvidenceAttachment.objects.count() == 1
    assert standing(live).holds
    make.promotion(pipeline, ModelVersion.objects.get(pk=live.pk))
    make.completed(live, performance_accuracy="failed")
    assert standing(live).holds


def test_where_it_came_from_is_remembered(
    pipeline: Account, people: tuple[Account, Account], model: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood in staging for an hour; today it stands in production, and its soak is judged by where it stood."""
    make.policy(TO_STAGING)
    make.policy(SOAKED)
    version = make.version(pipeline, model)
    make.completed(version)
    make.promotion(pipeline, version, target=Stage.STAGING)
    moment = now() + timedelta(hours=1)
    monkeypatch.setattr(promotions, "now", lambda: moment)
    monkeypatch.setattr(approvals, "now", lambda: moment)
    make.approved(people, make.promotion(pipeline, version))
    assert ModelVersion.objects.get(pk=version.pk).position.stage == Stage.PRODUCTION
    assert standing(version, moment).holds

    monkeypatch.setattr(retirements, "now", lambda: moment)
    suspend_version(actor=people[0].actor, version=version, reason="Complaints.")
    reasons = make.promotion(pipeline, version).decisions.latest("number").reasons
    assert [reason["code"] for reason in reasons if reason["requirement"] == "soak"] == ["soaked"]


def test_an_artifact_that_is_gone_ends_it(live: ModelVersion) -> None:
    with local_path(live.artifact_sha256) as path:
        path.unlink()
    assert objections(live) == ["artifact_missing artifact"]


def test_a_rollback_goes_to_the_last_that_stands_not_to_the_last(
    pipeline: Account, people: tuple[Account, Account], model: RegisteredModel
) -> None:
    olga = make.account("olga", Role.OPERATOR)
    versions = [make.live(pipeline, people, model, seed) for seed in (1, 2, 3)]
    promotion = find_last_promotion(versions[1], target=Stage.PRODUCTION)
    put(Recusal(uid=new_uid(), promotion=promotion, person=str(people[0].actor), recused_at=now()), "a.b", people[0])
    started = time.perf_counter()
    done = roll_back(actor=olga.actor, model=model, alias="champion", reason="Complaints.")
    assert time.perf_counter() - started < 1
    assert done.to_version == versions[0]


def test_a_rollback_never_goes_to_bytes_that_changed(
    pipeline: Account, people: tuple[Account, Account], model: RegisteredModel
) -> None:
    olga = make.account("olga", Role.OPERATOR)
    versions = [make.live(pipeline, people, model, seed) for seed in (1, 2)]
    with local_path(versions[0].artifact_sha256) as path:
        path.chmod(0o600)
        path.write_bytes(path.read_bytes() + b"more")
    try:
        with pytest.raises(NothingToRollBackTo):
            roll_back(actor=olga.actor, model=model, alias="champion", reason="Complaints.")
    finally:
        path.unlink()  # the store outlives the test


def test_a_rollback_never_goes_to_what_was_only_a_step_of_a_rollout(
    pipeline: Account, people: tuple[Account, Account], model: RegisteredModel
) -> None:
    olga = make.account("olga", Role.OPERATOR)
    stepped = make.version(pipeline, model, 7)
    make.completed(stepped)
    make.approved(people, make.promotion(pipeline, stepped, rollout="shadow"))
    make.live(pipeline, people, model, 8)
    with pytest.raises(NothingToRollBackTo):
        roll_back(actor=olga.actor, model=model, alias="champion", reason="Complaints.")


def test_a_version_never_promoted_has_nothing_to_stand_on(pipeline: Account, model: RegisteredModel) -> None:
    assert find_last_promotion(make.version(pipeline, model), target=Stage.PRODUCTION) is None
