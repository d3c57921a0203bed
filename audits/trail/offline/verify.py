#!/usr/bin/env python3
"""Was anything in this evidence bundle changed, removed, reordered or left out?

    python3 -I verify.py BUNDLE --key KEY [--witness KEY] [--since CHECKPOINT]

Needs Python 3.9 or newer and nothing else: no network, no installation, no trust in whoever made the bundle.
Exit status: 0 whole; 1 tampered; 2 the input cannot be checked; 3 valid, but the key was not given from outside, or
nobody but the signer vouches for the end of the trail. The format is described in docs/reference/bundle-format.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import struct
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

try:
    import orjson  # faster, and never needed
except ImportError:
    orjson = None  # type: ignore[assignment]

WHOLE, TAMPERED, UNUSABLE, RESERVED = 0, 1, 2, 3
MAX_FILES, MAX_SMALL_FILE, MAX_NOTE, MAX_SIGNATURES = 200_000, 64 * 1024 * 1024, 1_000_000, 100
MAX_ENTRY, MAX_INTEGER, MAX_DEPTH, MAX_FLAWS, MAX_TOLD, CHUNK = 65_535, 2**53 - 1, 64, 10_000, 20, 2**20
STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "urn:countersign:bundle:v1"
PAYLOAD_TYPE, HASHES, EARLIER = "application/vnd.in-toto+json", "leaf-hashes.bin", "consistency.json"
MANIFEST, ENVELOPE, CHECKPOINT, ENTRIES = "manifest.json", "manifest.dsse.json", "checkpoint", "events.jsonl"
WIDE, _PLACE = 0xFFFFFFFF, (0, 0, 0x21)  # of a zip: stored, 1 January 1980
_write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(/[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*)*")
PROOF = re.compile(rb"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,18})((\n[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)*)")
FOREIGN = "is not as a bundle has it: damaged, or packed anew. If you trust who packed it, unpack it and check that."
TOLD = {
    "file_changed": "{file} is not the file that was signed.",
    "file_missing": "{file} was signed with the others, and is missing.",
    "file_added": "{file} is not among the files that were signed: it was added or renamed.",
    "manifest_not_signed": "The manifest is not signed by {keys}.",
    "checkpoint_not_signed": "The checkpoint {problem}.",
    "checkpoint_differs": "The {count:,} entries do not lead to the root that was signed: some were changed or moved.",
    "consistency_refused": "{file} does not show that the trail continues its earlier checkpoints.",
    "text_changed": "Entry {index} was changed: its text no longer has the hash that was signed.",
    "text_not_canonical": "The text of entry {index} is not in the one form that an entry has.",
    "column_differs": "Entry {index} says that it is number {number} about {subject}, and {known} came before it.",
    "previous_differs": "Entry {index} names another entry about {subject} before it than the one that is there.",
    "entry_missing": "From entry {index} on, entries are missing: {count:,} of {size:,} are left.",
    "entry_inserted": "From entry {index} on, entries were put in: there are {count:,}, and {size:,} were signed.",
    "entry_foreign": "Entry {index} is of another trail, or about a subject for which the bundle was not made.",
    "entries_left_out": "{count:,} entries about {subject} were signed for, and the last one here is number {known}.",
    "hashes_differ": "leaf-hashes.bin does not fit the entries, and the entries are as they were signed.",
    "proof_refused": "{file} is not a proof under this checkpoint for the entry in the same place.",
    "trail_shorter_than_checkpoint": "The trail ends after {count:,} entries, but {size:,} were signed.",
    "trail_forked": "This is not the trail you remember: the key signed two of {size:,} entries. Keep both files.",
}
VERDICTS = {
    WHOLE: "WHOLE. Nothing in it was changed, removed, reordered or left out since it was signed.",
    TAMPERED: "TAMPERED. What you hold is not what was signed.",
    RESERVED: "VALID, WITH RESERVATIONS. Nothing in it is wrong, but read the lines marked with '!'.",
}


class Unusable(Exception):
    """The input is not something that can be checked."""


class Refused(ValueError):
    """A note that is malformed, or that no known key vouches for."""


# Ed25519, RFC 8032 section 5.1; points are (X, Y, Z, T).
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


def _add(p: Any, q: Any) -> Any:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _point(data: bytes) -> Any:
    """Return the point that 32 bytes stand for, or None when they stand for none."""
    y, sign = int.from_bytes(data, "little") & ((1 << 255) - 1), data[31] >> 7
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


_BASE = _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def is_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether these 64 bytes are the Ed25519 signature of this key over the message."""
    key = _point(public_key) if len(public_key) == 32 and len(signature) == 64 else None
    s = int.from_bytes(signature[32:], "little")
    if key is None or s >= _L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _L
    minus, sum_ = (_P - key[0], key[1], 1, _P - key[3]), (0, 1, 1, 0)
    for bit in range(252, -1, -1):
        sum_ = _add(sum_, sum_)
        for number, point in ((s, _BASE), (h, minus)):
            sum_ = _add(sum_, point) if number >> bit & 1 else sum_
    x, y, z, _ = sum_
    inverse = pow(z, _P - 2, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little") == signature[:32]


# A public key: kind 1 signs for a log, kind 4 is a witness. The label is its name and key id.
class Key(NamedTuple):
    label: str
    name: str
    kind: int
    public: bytes


# A checkpoint with the label of the log key that signed it and the names of the witnesses that did.
class Signed(NamedTuple):
    origin: str
    size: int
    root: bytes
    by: str
    witnesses: list[str]


def from_base64(text: str) -> bytes:
    """Decode base64; of a second spelling of the same bytes, or none, raise ValueError."""
    decoded = b64decode(text.encode("ascii"), validate=True)
    if b64encode(decoded).decode() != text:
        raise ValueError("not canonical base64")
    return decoded


def parse_key(text: str) -> Key:
    """Read ``<name>+<key id>+<base64 of kind and key>``, or the file that holds it."""
    try:
        text = Path(text).read_text("utf-8") if Path(text).is_file() else text
        name, key_id, encoded = text.strip().split("+", 2)
        typed = from_base64(encoded)
    except ValueError:
        raise Unusable(f"Not a public key, which reads <name>+<key id>+<base64>: {text[:100]!r}.") from None
    own = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4].hex()
    if typed[:1] not in (b"\1", b"\4") or len(typed) != 33 or own != key_id:
        raise Unusable(f"The key of {name!r} is of another kind than Ed25519, or was copied wrongly.")
    return Key(f"{name}+{key_id}", name, typed[0], typed[1:])


