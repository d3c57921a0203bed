"""Does this database extend every checkpoint that was kept elsewhere? If not, nothing more is signed."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from django.conf import settings

from audits.trail.anchors.anchor import Anchor, AnchorFailed
from audits.trail.anchors.comparison import Disagreement, Remembered, compare
from audits.trail.keys import Verifier
from audits.trail.models import Checkpoint
from audits.trail.notes import NoteRefused, open_checkpoint
from audits.trail.tree import prove_consistency, root_at, tree_size


class TrailNotExtended(Exception):
    """The trail does not extend a checkpoint that we signed. `path` is the file that shows it, with both notes."""

    code = "trail_not_extended"

    def __init__(self, disagreement: Disagreement, path: Path) -> None:
        self.disagreement, self.path = disagreement, path
        super().__init__(
            f"{disagreement.sentence} Nothing is signed on it. Both signed notes are in {path}; keep that file. "
            "Restore the newest copy of the database; if there is none, read docs/how-to/witness.md."
        )


def require_extension(remembered: Iterable[Remembered]) -> list[Remembered]:
    """Return the checkpoints when the trail extends them all. Raises: TrailNotExtended, after writing the file.

    Integrates nothing: the caller has let the tree follow the entries.
    """
    looked_at = sorted(remembered, key=lambda one: one.checkpoint.size)
    if not looked_at:
        return []
    size = tree_size()
    newest = Checkpoint.objects.order_by("-size").first()
    # The smaller sizes first: a trail that was written anew is called that, and not merely an older copy.
    for one in looked_at:
        found = compare(one, size=size, root_at=root_at, ours=newest.note if newest else "", prove=prove_consistency)
        if found is not None:
            raise TrailNotExtended(found, _written(found))
    return looked_at


def read_anchors(
    anchors: Sequence[Anchor], *, log_keys: Sequence[Verifier], problems: list[str], every: bool = False
) -> Iterator[Remembered]:
    """Yield the checkpoints of ours in each place: every one, or only the newest and the newest we can compare.

    What cannot be read, and what our key did not sign, becomes a sentence in `problems` and is passed over: who can
    put a file there MUST NOT be able to hide ours behind it.
    """
    size = tree_size()
    for anchor in anchors:
        try:
            kept = anchor.sizes()
        except AnchorFailed as problem:
            problems.append(str(problem))
            continue
        ours = _ours(anchor, reversed(kept), log_keys, problems)
        if every:
            yield from ours
            continue
        for one in ours:
            yield one
            if one.checkpoint.size <= size:
                break


def _ours(
    anchor: Anchor, sizes: Iterable[int], log_keys: Sequence[Verifier], problems: list[str]
) -> Iterator[Remembered]:
    for size in sizes:
        try:
            yield opened(anchor.read(size), where=anchor.name, log_keys=log_keys)
        except AnchorFailed as problem:
            problems.append(str(problem))
        except NoteRefused as problem:
            problems.append(f"{anchor.name} keeps a note over {size} entries that is not ours: {problem}")


def opened(note: str, *, where: str, log_keys: Sequence[Verifier]) -> Remembered:
    """Return a note that was kept for us when our own key signed it: nobody else can make us stop.

    Raises: NoteRefused.
    """
    signed = open_checkpoint(note, origin=settings.TRAIL_ORIGIN, log_keys=log_keys)
    return Remembered(where, note, signed.checkpoint)


def _written(found: Disagreement) -> Path:
    folder = Path(settings.TRAIL_PROOFS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / found.file_name
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(found.text, encoding="utf-8")
        draft.replace(path)
    return path
