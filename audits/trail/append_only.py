"""How does the database itself refuse to change or remove what was recorded?

`AppendOnly` is a migration operation; `audits.trail.guards` asks the catalogue whether its triggers are still there.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

FUNCTION = """
CREATE OR REPLACE FUNCTION countersign_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$
"""


def _postgresql(table: str) -> dict[str, str]:
    return {
        f"{table}_no_change": f'CREATE TRIGGER "{table}_no_change" BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION countersign_append_only()",
        # TRUNCATE fires no row trigger.
        f"{table}_no_truncate": f'CREATE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only()",
    }


def _sqlite(table: str, keys: Iterable[tuple[str, ...]]) -> dict[str, str]:
    # INSERT OR REPLACE deletes the row in its way without firing delete triggers unless the connection asks for
    # them, so the insert itself is refused when any key is already taken.
    taken = " OR ".join("(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in key) + ")" for key in keys)

    def abort(verb: str) -> str:
        return f"SELECT RAISE(ABORT, '{table} is append-only: {verb} refused');"

    return {
        f"{table}_no_update": f'CREATE TRIGGER "{table}_no_update" BEFORE UPDATE ON "{table}" '
        f"BEGIN {abort('UPDATE')} END",
        f"{table}_no_delete": f'CREATE TRIGGER "{table}_no_delete" BEFORE DELETE ON "{table}" '
        f"BEGIN {abort('DELETE')} END",
        f"{table}_no_replace": f'CREATE TRIGGER "{table}_no_replace" BEFORE INSERT ON "{table}" '
        f'WHEN EXISTS (SELECT 1 FROM "{table}" WHERE {taken}) BEGIN {abort("REPLACE")} END',
    }


def _keys(model: type[models.Model]) -> list[tuple[str, ...]]:
    """Return every set of columns that is unique in the table, in an order that migrations cannot change."""
    fields = model._meta.concrete_fields
    column = {field.name: str(field.column) for field in fields}
    keys: list[tuple[str, ...]] = [(column[field.name],) for field in fields if field.primary_key or field.unique]
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            keys.append(tuple(column[name] for name in constraint.fields))
    return sorted(set(keys))


def triggers(model: type[models.Model], vendor: str) -> dict[str, str]:
    """Return the triggers that guard `model` on this database, by name."""
    if vendor == "postgresql":
        return _postgresql(model._meta.db_table)
    return _sqlite(model._meta.db_table, _keys(model))


class AppendOnly(Operation):
    """Refuse update, delete, truncate and replace on a model's table, in the database."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, name: str) -> None:
        self.name = name

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        vendor = schema_editor.connection.vendor
        if vendor == "postgresql":
            schema_editor.execute(FUNCTION, params=None)
        for statement in triggers(model, vendor).values():
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.name)
        vendor = schema_editor.connection.vendor
        on = f' ON "{model._meta.db_table}"' if vendor == "postgresql" else ""
        for name in triggers(model, vendor):
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}', params=None)

    def describe(self) -> str:
        return f"Make {self.name} append-only"


class LiftGuards(AppendOnly):
    """Let the next operations change the table itself; an `AppendOnly` MUST follow in the same migration."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        super().database_backwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        super().database_forwards(app_label, schema_editor, to_state, from_state)

    def describe(self) -> str:
        return f"Lift the guards of {self.name} while its table changes"


def guarded_models() -> list[type[models.Model]]:
    """Return every model whose table is append-only: the trail's own and all recorded rows."""
    from_trail = {
        *("audits.entry", "audits.trailtile", "audits.checkpoint"),
        *("audits.cosignature", "audits.witnessedcheckpoint"),
    }
    return [
        model
        for model in apps.get_models()
        if model._meta.label_lower in from_trail or any(base.__name__ == "Recorded" for base in model.__mro__)
    ]
