"""What was committed before a checkpoint is signed lies in the file of SQLite, so that no act has to put it there."""

import sqlite3

import pytest
from django.db import connection

from audits.trail import Actor, now, record
from audits.trail.durability import on_disk_first


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL waits for the disk with every commit")
@pytest.mark.django_db(transaction=True)
def test_the_log_is_emptied_into_the_file_before_the_lock_is_taken() -> None:
    with record(actor=Actor.process("command:test"), at=now()) as recording:
        recording.note(action="model.registered", subject="model/a")
    with on_disk_first():
        # Immutable: read without the log that belongs to it.
        file = sqlite3.connect(f"file:{connection.settings_dict['NAME']}?immutable=1", uri=True)
        try:
            assert file.execute("SELECT count(*) FROM audits_entry").fetchone() == (1,)
        finally:
            file.close()
