"""Which key could sign which checkpoint, going by what the trail itself says?

The key in force changes with an entry: a checkpoint that covers the entry is signed by the new key, every smaller one
by the old. So the trail says for each size who signs it, and nobody has to believe a clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from audits.trail.keys import KeyKind, KeyRefused, Signs, Verifier
from audits.trail.notes import NoteRefused, open_note, sign_note

ROTATED: Final = "key.rotated"
REVOKED: Final = "key.revoked"
ACTIONS: Final = (ROTATED, REVOKED)
SUBJECT: Final = "trail/keys"

# First lines of what keys sign about each other. No text that begins so is a checkpoint: its second line is no number.
_HANDOVER: Final = "countersign/key-handover/v1"
_REPLACEMENT: Final = "countersign/key-replacement/v1"


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of the log, with the sizes it may sign: `since` to `until`, both included, without end while in force.

    `distrusted_from`: checkpoints from this size on are not to be believed on this key's word alone.
    """

    verifier: Verifier
    since: int
    until: int | None = None
    distrusted_from: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """An entry about a key: where it stands, which act, and its data."""

    index: int
    action: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class KeyHistory:
    """The keys of a log in the order of their times, and what was wrong with entries about them (index, sentence)."""

    keys: list[LogKey]
    problems: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[KeyEvent], *, origin: str, first: Verifier) -> Self:
        """Follow the entries about keys. `first` is the key of a log that has none; else the first entry names it.

        An entry that does not hold changes nothing: a key is only followed by one that it, or the holder of its
        replacement, signed for.
        """
        ordered = sorted(events, key=lambda event: event.index)
        history = cls([LogKey(_named_first(ordered) or first, 0)])
        for event in ordered:
            try:
                history._follow(event, origin)
            except (KeyRefused, NoteRefused, _Untrue) as problem:
                history.problems.append((event.index, str(problem)))
        return history

    @property
    def in_force(self) -> LogKey:
        return self.keys[-1]

    def at(self, size: int) -> LogKey:
        """Return the key that signs the checkpoint over `size` entries."""
        return next(key for key in reversed(self.keys) if key.since <= size)

    def _follow(self, event: KeyEvent, origin: str) -> None:
        if event.action == ROTATED:
            old, new = _parsed(event.data, "from"), _parsed(event.data, "to")
            self._require_succession(old, new)
            _require_signed(event.data, "handover", handover_text(origin, old, new), old, new)
            self._succeed(event.index, new)
        else:
            self._revoke(event, origin)

    def _revoke(self, event: KeyEvent, origin: str) -> None:
        revoked = _parsed(event.data, "key")
        size, why = event.data.get("from_size"), str(event.data.get("why", ""))
        if revoked not in [key.verifier for key in self.keys]:
            raise _Untrue(f"{revoked.label} was revoked and never signed this trail.")
        if type(size) is not int or size < 0:
            raise _Untrue(f"The revocation of {revoked.label} names no size.")
        successor = _parsed(event.data, "to") if event.data.get("to") else None
        if successor is not None:
            self._require_succession(revoked, successor)
            _require_signed(event.data, "acceptance", replacement_text(origin, revoked, successor), successor)
        elif revoked == self.in_force.verifier:
            raise _Untrue(f"{revoked.label} is in force and was revoked without a successor.")
        self.keys = [
            replace(key, distrusted_from=size, why=why) if key.verifier == revoked else key for key in self.keys
        ]
        if successor is not None:
            self._succeed(event.index, successor)

    def _require_succession(self, old: Verifier, new: Verifier) -> None:
        if old != self.in_force.verifier:
            raise _Untrue(f"{old.label} was not in force; {self.in_force.verifier.label} was.")
        if new in [key.verifier for key in self.keys]:
            raise _Untrue(f"{new.label} signed this trail before; a key does not come back.")

    def _succeed(self, index: int, new: Verifier) -> None:
        self.keys[-1] = replace(self.keys[-1], until=index)
        self.keys.append(LogKey(new, index + 1))


class _Untrue(ValueError):
    """An entry about a key says what cannot be."""


def handover_text(origin: str, old: Verifier, new: Verifier) -> str:
    """Return what the outgoing and the incoming key sign when one follows the other."""
    return f"{_HANDOVER}\n{origin}\n{old.key_string}\n{new.key_string}\n"


def replacement_text(origin: str, revoked: Verifier, new: Verifier) -> str:
    """Return what the incoming key signs when the outgoing one is lost or in other hands and cannot speak."""
    return f"{_REPLACEMENT}\n{origin}\n{revoked.key_string}\n{new.key_string}\n"


def rotation_data(origin: str, old: Signs, new: Signs) -> dict[str, Any]:
    """Return the data of an entry by which one key follows another."""
    text = handover_text(origin, old.verifier, new.verifier)
    return {
        "from": old.verifier.key_string,
        "to": new.verifier.key_string,
        "handover": sign_note(text, old, new),
    }


def revocation_data(
    origin: str, revoked: Verifier, *, from_size: int, why: str, new: Signs | None = None
) -> dict[str, Any]:
    """Return the data of an entry by which a key is revoked, with its successor when it was in force."""
    return {
        "key": revoked.key_string,
        "from_size": from_size,
        "why": why,
        "to": new.verifier.key_string if new else "",
        "acceptance": sign_note(replacement_text(origin, revoked, new.verifier), new) if new else "",
    }


def _named_first(events: list[KeyEvent]) -> Verifier | None:
    for event in events:
        try:
            return _parsed(event.data, "from" if event.action == ROTATED else "key")
        except (KeyRefused, _Untrue):
            continue
    return None


def _parsed(data: Mapping[str, Any], name: str) -> Verifier:
    text = data.get(name)
    if not isinstance(text, str):
        raise _Untrue(f"An entry about a key lacks {name!r}.")
    verifier = Verifier.parse(text)
    if verifier.kind is not KeyKind.ED25519:
        raise _Untrue(f"{verifier.label} is the key of a witness.")
    return verifier


def _require_signed(data: Mapping[str, Any], name: str, text: str, *keys: Verifier) -> None:
    note = open_note(str(data.get(name, "")), keys)
    if note.text != text or {one.verifier for one in note.signatures} != set(keys):
        raise _Untrue(f"The {name} is not signed by {' and '.join(key.label for key in keys)}.")
