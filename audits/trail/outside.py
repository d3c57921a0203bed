"""What do others keep of our trail, does it still extend that, and what is handed to them next?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings

from audits.trail import clock
from audits.trail.anchors.anchor import Anchor, AnchorFailed
from audits.trail.anchors.comparison import Remembered
from audits.trail.anchors.configured import configured_anchors
from audits.trail.anchors.guard import opened, read_anchors, require_extension
from audits.trail.anchors.mail import note_in
from audits.trail.anchors.models import Anchoring
from audits.trail.checkpoints import newest_checkpoint
from audits.trail.models import Checkpoint
from audits.trail.notes import Checkpoint as CheckpointText
from audits.trail.notes import NoteRefused
from audits.trail.signing import log_verifiers
from audits.trail.tree import integrate, prove_consistency
from audits.trail.witnessing.asking import Asked, ask_witnesses, remembered_notes
from audits.trail.witnessing.configured import Witness, configured_witnesses
from audits.trail.witnessing.cosigned import cosigned_note, keep_cosignature, seen_by


@dataclass(slots=True)
class Outside:
    """What came of asking and telling others: who agrees or keeps the newest checkpoint, and what went wrong."""

    agreeing: list[Remembered] = field(default_factory=list)
    kept_by: list[str] = field(default_factory=list)
    cosigned_by: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def check_outside(*, files: Iterable[tuple[str, bytes]] = (), every: bool = False) -> Outside:
    """Compare the trail with what anchors, witnesses and the given files (name, content) keep of it.

    With `every`, each kept checkpoint is compared, otherwise the newest of each place. Raises: TrailNotExtended.
    """
    found = Outside()
    integrate()
    keys = log_verifiers()
    remembered = [*read_anchors(configured_anchors(), log_keys=keys, problems=found.problems, every=every)]
    remembered += _witnessed(configured_witnesses(), found.problems)
    for name, content in files:
        try:
            remembered.append(opened(note_in(content), where=name, log_keys=keys))
        except (AnchorFailed, NoteRefused) as problem:
            found.problems.append(f"{name}: {problem}")
    found.agreeing = require_extension(remembered)
    return found


def _witnessed(witnesses: list[Witness], problems: list[str]) -> list[Remembered]:
    """Return what witnesses keep. Only a note that we signed counts: no witness can stop us with a bare number."""
    remembered = []
    answers = remembered_notes(witnesses, settings.TRAIL_ORIGIN, seconds=settings.WITNESS_TIMEOUT_SECONDS)
    for witness, answer in answers.items():
        if answer.status == 200:
            try:
                remembered.append(opened(answer.body, where=witness.name, log_keys=log_verifiers()))
            except NoteRefused as problem:
                problems.append(f"{witness.name} shows a note that is not ours: {problem}")
        elif answer.status != 404:
            problems.append(f"{witness.name} shows nothing: {answer.body.strip()[:200] or answer.status}")
    return remembered


def publish_outside(*, at_once: bool = False) -> Outside:
    """Hand the newest checkpoint to the witnesses, and to every anchor that is due or, `at_once`, to all.

    What fails is a sentence in the result: a checkpoint stands without its witnesses, and says so. Idempotent: by
    size. Raises: TrailNotExtended when a place turns out to keep what this trail does not extend.
    """
    found = Outside()
    newest = newest_checkpoint()
    if newest is not None:
        # Anchors keep the witnesses' words as well, where there are some in time.
        _ask(newest, found)
        _anchor(newest, found, at_once)
    return found


def _ask(newest: Checkpoint, found: Outside) -> None:
    seen = {witness: seen_by(witness) for witness in configured_witnesses()}
    found.cosigned_by += [witness.name for witness, size in seen.items() if size == newest.size]
    waiting = [witness for witness, size in seen.items() if size < newest.size]
    if not waiting:
        return
    checkpoint = CheckpointText(settings.TRAIL_ORIGIN, newest.size, bytes(newest.root))
    asked = ask_witnesses(
        waiting,
        newest.note,
        checkpoint=checkpoint,
        seen={witness.name: size for witness, size in seen.items()},
        prove=prove_consistency,
        seconds=settings.WITNESS_TIMEOUT_SECONDS,
    )
    for answer in asked:
        if answer.has_cosigned:
            keep_cosignature(newest, answer.witness, answer.line, answer.time)
            found.cosigned_by.append(answer.witness.name)
        else:
            found.problems.append(answer.problem)
    _look_into(asked, found)


def _look_into(asked: list[Asked], found: Outside) -> None:
    """A witness that answers and yet does not cosign may remember another trail than this one: ask it which."""
    unwilling = [answer.witness for answer in asked if answer.was_turned_away]
    require_extension(_witnessed(unwilling, found.problems))


def _anchor(newest: Checkpoint, found: Outside, at_once: bool) -> None:
    for anchor in configured_anchors():
        if not (at_once or anchor.is_continuous or _is_due(anchor, newest)):
            continue
        try:
            if not anchor.is_near:
                # What lies far away is not read before every signature, so it is before it is added to.
                require_extension(read_anchors([anchor], log_keys=log_verifiers(), problems=found.problems))
            anchor.keep(cosigned_note(newest), newest.size)
        except AnchorFailed as problem:
            found.problems.append(str(problem))
            continue
        found.kept_by.append(anchor.name)
        if not anchor.is_continuous:
            Anchoring.objects.update_or_create(
                anchor=anchor.name, defaults={"size": newest.size, "kept_at": clock.now()}
            )


def _is_due(anchor: Anchor, newest: Checkpoint) -> bool:
    last = Anchoring.objects.filter(anchor=anchor.name).first()
    if last is None:
        return True
    has_grown = newest.size != last.size
    return has_grown and clock.now() - last.kept_at >= timedelta(seconds=settings.ANCHOR_SECONDS)
