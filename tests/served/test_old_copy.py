"""An installation whose database was put back from an old copy does not start, and says why and what to do."""

import re
import shutil
from pathlib import Path

from tests.installation import Installation


def test_serve_stops_with_a_clear_sentence_and_the_proof(tmp_path: Path) -> None:
    ours = Installation.migrated(tmp_path)
    database, copy = tmp_path / "countersign.sqlite3", tmp_path / "copy.sqlite3"

    def account(login: str) -> None:
        made = ours.manage("create_account", login, "--kind", "pipeline")
        assert made.returncode == 0, made.stderr
        published = ours.manage("publish_checkpoint")
        assert published.returncode == 0, published.stderr

    account("one")
    shutil.copy(database, copy)
    account("two")
    for rest in ("-wal", "-shm"):
        Path(f"{database}{rest}").unlink(missing_ok=True)
    shutil.copy(copy, database)

    for command in (["serve", "--port", "0"], ["dispatch"], ["check_anchors"], ["publish_checkpoint"]):
        refused = ours.manage(*command)
        assert refused.returncode == 1, (command, refused.stdout, refused.stderr)
        assert "This database holds 1 entries of the trail" in refused.stderr
        assert f"file:{tmp_path}/last-checkpoint keeps a checkpoint that we signed over 2" in refused.stderr
        assert "Traceback" not in refused.stderr
    proof = re.search(r"Both signed notes are in (\S+);", ours.manage("check_anchors").stderr)
    assert proof
    assert Path(proof[1]).read_text().count("— countersign.local/trail ") == 2
    assert ours.rows("SELECT size FROM audits_head") == [(1,)], "nothing was recorded on the old copy"
