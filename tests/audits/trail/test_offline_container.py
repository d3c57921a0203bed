"""The zip or folder of a bundle: one spelling, in which every byte counts."""

import io
import random
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from audits.offline import verify
from tests.audits.trail.small_bundle import (
    TEXTS,
    bundle,
    by_library,
    entries,
    verdict,
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


def test_any_zip_program_opens_a_bundle(place: Path, tmp_path: Path) -> None:
    place.write_bytes(bundle(TEXTS))
    with zipfile.ZipFile(place) as opened:
        assert opened.testzip() is None
        assert opened.read("events.jsonl") == b"".join(text + b"\n" for text in TEXTS)
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-q", str(place), "-d", str(tmp_path / "out")], check=True)
        assert verdict(tmp_path / "out")["flaws"] == []


def test_the_same_content_is_the_same_bytes() -> None:
    assert bundle(TEXTS) == bundle(TEXTS)


def unpacked(place: Path, folder: Path) -> Path:
    with zipfile.ZipFile(place) as opened:
        opened.extractall(folder)
    return folder


def test_a_folder_is_checked_like_the_zip_it_came_from(place: Path, tmp_path: Path) -> None:
    place.write_bytes(bundle(TEXTS))
    folder = unpacked(place, tmp_path / "folder")
    assert verdict(folder)["flaws"] == []
    (folder / "extra.txt").write_text("x")
    (folder / "README.txt").unlink()
    (folder / "checkpoint").rename(folder / "checkpoint2")
    assert {(flaw["code"], flaw["file"]) for flaw in verdict(folder)["flaws"]} == {
        ("file_added", "extra.txt"),
        ("file_added", "checkpoint2"),
        ("file_missing", "README.txt"),
        ("file_missing", "checkpoint"),
    }


def test_a_link_in_a_folder_is_not_followed(place: Path, tmp_path: Path) -> None:
    place.write_bytes(bundle(TEXTS))
    folder = unpacked(place, tmp_path / "folder")
    (folder / "README.txt").unlink()
    (folder / "README.txt").symlink_to("/etc/hostname")
    answer = verdict(folder)
    assert answer["exit"] == 2
    assert "README.txt is a link" in answer["problem"]


def test_a_file_from_another_bundle_is_named(place: Path, tmp_path: Path) -> None:
    place.write_bytes(bundle(TEXTS, extra={"report.html": b"<p>of this one"}))
    folder = unpacked(place, tmp_path / "folder")
    (folder / "report.html").write_bytes(b"<p>of another")
    assert [(flaw["code"], flaw["file"]) for flaw in verdict(folder)["flaws"]] == [("file_changed", "report.html")]


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../b", "a\\b", "C:x", ".hidden", "a//b", "a/", "", "a..b"])
def test_a_name_that_leads_elsewhere_is_refused(place: Path, name: str) -> None:
    content = verify.local_header(name, 1, 0) + b"x"
    place.write_bytes(content + verify.directory([(name, 1, 0, 0)], len(content)))
    answer = verdict(place)
    assert answer["exit"] == 2
    assert "is not as a bundle has it" in answer["problem"]


def test_a_zip_bomb_is_not_opened(place: Path) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as made, made.open("events.jsonl", "w") as file:
        for _ in range(64):
            file.write(bytes(1024 * 1024))
    answer = verdict(place)
    assert answer["exit"] == 2
    assert "'events.jsonl' is not as a bundle has it" in answer["problem"]


def test_a_size_beyond_the_end_and_a_line_without_end_are_refused(place: Path) -> None:
    name = "events.jsonl"
    place.write_bytes(verify.local_header(name, 10 * 1024**3, 0) + verify.directory([(name, 10 * 1024**3, 0, 0)], 0))
    assert verdict(place)["exit"] == 2
    place.write_bytes(bundle(TEXTS, written=[b"x" * 2**21]))
    assert "a line of more than 65,535 bytes" in verdict(place)["problem"]


def members(content: bytes) -> list[tuple[str, int, int, int]]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return [(one.filename, one.file_size, one.CRC, one.header_offset) for one in opened.infolist()]


def test_a_file_twice_is_refused(place: Path) -> None:
    whole = bundle(TEXTS)
    listed = members(whole)
    start = listed[-1][3] + len(verify.local_header(*listed[-1][:3])) + listed[-1][1]
    again = whole[: listed[1][3]]
    body = whole[:start] + again
    place.write_bytes(body + verify.directory([*listed, (*listed[0][:3], start)], len(body)))
    assert "README.txt is in it twice" in verdict(place)["problem"]


def test_dropping_the_last_file_or_adding_bytes_anywhere_is_refused(place: Path) -> None:
    whole = bundle(TEXTS)
    for content in (whole + b"x", b"x" + whole, whole[:-1], whole[: len(whole) // 2], b"", b"PK"):
        place.write_bytes(content)
        assert verdict(place)["exit"] in {1, 2}


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.soak)], ids=["one in eleven", "all"])
def test_every_byte_of_a_small_bundle_counts(place: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr(verify, "is_signature", by_library)
    for whole in (bundle(TEXTS[:2]), bundle(TEXTS[:2], subjects=["model/a"])):
        for at in range(0, len(whole), step):
            place.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
            answer = verdict(place)
            assert answer["exit"] in {1, 2}, at


@pytest.mark.soak
def test_random_bits_of_a_large_bundle_count(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "is_signature", by_library)
    whole = bytearray(bundle(entries(300)))
    chosen = random.Random(1)
    for _ in range(10_000):
        bit = chosen.randrange(len(whole) * 8)
        whole[bit // 8] ^= 1 << bit % 8
        place.write_bytes(whole)
        assert verdict(place)["exit"] in {1, 2}, bit
        whole[bit // 8] ^= 1 << bit % 8
