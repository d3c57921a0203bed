"""An installation whose database was put back from an old copy does not start, and says why and what to do."""

import re
import shutil
from pathlib import Path

from tests.installation import STARTED_BY, Installation
from tests.mailbox import mailbox


def signed_account(login: str) -> list[list[str]]:
    return [["create_account", login, "--kind", "pipeline"], ["publish_checkpoint"]]


def test_serve_stops_with_a_clear_sentence_and_the_proof(tmp_path: Path) -> None:
    ours = Installation.migrated(tmp_path)
    database, copy = tmp_path / "countersign.sqlite3", tmp_path / "copy.sqlite3"

    ours.in_turn(*signed_account("one"))
    shutil.copy(database, copy)
    ours.in_turn(*signed_account("two"))
    for rest in ("-wal", "-shm"):
        Path(f"{database}{rest}").unlink(missing_ok=True)
    shutil.copy(copy, database)

    for command in (["serve", "--port", "0"], ["dispatch"], ["publish_checkpoint"], ["check_anchors"]):
        refused = ours.manage(*command)
        assert refused.returncode == 1, (command, refused.stdout, refused.stderr)
        assert "This database holds 1 entries of the trail" in refused.stderr
        assert f"file:{tmp_path}/last-checkpoint keeps a checkpoint that we signed over 2" in refused.stderr
        assert "Traceback" not in refused.stderr
    proof = re.search(r"Both signed notes are in (\S+);", refused.stderr)
    # What an organisation starts by itself says so in its log.
    for process in ("web server", "worker"):
        refused = ours.run(*STARTED_BY[process])
        assert refused.returncode != 0, process
        assert "This database holds 1 entries of the trail" in refused.stdout + refused.stderr, process
    assert proof
    assert Path(proof[1]).read_text().count("— countersign.local/trail ") == 2
    assert ours.rows("SELECT size FROM audits_head") == [(1,)], "nothing was recorded on the old copy"


def test_a_message_that_an_auditor_saved_tells_an_old_copy(tmp_path: Path) -> None:
    """Sent over a mail server's own line, stored as it came, and shown to the check a database later."""
    with mailbox() as box:
        settings = {"COUNTERSIGN_MAIL_URL": box.url, "COUNTERSIGN_ANCHORS": "mail:auditor@example.org"}
        ours = Installation.migrated(tmp_path / "ours", **settings)
        database = tmp_path / "ours" / "countersign.sqlite3"
        for number, login in enumerate(("one", "two"), 1):
            if login == "two":
                shutil.copy(database, tmp_path / "copy")
            ours.in_turn(*signed_account(login))
            (tmp_path / f"{number}.eml").write_bytes(box.messages[-1])
    agreed = ours.manage("check_anchors", str(tmp_path / "1.eml"), str(tmp_path / "2.eml"))
    assert agreed.returncode == 0, agreed.stderr
    assert agreed.stdout.count("agrees") == 2
    for rest in ("-wal", "-shm"):
        Path(f"{database}{rest}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy", database)
    assert ours.manage("check_anchors", str(tmp_path / "1.eml")).returncode == 0
    refused = ours.manage("check_anchors", str(tmp_path / "2.eml"))
    assert refused.returncode == 1
    assert f"{tmp_path / '2.eml'} keeps a checkpoint that we signed over 2" in refused.stderr