def open_checkpoint(note: bytes, log_keys: list[Key], witness_keys: list[Key]) -> Signed:
    """Read a checkpoint that a key of its log signed. A wrong signature of a known key refuses it."""
    content = note.decode("utf-8", "replace")
    body, blank, signatures = content.rpartition("\n\n")
    if len(note) > MAX_NOTE or re.search("[\x00-\x09\x0b-\x1f\ufffd]", content) or not blank or content[-1] != "\n":
        raise Refused("is not a text, a blank line and signature lines")
    text = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)(\n[^\n]+)*", body)
    if not text or int(text[2]) >= 2**63 or (text[2] == "0" and b64decode(text[3]) != hashlib.sha256().digest()):
        raise Refused("has not the three lines origin, size and root")
    known = {key.label: key for key in [*log_keys, *witness_keys]}
    signed_by: list[Key] = []
    lines = signatures[:-1].split("\n")
    for line in lines[: MAX_SIGNATURES + 1]:
        found = re.fullmatch(r"— ([^\s+\x7f]+) (\S{8,})", line)
        try:
            signature = from_base64(found[2] if found and len(lines) <= MAX_SIGNATURES else "?")
        except ValueError:
            raise Refused(f"has a line that is no signature: {line[:80]!r}") from None
        key = known.get(f"{found[1]}+{signature[:4].hex()}") if found else None
        signature, message = signature[4:], f"{body}\n".encode()
        if key is None or key in signed_by:
            continue
        if key.kind == 4:
            message = b"cosignature/v1\ntime %d\n%s" % (int.from_bytes(signature[:8], "big"), message)
        if not is_signature(key.public, signature[8 if key.kind == 4 else 0 :], message):
            raise Refused(f"carries a signature of {key.label} that does not belong to it")
        signed_by.append(key)
    by_log = [key.label for key in signed_by if key in log_keys and key.name == text[1]]
    if not by_log:
        raise Refused(f"is not signed by {' or '.join(key.label for key in log_keys)}")
    root = b64decode(text[3])
    return Signed(text[1], int(text[2]), root, by_log[0], [key.name for key in signed_by if key in witness_keys])


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """All that must be kept of a tree to append to it."""

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        size, self.size = self.size, self.size + 1
        while size & 1:
            leaf, size = hashlib.sha256(b"\x01" + self._hashes.pop() + leaf).digest(), size >> 1
        self._hashes.append(leaf)

    def root(self) -> bytes:
        result = self._hashes[-1] if self._hashes else hashlib.sha256().digest()
        for left in self._hashes[-2::-1]:
            result = _node(left, result)
        return result


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """Return the root that a proof (RFC 6962 section 2.1.1) leads to; nothing when it has not the right length."""
    if size <= 1 or not proof:
        return leaf if size == 1 and index == 0 and not proof else b""
    split = 1 << ((size - 1).bit_length() - 1)
    if index < split:
        return _node(root_from_inclusion(leaf, index, split, proof[:-1]), proof[-1])
    return _node(proof[-1], root_from_inclusion(leaf, index - split, size - split, proof[:-1]))


