"""A regulator with one file, our public key and a checkpoint kept from last year; no network, and no trust in us."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from audits.evidence import local_path
from audits.trail import Entry, log_verifier, now, publish_checkpoint, record
from audits.trail.merkle import leaf_hash
from governance.models import Account, BundleExport
from governance.roles import Group, Role
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.bundles import export_bundle, subjects_about
from registry.models import ModelVersion
from tests import make
from tests.conftest import triggers_lifted

pytestmark = pytest.mark.django_db
VERIFIER = Path(__file__).parents[2] / "audits" / "offline" / "verify.py"

Desk = Callable[..., tuple[int, str]]


@pytest.fixture
def auditor() -> Account:
    return make.account("ada-audit", Role.AUDITOR)


@pytest.fixture
def version() -> ModelVersion:
    """A version that risk approved and compliance refused."""
    make.policy()
    pipeline = make.contributor()
    made = make.version(pipeline, make.model(pipeline))
    make.completed(made)
    promotion = make.promotion(pipeline, made)
    rita, carl = make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)
    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    refuse_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="The texts do not say why.")
    return made


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The regulator's computer: it has Python, the key from our letter, and what was kept."""
    (tmp_path / "key.txt").write_text(log_verifier().key_string)

    def check(file: Path, *options: str) -> tuple[int, str]:
        ran = subprocess.run(
            [sys.executable, "-I", "-S", str(VERIFIER), str(file), "--key", str(tmp_path / "key.txt"), *options],
            capture_output=True,
            text=True,
            check=False,
            env={},
        )
        assert ran.stderr == ""
        return ran.returncode, ran.stdout

    return check


def handed_over(export: BundleExport, place: Path) -> Path:
    with local_path(export.sha256) as stored:
        place.write_bytes(stored.read_bytes())
    return place


def kept_from(bundle: Path, place: Path) -> Path:
    with zipfile.ZipFile(bundle) as opened:
        place.write_bytes(opened.read("checkpoint"))
    return place


def test_a_first_bundle_is_valid_and_says_that_only_we_vouch_for_it(
    version: ModelVersion, auditor: Account, desk: Desk, tmp_path: Path
) -> None:
    bundle = handed_over(export_bundle(actor=auditor.actor), tmp_path / "bundle.zip")
    status, told = desk(bundle)
    assert status == 3
    assert "Nothing in it is wrong" in told
    assert "vouched for by the signer alone" in told


@pytest.mark.parametrize("whole", [True, False], ids=["the whole trail", "one version"])
def test_a_year_later_the_trail_still_begins_as_the_regulator_remembers_it(
    version: ModelVersion, auditor: Account, desk: Desk, tmp_path: Path, whole: bool
) -> None:
    first = handed_over(export_bundle(actor=auditor.actor), tmp_path / "first.zip")
    kept = kept_from(first, tmp_path / "kept")
    assert desk(first, "--since", str(kept))[0] == 0
    make.model(make.contributor("second-pipeline"), "triage")

    export = export_bundle(actor=auditor.actor, subjects=[] if whole else subjects_about(version))

    status, told = desk(handed_over(export, tmp_path / "bundle.zip"), "--since", str(kept))
    assert status == 3, told
    assert "entries are those you saw before" in told


def tamper(sql: str, *values: Any) -> None:
    """Do what the owner of the database can: lift the triggers and write."""
    with triggers_lifted(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_an_entry_that_the_owner_of_the_database_edited_is_named(
    version: ModelVersion, auditor: Account, desk: Desk, tmp_path: Path
) -> None:
    publish_checkpoint()
    refusal = Entry.objects.get(action="approval.refused")
    tamper(
        "UPDATE audits_entry SET text = %s WHERE id = %s", refusal.text.replace("refused", "given"), identity(refusal)
    )
    status, told = desk(handed_over(export_bundle(actor=auditor.actor), tmp_path / "bundle.zip"))
    assert status == 1
    assert f"Entry {refusal.index} was changed: its text no longer has the hash that was signed." in told
    assert "TAMPERED" in told


def identity(entry: Entry) -> str:
    return entry.pk.hex if connection.vendor == "sqlite" else str(entry.pk)


def test_whoever_holds_the_key_can_write_history_anew_and_is_convicted_by_the_checkpoint_that_was_kept(
    version: ModelVersion, auditor: Account, desk: Desk, tmp_path: Path
) -> None:
    first = handed_over(export_bundle(actor=auditor.actor), tmp_path / "first.zip")
    kept = kept_from(first, tmp_path / "kept")
    published = Entry.objects.get(action="policy.published")
    forged = published.text.replace('"sha256":"', '"sha256":"0')
    tamper(
        "UPDATE audits_entry SET text = %s, leaf_hash = %s WHERE id = %s",
        forged,
        leaf_hash(forged.encode()),
        identity(published),
    )
    # No witness saw the old checkpoints, and all our copies are gone: the whole tree is signed again.
    tamper("DELETE FROM audits_checkpoint")
    tamper("UPDATE audits_treestate SET size = 0, frontier = %s", b"")
    publish_checkpoint()

    bundle = handed_over(export_bundle(actor=auditor.actor), tmp_path / "bundle.zip")

    assert desk(bundle)[0] == 3  # the limit that the threat model states
    status, told = desk(bundle, "--since", str(kept))
    assert status == 1
    assert "This is not the trail you remember" in told


def test_a_bundle_about_one_version_cannot_leave_the_refusal_out(
    version: ModelVersion, auditor: Account, desk: Desk, tmp_path: Path
) -> None:
    export = export_bundle(actor=auditor.actor, subjects=subjects_about(version))
    bundle = handed_over(export, tmp_path / "bundle.zip")
    assert desk(bundle)[0] == 3
    folder = tmp_path / "bundle"
    with zipfile.ZipFile(bundle) as opened:
        opened.extractall(folder)
    assert desk(folder)[0] == 3

    lines = (folder / "events.jsonl").read_text().splitlines(keepends=True)
    proofs = sorted((folder / "proofs").iterdir())
    refusal = next(at for at, line in enumerate(lines) if json.loads(line)["action"] == "approval.refused")
    proofs[refusal].unlink()
    (folder / "events.jsonl").write_text("".join(lines[:refusal] + lines[refusal + 1 :]))

    status, told = desk(folder)
    assert status == 1
    assert "events.jsonl is not the file that was signed." in told
    assert f"{proofs[refusal].relative_to(folder)} was signed with the others, and is missing." in told
    assert "says that it is number" in told


def test_a_bundle_that_somebody_else_signed_is_not_ours(
    version: ModelVersion, auditor: Account, desk: Desk, tmp_path: Path, settings: Any
) -> None:
    key = log_verifier()
    settings.TRAIL_KEY_SEED = bytes(32)
    with record(actor=auditor.actor, at=now()) as recording:
        recording.note(action="role.granted", subject="account/x")
    bundle = handed_over(export_bundle(actor=auditor.actor), tmp_path / "bundle.zip")
    status, told = desk(bundle)
    assert status == 1
    assert f"The manifest is not signed by {key.label}." in told
