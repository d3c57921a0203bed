"""Which one file can be handed to an outsider, so that nothing in it can be changed, added or taken away?

A zip of stored files in a fixed order with fixed times, ended by an in-toto statement over the digest of each file and
its DSSE envelope. There is one possible spelling of the container, and `audits/offline/verify.py`, which defines it,
accepts no other: docs/reference/bundle-format.md.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from audits.offline import verify
from audits.offline.verify import directory, local_header
from audits.trail.canonical import canonical_json
from audits.trail.dsse import SignsDocuments, envelope

MANIFEST: Final = "manifest.json"
ENVELOPE: Final = "manifest.dsse.json"
_READ: Final = 1024 * 1024


class BundleWriter:
    """Writes a bundle to a file that can be sought in, one member after the other; none is whole in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._members: list[tuple[str, int, int, int]] = []
        self._digests: dict[str, str] = {}

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Append a file. Its name MUST be new and one that a bundle may hold."""
        if not verify.NAME.fullmatch(name) or name in self._digests:
            raise ValueError(f"A bundle cannot hold a file named {name!r}, or holds it already.")
        offset, size, crc, digest = self._file.tell(), 0, 0, hashlib.sha256()
        self._file.write(local_header(name, 0, 0))
        for chunk in chunks:
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
            digest.update(chunk)
            self._file.write(chunk)
        end = self._file.tell()
        # Only now are size and checksum known; the header has the same length for all of them.
        self._file.seek(offset)
        self._file.write(local_header(name, size, crc))
        self._file.seek(end)
        self._members.append((name, size, crc, offset))
        self._digests[name] = digest.hexdigest()

    def close(self, predicate: Mapping[str, Any], signer: SignsDocuments) -> None:
        """Sign what was added together with what `predicate` claims about it, and end the file."""
        manifest = canonical_json(statement(self._digests, predicate), max_bytes=None)
        self.add(MANIFEST, [manifest])
        self.add(ENVELOPE, [envelope(manifest, signer)])
        self._file.write(directory(self._members, self._file.tell()))


def statement(digests: Mapping[str, str], predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Return the in-toto Statement v1 over files, given by the SHA-256 of each, in hex."""
    return {
        "_type": verify.STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in digests.items()],
        "predicateType": verify.PREDICATE,
        "predicate": dict(predicate),
    }


def gathered(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """Yield the same bytes in larger pieces: hashing and writing cost a call each."""
    kept: list[bytes] = []
    length = 0
    for piece in pieces:
        kept.append(piece)
        length += len(piece)
        if length >= _READ:
            yield b"".join(kept)
            kept, length = [], 0
    yield b"".join(kept)


def verifier_source() -> bytes:
    """Return the program that checks a bundle, as it goes into every one."""
    return Path(verify.__file__).read_bytes()