def roots_from_consistency(old: int, new: int, proof: list[bytes], known: bytes) -> tuple[bytes, bytes]:
    """Return the old and the new root that a proof (RFC 6962 section 2.1.2) leads to; `known` is the old one."""
    if not 0 < old < new or not proof:
        own = known or b"".join(proof)
        return (own, own) if 0 < old == new and len(proof) == (not known) else (b"", b"")
    split = 1 << ((new - 1).bit_length() - 1)
    if old <= split:
        first, second = roots_from_consistency(old, split, proof[:-1], known)
        return first, _node(second, proof[-1])
    first, second = roots_from_consistency(old - split, new - split, proof[:-1], b"")
    return _node(proof[-1], first), _node(proof[-1], second)


def read_entry(line: bytes) -> Any:
    """Return the document of an entry's text, or None when it is not in the one form an entry has."""
    try:
        if orjson is not None:
            document = orjson.loads(line)
            again = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        else:
            document = json.loads(line.decode("utf-8"))
            again = _write(document).encode("utf-8")
    except (ValueError, TypeError, RecursionError):
        return None
    return document if again == line and len(line) <= MAX_ENTRY and _is_plain([document], -1, line.isascii()) else None


def _is_plain(value: Any, depth: int, ascii: bool) -> bool:
    if depth == MAX_DEPTH or (not ascii and isinstance(value, dict) and not "".join(value).isascii()):
        return False
    for item in value.values() if isinstance(value, dict) else value:
        kind = type(item)
        if kind is str or (kind is int and -MAX_INTEGER <= item <= MAX_INTEGER) or item is None or kind is bool:
            continue
        if kind is int or kind is float or not _is_plain(item, depth + 1, ascii):
            return False
    return True


def local_header(name: str, size: int, crc: int) -> bytes:
    """Return what stands before a file in the zip."""
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    fixed = struct.pack("<4s5H3I2H", b"PK\x03\x04", 45, 0, *_PLACE, crc, WIDE, WIDE, len(name), len(extra))
    return fixed + name.encode("ascii") + extra


def directory(members: list[tuple[str, int, int, int]], start: int) -> bytes:
    """Return what stands after the last file, for members of name, size, CRC-32 and offset."""
    listed = b""
    for name, size, crc, offset in members:
        extra = struct.pack("<2H3Q", 1, 24, size, size, offset) if max(size, offset) >= WIDE else b""
        sizes = (crc, WIDE, WIDE) if extra else (crc, size, size)
        rest = (len(name), len(extra), 0, 0, 0, 0o100644 << 16, WIDE if extra else offset)
        listed += struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 0x032D, 45, 0, *_PLACE, *sizes, *rest)
        listed += name.encode("ascii") + extra
    count, length = len(members), len(listed)
    if count < 0xFFFF and start + length < WIDE:
        return listed + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, length, start, 0)
    wide = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 0x032D, 45, 0, 0, count, count, length, start)
    wide += struct.pack("<4sIQI", b"PK\x06\x07", 0, start + length, 1)
    return listed + wide + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, WIDE, WIDE, 0)


