"""Which format does an artifact have, by its bytes, and may it ever be opened?

Nothing here loads a model or imports a library that could: the bytes are looked at, a bounded part of them,
so that any process may ask.  Names and endings of files are not believed.
"""

import bz2
import lzma
import pickletools
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

SKOPS = "skops"
XGBOOST_UBJ = "xgboost_ubj"
XGBOOST_JSON = "xgboost_json"
LIGHTGBM = "lightgbm"
ONNX = "onnx"
FORMATS = (SKOPS, XGBOOST_UBJ, XGBOOST_JSON, LIGHTGBM, ONNX)

PICKLE = "pickle"
UNKNOWN = "unknown"

_HEAD_BYTES = 64 * 1024
_LARGEST_ZIP_DIRECTORY = 4 * 1024 * 1024
_ONNX_FIELDS = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}
_ONNX_VERSION, _ONNX_GRAPH = 1, 7
_MOST_ONNX_FIELDS = 10_000


class ModelRefused(Exception):
    """A model cannot or must not be used. `code` is stable, `detail` says why, `fix` what to do."""

    def __init__(self, code: str, detail: str, fix: str) -> None:
        super().__init__(f"{detail} {fix}")
        self.code = code
        self.detail = detail
        self.fix = fix


def check_artifact_format(path: Path) -> str:
    """Return one of FORMATS or raise ModelRefused (pickle_refused, unknown_format, empty_artifact)."""
    found = recognise(path)
    if found in FORMATS:
        return found
    if found == PICKLE:
        raise ModelRefused(
            "pickle_refused",
            "The artifact is a pickle (joblib, torch.save and pickle.dump all write one), and opening a "
            "pickle runs whatever code it holds.",
            "Save the model with skops.io.dump, export it to ONNX, or use the XGBoost or LightGBM text or "
            "binary format.",
        )
    if path.stat().st_size == 0:
        raise ModelRefused("empty_artifact", "The artifact has no bytes.", "Upload the saved model again.")
    raise ModelRefused(
        "unknown_format",
        "The bytes of the artifact are of no format that can be opened here.",
        "Use skops, ONNX, XGBoost (.ubj or .json) or LightGBM (.txt).",
    )


def recognise(path: Path) -> str:
    """One of FORMATS, or PICKLE, or UNKNOWN; reads the head of the file and a zip's directory, never more."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        size = file.seek(0, 2)
        if head.startswith(b"PK\x03\x04"):
            return _recognise_zip(file, size)
        text = head.lstrip(b" \t\r\n")
        if re.match(rb'\{\s*"(learner|version)"\s*:', text) and b'"learner"' in text:
            return XGBOOST_JSON
        if re.match(rb"\{L\x00{7}[\x07]learner\{|\{[iU]\x07learner\{", head):
            return XGBOOST_UBJ
        if re.match(rb"tree\r?\nversion=v\d+\r?\n", head):
            return LIGHTGBM
        if _looks_like_pickle(head) or _looks_like_pickle(_decompressed_head(head)):
            return PICKLE
        return ONNX if _is_onnx(file, size) else UNKNOWN


def _recognise_zip(file: BinaryIO, size: int) -> str:
    # zipfile reads the whole directory into memory, so its size is looked up before.
    file.seek(max(0, size - 65_557))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 16:
        return UNKNOWN
    if struct.unpack_from("<I", tail, end + 12)[0] > _LARGEST_ZIP_DIRECTORY:
        return UNKNOWN
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return UNKNOWN
    # PyTorch writes its pickle into a zip.
    if any(name.endswith((".pkl", ".pickle")) for name in names):
        return PICKLE
    return SKOPS if "schema.json" in names else UNKNOWN


def _looks_like_pickle(head: bytes) -> bool:
    """Read opcodes without running them: later protocols say what they are, older ones must be tried."""
    if not head:
        return False
    if head[0] == 0x80:
        return len(head) > 1 and head[1] <= 5
    if head[:1] not in b"(]}cIlNdtKUVSGX":
        return False
    opcodes = 0
    try:
        for opcode, _, _ in pickletools.genops(head):
            opcodes += 1
            if opcode.name == "STOP":
                return opcodes > 1
    except Exception:
        # The head can end within a longer pickle, while text that is no pickle fails within a few opcodes.
        return opcodes > 20
    return opcodes > 20


def _decompressed_head(head: bytes) -> bytes:
    """The first bytes behind a compression that joblib writes; empty when there is none."""
    if head.startswith(b"ZF"):
        return b"\x80\x02"  # joblib's oldest container; it holds nothing but pickles
    try:
        if head.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
        if head[:1] == b"\x78":
            return zlib.decompressobj().decompress(head, _HEAD_BYTES)
        if head.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(head, _HEAD_BYTES)
        if head.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):
            return lzma.LZMADecompressor(memlimit=128 * 1024 * 1024).decompress(head, _HEAD_BYTES)
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
        return b""
    return b"\x80\x02" if head.startswith(b"\x04\x22\x4d\x18") else b""


def _is_onnx(file: BinaryIO, size: int) -> bool:
    """Whether the whole file is one protobuf message with ONNX's fields, a version and exactly one graph.

    ONNX has no magic number.  Lengths are followed and contents skipped.
    """
    file.seek(0)
    graphs = versions = 0
    # Millions of empty fields would keep the asking process busy.
    for _ in range(_MOST_ONNX_FIELDS):
        if file.tell() == size:
            return graphs == versions == 1
        tag = _varint(file)
        if tag is None or tag >> 3 not in _ONNX_FIELDS:
            return False
        value = _varint(file)
        if value is None:
            return False
        if tag & 7 == 2:
            if file.tell() + value > size:
                return False
            file.seek(value, 1)
            graphs += tag >> 3 == _ONNX_GRAPH
        elif tag & 7 != 0:
            return False
        else:
            versions += tag >> 3 == _ONNX_VERSION
    return False


def _varint(file: BinaryIO) -> int | None:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    return None
