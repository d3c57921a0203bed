"""Which key signs which checkpoint, as docs/reference/trail-format.md has it."""

from dataclasses import dataclass, field
from itertools import pairwise

from tests.second_verifier.answer import Unusable
from tests.second_verifier.notes import ED25519, Key, signers
from tests.second_verifier.texts import is_canonical, loaded


@dataclass
class History:
    """What the entries say about keys: who signs from which size on, who is revoked from where on, what is untrue."""

    origin: str
    covered: int
    given: list[Key]
    reigns: list[tuple[int, Key]] = field(default_factory=list)
    revoked: dict[Key, int] = field(default_factory=dict)
    handed: set[tuple[Key, Key]] = field(default_factory=set)
    untrue: list[int] = field(default_factory=list)

    def read(self, index: int, text: bytes) -> None:
        """Take in an entry, which is about keys or is not."""
        value = loaded(text) if is_canonical(text) else None
        if not isinstance(value, dict) or value.get("subject") != "trail/keys":
            return
        acts = {"key.rotated": self._rotate, "key.revoked": self._revoke}
        act = acts.get(value["action"]) if isinstance(value.get("action"), str) else None
        data = value.get("data")
        try:
            if act is not None:
                act(index, data if isinstance(data, dict) else {})
        except Unusable:
            self.untrue.append(index)

    @property
    def proved(self) -> list[Key]:
        """The keys given, those they handed over to, and those before a given one."""
        order = [key for _, key in self.reigns]
        known = set(self.given)
        for key in self.given:
            known.update(order[: order.index(key)] if key in order else ())
        for old, new in pairwise(order):
            if old in known and (old, new) in self.handed:
                known.add(new)
        return list(known)

    def may_sign(self, size: int) -> list[Key]:
        """The key for this size, or any proved one where the entries say none."""
        past = [key for since, key in self.reigns if since <= size]
        return past[-1:] if past and size <= self.covered else self.proved

    @property
    def doubted(self) -> bool:
        """Whether a key was revoked and the key in force was not given."""
        return bool(self.revoked) and self.reigns[-1][1] not in self.given

    def _outgoing(self, value: object) -> Key:
        key = _log_key(value)
        if not self.reigns:
            self.reigns.append((0, key))
        return key

    def _rotate(self, index: int, data: dict) -> None:
        old = self._outgoing(data.get("from"))
        new = _log_key(data.get("to"))
        self._succeed(old, new)
        self._signed(data.get("handover"), "handover", old, new, {old, new})
        self.handed.add((old, new))
        self.reigns.append((index + 1, new))

    def _revoke(self, index: int, data: dict) -> None:
        old, size = self._outgoing(data.get("key")), data.get("from_size")
        if type(size) is not int or size < 0 or old not in [key for _, key in self.reigns]:
            raise Unusable("a revocation names no size, or a key that never signed")
        if data.get("to"):
            new = _log_key(data["to"])
            self._succeed(old, new)
            self._signed(data.get("acceptance"), "replacement", old, new, {new})
            self.reigns.append((index + 1, new))
        elif old == self.reigns[-1][1]:
            raise Unusable("the key in force is revoked without a successor")
        self.revoked[old] = size

    def _succeed(self, old: Key, new: Key) -> None:
        if old != self.reigns[-1][1] or new in [key for _, key in self.reigns]:
            raise Unusable("a key is not in force, or comes back")

    def _signed(self, note: object, kind: str, old: Key, new: Key, by: set[Key]) -> None:
        text = f"countersign/key-{kind}/v1\n{self.origin}\n{old.text}\n{new.text}\n"
        if not isinstance(note, str) or signers(note.encode(), list(by)) != (text, by):
            raise Unusable("a note about keys says something else, or is not signed by all")


def _log_key(value: object) -> Key:
    key = Key.read(value) if isinstance(value, str) and value == value.strip() else None
    if key is None or key.kind != ED25519:
        raise Unusable("no Ed25519 key string")
    return key
