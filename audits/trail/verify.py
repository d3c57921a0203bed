"""Is the trail whole, and does every recorded row still say what its entry bound?"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import models

from audits.trail.append_only import guarded_models
from audits.trail.canonical import NotCanonical, parse_canonical
from audits.trail.clock import timestamp
from audits.trail.digests import row_digest
from audits.trail.guards import Looseness, loose_guards
from audits.trail.key_history import KeyHistory
from audits.trail.merkle import Frontier, leaf_hash
from audits.trail.models import Checkpoint, Entry, Head, Recorded
from audits.trail.notes import NoteRefused, open_checkpoint
from audits.trail.numbering import GENESIS, NO_PREVIOUS
from audits.trail.signing import held_signers, key_history
from audits.trail.tree import TileComparison

Progress = Callable[[int, int], None]

# Of a bound row: index of its entry, its model and key, its digest.
Binding = tuple[int | None, str, str]
NOTHING_BOUND: Binding = (None, "", "")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is not as it was recorded.

    `index` is the position of the entry concerned, or None where the flaw is not about one entry; `code` is one of
    those listed in docs/reference/trail-flaws.md.
    """

    code: str
    sentence: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """A table of present state and the function that rebuilds what it should hold from the facts.

    `rebuild` returns the rows as mappings of the columns in `columns`, in any order.
    """

    name: str
    model: type[models.Model]
    columns: tuple[str, ...]
    rebuild: Callable[[], Sequence[Mapping[str, Any]]]


@dataclass(slots=True)
class Verdict:
    """What a verification saw: how much, under which root, and what was wrong."""

    entries: int = 0
    rows: int = 0
    root: bytes = b""
    flaws: list[Flaw] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.flaws


def verify(*, projections: Sequence[Projection] = (), progress: Progress | None = None) -> Verdict:
    """Recompute the trail from its stored texts and compare every recorded row and projection with it.

    Changes nothing. Finds edits, gaps, reordering, rows without their entry, rows that differ from it, removed
    triggers and stale projections. It cannot find the loss of entries after the newest checkpoint anyone has kept.
    """
    verdict = Verdict()
    keys = key_history()
    verdict.flaws += _key_flaws(keys)
    bound = _walk_entries(verdict, keys, progress)
    _compare_rows(verdict, bound)
    _compare_projections(verdict, projections)
    verdict.flaws += [
        Flaw("guard_bypassed" if guard.looseness is Looseness.ADDED else "guard_missing", guard.sentence)
        for guard in loose_guards()
    ]
    return verdict


def _walk_entries(verdict: Verdict, keys: KeyHistory, progress: Progress | None) -> dict[str, Binding]:
    """Check every entry in order; return, by entry id, its index and the model, key and digest of its row."""
    head = Head.objects.get(id=1)
    signed = {checkpoint.size: checkpoint for checkpoint in Checkpoint.objects.all()}
    frontier, tiles, chain_hash, expected = Frontier(), TileComparison(), GENESIS, 0
    last: dict[str, tuple[int, str]] = {}
    bound: dict[str, Binding] = {}
    for entry in Entry.objects.order_by("index").iterator(2000):
        if entry.index != expected:
            verdict.flaws.append(
                Flaw("entry_missing", f"Entries {expected} to {entry.index - 1} are missing.", expected)
            )
            expected = entry.index
        leaf = leaf_hash(entry.text.encode())
        chain_hash = hashlib.sha256(chain_hash + leaf).digest()
        frontier.append(leaf)
        tiles.add(bytes(entry.leaf_hash))
        expected += 1
        problem = _entry_problem(entry, leaf, chain_hash, last)
        if problem:
            verdict.flaws.append(Flaw(*problem, entry.index))
        # Go on from what is stored, so that one changed entry is reported once and not as a broken rest.
        chain_hash = bytes(entry.chain_hash)
        last[entry.subject] = (entry.subject_number, bytes(entry.leaf_hash).hex())
        _remember_binding(entry, bound)
        if expected in signed:
            verdict.flaws += _checkpoint_flaws(signed.pop(expected), frontier.root(), keys)
        if progress and expected % 2000 == 0:
            progress(expected, head.size)
    verdict.entries, verdict.root = expected, frontier.root()
    if what := tiles.difference():
        verdict.flaws.append(Flaw("tile_differs", f"{what} does not follow from the entries."))
    if head.size != expected or bytes(head.chain_hash) != chain_hash:
        verdict.flaws.append(
            Flaw("head_differs", f"The head counts {head.size} entries, the trail holds {expected}.", expected)
        )
    verdict.flaws += [
        Flaw(
            "trail_shorter_than_checkpoint",
            f"A checkpoint was signed over {size} entries, {expected} are left.",
            size,
        )
        for size in sorted(signed)
        if size > expected
    ]
    return bound


