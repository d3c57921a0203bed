"""Does every entry of a stretch of the trail still follow from its text, and from the entry before it?

A stretch can be walked by a process of its own: what depends on other stretches (the subjects seen first, the tree)
is returned and joined by `verify`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from audits.trail.actor_proofs import ActorKey, held_keys, is_proved
from audits.trail.canonical import NotCanonical, parse_canonical
from audits.trail.clock_skew import SKEW, acted_at
from audits.trail.merkle import leaf_hash
from audits.trail.models import Entry
from audits.trail.numbering import GENESIS, NO_PREVIOUS

COLUMNS = (
    "id",
    "index",
    "recorded_at",
    "actor",
    "action",
    "subject",
    "subject_number",
    "text",
    "leaf_hash",
    "chain_hash",
    "proof",
)
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is not as it was recorded.

    `index` is the position of the entry concerned, or None where the flaw is not about one entry; `code` is one of
    those listed in docs/reference/trail-flaws.md.
    """

    code: str
    sentence: str
    index: int | None = None


@dataclass(slots=True)
class Run:
    """Neighbouring entries, `first` to `last`, of which the same is to be said; `skew` is the largest among them."""

    first: int
    last: int
    skew: timedelta = timedelta()

    def __str__(self) -> str:
        return f"Entry {self.first}" if self.first == self.last else f"Entries {self.first} to {self.last}"


class Runs(dict[str, list[Run]]):
    """Runs by the code of what is to be said, each list in order: a lost key is told once, not a million times."""

    def add(self, code: str, run: Run) -> None:
        runs = self.setdefault(code, [])
        if runs and runs[-1].last + 1 == run.first:
            runs[-1].last, runs[-1].skew = run.last, max(runs[-1].skew, run.skew)
        else:
            runs.append(run)

    def extend(self, more: "Runs") -> None:
        for code, runs in more.items():
            for run in runs:
                self.add(code, run)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands within its subject: its own number, and the leaf hash before it (hex)."""

    index: int
    number: int
    previous: str


@dataclass(frozen=True, slots=True)
class Bound:
    """The row that an entry explains: the entry's index, `model/key`, and the digest of the row (hex)."""

    index: int
    row: str
    sha256: str


@dataclass(slots=True)
class Stretch:
    """What walking the entries `start` to `end - 1` found.

    `leaves` and `stored` are leaf hashes, 32 bytes each: recomputed from the texts, and as stored.
    """

    start: int
    end: int
    leaves: bytearray = field(default_factory=bytearray)
    stored: bytearray = field(default_factory=bytearray)
    # Of each subject: its first entry here, and number and leaf hash of its last.
    first: dict[str, Place] = field(default_factory=dict)
    last: dict[str, tuple[int, str]] = field(default_factory=dict)
    bound: dict[UUID, Bound] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    runs: Runs = field(default_factory=Runs)
    proved: int = 0


def walk(start: int, end: int, proved_from: int) -> Stretch:
    """Check the entries `start` to `end - 1`, each by its stored text; from `proved_from` on each needs a proof.

    Changes nothing.
    """
    found, expected, keys = Stretch(start, end), start, held_keys()
    chain_hash, recorded_at = _end_before(start)
    for entry in _entries(start, end):
        index, text = entry["index"], entry["text"]
        if index != expected:
            sentence = f"Entries {expected} to {index - 1} are missing."
            found.flaws.append(Flaw("entry_missing", sentence, expected))
        leaf, stored = leaf_hash(text.encode()), bytes(entry["leaf_hash"])
        chain_hash = hashlib.sha256(chain_hash + leaf).digest()
        document = _read(text)
        problem = _problem(entry, leaf, chain_hash, document, found) or _untimely(entry, document, recorded_at)
        if problem:
            found.flaws.append(Flaw(*problem, index))
        else:
            _prove(entry, keys, proved_from, found)
        if isinstance(document, dict):
            _note(entry, document, found)
        found.leaves += leaf
        found.stored += stored
        # Go on from what is stored, so that one changed entry is reported once and not as a broken rest.
        chain_hash, recorded_at, expected = bytes(entry["chain_hash"]), entry["recorded_at"], index + 1
        found.last[entry["subject"]] = (_number(entry, document), stored.hex())
    if expected < end:
        found.flaws.append(Flaw("entry_missing", f"Entries {expected} to {end - 1} are missing.", expected))
    return found


def last_before(subject: str, index: int) -> tuple[int, str]:
    """Return number and leaf hash (hex) of a subject's newest entry before a position; (0, "") when there is none."""
    row = (
        Entry.objects.filter(subject=subject, index__lt=index)
        .order_by("-subject_number")
        .values_list("subject_number", "leaf_hash")
        .first()
    )
    return (row[0], bytes(row[1]).hex()) if row else (0, NO_PREVIOUS)


