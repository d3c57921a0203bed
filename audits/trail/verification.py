"""Is the trail whole, and does every recorded row still say what its entry bound?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import repeat
from multiprocessing import get_context
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, connections, models

from audits.trail.actor_proofs import held_keys, proved_from
from audits.trail.append_only import guarded_models
from audits.trail.clock import timestamp
from audits.trail.digests import row_digest
from audits.trail.guards import Looseness, loose_guards
from audits.trail.key_history import KeyHistory
from audits.trail.models import Checkpoint, Entry, Head, Recorded, TreeState
from audits.trail.notes import NoteRefused, open_checkpoint
from audits.trail.numbering import GENESIS
from audits.trail.signing import held_signers, key_history
from audits.trail.snapshot import one_moment
from audits.trail.tree import TileComparison, frontier_at
from audits.trail.walk import Bound, Flaw, Runs, Stretch, broken_subject, last_before, walk

Progress = Callable[[int, int], None]

HASH = 32
# A stretch is some full tiles: long enough to be worth a process, short enough to show progress.
STRETCH = 16 * 256
NEVER = 2**63
NOTHING_BOUND = Bound(-1, "", "")


@dataclass(frozen=True, slots=True)
class Projection:
    """A table of present state and the function that rebuilds what it should hold from the facts.

    `rebuild` returns the rows as mappings of the columns in `columns`, in any order.
    """

    name: str
    model: type[models.Model]
    columns: tuple[str, ...]
    rebuild: Callable[[], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that is worth a word and no flaw; `index` and `code` as for a `Flaw`."""

    code: str
    sentence: str
    index: int | None = None


@dataclass(slots=True)
class Verdict:
    """What a verification saw: from which entry up to which, how many, under which root, and what was wrong.

    `proved`: how many entries carry the proof that the service wrote them.
    """

    since: int = 0
    until: int = 0
    entries: int = 0
    rows: int = 0
    proved: int = 0
    root: bytes = b""
    flaws: list[Flaw] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.flaws


class NoSuchCheckpoint(LookupError):
    """There is no checkpoint of ours over this many entries to start from."""


def verify(
    *, projections: Sequence[Projection] = (), progress: Progress | None = None, since: int = 0, workers: int = 1
) -> Verdict:
    """Recompute the trail from its stored texts and compare every recorded row and projection with it.

    Changes nothing, and may run while others record: it looks at what was there when it began. Finds edits, gaps,
    reordering, rows without their entry, rows that differ from it, removed triggers and stale projections. It cannot
    find the loss of entries after the newest checkpoint anyone has kept.

    Parameters
    ----------
    since : int, default=0
        Size of a checkpoint of ours that is taken as verified: only later entries and their rows are looked at.
    workers : int, default=1
        Processes among which the entries are divided.

    Raises: NoSuchCheckpoint.
    """
    verdict = Verdict(since=since)
    verdict.flaws += [
        Flaw("table_missing", f"The table {name} is gone, and with it what it held.") for name in _missing_tables()
    ]
    if verdict.flaws:
        return verdict
    keys = key_history()
    verdict.flaws += _key_flaws(keys)
    # In this order: what was signed or put into tiles is never more than what a later look at the head finds.
    signed = {checkpoint.size: checkpoint for checkpoint in Checkpoint.objects.filter(size__gte=since)}
    if since and since not in signed:
        raise NoSuchCheckpoint(f"There is no checkpoint over {since} entries.")
    tiles = None if since else TileComparison()
    head = Head.objects.get(id=1)
    verdict.until = head.size
    needed_from = proved_from()
    stretches = _walk_all(since, head.size, workers, NEVER if needed_from is None else needed_from)
    bound = _join(verdict, stretches, head, signed, keys, tiles, progress)
    verdict.remarks += _on_proofs(verdict, needed_from)
    _compare_rows(verdict, bound)
    _compare_projections(verdict, projections)
    verdict.flaws += [
        Flaw("guard_bypassed" if guard.looseness is Looseness.ADDED else "guard_missing", guard.sentence)
        for guard in loose_guards()
    ]
    return verdict


