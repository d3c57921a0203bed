"""Do bytes become the text that was meant, and never another one in silence?"""

from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.tables import decoding
from audits.tables.decoding import ChunkReader, known_encoding, utf8_chunks
from audits.tables.source import Source
from audits.tables.unusable import UnusableTable
from tests.audits.tables.written import Written

CITIES = "city,n\nZürich,1\n東京,2\n"
READ = [("Zürich", 1), ("東京", 2)]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (CITIES.encode(), "utf-8"),
        (codecs.BOM_UTF8 + CITIES.encode(), "utf-8"),
        (codecs.BOM_UTF8 + CITIES.encode(), "utf-8-sig"),
        (CITIES.encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + CITIES.encode("utf-16-le"), "utf-8"),
        (codecs.BOM_UTF16_BE + CITIES.encode("utf-16-be"), "utf-8"),
        (codecs.BOM_UTF16_BE + CITIES.encode("utf-16-be"), "utf-16"),
        (CITIES.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF32_LE + CITIES.encode("utf-32-le"), "utf-8"),
        (CITIES.encode("gb18030"), "gb18030"),
        (gzip.compress(CITIES.encode(), mtime=0), "utf-8"),
        (gzip.compress(CITIES[:9].encode(), mtime=0) + gzip.compress(CITIES[9:].encode(), mtime=0), "utf-8"),
        (gzip.compress(codecs.BOM_UTF16_LE + CITIES.encode("utf-16-le"), mtime=0), "utf-8"),
    ],
)
def test_the_same_table_in_many_encodings(written: Written, content: bytes, encoding: str) -> None:
    assert written.rows(content, encoding=encoding) == READ


def test_an_encoding_is_never_guessed(written: Written) -> None:
    latin = "city,n\r\nZürich,1\r\n".encode("latin-1")
    with pytest.raises(UnusableTable) as refused:
        written.rows(latin)
    assert str(refused.value) == (
        "Line 2: the byte 0xFC is not valid utf-8; declare the encoding the file was written in, such as windows-1252."
    )
    assert written.rows(latin, encoding="windows-1252") == [("Zürich", 1)]


@pytest.mark.parametrize(
    ("content", "encoding", "line"),
    [
        (b"a\n1\n\xff\n", "utf-8", 3),
        (b"a\r1\r\xff\r", "utf-8", 3),
        (b"a\r\n1\r\n2,\xe2\x82", "utf-8", 3),
        (b"\xff", "utf-8", 1),
        (b"a\n\x81", "windows-1252", 2),
        (codecs.BOM_UTF16_LE + "a\nb\n".encode("utf-16-le") + b"\x00\xd8x\x00", "utf-8", 3),
    ],
)
@pytest.mark.parametrize("chunk", [1, 3, 1024])
def test_an_invalid_byte_is_found_on_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, encoding: str, line: int, chunk: int
) -> None:
    # A mark is recognised in the first chunk, which is never shorter than four bytes outside of this test.
    chunk = max(chunk, 4) if content.startswith(codecs.BOM_UTF16_LE) else chunk
    monkeypatch.setattr(decoding, "CHUNK_BYTES", chunk)
    path = tmp_path / "table"
    path.write_bytes(content)
    with pytest.raises(UnusableTable) as refused:
        list(utf8_chunks(Source(path), encoding, 1000))
    assert (refused.value.code, refused.value.line) == ("wrong_encoding", line)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.integers(4, 9))
def test_text_survives_any_cut_of_its_bytes(tmp_path_factory: pytest.TempPathFactory, text: str, chunk: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "table"
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        path.write_bytes(mark + text.encode(encoding))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decoding, "CHUNK_BYTES", chunk)
            assert b"".join(utf8_chunks(Source(path), "utf-8", 10**6)).decode() == text


REFUSALS: list[tuple[str, bytes, str]] = [
    ("empty_file", b"", "utf-8"),
    ("empty_file", gzip.compress(b"", mtime=0), "utf-8"),
    ("empty_file", codecs.BOM_UTF8, "utf-8"),
    ("damaged_file", gzip.compress(CITIES.encode(), mtime=0)[:-9], "utf-8"),
    ("damaged_file", gzip.compress(CITIES.encode(), mtime=0)[:-8] + b"\0" * 8, "utf-8"),
    ("damaged_file", b"\x1f\x8b\x08\0" + b"\xff" * 40, "utf-8"),
    ("wrong_format", b"PAR1....PAR1", "utf-8"),
    ("wrong_format", b"PK\x03\x04 a spreadsheet", "utf-8"),
    ("contradicting_encoding", codecs.BOM_UTF8 + b"a\n1\n", "windows-1252"),
    ("contradicting_encoding", codecs.BOM_UTF16_LE + "a\n1\n".encode("utf-16-le"), "latin-1"),
    ("contradicting_encoding", codecs.BOM_UTF16_LE + "a\n1\n".encode("utf-16-le"), "utf-32"),
    ("nul_byte", CITIES.encode("ascii", "ignore").replace(b"1", b"\0"), "utf-8"),
    ("nul_byte", "a\n1\n".encode("utf-16-le"), "utf-8"),
]


@pytest.mark.parametrize(("code", "content", "encoding"), REFUSALS)
def test_bytes_that_are_no_plain_text_are_refused(written: Written, code: str, content: bytes, encoding: str) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.rows(content, encoding=encoding)
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["", "hex", "zlib", "rot13", "idna", "punycode", "unicode_escape", "klingon", "a\0b"])
def test_a_transformation_is_not_an_encoding(name: str) -> None:
    with pytest.raises(UnusableTable, match="is not a text encoding"):
        known_encoding(name)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b"a\n" + b"1\n" * 5_000_000, mtime=0))
    assert path.stat().st_size < 20_000
    with pytest.raises(UnusableTable) as refused:
        for _ in utf8_chunks(Source(path), "utf-8", 3 * 1024 * 1024):
            pass
    assert refused.value.code == "too_many_bytes"


def test_pieces_read_like_one_file() -> None:
    pieces = [b"ab", b"", b"cdefg", b"h"]
    assert io.BufferedReader(ChunkReader(iter(pieces)), buffer_size=3).read() == b"abcdefgh"