def _entries(start: int, end: int) -> Iterator[dict[str, Any]]:
    # In pages by index: no cursor stays open, and no second copy of the trail is held.
    at = start
    while page := list(Entry.objects.filter(index__gte=at, index__lt=end).order_by("index").values(*COLUMNS)[:BATCH]):
        yield from page
        at = page[-1]["index"] + 1


def _end_before(start: int) -> tuple[bytes, datetime | None]:
    """Return chain hash and time of the entry before a position."""
    row = Entry.objects.filter(index=start - 1).values_list("chain_hash", "recorded_at").first()
    return (bytes(row[0]), row[1]) if row else (GENESIS, None)


def _read(text: str) -> object:
    try:
        return parse_canonical(text.encode())
    except NotCanonical as problem:
        return problem


def _problem(
    entry: dict[str, Any], leaf: bytes, chain_hash: bytes, document: object, found: Stretch
) -> tuple[str, str] | None:
    index = entry["index"]
    if leaf != bytes(entry["leaf_hash"]):
        return "text_changed", f"The text of entry {index} is not the one that was hashed."
    if chain_hash != bytes(entry["chain_hash"]):
        return "chain_broken", f"Entry {index} does not follow from the entry before it."
    if not isinstance(document, dict):
        return "text_not_canonical", f"The text of entry {index} is not canonical: {document}"
    expected = {
        "id": str(entry["id"]),
        "actor": entry["actor"],
        "action": entry["action"],
        "subject": entry["subject"],
        "number": entry["subject_number"],
        "log": settings.TRAIL_ORIGIN,
    }
    for key, value in expected.items():
        if document.get(key) != value:
            return "column_differs", f"Entry {index} says {key} = {document.get(key)!r}, expected {value!r}."
    if entry["subject"] in found.last:
        return broken_subject(entry["subject"], _place(entry, document), found.last[entry["subject"]])
    return None


def _untimely(entry: dict[str, Any], document: object, before: datetime | None) -> tuple[str, str] | None:
    """Return what is wrong with the time of an entry: no hash covers it, but it can be held against what one does."""
    index, recorded_at = entry["index"], entry["recorded_at"]
    if before and recorded_at < before:
        return "time_runs_back", f"Entry {index} is said to have been recorded before the entry before it."
    said = acted_at(document) if isinstance(document, dict) else None
    if said is None:
        return "text_not_canonical", f"The text of entry {index} says no time."
    if recorded_at < said - SKEW:
        minutes = int((said - recorded_at).total_seconds() // 60)
        return "time_differs", f"Entry {index} is said to have been recorded {minutes} minutes before its act."
    return None


def _prove(entry: dict[str, Any], keys: list[ActorKey], proved_from: int, found: Stretch) -> None:
    index, proof = entry["index"], entry["proof"]
    if proof is None:
        if index >= proved_from:
            found.runs.add("proof_missing", Run(index, index))
    elif keys:
        if is_proved(bytes(proof), text=entry["text"], index=index, keys=keys):
            found.proved += 1
        else:
            found.runs.add("proof_wrong", Run(index, index))


def broken_subject(subject: str, place: Place, last: tuple[int, str]) -> tuple[str, str] | None:
    """Return what is wrong when an entry does not continue its subject where its last entry ended."""
    number, previous = last
    if place.number != number + 1:
        return "column_differs", f"Entry {place.index} is number {place.number} of {subject}, expected {number + 1}."
    if place.previous != previous:
        return "column_differs", f"Entry {place.index} names another entry of {subject} as the one before it."
    return None


def _place(entry: dict[str, Any], document: dict[str, Any]) -> Place:
    return Place(entry["index"], _number(entry, document), str(document.get("previous")))


def _number(entry: dict[str, Any], document: object) -> int:
    """Return the number within the subject that the text says, or else the column."""
    said = document.get("number") if isinstance(document, dict) else None
    return said if isinstance(said, int) else int(entry["subject_number"])


def _note(entry: dict[str, Any], document: dict[str, Any], found: Stretch) -> None:
    if entry["subject"] not in found.last:
        found.first[entry["subject"]] = _place(entry, document)
    said = acted_at(document)
    if said and (skew := entry["recorded_at"] - said) > SKEW:
        found.runs.add("clock_skew", Run(entry["index"], entry["index"], skew))
    row = document.get("row")
    if isinstance(row, dict):
        found.bound[entry["id"]] = Bound(entry["index"], f"{row.get('of')}/{row.get('key')}", str(row.get("sha256")))
