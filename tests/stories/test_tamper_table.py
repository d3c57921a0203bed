"""Who can tamper with what, and what comes of it: each cell of the table below is one test.

The trail has three parts: entries under a checkpoint that an auditor keeps, entries under a checkpoint that nobody
outside has seen, and entries that were recorded after the last checkpoint.

The attackers:
- the application: a role with the rights that `database_roles --sql` prints; on SQLite the application's connection.
- the owner of the database, who lifts the triggers, changes one thing and recomputes nothing.
- the owner who recomputes every value that needs no key: numbers, links, hashes, chain, head, tree and tiles.
- the owner who holds the keys as well, proves every entry and signs every checkpoint anew.

What comes of it:
- stopped: the database refuses.
- `code @ place`: `verify` finds a flaw with this code and, at this place, its index.
- fork, old copy: nothing inside the database gives it away; the checkpoint that the auditor keeps does.
- LIMIT: nobody can tell. docs/explanation/threat-model.md says so.

Each cell is asked of `verify`, of the command `verify_trail`, and, with a bundle, our key and what the auditor keeps,
of the offline verifier and of a second one: all four give the same verdict about the same place.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from audits.evidence import local_path
from audits.trail import Entry, TrailNotExtended, check_outside, now, verify
from audits.trail.anchors.comparison import Kind
from audits.trail.checkpoints import publish_checkpoint
from audits.trail.numbering import append as place_entries
from audits.trail.signing import log_signer
from governance.selectors.projections import PROJECTIONS
from governance.services.bundles import export_bundle
from tests import forgery, make
from tests.audits.trail.small_bundle import verdict
from tests.backup import append
from tests.forgery import Rewrite, forge, rewrite_trail
from tests.roles import acting_as, application_role

pytestmark = pytest.mark.django_db(transaction=True)

on_postgresql = connection.vendor == "postgresql"

STOPPED, FORK, OLD_COPY, LIMIT = "stopped", "fork", "old copy", "LIMIT"
NONE = ""

COLUMNS = (
    "application",
    "owner",
    "owner who recomputes, signed entry",
    "owner who recomputes, unsigned entry",
    "owner with keys, entry the auditor's checkpoint covers",
    "owner with keys, entry nobody outside has seen",
)

# fmt: off
CHECKPOINT = "checkpoint_differs @ checkpoint"
TEXT, COLUMN, ROW = "text_changed @ entry", "column_differs @ entry", "row_changed @ row"
GONE, BROKEN, AGAIN = "entry_missing @ entry", "chain_broken @ next", "column_differs @ end"
SHORT = "trail_shorter_than_checkpoint @ newest"
UNPROVED, DISPROVED, ROW_DISPROVED = "proof_missing @ entry", "proof_wrong @ entry", "proof_wrong @ row"
FORGED = "proof_missing @ end"
SHIFTED, ADDED = "entry_missing @ first", "chain_broken @ end"
TABLE = {
    # case                            application  owner    recomputes  unsigned       keys      keys, unseen
    "edit the text of an entry":        (STOPPED,  TEXT,    CHECKPOINT, DISPROVED,     FORK,     LIMIT),
    "edit a column kept for searching": (STOPPED,  COLUMN,  COLUMN,     COLUMN,        COLUMN,   COLUMN),
    "edit a recorded row":              (STOPPED,  ROW,     CHECKPOINT, ROW_DISPROVED, FORK,     LIMIT),
    "delete an entry in the middle":    (STOPPED,  GONE,    CHECKPOINT, LIMIT,         FORK,     LIMIT),
    "delete the first entry":           (STOPPED,  SHIFTED, CHECKPOINT, NONE,          FORK,     NONE),
    "delete the last entries":          (STOPPED,  SHORT,   SHORT,      LIMIT,         OLD_COPY, LIMIT),
    "insert an entry in the middle":    (STOPPED,  BROKEN,  CHECKPOINT, UNPROVED,      FORK,     LIMIT),
    "append an event that never was":   (FORGED,   ADDED,   NONE,       FORGED,        NONE,     LIMIT),
    "swap two entries":                 (STOPPED,  TEXT,    CHECKPOINT, LIMIT,         FORK,     LIMIT),
    "replay an entry":                  (STOPPED,  ADDED,   AGAIN,      AGAIN,         AGAIN,    AGAIN),
    "move an entry to another tenant":  (STOPPED,  TEXT,    COLUMN,     COLUMN,        COLUMN,   COLUMN),
    "replace an entry by inserting it": (STOPPED,  TEXT,    CHECKPOINT, DISPROVED,     FORK,     LIMIT),
}
# fmt: on

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "threat-model.md"

CELLS = [
    pytest.param(case, column, expected, id=f"{case} - {column} - {expected}")
    for case, row in TABLE.items()
    for column, expected in zip(COLUMNS, row, strict=True)
    if expected != NONE
]


@dataclass(frozen=True)
class Place:
    """Where the attack aims: an entry about no row, the row's entry before it, and the ends around both."""

    entry: int
    row: int
    size: int
    checkpoint: int
    newest: int

    @property
    def indexes(self) -> dict[str, int]:
        return {
            "entry": self.entry,
            "next": self.entry + 1,
            "row": self.row,
            "first": 0,
            "end": self.size,
            "checkpoint": self.checkpoint,
            "newest": self.newest,
        }