class Bundle:
    """The files of a bundle by name, from a zip or a folder; nothing is ever unpacked or followed."""

    def __init__(self, path: Path) -> None:
        self.files: dict[str, tuple[Path, int, int]] = {}
        if not path.is_dir():
            return self._scan(path)
        for one in sorted(path.rglob("*")):
            name = one.relative_to(path).as_posix()
            if one.is_symlink() or not (one.is_file() or one.is_dir()):
                raise Unusable(f"{name} is a link or a device, which no bundle holds.")
            if one.is_file():
                self._keep(name, one, 0, one.stat().st_size)

    @staticmethod
    def part(path: Path, offset: int, left: int, chunk: int) -> Iterator[bytes]:
        with path.open("rb") as file:
            file.seek(offset)
            while left and (read := file.read(min(chunk, left))):
                left -= len(read)
                yield read

    def chunks(self, name: str, chunk: int = CHUNK) -> Iterator[bytes]:
        return self.part(*self.files[name], chunk)

    def read(self, name: str, limit: int = MAX_SMALL_FILE) -> bytes:
        if name not in self.files or self.files[name][2] > limit:
            raise Unusable(f"It is not a bundle, or not a whole one: it has no {name} of at most {limit:,} bytes.")
        return b"".join(self.chunks(name))

    def _keep(self, name: str, path: Path, offset: int, size: int) -> None:
        if name in self.files or len(self.files) >= MAX_FILES:
            raise Unusable(f"{name} is in it twice, or it holds more than {MAX_FILES:,} files.")
        self.files[name] = (path, offset, size)

    def _scan(self, path: Path) -> None:
        """Find the files one after the other; every byte between and behind them must be the only possible one."""
        members: list[tuple[str, int, int, int]] = []
        at, end = 0, path.stat().st_size
        with path.open("rb") as file:
            while (head := file.read(30))[:4] == b"PK\x03\x04" and len(head) == 30:
                crc, length = struct.unpack("<14xI8xH2x", head)
                head += file.read(length + 20)
                name, size = head[30:-20].decode("ascii", "replace"), int.from_bytes(head[-8:], "little")
                if not NAME.fullmatch(name) or head != local_header(name, size, crc) or at + len(head) + size > end:
                    raise Unusable(f"Its file {name[:80]!r} {FOREIGN}")
                self._keep(name, path, at + len(head), size)
                members.append((name, size, crc, at))
                at += len(head) + size
                file.seek(at)
            file.seek(at)
            expected = directory(members, at)
            if not members or file.read(len(expected) + 1) != expected:
                raise Unusable(f"Its table of contents {FOREIGN}")


