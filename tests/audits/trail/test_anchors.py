"""A database that forgot, or was written anew, is told by whoever kept a checkpoint, and signs nothing more.

Every kind of anchor goes through the same two accidents: an old backup comes back, and one that grew on afterwards.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from audits.trail import TrailNotExtended, check_outside, publish_checkpoint, publish_outside, verify
from audits.trail.anchors.anchor import AnchorFailed, file_name, size_in
from audits.trail.anchors.comparison import Kind, Remembered, compare
from audits.trail.anchors.configured import configured_anchors
from audits.trail.anchors.files import DirectoryAnchor, FileAnchor
from audits.trail.anchors.mail import note_in
from audits.trail.anchors.models import Anchoring
from audits.trail.checkpoints import log_verifier, newest_checkpoint
from audits.trail.merkle import ProofRefused, Tree, leaf_hash, verify_consistency
from audits.trail.notes import Checkpoint, KeyKind, Signer, open_checkpoint, sign_note
from tests.audits.trail.object_store import BUCKET, locked_bucket
from tests.backup import Backup, append, signed

ORIGIN = "countersign.test/trail"


# The comparison itself: pure.


def tree(*words: str) -> Tree:
    return Tree(leaf_hash(word.encode()) for word in words)


def kept(of: Tree, size: int) -> Remembered:
    return Remembered("somewhere", "a note\n", Checkpoint(ORIGIN, size, of.root(size)))


@pytest.mark.parametrize(
    ("case", "ours", "theirs", "size", "kind"),
    [
        ("the same tree", "abc", "abc", 3, None),
        ("ours has grown", "abcde", "abc", 3, None),
        ("theirs is empty", "abc", "abc", 0, None),
        ("ours is shorter", "ab", "abc", 3, Kind.OLD_COPY),
        ("ours is empty", "", "abc", 3, Kind.OLD_COPY),
        ("an entry differs", "abxd", "abc", 3, Kind.FORK),
        ("two entries changed places", "bac", "abc", 3, Kind.FORK),
        ("what differs comes later", "abx", "abc", 2, None),
    ],
)
def test_a_trail_extends_a_kept_checkpoint_or_contradicts_it(
    case: str, ours: str, theirs: str, size: int, kind: Kind | None
) -> None:
    mine = tree(*ours)
    found = compare(kept(tree(*theirs), size), size=mine.size, root_at=mine.root, ours="", prove=lambda old, new: [])
    assert (found.kind if found else None) == kind, case


# The two accidents, by kind of anchor.


@dataclass(frozen=True)
class Place:
    """An anchor, and the files that must be shown to the check because no machine can read them."""

    setting: str
    files: Callable[[], list[tuple[str, bytes]]] = list


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(params=["file", "directory", "git", "mail", "s3", "storage"])
def place(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[Place]:
    settings.TRAIL_PROOFS_DIR = tmp_path / "proofs"
    settings.STORAGES = settings.STORAGES | {
        "anchors": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "store"},
        }
    }
    (tmp_path / "folder").mkdir()
    git(tmp_path, "init", "--quiet", "repository")
    found = {
        "file": Place(f"file:{tmp_path}/newest"),
        "directory": Place(f"directory:{tmp_path}/folder"),
        "git": Place(f"git:{tmp_path}/repository"),
        "mail": Place("mail:auditor@example.org", lambda: [("saved.eml", mail.outbox[-1].message().as_bytes())]),
        "s3": Place(f"s3:{BUCKET}/trails"),
        "storage": Place("storage:anchors"),
    }[request.param]
    settings.ANCHORS = [found.setting]
    with ExitStack() as running:
        if request.param == "s3":
            running.enter_context(locked_bucket())
        yield found


@pytest.mark.django_db(transaction=True)
class TestRestore:
    def test_a_trail_that_grew_extends_what_was_kept(self, place: Place) -> None:
        signed(3)
        assert publish_outside(at_once=True).kept_by == [place.setting]
        signed(4)
        found = check_outside(files=place.files())
        assert [one.checkpoint.size for one in found.agreeing] == [3]
        assert found.problems == []

    def test_an_old_backup_restored_is_found_and_nothing_is_signed(self, place: Place, settings: Any) -> None:
        signed(3)
        backup = Backup()
        signed(4)
        publish_outside(at_once=True)
        backup.restore()
        with pytest.raises(TrailNotExtended, match=r"holds 3 entries .* over 7\. It is an older copy") as caught:
            check_outside(files=place.files())
        assert caught.value.disagreement.kind is Kind.OLD_COPY
        assert verify().is_whole, "nothing inside the database gives it away"
        if configured_anchors()[0].is_near:
            append(1)
            with pytest.raises(TrailNotExtended):
                publish_checkpoint()
            newest = newest_checkpoint()
            assert newest is not None
            assert newest.size == 3

    def test_a_fork_after_a_restore_is_found_and_both_trees_are_written_out(
        self, place: Place, settings: Settings
    ) -> None:
        signed(3)
        backup = Backup()
        signed(4, "true")
        publish_outside(at_once=True)
        backup.restore()
        # Whoever writes the trail anew also sees to it that nobody compares meanwhile.
        settings.ANCHORS = []
        signed(6, "forged")
        settings.ANCHORS = [place.setting]
        with pytest.raises(TrailNotExtended, match="was written anew") as caught:
            check_outside(files=place.files())
        found = caught.value.disagreement
        assert found.kind is Kind.FORK
        text = caught.value.path.read_text()
        assert found.remembered.note in text
        assert found.ours.rstrip("\n") in text
        kept, ours = (
            open_checkpoint(note, origin=ORIGIN, log_keys=[log_verifier()]).checkpoint
            for note in (found.remembered.note, found.ours)
        )
        assert (kept.size, ours.size) == (7, 9)
        verify_consistency(7, 9, found.proof, found.root, ours.root)
        with pytest.raises(ProofRefused):
            verify_consistency(7, 9, found.proof, kept.root, ours.root)
        assert verify().is_whole, "nothing inside the database gives it away"

    def test_the_same_finding_is_written_once(self, place: Place) -> None:
        signed(3)
        backup = Backup()
        signed(1)
        publish_outside(at_once=True)
        backup.restore()
        paths = []
        for _ in range(2):
            with pytest.raises(TrailNotExtended) as caught:
                check_outside(files=place.files())
            paths.append(caught.value.path)
        assert list(paths[0].parent.iterdir()) == [paths[0]] == [paths[1]]

    def test_a_checkpoint_kept_before_the_fork_agrees_with_both_sides(self, place: Place) -> None:
        signed(3)
        publish_outside(at_once=True)
        backup = Backup()
        signed(4, "true")
        backup.restore()
        signed(5, "other")
        assert check_outside(files=place.files()).agreeing[0].checkpoint.size == 3


# What each kind of place does on its own.


def note_over(size: int, word: str = "a") -> str:
    signer = Signer(ORIGIN, KeyKind.ED25519, bytes(32))
    return sign_note(Checkpoint(ORIGIN, size, leaf_hash(word.encode())).text, signer)


@pytest.mark.parametrize("kind", ["file", "directory", "git", "s3", "storage"])
def test_no_place_replaces_another_note_over_the_same_size(kind: str, tmp_path: Path, settings: Settings) -> None:
    settings.STORAGES = settings.STORAGES | {
        "kept": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        }
    }
    git(tmp_path, "init", "--quiet")
    where = {"file": tmp_path / "newest", "s3": BUCKET, "storage": "kept"}.get(kind, tmp_path)
    settings.ANCHORS = [f"{kind}:{where}"]
    anchor = configured_anchors()[0]
    with locked_bucket() if kind == "s3" else nullcontext():
        anchor.keep(note_over(5), 5)
        anchor.keep(note_over(5), 5)
        with pytest.raises(AnchorFailed, match="already keeps another note over 5 entries"):
            anchor.keep(note_over(5, "b"), 5)
        assert anchor.sizes() == [5]
        assert anchor.read(5) == note_over(5)


def test_a_file_remembers_the_newest_even_when_a_slower_process_comes_with_an_older_one(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "newest")
    anchor.keep(note_over(5), 5)
    anchor.keep(note_over(4), 4)
    assert anchor.sizes() == [5]


def test_a_folder_that_is_not_mounted_is_not_made_anew(tmp_path: Path) -> None:
    anchor = DirectoryAnchor(tmp_path / "not mounted")
    with pytest.raises(AnchorFailed, match="Mount or make the folder"):
        anchor.sizes()
    with pytest.raises(AnchorFailed):
        anchor.keep(note_over(5), 5)
    assert not (tmp_path / "not mounted").exists()


def test_a_git_anchor_pushes_to_its_remote(tmp_path: Path, settings: Settings) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "far")
    git(tmp_path, "clone", "--quiet", "far", "near")
    settings.ANCHORS = [f"git:{tmp_path}/near"]
    configured_anchors()[0].keep(note_over(5), 5)
    assert git(tmp_path / "far", "show", f"HEAD:{file_name(5)}") == note_over(5)


def test_a_folder_that_is_no_repository_is_said_plainly(tmp_path: Path, settings: Settings) -> None:
    settings.ANCHORS = [f"git:{tmp_path}"]
    with pytest.raises(AnchorFailed, match=r"not a git repository.*'git init'"):
        configured_anchors()[0].keep(note_over(5), 5)


def test_a_mailed_note_survives_the_mail_byte_for_byte(settings: Settings) -> None:
    settings.ANCHORS = ["mail:auditor@example.org"]
    configured_anchors()[0].keep(note_over(5), 5)
    sent = mail.outbox[0].message().as_bytes()
    assert note_in(sent) == note_in(sent.replace(b"\n", b"\r\n")) == note_over(5)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"Subject: hello\n\nno attachment\n"])
def test_a_file_without_a_note_is_refused(content: bytes) -> None:
    with pytest.raises(AnchorFailed, match="neither a signed checkpoint nor a message"):
        note_in(content)


@pytest.mark.parametrize(
    "name", ["5.checkpoint", "newest", f"{5:020}.txt", f"-{5:019}.checkpoint", f"{5:020}.checkpoint.1", "٣" * 20]
)
def test_files_of_others_are_passed_over(name: str) -> None:
    assert size_in(name) is None
    assert size_in(file_name(5)) == 5


@pytest.mark.parametrize("setting", ["file:", "usb:/mnt", "/mnt", ""])
def test_an_anchor_that_nobody_understands_is_refused_with_the_kinds_there_are(
    setting: str, settings: Settings
) -> None:
    settings.ANCHORS = [setting]
    with pytest.raises(ImproperlyConfigured, match="file, directory, git, mail, s3, storage"):
        configured_anchors()


# How often, and what stands in the way.


@pytest.mark.django_db(transaction=True)
class TestHandingOut:
    def test_a_place_gets_one_checkpoint_in_each_interval(self, tmp_path: Path, settings: Settings) -> None:
        settings.ANCHORS = [f"file:{tmp_path}/newest", f"directory:{tmp_path}"]
        settings.ANCHOR_SECONDS = 3600
        for _ in range(3):
            signed(1)
            publish_outside()
        assert [anchor.sizes() for anchor in configured_anchors()] == [[3], [1]]
        settings.ANCHOR_SECONDS = 0
        publish_outside()
        publish_outside()
        assert configured_anchors()[1].sizes() == [1, 3]
        assert Anchoring.objects.get().size == 3

    def test_a_place_that_fails_does_not_keep_the_others_from_theirs(self, tmp_path: Path, settings: Settings) -> None:
        settings.ANCHORS = [f"directory:{tmp_path}/missing", f"file:{tmp_path}/newest"]
        signed(1)
        found = publish_outside()
        assert found.kept_by == [f"file:{tmp_path}/newest"]
        assert len(found.problems) == 1

    def test_a_file_by_another_hand_neither_stops_us_nor_hides_ours(self, tmp_path: Path, settings: Settings) -> None:
        settings.ANCHORS = [f"directory:{tmp_path}"]
        signed(3)
        backup = Backup()
        signed(2)
        publish_outside()
        (tmp_path / file_name(99)).write_text(note_over(99))
        (tmp_path / file_name(100)).write_text("no note at all")
        assert len(check_outside().problems) == 2
        backup.restore()
        with pytest.raises(TrailNotExtended):
            check_outside()

    def test_every_kept_note_is_compared_when_asked_for(self, tmp_path: Path, settings: Settings) -> None:
        settings.ANCHORS = [f"directory:{tmp_path}"]
        signed(2)
        backup = Backup()
        signed(2, "true")
        publish_outside(at_once=True)
        backup.restore()
        settings.ANCHORS = []
        signed(4, "forged")
        # Kept by a second run over the forged trail, whose operator looked at nothing.
        newest = newest_checkpoint()
        assert newest is not None
        DirectoryAnchor(tmp_path).keep(newest.note, newest.size)
        settings.ANCHORS = [f"directory:{tmp_path}"]
        assert [one.checkpoint.size for one in check_outside().agreeing] == [6]
        with pytest.raises(TrailNotExtended, match="was written anew"):
            check_outside(every=True)

    def test_the_store_keeps_the_note_with_its_own_bytes(self, tmp_path: Path, settings: Settings) -> None:
        settings.STORAGES = settings.STORAGES | {
            "anchors": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": tmp_path},
            }
        }
        settings.ANCHORS = ["storage:anchors"]
        signed(1)
        publish_outside()
        newest = newest_checkpoint()
        assert newest is not None
        with storages["anchors"].open(file_name(1)) as file:
            assert file.read().decode() == newest.note


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL waits for the disk with every commit")
def test_what_is_signed_is_on_the_disk_first() -> None:
    """Else a power cut could take entries away whose checkpoint others keep: a false alarm that nobody can end."""
    levels = []

    def look(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        levels.append((sql.split("(")[0], connection.connection.execute("PRAGMA synchronous").fetchone()[0]))
        return execute(sql, *rest)

    append(1)
    with connection.execute_wrapper(look):
        publish_checkpoint()
    assert ('INSERT INTO "audits_checkpoint" ', 2) in levels
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA synchronous").fetchone()[0] == 1


@pytest.mark.django_db(transaction=True)
class TestCommands:
    def test_publish_signs_and_keeps_and_check_agrees(
        self, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings.ANCHORS = [f"directory:{tmp_path}"]
        append(2)
        call_command("publish_checkpoint")
        assert f"kept       directory:{tmp_path}" in capsys.readouterr().out
        call_command("check_anchors")
        assert "The trail extends every checkpoint that is kept elsewhere." in capsys.readouterr().out

    def test_check_is_shown_a_saved_message(
        self, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings.TRAIL_PROOFS_DIR = tmp_path / "proofs"
        settings.ANCHORS = ["mail:auditor@example.org"]
        signed(1)
        backup = Backup()
        signed(1)
        call_command("publish_checkpoint")
        saved = tmp_path / "saved.eml"
        saved.write_bytes(mail.outbox[-1].message().as_bytes())
        call_command("check_anchors", str(saved))
        assert f"agrees       2 entries, kept by {saved}" in capsys.readouterr().out
        backup.restore()
        with pytest.raises(CommandError, match="It is an older copy"):
            call_command("check_anchors", str(saved))

    @pytest.mark.parametrize("command", ["publish_checkpoint", "check_anchors"])
    def test_a_place_that_cannot_be_used_is_exit_status_two(
        self, command: str, tmp_path: Path, settings: Settings
    ) -> None:
        settings.ANCHORS = [f"directory:{tmp_path}/missing"]
        signed(1)
        with pytest.raises(SystemExit) as caught:
            call_command(command)
        assert caught.value.code == 2