def _walk_all(start: int, end: int, workers: int, needed_from: int) -> Iterator[Stretch]:
    """Walk the entries in stretches that end with a full tile, in order, here or in processes of their own."""
    cuts = [start, *range((start // STRETCH + 1) * STRETCH, end, STRETCH), end]
    starts, ends = cuts[:-1], cuts[1:]
    if workers == 1 or len(starts) == 1:
        yield from map(walk, starts, ends, repeat(needed_from))
        return
    # A connection must not be shared over a fork; each process opens its own.
    connections.close_all()
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        yield from pool.map(walk, starts, ends, repeat(needed_from))


def _join(
    verdict: Verdict,
    stretches: Iterable[Stretch],
    head: Head,
    signed: dict[int, Checkpoint],
    keys: KeyHistory,
    tiles: TileComparison | None,
    progress: Progress | None,
) -> dict[UUID, Bound]:
    """Put the stretches together: subjects across them, the tree, the tiles, the checkpoints and the head."""
    frontier = frontier_at(verdict.since)
    last: dict[str, tuple[int, str]] = {}
    bound: dict[UUID, Bound] = {}
    runs = Runs()
    if verdict.since:
        verdict.flaws += _checkpoint_flaws(signed.pop(verdict.since), frontier.root(), keys)
    for stretch in stretches:
        verdict.flaws += stretch.flaws
        for subject, place in stretch.first.items():
            before = last.get(subject) or (last_before(subject, verdict.since) if verdict.since else (0, ""))
            if problem := broken_subject(subject, place, before):
                verdict.flaws.append(Flaw(*problem, place.index))
        last.update(stretch.last)
        bound.update(stretch.bound)
        runs.extend(stretch.runs)
        verdict.proved += stretch.proved
        for offset in range(0, len(stretch.leaves), HASH):
            frontier.append(bytes(stretch.leaves[offset : offset + HASH]))
            if tiles:
                tiles.add(bytes(stretch.stored[offset : offset + HASH]))
            if frontier.size in signed:
                verdict.flaws += _checkpoint_flaws(signed.pop(frontier.size), frontier.root(), keys)
        if progress:
            progress(stretch.end, head.size)
    verdict.entries, verdict.root = frontier.size, frontier.root()
    if tiles and (what := tiles.difference()):
        verdict.flaws.append(Flaw("tile_differs", f"{what} does not follow from the entries."))
    verdict.flaws += _end_flaws(head, frontier.size, signed)
    verdict.flaws += _proof_flaws(runs)
    verdict.remarks += _skews(runs)
    return bound


def _skews(runs: Runs) -> Iterator[Remark]:
    for run in runs.get("clock_skew", []):
        minutes = run.skew // timedelta(minutes=1)
        sentence = f"{run}: recorded {minutes} minutes after the act, by the clocks of trail and acting machine."
        yield Remark("clock_skew", sentence, run.first)


def _proof_flaws(runs: Runs) -> Iterator[Flaw]:
    for run in runs.get("proof_missing", []):
        yield Flaw("proof_missing", f"{run}: no proof that the service wrote it.", run.first)
    for run in runs.get("proof_wrong", []):
        yield Flaw("proof_wrong", f"{run}: the proof was made with no key held here, or for another text.", run.first)


def _on_proofs(verdict: Verdict, needed_from: int | None) -> Iterator[Remark]:
    """Say what nobody could know from a verdict without flaws: what was not checked, and what has no proof."""
    if needed_from is not None and not held_keys():
        yield Remark("proofs_not_checked", "This process holds no key for the proofs of entries: none was checked.")
    unproved = verdict.until if needed_from is None else min(needed_from, verdict.until)
    if unproved > verdict.since and settings.PROVED_FROM is None:
        sentence = f"The first {unproved} entries carry no proof that the service wrote them, as before an upgrade."
        yield Remark("entries_unproved", sentence, verdict.since)


def _end_flaws(head: Head, found: int, signed: dict[int, Checkpoint]) -> Iterator[Flaw]:
    newest = Entry.objects.filter(index__lt=head.size).order_by("-index").first()
    chain_hash = bytes(newest.chain_hash) if newest else GENESIS
    if head.size != found or bytes(head.chain_hash) != chain_hash:
        yield Flaw("head_differs", f"The head counts {head.size} entries, the trail holds {found}.", found)
    if Entry.objects.filter(index__gte=head.size).count() > Head.objects.get(id=1).size - head.size:
        yield Flaw("head_differs", f"There are entries beyond the {head.size} that the head counts.", head.size)
    for size in sorted(signed):
        if size > found:
            sentence = f"A checkpoint was signed over {size} entries, {found} are left."
            yield Flaw("trail_shorter_than_checkpoint", sentence, size)


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


def _missing_tables() -> list[str]:
    there = set(connection.introspection.table_names())
    needed: list[type[models.Model]] = [*guarded_models(), Head, TreeState]
    return sorted(model._meta.db_table for model in needed if model._meta.db_table not in there)


def _recorded_models() -> Iterator[type[models.Model]]:
    for model in guarded_models():
        if issubclass(model, Recorded):
            yield model


def _compare_rows(verdict: Verdict, bound: dict[UUID, Bound]) -> None:
    """Compare every recorded row with the digest in its entry; what is left over are rows that vanished."""
    for model in _recorded_models():
        for row in model._default_manager.order_by("pk").iterator(2000):
            name = f"{model._meta.label_lower}/{row.pk}"
            entry_id: UUID = row.entry_id  # type: ignore[attr-defined]
            binding = bound.pop(entry_id, NOTHING_BOUND)
            if binding is NOTHING_BOUND and _is_outside(entry_id, verdict):
                continue
            verdict.rows += 1
            index = None if binding is NOTHING_BOUND else binding.index
            if binding.row != name:
                verdict.flaws.append(Flaw("row_without_entry", f"The row {name} has no entry that explains it.", index))
            elif row_digest(row) != binding.sha256:
                verdict.flaws.append(
                    Flaw("row_changed", f"The row {name} differs from what entry {index} recorded.", index)
                )
    verdict.flaws += [
        Flaw("row_missing", f"The row {gone.row}, recorded by entry {gone.index}, is gone.", gone.index)
        for gone in bound.values()
    ]


def _is_outside(entry_id: UUID, verdict: Verdict) -> bool:
    """Return whether an entry lies before or after the entries looked at, so that its row is not for this time."""
    index = Entry.objects.filter(id=entry_id).values_list("index", flat=True).first()
    return index is not None and not verdict.since <= index < verdict.until


def _compare_projections(verdict: Verdict, projections: Sequence[Projection]) -> None:
    for projection in projections:
        # A fact that is recorded between the two reads would look like one that is missing in the table.
        with one_moment():
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
