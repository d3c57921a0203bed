"""A bundle made by the service, from what people did, is one that the verifier accepts and others can read."""

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audits.evidence import local_path
from audits.offline import verify as offline
from audits.trail import Actor, Entry, log_verifier, now, publish_checkpoint, record, verify
from audits.trail.dsse import pre_authentication_encoding
from governance.errors import NotEntitled, NothingRecorded, TrailNotWhole, UnknownCheckpoint, UnknownSubject
from governance.models import BundleExport
from governance.roles import Role, Verb
from governance.selectors.projections import PROJECTIONS
from governance.services.bundles import export_bundle, subjects_about
from governance.services.keys import rotate_key
from tests import make
from tests.audits.trail.small_bundle import verdict
from tests.conftest import triggers_lifted

COMMAND = Actor.process("command:test")
pytestmark = pytest.mark.django_db


class Ours:
    """Our public key, as somebody outside has it."""

    verifier = property(lambda self: log_verifier())


OURS: Any = Ours()


def note(count: int, subject: str = "model/a") -> None:
    with record(actor=COMMAND, at=now()) as recording:
        for at in range(count):
            recording.note(action="model.registered", subject=subject, data={"text": f'\\ "{at}" ä \u2028 \\n'})


def taken(place: Path, **options: Any) -> Path:
    with local_path(export_bundle(actor=COMMAND, **options).sha256) as path:
        place.write_bytes(path.read_bytes())
    return place