@dataclass(frozen=True)
class Trail:
    """The trail under attack: one place to aim at in each of its parts, and what the auditor keeps of it."""

    seen: Place
    unseen: Place
    unsigned: Place
    kept: bytes


@pytest.fixture
def trail() -> Trail:
    pipeline = make.contributor()
    aims, signed = [], []
    for name in ("seen", "unseen", "unsigned"):
        make.model(pipeline, name=name)
        first_note = Entry.objects.count()
        append(4)
        row = Entry.objects.filter(action="model.registered").order_by("index").last()
        assert row
        aims.append((first_note + 1, row.index))
        if name != "unsigned":
            signed.append(publish_checkpoint())
    size = Entry.objects.count()
    auditors, newest = signed
    assert auditors
    assert newest
    covered_by = (auditors.size, newest.size, newest.size)
    places = [Place(*aim, size, by, newest.size) for aim, by in zip(aims, covered_by, strict=True)]
    return Trail(*places, kept=auditors.note.encode())


@pytest.fixture
def application() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Act with the rights that the application has in production."""
    if connection.vendor == "sqlite":
        yield nullcontext
        return
    with application_role() as role:
        yield lambda: acting_as(role)


# How each case is done. In the statements, {entry} and its like stand for the indexes of the place aimed at.


def copying(of: str, **instead: str) -> str:
    """Return the statement that inserts a copy of an entry, with other values in some columns."""
    columns = [
        *("id", '"index"', "recorded_at", "actor", "action", "subject", "subject_number"),
        *("text", "leaf_hash", "chain_hash", "proof"),
    ]
    values = [instead.get(column.strip('"'), column) for column in columns]
    source = f'SELECT {", ".join(values)} FROM audits_entry WHERE "index" = {of}'
    return f"INSERT INTO audits_entry ({', '.join(columns)}) {source}"


NEW_ID = "gen_random_uuid()" if on_postgresql else "lower(hex(randomblob(16)))"
EDIT = 'UPDATE audits_entry SET text = replace(text, \'"v":1\', \'"v":2\') WHERE "index" = {entry}'
DELETE = 'DELETE FROM audits_entry WHERE "index" = {entry}'
CUT = 'DELETE FROM audits_entry WHERE "index" >= {entry}'
HEAD_FOLLOWS = (
    'UPDATE audits_head SET size = (SELECT max("index") + 1 FROM audits_entry), chain_hash = '
    '(SELECT chain_hash FROM audits_entry ORDER BY "index" DESC LIMIT 1)'
)
MAKE_ROOM = (
    'UPDATE audits_entry SET "index" = -("index" + 2) WHERE "index" >= {entry}',
    'UPDATE audits_entry SET "index" = -"index" - 1 WHERE "index" < 0',
)
SWAP = (
    'UPDATE audits_entry SET text = (SELECT o.text FROM audits_entry o WHERE o."index" = '
    '2 * {entry} + 1 - audits_entry."index") WHERE "index" IN ({entry}, {next})'
)
REPLACE = (
    f"{copying('{entry}')} ON CONFLICT (id) DO UPDATE SET text = 'forged'"
    if on_postgresql
    else copying("{entry}", text="'forged'").replace("INSERT", "INSERT OR REPLACE", 1)
)


def twice(place: Place) -> None:
    """Add an entry a second time at the end, with everything around it as it should be."""
    entry, last = Entry.objects.get(index=place.entry), Entry.objects.get(index=place.size - 1)
    end = Entry.objects.filter(subject=entry.subject).order_by("-subject_number")[0].subject_number
    forge(copying("{entry}", id=NEW_ID, index="{end}", subject_number=str(end + 1)).format(**place.indexes))
    chain = hashlib.sha256(bytes(last.chain_hash) + bytes(entry.leaf_hash)).hexdigest()
    literal = f"'\\x{chain}'" if on_postgresql else f"x'{chain}'"
    forge(f'UPDATE audits_entry SET chain_hash = {literal} WHERE "index" = {place.size}', HEAD_FOLLOWS)


@dataclass(frozen=True)
class Attack:
    """What the application tries, each for itself; what the owner does; what somebody who recomputes does instead.

    Without `rewrite` or `instead` there is nothing that could be recomputed: they do what the owner does. `gets` is
    what the application is not stopped from.
    """

    tries: tuple[str, ...]
    does: tuple[str, ...]
    rewrite: Rewrite | None = None
    instead: Callable[[Place], None] | None = None
    gets: Callable[[], None] | None = None


def append_what_never_was() -> None:
    with transaction.atomic():
        place_entries([forgery.forged_draft()], actor="person:else", at=now())


CHANGES_TYPE = "ALTER TABLE audits_entry ALTER COLUMN text TYPE text USING replace(text, 'model', 'medal')"
ACTOR = "UPDATE audits_entry SET actor = 'person:else' WHERE \"index\" = {entry}"
OF_THE_ROW = '(SELECT id FROM audits_entry WHERE "index" = {row})'
ROW_EDIT = f"UPDATE registry_registeredmodel SET risk_tier = 'low' WHERE entry_id = {OF_THE_ROW}"
# Only PostgreSQL knows who may change a table; for SQLite see the test of removed guards below.
TRUNCATE = ("TRUNCATE audits_entry CASCADE", "DROP TABLE audits_entry CASCADE") if on_postgresql else ()
ATTACKS = {
    "edit the text of an entry": Attack((EDIT, *([CHANGES_TYPE] if on_postgresql else [])), (EDIT,), forgery.edit),
    "edit a column kept for searching": Attack((ACTOR,), (ACTOR,)),
    "edit a recorded row": Attack((ROW_EDIT,), (ROW_EDIT,), forgery.rebind),
    "delete an entry in the middle": Attack((DELETE, *TRUNCATE), (DELETE,), forgery.delete),
    "delete the first entry": Attack(
        ('DELETE FROM audits_entry WHERE "index" = 0',),
        ('DELETE FROM audits_entry WHERE "index" = 0',),
        forgery.delete_first,
    ),
    "delete the last entries": Attack((CUT,), (CUT, HEAD_FOLLOWS), forgery.cut),
    "insert an entry in the middle": Attack(
        (MAKE_ROOM[0], copying("{entry}", id=NEW_ID, subject="'test/forged'")),
        (*MAKE_ROOM, copying("{next}", id=NEW_ID, index="{entry}", subject="'test/forged'"), HEAD_FOLLOWS),
        forgery.insert,
    ),
    "append an event that never was": Attack(
        (),
        (copying("{entry}", id=NEW_ID, index="{end}", subject="'test/forged'", proof="NULL"), HEAD_FOLLOWS),
        forgery.add,
        gets=append_what_never_was,
    ),
    "swap two entries": Attack((SWAP,), (SWAP,), forgery.swap),
    "replay an entry": Attack(
        (copying("{entry}"), copying("{entry}", index="{end}")),
        (copying("{entry}", id=NEW_ID, index="{end}", subject_number="1000"), HEAD_FOLLOWS),
        instead=twice,
    ),
    "move an entry to another tenant": Attack(
        (EDIT.replace('"v":1', '"log":"countersign'),),
        (EDIT.replace('"v":1', '"log":"countersign').replace('"v":2', '"log":"elsewhere'),),
        forgery.other_tenant,
    ),
    "replace an entry by inserting it": Attack((REPLACE,), (REPLACE,), forgery.edit),
}


@pytest.mark.parametrize(("case", "column", "expected"), CELLS)
def test_cell(
    case: str, column: str, expected: str, trail: Trail, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    attack = ATTACKS[case]
    if column == "application":
        acting = request.getfixturevalue("application")
        for statement in attack.tries:
            with acting(), connection.cursor() as cursor, pytest.raises(DatabaseError) as refused:
                cursor.execute(statement.format(**trail.seen.indexes))
            assert_refused(refused.value)
        assert verify().is_whole
        if attack.gets:
            with acting():
                attack.gets()
            assert_comes_of_it(expected, trail.unsigned, trail)
            assert_the_command_says_so()
        return
    place = trail.unsigned if "unsigned" in column else trail.unseen if "nobody" in column else trail.seen
    if column == "owner" or not (attack.rewrite or attack.instead):
        forge(*(statement.format(**place.indexes) for statement in attack.does))
    elif attack.instead:
        attack.instead(place)
    else:
        if attack.rewrite is forgery.rebind:
            forge(*(statement.format(**place.indexes) for statement in attack.does))
        assert attack.rewrite
        rewrite_trail(attack.rewrite, place.entry, sign="keys" in column)
    assert_comes_of_it(expected, place, trail)
    assert_the_command_says_so()
    if (case, column) not in {(one, "owner") for one in NOT_IN_A_BUNDLE}:
        assert_an_outsider_says_so(case, expected, place, trail, tmp_path)


# A bundle holds the texts and one checkpoint: no columns, no chain, no rows.
NOT_IN_A_BUNDLE = {
    "edit a recorded row",
    # SQLite's head follows the insert back into the middle, and nothing can be recorded any more, no export either.
    "replace an entry by inserting it",
}
# Nor does it hold proofs, which nobody without their key could check.
ONLY_WITH_THE_PROOFS = (UNPROVED, DISPROVED, ROW_DISPROVED, FORGED)
IN_ITS_WORDS = {
    "text_changed": {"text_changed"},
    "column_differs": {"column_differs", "entry_foreign"},
    "entry_missing": {"column_differs", "entry_missing"},
    "chain_broken": {"column_differs"},
    "checkpoint_differs": {"checkpoint_differs"},
    "trail_forked": {"trail_forked"},
    "trail_shorter_than_checkpoint": {"trail_shorter_than_checkpoint"},
}
WHOLE, TAMPERED, WHOLE_BUT_UNWITNESSED = 0, 1, 3


def assert_the_command_says_so() -> None:
    flaws, said, status = verify(projections=PROJECTIONS).flaws, StringIO(), WHOLE
    try:
        call_command("verify_trail", workers=1, stdout=said)
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == (TAMPERED if flaws else WHOLE)
    assert all(flaw.code in said.getvalue() and flaw.sentence in said.getvalue() for flaw in flaws)


def assert_an_outsider_says_so(case: str, expected: str, place: Place, trail: Trail, folder: Path) -> None:
    """With nothing but a bundle, our key and what the auditor keeps, the verdict and the place are the same."""
    (folder / "kept").write_bytes(trail.kept)
    with local_path(export_bundle(actor=make.COMMAND).sha256) as bundle:
        answer = verdict(bundle, "--since", str(folder / "kept"), keys=[log_signer()])
    flaws = [(flaw["code"], flaw["index"]) for flaw in answer["flaws"]]
    if expected in (LIMIT, *ONLY_WITH_THE_PROOFS) or case == "edit a column kept for searching":
        assert (answer["exit"], flaws) == (WHOLE_BUT_UNWITNESSED, [])
        return
    assert answer["exit"] == TAMPERED
    code, _, where = {
        FORK: "trail_forked @ checkpoint",
        OLD_COPY: "trail_shorter_than_checkpoint @ checkpoint",
    }.get(expected, expected).partition(" @ ")
    first = min(flaws, key=lambda flaw: flaw[1])
    assert first in {(word, place.indexes[where]) for word in IN_ITS_WORDS[code]}


def assert_refused(problem: DatabaseError) -> None:
    """Not any error will do: PostgreSQL misses a right, SQLite's trigger speaks."""
    if on_postgresql:
        assert getattr(problem.__cause__, "sqlstate", "") == "42501"
    else:
        assert "is append-only" in str(problem)


def assert_comes_of_it(expected: str, place: Place, trail: Trail) -> None:
    flaws = [(flaw.code, flaw.index) for flaw in verify().flaws]
    if " @ " in expected:
        code, where = expected.split(" @ ")
        assert (code, place.indexes[where]) in flaws
        return
    assert flaws == [], "nothing inside the database gives it away"
    if expected == LIMIT:
        assert len(check_outside(files=[("the auditor", trail.kept)]).agreeing) == 1
        return
    with pytest.raises(TrailNotExtended) as caught:
        check_outside(files=[("the auditor", trail.kept)])
    found = caught.value.disagreement
    assert found.kind is {FORK: Kind.FORK, OLD_COPY: Kind.OLD_COPY}[expected]
    assert trail.kept.decode().rstrip("\n") in caught.value.path.read_text()


@pytest.mark.parametrize("case", TABLE)
def test_the_page_about_threats_prints_this_table(case: str) -> None:
    """`code @ place` is printed as the code alone; a cell without a test as a dash."""
    cells = [f"`{cell.split(' @ ')[0]}`" if " @ " in cell else cell or "–" for cell in TABLE[case]]
    assert f"| {case} | {' | '.join(cells)} |\n" in PAGE.read_text()
