#!/usr/bin/env python3
"""Was anything in this evidence bundle changed, removed, reordered or left out?

    python3 -I verify.py BUNDLE --key KEY [--witness KEY] [--quorum N] [--since CHECKPOINT]

Needs Python 3.9 or newer and nothing else: no network, no installation, no trust in whoever made the bundle.
Exit status: 0 whole; 1 tampered; 2 the input cannot be checked; 3 valid, but the key was not given from outside, or
nobody but the signer vouches for the end of the trail. The format is described in docs/reference/bundle-format.md.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import importlib.util
import json
import os
import re
import struct
import sys
from base64 import b64decode, b64encode
from collections import deque, namedtuple
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial, reduce
from pathlib import Path
from typing import Any

WHOLE, TAMPERED, UNUSABLE, RESERVED, OF_LOG, OF_WITNESS = 0, 1, 2, 3, 1, 4
ABOUT_KEYS, MAX_FILES, MAX_SMALL_FILE, MAX_NOTE = "trail/keys", 200_000, 64 * 1024 * 1024, 1_000_000
MAX_ENTRY, MAX_INTEGER, MAX_DEPTH, MAX_FLAWS, MAX_TOLD, CHUNK = 65_535, 2**53 - 1, 64, 10_000, 20, 2**20
STRETCH, TOGETHER, MANY, AHEAD, MAX_PROCESSES = 2**17, 8, 256, 96, 4  # from MANY stretches on, other processes help
STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "urn:countersign:bundle:v1"
PAYLOAD_TYPE, HASHES, EARLIER = "application/vnd.in-toto+json", "leaf-hashes.bin", "consistency.json"
MANIFEST, ENVELOPE, CHECKPOINT, ENTRIES = "manifest.json", "manifest.dsse.json", "checkpoint", "events.jsonl"
# What the data of an entry about keys name: the key that goes, the note by which another comes, and what that is of.
NAMED = {"key.rotated": ("from", "handover", "handover"), "key.revoked": ("key", "acceptance", "replacement")}
orjson: Any = importlib.util.find_spec("orjson") and importlib.import_module("orjson")  # faster, and never needed
PLACE = ("log", "subject", "number", "previous")
EMPTY, WIDE, _DATED = hashlib.sha256().digest(), 0xFFFFFFFF, (0, 0, 0x21)  # in a zip: stored, 1 January 1980
_write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
SIGNED = re.compile("(— [^\\s+\x7f]+ \\S{8,}\n){1,100}")
KEY = re.compile(r"([^\s+\x00-\x1f\x7f]+)\+[0-9a-f]{8}\+([A-Za-z0-9+/]{44})")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(/[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*)*")
PROOF_NAME, HASH_LINES = r"proofs/[0-9]{12,19}\.tlog-proof", rb"(?:\n[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)*"
FOREIGN = "is not as a bundle has it: damaged, or packed anew. If you trust who packed it, unpack it and check that."
TOLD = {
    "file_changed": "{file} is not the file that was signed.",
    "file_missing": "{file} was signed with the others, and is missing.",
    "file_added": "{file} is not among the files that were signed: it was added or renamed.",
    "manifest_not_signed": "The manifest is not signed by {keys}.",
    "checkpoint_not_signed": "The checkpoint {problem}.",
    "checkpoint_key_not_in_force": "The checkpoint over {size:,} entries is by {by}; the key for so many was {keys}.",
    "key_entry_untrue": "Entry {index} about the keys of the trail does not hold, and changes nothing: {problem}.",
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


class Refused(ValueError):
    """An input that cannot be checked, or a note that is malformed or that no known key vouches for."""


_P, _L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519, RFC 8032, 5.1: plain and slow
_D, _BASE = -121665 * pow(121666, -1, _P) % _P, b"\x58" + b"\x66" * 31


def _add(p: Any, q: Any) -> Any:
    product, x, y = _D * p[0] * q[0] * p[1] * q[1], p[0] * q[1] + p[1] * q[0], p[1] * q[1] + p[0] * q[0]
    return x * pow(1 + product, -1, _P) % _P, y * pow(1 - product, -1, _P) % _P


def _point(data: bytes) -> Any:  # (x, y) that 32 bytes stand for; None when they stand for none
    y, sign = int.from_bytes(data, "little") & ((1 << 255) - 1), data[31] >> 7
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    for root in (x := pow(square, (_P + 3) // 8, _P), x * pow(2, (_P - 1) // 4, _P) % _P):
        if (root * root - square) % _P == 0 and y < _P and (root or not sign):
            return (root if root & 1 == sign else _P - root), y
    return None


def is_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:  # Ed25519, in 64 bytes
    s, key = int.from_bytes(signature[32:], "little"), _point(public_key) if len(public_key) == 32 else None
    if key is None or len(signature) != 64 or s >= _L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _L
    total, base = (0, 1), _point(_BASE)
    for bit in range(252, -1, -1):
        total = _add(total, total)
        for number, point in ((s, base), (h, (-key[0], key[1]))):
            total = _add(total, point) if number >> bit & 1 else total
    return (total[1] | (total[0] & 1) << 255).to_bytes(32, "little") == signature[:32]


File = tuple[Path, int, int]  # one on the disk, the offset in it, and the length
Key = namedtuple("Key", "label name kind public text")  # of a log or a witness; the label is its name and key id
Signed = namedtuple("Signed", "origin size root by witnesses")  # a checkpoint, by log keys and names of witnesses


def from_base64(text: str) -> bytes:  # in its one spelling, or Refused
    decoded = b64decode(text) if len(text) % 4 == 0 and re.fullmatch("[A-Za-z0-9+/]*={0,2}", text) else b""
    if b64encode(decoded).decode() != text:
        raise Refused(f"has {text[:80]!r} where base64 belongs")
    return decoded


def parse_key(text: str, kind: int = OF_LOG) -> Key:  # from <name>+<key id>+<base64 of kind and Ed25519 key>
    found = KEY.fullmatch(text)
    name, typed = (found[1], b64decode(found[2])) if found else ("", b"\0")
    label = name + "+" + hashlib.sha256(name.encode() + b"\n" + typed).hexdigest()[:8]
    if typed[0] != kind or not text.startswith(f"{label}+"):
        raise Refused(f"Not an Ed25519 key of the kind that is needed here, or copied wrongly: {text[:80]!r}")
    return Key(label, name, kind, typed[1:], text)


def open_note(note: bytes, keys: list[Key]) -> tuple[str, list[Key]]:
    """Return the text of a note and which of these keys signed it. A wrong signature of one of them refuses it."""
    content, by = note.decode("utf-8", "replace"), set[Key]()
    body, _, signatures = content.rpartition("\n\n")
    if len(note) > MAX_NOTE or re.search("[\x00-\x09\x0b-\x1f\ufffd]", content) or not SIGNED.fullmatch(signatures):
        raise Refused("is not a text, a blank line and at most 100 signatures")
    for name, encoded in re.findall(r"— (\S+) (\S+)\n", signatures):
        signature, seconds, message = from_base64(encoded), b"", f"{body}\n".encode()
        for key in {one for one in keys if one.label == f"{name}+{signature[:4].hex()}"} - by:
            if key.kind == OF_WITNESS:
                seconds = signature[4:12]
                message = b"cosignature/v1\ntime %d\n%s" % (int.from_bytes(seconds, "big"), message)
            if seconds > b"\x7f" + b"\xff" * 7 or not is_signature(key.public, signature[4 + len(seconds) :], message):
                raise Refused(f"carries a signature of {key.label} that does not belong to it")
            by.add(key)
    return f"{body}\n", [key for key in keys if key in by]


def open_checkpoint(note: bytes, log_keys: list[Key], witness_keys: list[Key]) -> Signed:  # by a key of its log
    content, by = open_note(note, [*log_keys, *witness_keys])
    text = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)\n([^\n]+\n)*", content)
    if not text or int(text[2]) >= 2**63 or (text[2] == "0" and b64decode(text[3]) != EMPTY):
        raise Refused("has not the three lines origin, size and root")
    if not (by_log := [key for key in by if key in log_keys and key.name == text[1]]):
        raise Refused(f"is not signed by {labels(log_keys)}")
    return Signed(text[1], int(text[2]), b64decode(text[3]), by_log, [key.name for key in by if key in witness_keys])


def labels(keys: list[Key]) -> str:
    return " or ".join(key.label for key in keys)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(tree: list[bytes], index: int, leaf: bytes) -> None:  # to the roots of its full parts
    while index & 1:
        index, leaf = index >> 1, hashlib.sha256(b"\x01" + tree.pop() + leaf).digest()
    tree.append(leaf)


def root_of(tree: list[bytes]) -> bytes:
    return reduce(lambda right, left: _node(left, right), tree[::-1]) if tree else EMPTY


def climb(hashes: list[bytes], index: int, size: int, shift: int = 0) -> tuple[bytes, bytes]:
    """Return the roots over the entries up to `index` and over all, from a proof of either kind and what it is for."""
    inner = (index ^ (size - 1)).bit_length()
    if not 0 <= index < size or len(hashes) - 1 != inner - shift + bin(index >> inner).count("1"):
        return b"", b""
    some, every = hashes[0], hashes[0]
    for place, one in enumerate(hashes[1:], shift):
        is_right = place < inner and not index >> place & 1
        some, every = some if is_right else _node(one, some), _node(every, one) if is_right else _node(one, every)
    return some, every


def roots_from_consistency(old: int, new: int, proof: list[bytes], known: bytes) -> tuple[bytes, bytes]:
    """Return the old and the new root that a proof (RFC 6962 section 2.1.2) leads to; `known` is the old one."""
    if old == new:
        return (known, known) if old and not proof else (b"", b"")
    lowest = old & -old  # as many entries as the part has from which the proof starts
    return climb([known, *proof] if lowest == old else proof, old - 1, new, lowest.bit_length() - 1)


def read_entry(line: bytes) -> Any:  # the document; None when the text is not in the one form an entry has
    try:
        document = json.loads(line.decode()) if orjson is None else orjson.loads(line)
        again = _write(document).encode() if orjson is None else orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError, RecursionError):
        return None
    return document if again == line and len(line) <= MAX_ENTRY and _is_plain([document], 0, line.isascii()) else None


def _is_plain(items: Any, depth: int, ascii: bool) -> bool:
    for item in items:
        if (kind := type(item)) is str or item is None or kind is bool or (kind is int and abs(item) <= MAX_INTEGER):
            continue
        if kind not in (dict, list) or depth == MAX_DEPTH or not (ascii or kind is list or "".join(item).isascii()):
            return False
        if not _is_plain(item.values() if kind is dict else item, depth + 1, ascii):
            return False
    return True


def read_lines(lines: list[bytes]) -> list[tuple[bytes, tuple[Any, ...]]]:  # leaf hash, and what each says of its place
    told = list[Any]()
    for line in lines:
        entry = read_entry(line)
        said = (*map(entry.get, PLACE),) if type(entry) is dict else ()
        told += [(hashlib.sha256(b"\x00" + line).digest(), said if [*map(type, said)] == [str, str, int, str] else ())]
    return told


def read_keys(lines: list[bytes]) -> list[Any]:  # the document of each that may be about the keys of the trail, or None
    if max(map(len, lines)) > MAX_ENTRY:
        raise Refused(f"{ENTRIES} has a line of more than {MAX_ENTRY:,} bytes, which no entry has.")
    return [read_entry(line) if b'"action":"key.r' in line else None for line in lines]


def read_stretches(work: Callable[[list[bytes]], Any], stretches: list[File]) -> list[Any]:
    texts = (b"".join(parts(one)).removesuffix(b"\n") for one in stretches)
    return [said for text in texts for said in work(text.split(b"\n"))]


def of_each_line(work: Callable[[list[bytes]], Any], stretches: list[File]) -> Iterator[Any]:  # in order, by processes
    work, cores, running, done = partial(read_stretches, work), min(os.cpu_count() or 1, MAX_PROCESSES), deque[Any](), 0
    with suppress(ImportError, OSError, RuntimeError, AssertionError):  # where none can be started, by this one
        if cores > 1 and len(stretches) >= MANY:
            with concurrent.futures.ProcessPoolExecutor(cores) as pool:
                for at in range(0, len(stretches) + AHEAD, TOGETHER):
                    running += [pool.submit(work, some) for some in [stretches[at : at + TOGETHER]] if some]
                    if at >= AHEAD:
                        yield from running.popleft().result()
                        done += TOGETHER
    yield from (said for one in stretches[done:] for said in work([one]))


def local_header(name: str, size: int, crc: int) -> bytes:  # what stands before a file in the zip
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    fixed = struct.pack("<4s5H3I2H", b"PK\x03\x04", 45, 0, *_DATED, crc, WIDE, WIDE, len(name), len(extra))
    return fixed + name.encode("ascii") + extra


def directory(members: list[tuple[str, int, int, int]], start: int) -> bytes:  # what stands after the last file
    listed = b""
    for name, size, crc, offset in members:
        extra = struct.pack("<2H3Q", 1, 24, size, size, offset) if max(size, offset) >= WIDE else b""
        sizes = (crc, WIDE, WIDE) if extra else (crc, size, size)
        rest = (len(name), len(extra), 0, 0, 0, 0o100644 << 16, WIDE if extra else offset)
        listed += struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 0x032D, 45, 0, *_DATED, *sizes, *rest)
        listed += name.encode("ascii") + extra
    count, length = len(members), len(listed)
    if count < 0xFFFF and start + length < WIDE:
        return listed + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, length, start, 0)
    wide = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 0x032D, 45, 0, 0, count, count, length, start)
    wide += struct.pack("<4sIQI", b"PK\x06\x07", 0, start + length, 1)
    return listed + wide + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, WIDE, WIDE, 0)


def parts(file: File) -> Iterator[bytes]:  # its bytes, never all of them in memory
    path, offset, left = file
    with path.open("rb") as opened:
        opened.seek(offset)
        while left and (read := opened.read(min(CHUNK, left))):
            left -= len(read)
            yield read


def stretches_of(file: File) -> Iterator[File]:  # cut behind a newline: few enough bytes that a processor's cache holds
    path, offset, left = file
    with path.open("rb") as opened:
        while left:
            opened.seek(offset + STRETCH - MAX_ENTRY - 1)
            size = left if left <= STRETCH else STRETCH - MAX_ENTRY + opened.read(MAX_ENTRY + 1).rfind(b"\n")
            yield path, offset, size
            offset, left = offset + size, left - size


def files_of(path: Path) -> dict[str, File]:  # nothing is unpacked, and no link is followed
    if not path.is_dir():
        return dict(files_in_zip(path))
    listed = {one.relative_to(path).as_posix(): one for one in path.rglob("*") if one.is_symlink() or not one.is_dir()}
    for name, one in listed.items():
        if one.is_symlink() or not one.is_file() or len(listed) > MAX_FILES:
            raise Refused(f"{name} is a link or a device, or one of more than {MAX_FILES:,} files, as no bundle holds.")
    return {name: (one, 0, one.stat().st_size) for name, one in listed.items()}


def files_in_zip(path: Path) -> Iterator[tuple[str, File]]:  # every byte must be the only possible one
    members, at, end = dict[str, tuple[int, int, int]](), 0, path.stat().st_size
    with path.open("rb") as file:
        while (head := file.read(30))[:4] == b"PK\x03\x04" and len(head) == 30:
            crc, length = struct.unpack("<14xI8xH2x", head)
            head += file.read(length + 20)
            name, size = head[30:-20].decode("ascii", "replace"), int.from_bytes(head[-8:], "little")
            if not NAME.fullmatch(name) or head != local_header(name, size, crc) or at + len(head) + size > end:
                raise Refused(f"Its file {name[:80]!r} {FOREIGN}")
            if name in members or len(members) >= MAX_FILES:
                raise Refused(f"{name} is in it twice, or it holds more than {MAX_FILES:,} files.")
            yield name, (path, at + len(head), size)
            members[name] = size, crc, at
            at = file.seek(at + len(head) + size)
        file.seek(at)
        expected = directory([(name, *rest) for name, rest in members.items()], at)
        if not members or file.read(len(expected) + 1) != expected:
            raise Refused(f"Its table of contents {FOREIGN}")


class Examination:  # what is checked, by which keys, and what was found
    def __init__(self, keys: list[Key], witnesses: list[Key], since: bytes | None, quorum: int) -> None:
        self._keys, self._witness_keys, self._quorum, self._kept = keys, witnesses, quorum, since
        self.flaws, self.reservations, self.facts = list[dict[str, Any]](), list[str](), list[tuple[str, str]]()
        self.origin, self.key, self.size, self.vouched, self.entries, self._root = "", "", 0, 0, 0, b""
        self.counts: Any = None
        self._since = Signed("", 0, EMPTY, [], [])
        self._held, self._last, self._roots = dict[str, File](), dict[int, tuple[int, bytes]](), dict[int, bytes]()
        # The keys in the order of their times, with the smallest size each signs; and from where on one is revoked.
        self._terms, self._revoked, self._proved = list[tuple[int, Key]](), dict[Key, int](), keys

    def bundle(self, files: dict[str, File]) -> None:
        self._held, self._stretches = files, list(stretches_of(files[ENTRIES])) if ENTRIES in files else []
        self._proofs = sorted(name for name in files if name.startswith("proofs/"))
        named = self._manifest()
        self._files()
        signed = self._open(self._content(CHECKPOINT, MAX_NOTE)) if {CHECKPOINT, ENTRIES} <= {*files} else None
        if signed and signed[:3] != named:
            self._flaw("file_changed", file=CHECKPOINT)
        elif signed:
            self._earlier()
            self._whole() if self.counts is None else self._subjects(self.counts)
            self._compare(self._since)

    def checkpoint(self, note: bytes) -> None:  # by itself, against the key and one kept from earlier
        if not self._keys:
            raise Refused("A checkpoint alone can only be checked against a key; give it with --key.")
        if self._open(note):
            self._compare(self._since)

    def _flaw(self, code: str, index: int | None = None, file: str = "", **facts: Any) -> None:
        sentence = TOLD[code].format(index=index, file=file, **facts)
        if len(self.flaws) < MAX_FLAWS:
            self.flaws.append({"code": code, "sentence": sentence, "index": index, "file": file})

    def _content(self, name: str, limit: int = MAX_SMALL_FILE) -> bytes:
        if name not in self._held or self._held[name][2] > limit:
            raise Refused(f"It is not a bundle, or not a whole one: it has no {name} of at most {limit:,} bytes.")
        return b"".join(parts(self._held[name]))

    def _manifest(self) -> tuple[str, int, bytes]:  # returns origin, size and root of the checkpoint it names
        envelope = self._content(ENVELOPE)
        try:
            document = json.loads(envelope)
            payload = from_base64(document["payload"])
            signatures = {one["keyid"]: from_base64(one["sig"]) for one in document["signatures"]}
            statement = json.loads(payload)
            says, listed = statement["predicate"], statement["predicate"]["subjects"]
            if (statement["_type"], statement["predicateType"]) != (STATEMENT, PREDICATE):
                raise ValueError("a statement about something else")
            named = says["origin"] + "", says["checkpoint"]["size"] + 0, bytes.fromhex(says["checkpoint"]["root"])
            self.counts = None if listed is None else {one["subject"]: int(one["entries"]) for one in listed}
            self._digests = {one["name"] + "": one["digest"]["sha256"] + "" for one in statement["subject"]}
            brought = parse_key(says["key"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(f"{ENVELOPE} is not the signed manifest of a bundle; it may be damaged.") from None
        if not self._keys:
            self._keys = [brought]
            told = f"No key was given, so it was held against its own, {brought.label}, which its maker could choose."
            self.reservations.append(f"{told} Get the key from the operator another way; use --key.")
        self._follow(*named[:2])
        message = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        keys = [key for key in self._signers(named[1]) if key in self._proved]
        by = [key for key in keys if is_signature(key.public, signatures.get(key.label, b""), message)]
        if not by or len(document) != 3 or _write({**document, "payloadType": PAYLOAD_TYPE}).encode() != envelope:
            self._flaw("manifest_not_signed", file=ENVELOPE, keys=labels(keys or self._keys))
        if self._content(MANIFEST) != payload:
            self._flaw("file_changed", file=MANIFEST)
        return named

    def _follow(self, origin: str, size: int) -> None:  # who signs which size, and whom the given keys prove
        self._count, self._covered, self._proved = 0, size, self._keys
        for place, entry in enumerate(of_each_line(read_keys, self._stretches)):
            self._count = place + 1
            known = isinstance(entry, dict) and entry.get("subject") == ABOUT_KEYS and str(entry.get("action")) in NAMED
            if known and (index := self._at(place)[0]) >= 0:
                try:
                    self._succeed(origin, index, entry["action"], entry.get("data"))
                except Refused as problem:
                    self._flaw("key_entry_untrue", index, problem=problem)
        self.facts += [("Keys", f"from {since:,} entries on {key.label}") for since, key in self._terms[1:]]
        newest = [key for _, key in self._terms][-1:]
        for key in self._revoked if not {*newest} & {*self._keys} else ():
            told = f"The key {key.label} was revoked, and whoever held it could have named another. Get the key in"
            self.reservations.append(f"{told} force, {labels(newest)}, from the operator another way; use --key.")

    def _succeed(self, origin: str, index: int, action: str, data: Any) -> None:  # a key; refused when it does not hold
        (outgoing, name, kind), data = NAMED[action], data if isinstance(data, dict) else {}
        rotated, old = action == "key.rotated", parse_key(str(data.get(outgoing)))
        self._terms = self._terms or [(0, old)]
        known = [key for _, key in self._terms]
        new = [parse_key(str(data.get("to")))] if rotated or data.get("to") else []
        if old not in known or {*new} & {*known} or (old == known[-1]) != bool(new):
            raise Refused(f"{known[-1].label} was in force, and only a key that never signed before can follow it")
        if not rotated and (type(data.get("from_size")) is not int or data["from_size"] < 0):
            raise Refused("it does not say from which size on the key is revoked")
        signing, said = [old, *new][not rotated :], f"countersign/key-{kind}/v1\n{origin}\n{old.text}\n"
        if new and open_note(str(data.get(name)).encode(), signing) != (f"{said}{new[0].text}\n", signing):
            raise Refused(f"its {name} is not signed as it must be")
        if {*new} & {*self._keys} or (rotated and old in self._proved):
            self._proved = list(dict.fromkeys([*self._proved, *known, *new]))
        self._terms += [(index + 1, key) for key in new]
        self._revoked.update({} if rotated else {old: data["from_size"]})

    def _signers(self, size: int) -> list[Key]:  # one of which must sign for this size, as far as entries tell
        return [key for since, key in self._terms if since <= size <= self._covered][-1:] or self._proved

    def _files(self) -> None:
        for name in sorted({CHECKPOINT, ENTRIES, *self._held, *self._digests} - {MANIFEST, ENVELOPE}):
            digest, is_here = hashlib.sha256(), name in self._held
            for chunk in parts(self._held[name]) if is_here else ():
                digest.update(chunk)
            if not is_here or self._digests.get(name) != digest.hexdigest():
                code = "file_missing" if not is_here else "file_changed" if name in self._digests else "file_added"
                self._flaw(code, file=name)

    def _open(self, note: bytes, file: str = CHECKPOINT) -> Signed | None:  # no file: what the reader remembers
        try:
            signed = open_checkpoint(note, self._proved, self._witness_keys)
        except Refused as problem:
            if not file:
                raise Refused(f"The checkpoint you remember {problem}.") from None
            if file == CHECKPOINT:
                self._flaw("checkpoint_not_signed", file=file, problem=problem)
            return None
        keys, size = self._signers(signed.size), signed.size
        if not set(keys) & set(signed.by):
            self._flaw("checkpoint_key_not_in_force", file=file, size=size, by=labels(signed.by), keys=labels(keys))
        if file == CHECKPOINT:
            self.origin, self.size, self._root, self.key, self._seen = *signed[:3], labels(signed.by), [signed]
            self._since = (self._open(self._kept, "") if self._kept else None) or self._since
        return signed

    def _earlier(self) -> None:  # whether the trail continues each earlier checkpoint that came along
        content = self._content(EARLIER) if EARLIER in self._held else b"[]"
        try:
            for item in json.loads(content):
                proof = [from_base64(one) for one in item["hashes"]]
                earlier = self._open(item["checkpoint"].encode(), EARLIER)
                roots = earlier and roots_from_consistency(earlier.size, self.size, proof, earlier.root)
                if earlier and (roots != (earlier.root, self._root) or any(len(one) != 32 for one in proof)):
                    raise ValueError("another trail")
                self._seen += [earlier] if earlier else []  # one that nobody known signed is passed over
        except (ValueError, KeyError, TypeError, AttributeError):
            self._flaw("consistency_refused", file=EARLIER)

    def _at(self, place: int) -> tuple[int, str]:  # index of the entry there, or -1; name of the proof
        name = self._proofs[place] if place < len(self._proofs) else "proofs/"
        return (int(name[7:-11]) if re.fullmatch(PROOF_NAME, name) else -1) if self.counts is not None else place, name

    def _whole(self) -> None:  # the tree anew from every text; entries whose hash is another are named
        tree, changed, remembered, already = list[bytes](), False, dict[int, bytes](), len(self.flaws)
        less, counts = self._count < self.size, {"count": self._count, "size": self.size}
        chunks = parts(self._held[HASHES]) if HASHES in self._held else None
        hashes = chunks and (chunk[at : at + 32] for chunk in chunks for at in range(0, len(chunk), 32))
        for index, (leaf, said) in enumerate(of_each_line(read_lines, self._stretches)):
            was = next(hashes, b"") if hashes else leaf
            append(tree, index, leaf)
            if leaf != was and self._count != self.size:
                return self._flaw("entry_missing" if less else "entry_inserted", index, "", **counts)
            if leaf != was:
                changed = True
                self._flaw("text_changed", index)
            self._link(said, was if len(was) == 32 else leaf, index)
            if index + 1 == self._since.size:
                remembered = {index + 1: root_of(tree)}
        self.entries, is_signed = self._count, root_of(tree) == self._root
        if self._count != self.size:
            return self._flaw("trail_shorter_than_checkpoint" if less else "entry_inserted", self.size, "", **counts)
        if is_signed and (changed or (hashes and next(hashes, b""))):
            self.flaws[already:] = []
            self._flaw("hashes_differ", file=HASHES)
        elif not is_signed and not changed:
            self._flaw("checkpoint_differs", self.size, "", **counts)
        self._roots.update(remembered if is_signed or not changed else {})

    def _link(self, said: Any, leaf: bytes, index: int) -> None:  # held against the one before about it
        if not said:
            return self._flaw("text_not_canonical", index)
        log, subject, number, previous = said
        known, before = self._last.get(hash(subject), (0, b""))  # number and hash; a subject itself may be long
        if log != self.origin or (self.counts is not None and subject not in self.counts):
            self._flaw("entry_foreign", index)
        if number != known + 1:
            self._flaw("column_differs", index, number=number, subject=subject, known=known)
        elif previous != before.hex():
            self._flaw("previous_differs", index, subject=subject)
        self._last[hash(subject)] = number, leaf

    def _subjects(self, counts: dict[str, int]) -> None:  # every proof followed, every entry counted
        note = self._content(CHECKPOINT, MAX_NOTE)
        for place, (leaf, said) in enumerate(of_each_line(read_lines, self._stretches)):
            index, name = self._at(place)
            head, _, signed = self._content(name).partition(b"\n\n") if index >= 0 else (b"", b"", b"")
            found = re.fullmatch(rb"c2sp\.org/tlog-proof@v1\nindex %d(%s)" % (index, HASH_LINES), head)
            if found is None or signed != note or name != f"proofs/{index:012}.tlog-proof":
                self._flaw("proof_refused", file=name)
                continue
            if climb([leaf, *map(b64decode, found[1].split())], index, self.size)[1] != self._root:
                self._flaw("text_changed", index)
            self._link(said, leaf, index)
            self.entries += 1
        for subject, count in counts.items():
            if (last := self._last.get(hash(subject), (0, b""))[0]) != count:
                self._flaw("entries_left_out", count=count, subject=subject, known=last)

    def _compare(self, since: Signed) -> None:  # with what the reader kept; and who else vouches for the end
        for one in self._seen:
            if len({*one.witnesses}) >= (self._quorum or 1) and one.size > self.vouched:
                self.vouched = one.size
                self.facts.append(("Witnessed", f"the first {one.size:,} entries, by {', '.join(one.witnesses)}"))
        self._roots = {**{one.size: one.root for one in self._seen}, **self._roots, self.size: self._root}
        known = self._roots.get(since.size) if since.size else None
        if since.size > self.size:
            self._flaw("trail_shorter_than_checkpoint", since.size, count=self.size, size=since.size)
        elif known not in (None, since.root):
            codes = {flaw["code"] for flaw in self.flaws} & {"checkpoint_differs"} or {"trail_forked"}
            self._flaw(codes.pop(), since.size, count=since.size, size=since.size)
        elif known and not since.witnesses and all(self._revoked.get(key, 2**63) <= since.size for key in since.by):
            self.reservations.append("Only a key revoked for that size signed what you remember: it proves nothing.")
        elif known:
            self.vouched = max(self.vouched, since.size if len({*since.witnesses}) >= self._quorum else 0)
            self.facts.append(("Remembered", f"the first {since.size:,} entries are those you saw before"))
        elif since.size and not self._held:
            self.reservations.append("That it continues the one you remember can only be seen from a bundle.")
        elif since.size and not self.flaws:
            raise Refused(f"It has no proof that it continues what you remember; ask for it since={since.size}.")
        if (alone := self.size - self.vouched) > 0:
            by = f"fewer than {self._quorum} of your witnesses" if self._quorum else "the signer alone"
            told = f"The last {alone:,} entries are vouched for by {by}; whoever signs could still show others"
            self.reservations.append(f"{told} another end of the trail.")


def tell(found: Examination, name: str, status: int) -> str:
    extent = "the whole trail" if found.counts is None else f"all about {', '.join(found.counts)}"
    lines = [("Checked", name), ("Trail", found.origin), ("Signed by", found.key or "no key known here")]
    lines += [("Contains", f"{found.entries:,} of {found.size:,} entries: {extent}"), *found.facts]
    told = [*(f"{label:<12}{value}" for label, value in lines), ""]
    told += [f"  - {flaw['sentence']}" for flaw in found.flaws[:MAX_TOLD]]
    told += [f"  - … and {len(found.flaws) - MAX_TOLD:,} more."] if len(found.flaws) > MAX_TOLD else []
    return "\n".join([*told, *(f"  ! {one}" for one in found.reservations), "", VERDICTS[status], ""])


def in_file(given: str) -> str:
    return (given if re.search(r"\+[0-9a-f]{8}\+", given) else Path(given).read_text("utf-8", "replace")).strip()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("bundle", type=Path, help="zip or folder of a bundle, or the file of a checkpoint")
    parser.add_argument("--key", action="append", default=[], help="public key of the trail, or a file holding it")
    parser.add_argument("--witness", action="append", default=[], help="public key of a witness, or a file holding it")
    parser.add_argument("--quorum", type=int, default=0, help="how many of these witnesses must have seen all of it")
    parser.add_argument("--since", type=Path, help="file of a checkpoint you kept from earlier")
    parser.add_argument("--json", action="store_true", help="answer for a program")
    given = parser.parse_args(arguments)
    try:
        keys = [parse_key(in_file(one)) for one in given.key]
        witnesses = [parse_key(in_file(one), OF_WITNESS) for one in given.witness]
        if not 0 <= given.quorum <= len({key.name for key in witnesses}):
            raise Refused(f"You ask for {given.quorum} witnesses; give the keys of at least as many with --witness.")
        found = Examination(keys, witnesses, given.since.read_bytes() if given.since else None, given.quorum)
        start = b"PK" if given.bundle.is_dir() else b"".join(parts((given.bundle, 0, MAX_NOTE + 1)))
        found.checkpoint(start) if start[:2] not in (b"PK", b"") else found.bundle(files_of(given.bundle))
    except (Refused, OSError) as problem:
        status, told, answer = UNUSABLE, f"CANNOT BE CHECKED. {problem}\n", {"exit": UNUSABLE, "problem": str(problem)}
    else:
        status = TAMPERED if found.flaws else RESERVED if found.reservations else WHOLE
        names = ("flaws", "reservations", "origin", "key", "size", "entries", "vouched")
        answer = {"exit": status, **{name: getattr(found, name) for name in names}}
        told = tell(found, given.bundle.name, status)
    sys.stdout.write(json.dumps(answer) + "\n" if given.json else told)
    return status


if __name__ == "__main__":
    sys.exit(main())