def files(place: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(place) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_the_whole_trail_is_taken_away_and_found_whole(place: Path, count: int) -> None:
    note(count)
    answer = verdict(taken(place), keys=[OURS])
    assert (answer["flaws"], answer["entries"], answer["exit"]) == ([], count, 3)
    assert files(place)["events.jsonl"].decode().split("\n")[:-1] == list(
        Entry.objects.filter(index__lt=count).order_by("index").values_list("text", flat=True)
    )


def test_the_act_is_on_record_and_the_trail_stays_whole(place: Path) -> None:
    note(3)
    export = export_bundle(actor=COMMAND)
    entry = Entry.objects.get(action="bundle.exported")
    assert json.loads(entry.text)["data"] == {"sha256": export.sha256, "checkpoint_size": 3, "subjects": []}
    assert verify(projections=PROJECTIONS).flaws == []


def test_a_bundle_holds_what_a_reader_needs_and_nothing_that_changes_by_itself(place: Path) -> None:
    note(2)
    make.policy()
    held = files(taken(place))
    assert list(held) == [
        "README.txt",
        "policy.json",
        "verify.py",
        "checkpoint",
        "consistency.json",
        "events.jsonl",
        "leaf-hashes.bin",
        "manifest.json",
        "manifest.dsse.json",
    ]
    assert held["verify.py"] == Path(offline.__file__).read_bytes()
    assert log_verifier().key_string in held["README.txt"].decode()
    assert json.loads(held["policy.json"])[0]["text"] == make.POLICY
    manifest = json.loads(held["manifest.json"])
    assert manifest["_type"] == "https://in-toto.io/Statement/v1"
    assert {one["name"] for one in manifest["subject"]} == set(held) - {"manifest.json", "manifest.dsse.json"}
    assert manifest["predicate"]["requested_by"] == str(COMMAND)


def test_the_manifest_is_read_by_securesystemslib(place: Path) -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    note(2)
    held = files(taken(place))
    envelope = Envelope.from_dict(json.loads(held["manifest.dsse.json"]))
    key = log_verifier()
    public = SSlibKey(key.label, "ed25519", "ed25519", {"public": key.public_key.hex()})
    assert envelope.payload_type == "application/vnd.in-toto+json"
    assert envelope.payload == held["manifest.json"]
    assert set(envelope.verify([public], 1)) == {key.label}


def test_the_encoding_that_is_signed_is_the_published_one() -> None:
    encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_bundle_about_subjects_is_complete_by_itself(place: Path) -> None:
    for _ in range(3):
        note(2, "model/a")
        note(300, "model/b")
    answer = verdict(taken(place, subjects=["model/a"]), keys=[OURS])
    assert (answer["flaws"], answer["entries"], answer["size"]) == ([], 6, 906)
    predicate = json.loads(files(place)["manifest.json"])["predicate"]
    assert predicate["subjects"] == [{"subject": "model/a", "entries": 6}, {"subject": "trail/keys", "entries": 0}]


def test_a_bundle_about_subjects_shows_how_the_keys_followed_one_another(place: Path, settings: Any) -> None:
    settings.TRAIL_KEYS_DIR = place.parent / "keys"
    note(2)
    rotate_key(actor=COMMAND)
    held = files(taken(place, subjects=["model/a"]))
    lines = held["events.jsonl"].decode().split("\n")[:-1]
    assert [json.loads(line)["action"] for line in lines] == ["model.registered", "model.registered", "key.rotated"]
    predicate = json.loads(held["manifest.json"])["predicate"]
    assert predicate["subjects"][1] == {"subject": "trail/keys", "entries": 1}
    assert predicate["key"] == log_verifier().key_string
    assert verdict(place, keys=[OURS])["flaws"] == []


@pytest.mark.parametrize("options", [{}, {"subjects": ["model/a"]}, {"subjects": ["model/a"], "since": 5}])
def test_the_next_bundle_continues_what_the_same_recipient_was_given(
    place: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    note(5)
    kept = tmp_path / "kept"
    kept.write_bytes(files(taken(place))["checkpoint"])
    note(300)
    answer = verdict(taken(place, **options), "--since", str(kept), keys=[OURS])
    assert (answer["flaws"], answer["vouched"]) == ([], 5)


def test_who_may_not_export_gets_nothing(place: Path) -> None:
    contributor = make.contributor()
    with pytest.raises(NotEntitled):
        export_bundle(actor=contributor.actor)
    auditor = make.account("ada", Role.AUDITOR)
    assert export_bundle(actor=auditor.actor).exported_by == str(auditor.actor)


def test_what_the_trail_does_not_hold_is_named() -> None:
    with pytest.raises(NothingRecorded):
        export_bundle(actor=COMMAND)
    note(1)
    with pytest.raises(UnknownSubject, match="model/z"):
        export_bundle(actor=COMMAND, subjects=["model/a", "model/z"])
    with pytest.raises(UnknownCheckpoint, match="99"):
        export_bundle(actor=COMMAND, since=99)
    assert not BundleExport.objects.exists()


@pytest.fixture
def tampering() -> Any:
    """What the owner of the database can do, once the triggers are lifted."""

    def run(sql: str, *values: Any) -> None:
        with triggers_lifted(), connection.cursor() as cursor:
            cursor.execute(sql, values)

    return run


@pytest.mark.parametrize(
    ("sql", "code", "index"),
    [
        ("UPDATE audits_entry SET text = replace(text, 'model.registered', 'model.forgotten') WHERE \"index\" = 17",
         "text_changed", 17),
        ("DELETE FROM audits_entry WHERE \"index\" = 17", "entry_missing", 17),
        ("DELETE FROM audits_entry WHERE \"index\" >= 290", "trail_shorter_than_checkpoint", 300),
        ("UPDATE audits_entry SET text = text || ' ' WHERE \"index\" = 299", "text_changed", 299),
    ],
)  # fmt: skip
def test_a_trail_that_was_tampered_with_is_exported_as_it_is_and_the_outsider_sees_it(
    place: Path, tampering: Any, sql: str, code: str, index: int
) -> None:
    note(300)
    publish_checkpoint()
    tampering(sql)
    answer = verdict(taken(place), keys=[OURS])
    assert answer["exit"] == 1
    assert (answer["flaws"][0]["code"], answer["flaws"][0]["index"]) == (code, index)


def test_entries_that_can_no_longer_be_proved_are_not_exported_by_subject(tampering: Any) -> None:
    note(300)
    publish_checkpoint()
    tampering("DELETE FROM audits_trailtile")
    with pytest.raises(TrailNotWhole, match="whole trail"):
        export_bundle(actor=COMMAND, subjects=["model/a"])
    assert export_bundle(actor=COMMAND).checkpoint_size == 300


def test_a_version_is_taken_away_with_all_it_stands_on(place: Path) -> None:
    policy = make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    promotion = make.promotion(pipeline, version)
    subjects = subjects_about(version)
    assert {version.subject, version.model.subject, promotion.subject, policy.subject} <= set(subjects)
    answer = verdict(taken(place, subjects=subjects), keys=[OURS])
    assert answer["flaws"] == []


def test_the_command_writes_the_file_and_never_over_another(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note(4)
    call_command("export_bundle", str(place), "--subject", "model/a")
    assert log_verifier().key_string in capsys.readouterr().out
    assert verdict(place, keys=[OURS])["entries"] == 4
    for arguments in ([str(place)], [str(place) + "2", "--subject", "model/z"], [str(place) + "3", "--since", "9"]):
        with pytest.raises(CommandError):
            call_command("export_bundle", *arguments)
    with pytest.raises(CommandError, match="number of a version"):
        call_command("export_bundle", str(place) + "4", "--about", "care-programme", "x")


def test_a_bundle_is_asked_for_and_downloaded_through_the_api(place: Path) -> None:
    from rest_framework.test import APIClient

    auditor = make.account("ada", Role.AUDITOR)
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {make.token(auditor, Verb.EXPORT)}")
    asked = program.post("/api/v1/trail/bundles", {}, format="json")
    assert asked.status_code == 201, asked.content
    told = program.get(asked["Location"]).json()
    assert told == asked.json()
    content = program.get(f"/api/v1/trail/bundles/{told['uid']}/content")
    place.write_bytes(b"".join(content.streaming_content))
    assert content["Content-Type"] == "application/zip"
    assert verdict(place, keys=[OURS])["flaws"] == []
    unknown = program.post("/api/v1/trail/bundles", {"subjects": ["model/z"]}, format="json")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_subject")
    missing = program.get("/api/v1/trail/bundles/00000000-0000-0000-0000-000000000000")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_bundle")


def test_nothing_personal_but_stable_ids_leaves_the_house(place: Path) -> None:
    rita = make.reviewer("rita-risk")
    note(1)
    content = b"".join(files(taken(place)).values())
    assert b"Rita" not in content
    assert b"rita-risk" not in content
    assert base64.b64encode(b"rita-risk") not in content
    assert str(rita.uid).encode() in content