def _entry_problem(
    entry: Entry, leaf: bytes, chain_hash: bytes, last: dict[str, tuple[int, str]]
) -> tuple[str, str] | None:
    if leaf != bytes(entry.leaf_hash):
        return "text_changed", f"The text of entry {entry.index} is not the one that was hashed."
    if chain_hash != bytes(entry.chain_hash):
        return "chain_broken", f"Entry {entry.index} does not follow from the entry before it."
    try:
        document = parse_canonical(entry.text.encode())
    except NotCanonical as problem:
        return "text_not_canonical", f"The text of entry {entry.index} is not canonical: {problem}"
    number, previous = last.get(entry.subject, (0, NO_PREVIOUS))
    expected = {
        "id": str(entry.id),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "number": number + 1,
        "previous": previous,
        "log": settings.TRAIL_ORIGIN,
    }
    if not isinstance(document, dict):
        return "text_not_canonical", f"The text of entry {entry.index} is no JSON object."
    for key, value in expected.items():
        if document.get(key) != value:
            return (
                "column_differs",
                f"Entry {entry.index} says {key} = {document.get(key)!r}, expected {value!r}.",
            )
    if entry.subject_number != number + 1:
        return (
            "column_differs",
            f"Entry {entry.index} is numbered {entry.subject_number} within {entry.subject}.",
        )
    return None


def _remember_binding(entry: Entry, bound: dict[str, Binding]) -> None:
    try:
        row = parse_canonical(entry.text.encode())["row"]  # type: ignore[index]
    except (NotCanonical, KeyError, TypeError):
        return
    if row:
        bound[str(entry.id)] = (entry.index, f"{row['of']}/{row['key']}", row["sha256"])


def _key_flaws(keys: KeyHistory) -> list[Flaw]:
    flaws = [Flaw("key_entry_untrue", f"Entry {index} about a key: {why}", index) for index, why in keys.problems]
    in_force = keys.in_force.verifier
    if in_force not in [signer.verifier for signer in held_signers()]:
        sentence = f"By its entries the trail is signed by {in_force.label}, which is no key of this installation."
        flaws.append(Flaw("key_unexpected", sentence))
    return flaws


def _checkpoint_flaws(checkpoint: Checkpoint, root: bytes, keys: KeyHistory) -> list[Flaw]:
    size = checkpoint.size
    expected = keys.at(size).verifier
    known = [key.verifier for key in keys.keys]
    try:
        opened = open_checkpoint(checkpoint.note, origin=settings.TRAIL_ORIGIN, log_keys=known)
    except NoteRefused as problem:
        return [Flaw("checkpoint_not_signed", f"The checkpoint over {size} entries is not ours: {problem}", size)]
    signers = [one.verifier for one in opened.log_signatures]
    if expected not in signers:
        sentence = (
            f"The checkpoint over {size} entries is signed by {signers[0].label}; the key then was {expected.label}."
        )
        return [Flaw("checkpoint_key_not_in_force", sentence, size)]
    signed = opened.checkpoint
    if (signed.size, signed.root, bytes(checkpoint.root)) != (size, root, root):
        return [Flaw("checkpoint_differs", f"The first {size} entries no longer have the signed root.", size)]
    return []


def _recorded_models() -> Iterator[type[models.Model]]:
    for model in guarded_models():
        if issubclass(model, Recorded):
            yield model


def _compare_rows(verdict: Verdict, bound: dict[str, Binding]) -> None:
    """Compare every recorded row with the digest in its entry; what is left over are rows that vanished."""
    for model in _recorded_models():
        for row in model._default_manager.order_by("pk").iterator(2000):
            verdict.rows += 1
            name = f"{model._meta.label_lower}/{row.pk}"
            index, bound_name, digest = bound.pop(str(row.entry_id), NOTHING_BOUND)  # type: ignore[attr-defined]
            if bound_name != name:
                verdict.flaws.append(Flaw("row_without_entry", f"The row {name} has no entry that explains it.", index))
            elif row_digest(row) != digest:
                verdict.flaws.append(
                    Flaw("row_changed", f"The row {name} differs from what entry {index} recorded.", index)
                )
    verdict.flaws += [
        Flaw("row_missing", f"The row {name}, recorded by entry {index}, is gone.", index)
        for index, name, _ in bound.values()
    ]


def _compare_projections(verdict: Verdict, projections: Sequence[Projection]) -> None:
    for projection in projections:
        expected = {tuple(row[column] for column in projection.columns) for row in projection.rebuild()}
        found = set(projection.model._default_manager.values_list(*projection.columns))
        verdict.flaws += [
            Flaw("projection_differs", f"{projection.name} holds {_shown(row)}, which no fact supports.")
            for row in sorted(found - expected, key=str)
        ]
        verdict.flaws += [
            Flaw("projection_differs", f"{projection.name} lacks {_shown(row)}, which the facts say.")
            for row in sorted(expected - found, key=str)
        ]


def _shown(row: tuple[Any, ...]) -> str:
    return ", ".join(timestamp(value) if hasattr(value, "astimezone") else str(value) for value in row)
