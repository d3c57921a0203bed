"""The one spelling of a zip that a bundle may have: read it, write it again, compare."""

import re
import struct
from pathlib import Path

from tests.second_verifier.answer import Unusable

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
NEVER = 0xFFFFFFFF
LOCAL = struct.Struct("<4sHHHHHLLLHH")
CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")


def files_of(path: Path) -> dict[str, bytes]:
    """The content of each file by its name, from a zip or from the folder it was unpacked into."""
    if not path.is_dir():
        return _unpacked(path.read_bytes())
    inside = sorted(path.rglob("*"))
    if any(one.is_symlink() or not (one.is_file() or one.is_dir()) for one in inside):
        raise Unusable("a folder of a bundle has no links in it")
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in inside if one.is_file()}


def _unpacked(raw: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    sums: dict[str, int] = {}
    at = 0
    while raw[at : at + 4] == b"PK\x03\x04":
        if len(raw) < at + LOCAL.size:
            raise Unusable("a local header is cut off")
        crc, _, _, name_length, extra_length = LOCAL.unpack_from(raw, at)[-5:]
        at += LOCAL.size
        spelled, extra = raw[at : at + name_length], raw[at + name_length : at + name_length + extra_length]
        at += name_length + extra_length
        if len(extra) != 20:
            raise Unusable("a local header does not give the size in 64 bits")
        length = struct.unpack_from("<Q", extra, 4)[0]
        name = spelled.decode("ascii", "replace")
        if name in files or not all(NAME.fullmatch(part) for part in name.split("/")):
            raise Unusable(f"a file is called {name!r}, or twice so")
        sums[name], files[name] = crc, raw[at : at + length]
        at += length
    if not files or written(files, sums) != raw:
        raise Unusable("the zip is not spelled as a bundle is")
    return files


def written(files: dict[str, bytes], sums: dict[str, int]) -> bytes:
    """The zip of these files; their CRC-32 are taken as told, because a digest says more of a file that was changed."""
    body, directory = bytearray(), bytearray()
    for name, content in files.items():
        offset, size, crc, spelled = len(body), len(content), sums[name], name.encode()
        body += LOCAL.pack(b"PK\x03\x04", 45, 0, 0, 0, 0x21, crc, NEVER, NEVER, len(spelled), 20)
        body += spelled + struct.pack("<HHQQ", 1, 16, size, size) + content
        extra = b""
        shown = (size, size, offset)
        if size >= NEVER or offset >= NEVER:
            extra = struct.pack("<HHQQQ", 1, 24, size, size, offset)
            shown = (NEVER, NEVER, NEVER)
        directory += CENTRAL.pack(
            b"PK\x01\x02",
            0x032D,
            45,
            0,
            0,
            0,
            0x21,
            crc,
            *shown[:2],
            len(spelled),
            len(extra),
            0,
            0,
            0,
            0x81A40000,
            shown[2],
        )
        directory += spelled + extra
    count, length, offset = len(files), len(directory), len(body)
    end = bytearray()
    if count >= 0xFFFF or offset + length >= NEVER:
        end += struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 0x032D, 45, 0, 0, count, count, length, offset)
        end += struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + length, 1)
        count, length, offset = 0xFFFF, NEVER, NEVER
    end += struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count, count, length, offset, 0)
    return bytes(body + directory + end)
