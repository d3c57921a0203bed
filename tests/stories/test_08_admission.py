"""A deployer asks about bytes, gets an answer that can be checked without us, and refuses what nobody approved."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audits.offline import verify
from audits.trail import Entry, log_verifier, now
from audits.trail.keys import KeyKind, Signer
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
from tests.stories.conftest import free_port

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "how-to" / "admit.sh"
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


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], Path]]:
    """A running service with one version that is live, one that is not, and a deployer who holds our public key."""
    home = tmp_path_factory.mktemp("admission")
    url = f"http://127.0.0.1:{free_port()}"
    environment = {**os.environ, "COUNTERSIGN_DATA": str(home / "data")}
    for name in ("DATABASE_URL", "COUNTERSIGN_BROKER_URL"):
        environment.pop(name, None)
    manage = [sys.executable, "manage.py"]
    program = """
from audits.trail import log_verifier
from governance.roles import Group, Verb
from tests import make
make.policy()
pipeline = make.contributor()
model = make.model(pipeline)
make.live(pipeline, [make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)], model, 1)
make.version(pipeline, model, 2)
print(make.token(pipeline, Verb.READ), log_verifier().key_string)
"""
    subprocess.run([*manage, "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
    shell = [*manage, "shell", "-v", "0", "-c", program]
    told = subprocess.run(shell, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    token, key = told.split()
    verifier = home / "verify.py"
    verifier.write_bytes(Path(verify.__file__).read_bytes())
    for seed in (1, 2, 3):
        (home / f"model-{seed}.txt").write_bytes(make.lightgbm_text(seed))
    process = subprocess.Popen([*manage, "serve", "--port", url.rsplit(":", 1)[1]], cwd=ROOT, env=environment)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/api/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        needed = {"PATH": os.environ["PATH"], "URL": url, "TOKEN": token, "KEY": key, "VERIFIER": str(verifier)}
        yield needed, home
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture
def deploy(installation: tuple[dict[str, str], Path]) -> Callable[..., subprocess.CompletedProcess[str]]:
    environment, home = installation

    def run(name: str, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(SCRIPT), str(home / name), *words]
        return subprocess.run(
            command, env={**environment, **changed}, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_the_deploy_script_lets_the_approved_file_through_and_refuses_the_others(deploy: Any) -> None:
    done = deploy("model-1.txt", "production", "champion")
    assert (done.returncode, done.stdout) == (0, "ADMITTED care-programme/1 to production, full\n"), done.stderr
    assert deploy("model-1.txt", "production").returncode == 0
    for name, why in (
        ("model-2.txt", "care-programme 2 stands in development."),
        ("model-3.txt", "No version has this artifact, or it was deleted."),
    ):
        done = deploy(name, "production", "champion")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("REFUSED ")
        assert why in done.stderr


def test_the_deploy_script_believes_no_other_key_and_no_silence(deploy: Any) -> None:
    foreign = Signer("countersign.local/trail", KeyKind.ED25519, b"k" * 32).verifier.key_string
    done = deploy("model-1.txt", "production", KEY=foreign)
    assert done.returncode == 1
    assert "does not carry the signature" in done.stderr
    assert deploy("model-1.txt", "production", TOKEN="csn_nobody").returncode == 2
    assert deploy("model-1.txt", "retired").returncode == 2
    assert deploy("model-1.txt", "production", URL="http://127.0.0.1:9").returncode != 0


def test_the_deploy_script_runs_what_the_page_shows() -> None:
    page = (SCRIPT.parent / "admit-a-deployment.md").read_text()
    assert "ADMITTED care-programme/1 to production, full" in page
    assert f"({SCRIPT.name})" in page
