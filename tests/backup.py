"""A copy of the whole database as it was, put back later: what an operator does with a dump."""

from typing import Any

from django.apps import apps
from django.db import connection, models

from audits.trail import Actor, now, publish_checkpoint, record
from audits.trail.witnessing.models import WitnessedCheckpoint
from tests.conftest import triggers_lifted

FLOORS = {"audits", "registry", "governance"}


def append(entries: int, word: str = "an") -> None:
    """Record so many acts that leave no rows."""
    for _ in range(entries):
        with record(actor=Actor.process("command:test"), at=now()) as trail:
            trail.note(action="report.exported", subject=f"test/{word}", data={"word": word})


def signed(entries: int, word: str = "an") -> int:
    """Record so many acts, sign, and return the size."""
    append(entries, word)
    checkpoint = publish_checkpoint()
    assert checkpoint is not None
    return checkpoint.size


class Backup:
    """Every row of ours, but not what we remember as a witness: that is another installation's database."""

    def __init__(self) -> None:
        self._tables = {model: self._rows(model) for model in self._models()}

    def restore(self) -> None:
        with triggers_lifted(), connection.constraint_checks_disabled(), connection.cursor() as cursor:
            for model, (columns, rows) in self._tables.items():
                table = connection.ops.quote_name(model._meta.db_table)
                names = ", ".join(connection.ops.quote_name(name) for name in columns)
                cursor.execute(f"DELETE FROM {table}")
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})", rows)

    def _models(self) -> list[type[models.Model]]:
        ours = [model for model in apps.get_models() if model._meta.app_label in FLOORS]
        return [model for model in ours if model is not WitnessedCheckpoint]

    def _rows(self, model: type[models.Model]) -> tuple[list[str], list[Any]]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")
            return [column[0] for column in cursor.description], cursor.fetchall()
