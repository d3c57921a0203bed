"""A deployer asks about bytes, gets an answer that can be checked without us, and refuses what nobody approved."""

import json
from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest

from audits.offline import verify
from audits.trail import Entry, log_verifier, now
from governance.models import Account, BreakGlassVerdict
from governance.roles import Group, Role
from governance.selectors.admission import Admission, admission_of
from governance.selectors.attestation import VALID_FOR, attest
from governance.services.emergencies import confirm_break_glass, invoke_break_glass, review_break_glass
from governance.services.retirements import delete_version, suspend_version
from governance.services.rollbacks import roll_back
from registry.models import ModelVersion, RegisteredModel
from registry.stages import Stage
from tests import make

OVERDUE = (
    "recertification: {every_days: 30, notice_days: 7, triggers: [drift], grace_days: 0, overdue: withdraw_alias}\n"
    "approvals:"
)


@pytest.fixture
def pipeline(db: None) -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def people(db: None) -> tuple[Account, Account]:
    return make.reviewer("rita-risk", Group.RISK), make.reviewer("carl-compliance", Group.COMPLIANCE)


@pytest.fixture
def olga(db: None) -> Account:
    return make.account("olga", Role.OPERATOR)


@pytest.fixture
def model(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline)


@pytest.fixture
def live(pipeline: Account, people: tuple[Account, Account], model: RegisteredModel) -> ModelVersion:
    return make.live(pipeline, people, model)


def asked(version: ModelVersion, **question: Any) -> Admission:
    return admission_of(**{"sha256": version.artifact_sha256, "target": Stage.PRODUCTION, "at": now(), **question})


def codes(version: ModelVersion, **question: Any) -> list[str]:
    return [reason.code for reason in asked(version, **question).objections]


def opened(envelope: dict[str, Any]) -> dict[str, Any]:
    """Return the statement as somebody outside reads it: the signature first, with the offline verifier's own code."""
    key = verify.parse_key(log_verifier().key_string)
    payload, kind = b64decode(envelope["payload"]), envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    assert verify.is_signature(key.public, b64decode(envelope["signatures"][0]["sig"]), signed)
    statement: dict[str, Any] = json.loads(payload)
    return statement


def test_what_is_live_is_admitted_with_a_statement_that_needs_only_our_key(live: ModelVersion) -> None:
    before = Entry.objects.count()
    admission = asked(live, alias="champion")
    assert (admission.allowed, admission.version) == (True, live)
    envelope = attest(admission)
    assert envelope is not None
    statement = opened(envelope)
    said = statement["predicate"]
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert statement["subject"] == [{"name": "care-programme/1", "digest": {"sha256": live.artifact_sha256}}]
    assert said["policy"]["uri"] == "urn:countersign:policies:high-risk:1"
    assert set(said["policy"]["digest"]) == {"sha256"}
    assert (said["verificationResult"], said["verifiedLevels"]) == ("PASSED", ["COUNTERSIGN_APPROVED"])
    assert said["urn:countersign:validUntil"] > said["timeVerified"]
    assert timedelta(minutes=10) >= VALID_FOR
    assert Entry.objects.count() == before


def test_what_nobody_knows_or_nobody_approved_is_denied_without_a_statement(
    pipeline: Account, model: RegisteredModel, olga: Account
) -> None:
    version = make.version(pipeline, model)
    assert codes(version) == ["not_live"]
    assert attest(asked(version)) is None
    assert codes(version, sha256="0" * 64) == ["unknown_artifact"]
    assert codes(version, model="nobody") == ["unknown_artifact"]
    delete_version(actor=olga.actor, version=version, reason="Away.")
    assert codes(version) == ["unknown_artifact"]


def test_what_was_taken_out_or_superseded_is_denied(
    live: ModelVersion, pipeline: Account, people: tuple[Account, Account], model: RegisteredModel, olga: Account
) -> None:
    second = make.live(pipeline, people, model, seed=2)
    assert (codes(live), codes(second)) == (["retired"], [])
    roll_back(actor=olga.actor, model=model, alias="champion", reason="Complaints.")
    assert (codes(live), codes(second)) == ([], ["suspended"])
    suspend_version(actor=olga.actor, version=live, reason="Complaints again.")
    assert codes(live) == ["suspended"]


def test_the_name_that_is_asked_about_must_be_the_versions_own(live: ModelVersion) -> None:
    assert codes(live, alias="challenger") == ["alias_elsewhere"]
    assert codes(live, target=Stage.STAGING) == ["not_live"]


def test_a_step_of_a_rollout_is_admitted_and_says_how_far_it_goes(
    live: ModelVersion, pipeline: Account, people: tuple[Account, Account], model: RegisteredModel
) -> None:
    canary = make.version(pipeline, model, 2)
    make.completed(canary)
    make.approved(people, make.promotion(pipeline, canary, rollout="canary", percent=10))
    assert codes(live, alias="champion") == []
    envelope = attest(asked(canary, alias="champion"))
    assert envelope is not None
    said = opened(envelope)["predicate"]
    assert (said["urn:countersign:rollout"], said["urn:countersign:percent"]) == ("canary", 10)
    assert codes(canary, alias="challenger") == ["alias_elsewhere"]


def test_an_emergency_is_admitted_as_one_until_it_is_judged_unjustified(
    pipeline: Account, people: tuple[Account, Account], model: RegisteredModel, olga: Account
) -> None:
    promotion = make.promotion(pipeline, make.version(pipeline, model))
    invoke_break_glass(actor=olga.actor, uid=promotion.uid, reason="Now.")
    confirm_break_glass(actor=people[0].actor, uid=promotion.uid)
    envelope = attest(asked(promotion.version))
    assert envelope is not None
    assert opened(envelope)["predicate"]["verifiedLevels"] == ["COUNTERSIGN_BREAK_GLASS"]
    word = {"verdict": BreakGlassVerdict.NOT_JUSTIFIED, "reason": "It could have waited."}
    review_break_glass(actor=people[1].actor, uid=promotion.uid, **word)
    assert "approval_missing" in codes(promotion.version)


def test_a_version_that_was_not_certified_anew_is_denied_where_the_policy_withdraws_it(live: ModelVersion) -> None:
    late = now() + timedelta(days=31)
    assert codes(live, at=late) == []
    make.policy(make.POLICY.replace("approvals:", OVERDUE))
    assert codes(live) == []
    assert codes(live, at=late) == ["recertification_overdue"]
    make.policy(make.POLICY.replace("approvals:", OVERDUE.replace("withdraw_alias", "warn")))
    assert codes(live, at=late) == []


def test_of_two_models_with_the_same_bytes_one_that_is_live_is_enough(live: ModelVersion, pipeline: Account) -> None:
    other = make.version(pipeline, make.model(pipeline, "second-programme"))
    assert other.artifact_sha256 == live.artifact_sha256
    assert asked(live).version == live
    assert codes(live, model="second-programme") == ["not_live"]
