"""Are the guards that the migrations put up still in place?

Asked of the database's own catalogue. Whoever owns the database can loosen a guard, forge, and put it back: what
was forged is found by `verify`, what is loose is found here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from audits.trail.append_only import FUNCTION as REFUSE
from audits.trail.append_only import guarded_models, triggers
from audits.trail.models import Entry, Head
from audits.trail.numbering import FOLLOW
from audits.trail.numbering import FUNCTION as APPEND

# What pg_trigger.tgtype holds for our two triggers: 1 row, 2 before, 8 delete, 16 update, 32 truncate.
_TYPES = {"_no_change": 1 | 2 | 8 | 16, "_no_truncate": 2 | 32}
_FIRES = {"O", "A"}


class Looseness(StrEnum):
    MISSING = "missing"
    OFF = "off"
    REWRITTEN = "rewritten"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class LooseGuard:
    """A guard that is not as it was put up, or something put up beside it that could get round it."""

    name: str
    looseness: Looseness
    sentence: str


def loose_guards() -> list[LooseGuard]:
    """Return what in the catalogue differs from what the migrations left there. Changes nothing."""
    return list(_loose_on_postgresql() if connection.vendor == "postgresql" else _loose_on_sqlite())


def missing_guards() -> list[str]:
    """Return the names of the triggers, functions, rules and tables that are not as the migrations left them."""
    return [guard.name for guard in loose_guards()]


def _missing(name: str) -> LooseGuard:
    return LooseGuard(name, Looseness.MISSING, f"The trigger {name} is missing.")


def _rewritten(name: str, what: str) -> LooseGuard:
    return LooseGuard(name, Looseness.REWRITTEN, f"{what} {name} is not the one that was installed.")


def _added(name: str, what: str, table: str) -> LooseGuard:
    return LooseGuard(name, Looseness.ADDED, f"{what} {name} on the table {table} was not put there by a migration.")


def _guarded_tables() -> list[str]:
    return [model._meta.db_table for model in guarded_models()]


def _body(function: str) -> str:
    """Return what PostgreSQL keeps of a function's text: all between the dollar quotes."""
    return function.split("$$")[1]


def _loose_on_postgresql() -> Iterator[LooseGuard]:
    guarded = _guarded_tables()
    watched = [*guarded, Head._meta.db_table]
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        if (role := cursor.fetchone()[0]) != "origin":
            yield LooseGuard(
                "session_replication_role",
                Looseness.OFF,
                f"This session has the replication role {role}: no trigger fires.",
            )
        cursor.execute(
            "SELECT relname, relkind, relrowsecurity FROM pg_class "
            "WHERE relname = ANY(%s) AND pg_table_is_visible(oid)",
            [watched],
        )
        yield from _loose_tables(watched, {name: (kind, hides) for name, kind, hides in cursor.fetchall()})
        cursor.execute(_TRIGGERS, [watched])
        yield from _loose_triggers(guarded, cursor.fetchall())
        cursor.execute(
            "SELECT r.rulename, c.relname FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class "
            "WHERE c.relname = ANY(%s) AND c.relkind <> 'v' AND pg_table_is_visible(c.oid) ORDER BY 1",
            [watched],
        )
        for rule, table in cursor.fetchall():
            yield _added(rule, "The rule", table)
        cursor.execute(
            "SELECT p.prosrc, l.lanname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang "
            "WHERE p.proname = 'countersign_append' AND pg_function_is_visible(p.oid)"
        )
        if cursor.fetchall() != [(_body(APPEND), "plpgsql")]:
            yield _rewritten("countersign_append", "The function")


def _loose_tables(watched: list[str], found: dict[str, tuple[str, bool]]) -> Iterator[LooseGuard]:
    for table in watched:
        kind, hides = found.get(table, ("", False))
        if kind != "r":
            yield LooseGuard(table, Looseness.REWRITTEN, f"{table} is no table any more.")
        if hides:
            yield LooseGuard(table, Looseness.ADDED, f"Row security on the table {table} can hide rows.")


_TRIGGERS = """
SELECT c.relname, t.tgname, t.tgisinternal, t.tgenabled, t.tgtype,
    t.tgqual IS NULL AND t.tgattr::text = '' AND t.tgnargs = 0 AND t.tgconstraint = 0
        AND p.proconfig IS NULL AND l.lanname = 'plpgsql',
    p.proname, p.prosrc, k.conname
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE c.relname = ANY(%s) AND pg_table_is_visible(c.oid)
ORDER BY c.relname, t.tgname
"""


def _loose_triggers(
    guarded: list[str], found: list[tuple[str, str, bool, str, int, bool, str, str, str]]
) -> Iterator[LooseGuard]:
    missing = {table + end for table in guarded for end in _TYPES}
    for table, name, is_internal, enabled, kind, is_plain, function, body, constraint in found:
        if is_internal:
            # The foreign keys by which no row stands without its entry are triggers too, and can be switched off.
            if enabled not in _FIRES:
                sentence = f"The constraint {constraint} on the table {table} is switched off."
                yield LooseGuard(constraint, Looseness.OFF, sentence)
            continue
        if name not in missing:
            yield _added(name, "The trigger", table)
            continue
        missing.discard(name)
        expected = (True, _TYPES[name.removeprefix(table)], "countersign_append_only", _body(REFUSE))
        if enabled not in _FIRES:
            yield LooseGuard(name, Looseness.OFF, f"The trigger {name} is switched off.")
        elif (is_plain, kind, function, body) != expected:
            yield _rewritten(name, "The trigger (or its function)")
    for name in sorted(missing):
        yield _missing(name)


def _loose_on_sqlite() -> Iterator[LooseGuard]:
    follow = f"{Entry._meta.db_table}_head_follows"
    expected = {name: text for model in guarded_models() for name, text in triggers(model, "sqlite").items()}
    expected[follow] = FOLLOW.strip()
    watched = [*_guarded_tables(), Head._meta.db_table]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        found = {name: (table, text.strip()) for name, table, text in cursor.fetchall()}
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {name for (name,) in cursor.fetchall()}
    for name, text in expected.items():
        if name not in found:
            yield _missing(name)
        elif found[name][1] != text:
            yield _rewritten(name, "The trigger")
    for name, (table, _) in found.items():
        if name not in expected and table in watched:
            yield _added(name, "The trigger", table)
    for table in watched:
        if table not in tables:
            yield LooseGuard(table, Looseness.REWRITTEN, f"{table} is no table any more.")