class Examination:
    """What is checked, by which keys, and what was found."""

    def __init__(self, keys: list[Key], witnesses: list[Key], since: bytes | None) -> None:
        self._keys, self._witness_keys, self._kept = keys, witnesses, since
        self.flaws: list[dict[str, Any]] = []
        self.reservations: list[str] = []
        self.facts: list[tuple[str, str]] = []
        self.origin, self.key, self.size, self.vouched, self.entries = "", "", 0, 0, 0
        self.counts: dict[str, int] | None = None
        self._root = b""
        self._since: Signed | None = None
        self._last: dict[int, int] = {}
        self._roots: dict[int, bytes] = {}

    def bundle(self, bundle: Bundle) -> None:
        self._bundle = bundle
        named = self._manifest()
        self._files()
        if not {CHECKPOINT, ENTRIES} <= set(bundle.files) or not self._signed(bundle.read(CHECKPOINT, MAX_NOTE)):
            return
        if (self.origin, self.size, self._root) != named:
            return self._flaw("file_changed", file=CHECKPOINT)
        self._earlier()
        self._whole() if self.counts is None else self._subjects(self.counts)
        self._compare(self._since)

    def checkpoint(self, note: bytes) -> None:
        """Check a checkpoint by itself, against the key and one kept from earlier."""
        if not self._keys:
            raise Unusable("A checkpoint alone can only be checked against a key; give it with --key.")
        if self._signed(note) and self._since is not None and 0 < self._since.size < self.size:
            self.reservations.append("That it continues the one you remember can only be seen from a bundle.")
            self._since = None
        self._compare(self._since)

    def _flaw(self, code: str, index: int | None = None, file: str = "", **facts: Any) -> None:
        sentence = TOLD[code].format(index=index, file=file, **facts)
        if len(self.flaws) < MAX_FLAWS:
            self.flaws.append({"code": code, "sentence": sentence, "index": index, "file": file})

    def _manifest(self) -> tuple[str, int, bytes]:
        """Read what was signed; return origin, size and root of the checkpoint it names."""
        envelope = self._bundle.read(ENVELOPE)
        try:
            document = json.loads(envelope)
            payload = from_base64(document["payload"])
            signatures = {one["keyid"]: from_base64(one["sig"]) for one in document["signatures"]}
            statement = json.loads(payload)
            predicate, listed = statement["predicate"], statement["predicate"]["subjects"]
            if (statement["_type"], statement["predicateType"]) != (STATEMENT, PREDICATE):
                raise ValueError("a statement about something else")
            named = predicate["origin"], predicate["checkpoint"]["size"], bytes.fromhex(predicate["checkpoint"]["root"])
            self.counts = None if listed is None else {one["subject"]: int(one["entries"]) for one in listed}
            self._digests = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
            brought = parse_key(predicate["key"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unusable(f"{ENVELOPE} is not the signed manifest of a bundle; it may be damaged.") from None
        if not self._keys:
            self._keys = [brought]
            told = f"No key was given, so it was held against the one it brings along, {brought.label}, which its maker"
            self.reservations.append(f"{told} could choose. Get the key from the operator another way; use --key.")
        message = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        form = {"payload": document["payload"], "payloadType": PAYLOAD_TYPE, "signatures": document["signatures"]}
        by = [key for key in self._keys if is_signature(key.public, signatures.get(key.label, b""), message)]
        if not by or _write(form).encode() != envelope:
            self._flaw("manifest_not_signed", file=ENVELOPE, keys=" or ".join(key.label for key in self._keys))
        if self._bundle.read(MANIFEST) != payload:
            self._flaw("file_changed", file=MANIFEST)
        return named

    def _files(self) -> None:
        for name in sorted(set(self._bundle.files) - {MANIFEST, ENVELOPE}):
            digest = hashlib.sha256()
            for chunk in self._bundle.chunks(name):
                digest.update(chunk)
            if self._digests.get(name) != digest.hexdigest():
                self._flaw("file_changed" if name in self._digests else "file_added", file=name)
        for name in sorted({CHECKPOINT, ENTRIES, *self._digests} - {*self._bundle.files, MANIFEST, ENVELOPE}):
            self._flaw("file_missing", file=name)

    def _signed(self, note: bytes) -> bool:
        try:
            signed = open_checkpoint(note, self._keys, self._witness_keys)
        except Refused as problem:
            self._flaw("checkpoint_not_signed", file=CHECKPOINT, problem=problem)
            return False
        self.origin, self.size, self._root, self.key, _ = signed
        self._witnessed(signed)
        try:
            self._since = open_checkpoint(self._kept, self._keys, self._witness_keys) if self._kept else None
        except Refused as problem:
            raise Unusable(f"The checkpoint you remember {problem}.") from None
        return True

    def _witnessed(self, signed: Signed) -> None:
        if signed.witnesses and signed.size > self.vouched:
            self.vouched = signed.size
            self.facts.append(("Witnessed", f"the first {signed.size:,} entries, by {', '.join(signed.witnesses)}"))

    def _earlier(self) -> None:
        """Check that the trail continues each earlier checkpoint that the bundle brings along."""
        try:
            for item in json.loads(self._bundle.read(EARLIER)) if EARLIER in self._bundle.files else []:
                proof = [from_base64(one) for one in item["hashes"]]
                try:
                    earlier = open_checkpoint(item["checkpoint"].encode(), self._keys, self._witness_keys)
                except Refused:
                    continue  # by a key that was not given: one that is retired now, perhaps
                roots = roots_from_consistency(earlier.size, self.size, proof, earlier.root)
                if roots != (earlier.root, self._root) or any(len(one) != 32 for one in proof):
                    raise ValueError("another trail")
                self._roots[earlier.size] = earlier.root
                self._witnessed(earlier)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._flaw("consistency_refused", file=EARLIER)

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self._bundle.chunks(ENTRIES):
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            if max(map(len, [rest, *lines])) > MAX_ENTRY:
                raise Unusable(f"{ENTRIES} has a line of more than {MAX_ENTRY:,} bytes, which no entry has.")
            yield from lines
        if rest:
            yield rest

    def _whole(self) -> None:
        """Compute the tree anew from every text, and name the entries that do not have the hash they had."""
        tree, already, remembered = Tree(), len(self.flaws), dict[int, bytes]()
        hashes = self._bundle.chunks(HASHES, 32) if HASHES in self._bundle.files else None
        for index, line in enumerate(self._lines()):
            leaf = hashlib.sha256(b"\x00" + line).digest()
            was = next(hashes, b"") if hashes else leaf
            tree.append(leaf)
            if leaf != was:
                count = sum(1 for _ in self._lines())
                if count != self.size:
                    code = "entry_missing" if count < self.size else "entry_inserted"
                    return self._flaw(code, index, count=count, size=self.size)
                self._flaw("text_changed", index)
            self._read(line, was if len(was) == 32 else leaf, index)
            if self._since and tree.size == self._since.size:
                remembered[tree.size] = tree.root()
        self.entries = tree.size
        if tree.size != self.size:
            code = "entry_inserted" if tree.size > self.size else "trail_shorter_than_checkpoint"
            self._flaw(code, self.size, count=tree.size, size=self.size)
        elif tree.root() == self._root:
            if any(flaw["code"] == "text_changed" for flaw in self.flaws[already:]) or (hashes and next(hashes, b"")):
                self.flaws[already:] = []
                self._flaw("hashes_differ", file=HASHES)
            self._roots.update(remembered)
        elif not any(flaw["code"] == "text_changed" for flaw in self.flaws[already:]):
            self._roots.update(remembered)
            self._flaw("checkpoint_differs", self.size, count=tree.size)

    def _read(self, line: bytes, leaf: bytes, index: int) -> None:
        """Check what an entry says of its place among those about its subject."""
        entry = read_entry(line)
        read: Any = [isinstance(entry, dict) and entry.get(key) for key in ("log", "subject", "number", "previous")]
        if [type(one) for one in read] != [str, str, int, str]:
            return self._flaw("text_not_canonical", index)
        log, subject, number, previous = read
        # Of the entry before, its number and its hash are kept in one integer, by the hash of the subject.
        known = self._last.get(hash(subject), 0)
        if log != self.origin or (self.counts is not None and subject not in self.counts):
            self._flaw("entry_foreign", index)
        if number != (known >> 256) + 1:
            self._flaw("column_differs", index, number=number, subject=subject, known=known >> 256)
        elif previous != (f"{known & (1 << 256) - 1:064x}" if known else ""):
            self._flaw("previous_differs", index, subject=subject)
        self._last[hash(subject)] = number << 256 | int.from_bytes(leaf, "big")

    def _subjects(self, counts: dict[str, int]) -> None:
        """Follow the proof of every entry, and compare how many are about a subject with how many were signed for."""
        proofs = sorted(name for name in self._bundle.files if name.startswith("proofs/"))
        note = self._bundle.read(CHECKPOINT, MAX_NOTE)
        for place, line in enumerate(self._lines()):
            name = proofs[place] if place < len(proofs) else "proofs/"
            head, _, signed = self._bundle.read(name).partition(b"\n\n") if place < len(proofs) else (b"", b"", b"")
            found = PROOF.fullmatch(head)
            index = int(found[1]) if found else 0
            if found is None or signed != note or name != f"proofs/{index:012}.tlog-proof":
                self._flaw("proof_refused", file=name)
                continue
            leaf = hashlib.sha256(b"\x00" + line).digest()
            if root_from_inclusion(leaf, index, self.size, [b64decode(one) for one in found[2].split()]) != self._root:
                self._flaw("text_changed", index)
            self._read(line, leaf, index)
            self.entries += 1
        for subject, count in counts.items():
            if (last := self._last.get(hash(subject), 0) >> 256) != count:
                self._flaw("entries_left_out", count=count, subject=subject, known=last)

    def _compare(self, since: Signed | None) -> None:
        """Hold the trail against the checkpoint that the reader kept, and say for what nobody outside vouches."""
        self._roots[self.size] = self._root
        known = self._roots.get(since.size) if since else None
        if since and since.size > self.size:
            self._flaw("trail_shorter_than_checkpoint", since.size, count=self.size, size=since.size)
        elif since and known not in (None, since.root):
            codes = {flaw["code"] for flaw in self.flaws} & {"checkpoint_differs"} or {"trail_forked"}
            self._flaw(codes.pop(), since.size, count=since.size, size=since.size)
        elif since and known:
            self.vouched = max(self.vouched, since.size)
            self.facts.append(("Remembered", f"the first {since.size:,} entries are those you saw before"))
        elif since and since.size and not self.flaws:
            raise Unusable(f"It has no proof that it continues what you remember; ask for it since={since.size}.")
        if (alone := self.size - self.vouched) > 0:
            told = f"The last {alone:,} entries are vouched for by the signer alone, who could still show others"
            self.reservations.append(f"{told} another end: no witness or checkpoint that you gave covers them.")


def tell(found: Examination, name: str, status: int) -> str:
    extent = "the whole trail" if found.counts is None else f"all about {', '.join(found.counts)}"
    lines = [("Checked", name), ("Trail", found.origin), ("Signed by", found.key or "no key known here")]
    lines += [("Contains", f"{found.entries:,} of {found.size:,} entries: {extent}"), *found.facts]
    told = [f"{label:<12}{value}" for label, value in lines]
    told += ["", *(f"  - {flaw['sentence']}" for flaw in found.flaws[:MAX_TOLD])]
    told += [f"  - … and {len(found.flaws) - MAX_TOLD:,} more."] if len(found.flaws) > MAX_TOLD else []
    told += [f"  ! {reservation}" for reservation in found.reservations]
    return "\n".join([*told, "", VERDICTS[status], ""])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("bundle", type=Path, help="zip or folder of a bundle, or the file of a checkpoint")
    parser.add_argument("--key", action="append", default=[], help="public key of the trail, or a file holding it")
    parser.add_argument("--witness", action="append", default=[], help="public key of a witness, or a file holding it")
    parser.add_argument("--since", type=Path, help="file of a checkpoint you kept from earlier")
    parser.add_argument("--json", action="store_true", help="answer for a program")
    given = parser.parse_args(arguments)
    try:
        keys, witnesses = ([parse_key(one) for one in texts] for texts in (given.key, given.witness))
        found = Examination(keys, witnesses, given.since.read_bytes() if given.since else None)
        start = b"PK" if given.bundle.is_dir() else b"".join(Bundle.part(given.bundle, 0, MAX_NOTE + 1, CHUNK))
        found.checkpoint(start) if start[:2] not in (b"PK", b"") else found.bundle(Bundle(given.bundle))
    except (Unusable, OSError) as problem:
        answer: dict[str, Any] = {"exit": UNUSABLE, "problem": str(problem)}
        sys.stdout.write(json.dumps(answer) + "\n" if given.json else f"CANNOT BE CHECKED. {problem}\n")
        return UNUSABLE
    status = TAMPERED if found.flaws else RESERVED if found.reservations else WHOLE
    names = ("flaws", "reservations", "origin", "key", "size", "entries", "vouched")
    answer = {"exit": status, **{name: getattr(found, name) for name in names}}
    sys.stdout.write(json.dumps(answer) + "\n" if given.json else tell(found, given.bundle.name, status))
    return status


if __name__ == "__main__":
    sys.exit(main())
