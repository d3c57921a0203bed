"""Two verifiers that share no line, one of them written from the documentation alone, agree about every bundle.

`verdict` asks both and compares status, flaws and how much is vouched for; the tamper table and the tests of bundles
ask it, too. Here are the cases in which they once differed, and those that only the holder of the log's key can make.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from audits.trail import canonical_json
from audits.trail.bundle import BundleWriter
from audits.trail.key_history import revocation_data, rotation_data
from audits.trail.keys import KeyKind, Signer
from audits.trail.merkle import leaf_hash
from tests import second_verifier
from tests.audits.trail.small_bundle import FOREIGN, LOG, ORIGIN, bundle, checkpoint, codes, entries, verdict

SECOND, THIRD = (Signer(ORIGIN, KeyKind.ED25519, bytes([number]) * 32) for number in (2, 3))
TEXTS = entries(7)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


def found(place: Path, *options: str) -> list[tuple[str, int | None]]:
    return [(flaw["code"], flaw["index"]) for flaw in verdict(place, *options)["flaws"]]


def saying(**instead: object) -> list[bytes]:
    """Return the trail with an entry 6 that says something else, as if that had been recorded and signed."""
    return [*TEXTS[:6], canonical_json(json.loads(TEXTS[6]) | instead)]


def edited(at: int) -> list[bytes]:
    return [text.replace(b"person:7", b"person:8") if index == at else text for index, text in enumerate(TEXTS)]


@pytest.mark.parametrize(
    ("instead", "code"),
    [
        ({"number": 4}, "column_differs"),
        ({"number": True}, "text_not_canonical"),
        ({"number": "3"}, "text_not_canonical"),
        ({"subject": None}, "text_not_canonical"),
        ({"log": "log.example/other"}, "entry_foreign"),
        ({"previous": ""}, "previous_differs"),
        ({"previous": leaf_hash(TEXTS[3]).hex()[:32] + 32 * "0"}, "previous_differs"),
        ({"previous": leaf_hash(TEXTS[0]).hex()}, "previous_differs"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_a_signed_entry_says_of_its_place_is_held_against_the_entries_before(
    place: Path, instead: dict[str, object], code: str
) -> None:
    place.write_bytes(bundle(saying(**instead)))
    assert found(place) == [(code, 6)]


def test_what_else_a_signed_entry_says_is_no_matter_of_the_verifier(place: Path) -> None:
    place.write_bytes(bundle(saying(v=2, id="7", at="yesterday", more=[])))
    assert found(place) == []


def test_a_bundle_that_was_signed_without_entries_or_checkpoint_is_not_whole(place: Path) -> None:
    predicate = {
        "origin": LOG.name,
        "key": LOG.verifier.key_string,
        "checkpoint": {"size": 7, "root": 64 * "0"},
        "subjects": None,
    }
    with place.open("wb") as file:
        writer = BundleWriter(file)
        writer.add("README.txt", [b"Read me.\n"])
        writer.close(predicate, LOG)
    answer = verdict(place)
    assert answer["exit"] == 1
    assert [(flaw["code"], flaw["file"]) for flaw in answer["flaws"]] == [
        ("file_missing", "checkpoint"),
        ("file_missing", "events.jsonl"),
    ]


@pytest.mark.parametrize("since", [2, 5, 7])
def test_an_entry_edited_on_the_way_does_not_make_a_fork_of_the_trail(place: Path, tmp_path: Path, since: int) -> None:
    """Only two signatures over two trails prove a fork, and nobody signed the edited entries."""
    kept = tmp_path / "kept"
    kept.write_text(checkpoint(TEXTS, since))
    place.write_bytes(bundle(TEXTS, written=edited(3)))
    assert found(place, "--since", str(kept)) == [("text_changed", 3)]
    place.write_bytes(bundle(TEXTS, written=edited(6), hashes=[leaf_hash(text) for text in edited(6)]))
    assert found(place, "--since", str(kept)) == [("checkpoint_differs", 7)]
    place.write_bytes(bundle(TEXTS, written=edited(3), hashes=[leaf_hash(text) for text in edited(3)]))
    expected = {
        ("previous_differs", 6),
        ("checkpoint_differs", 7),
        *([("checkpoint_differs", 5)] if since == 5 else []),
    }
    assert set(found(place, "--since", str(kept))) == expected


@pytest.mark.parametrize("size", [0, 3, 8])
def test_a_list_of_hashes_of_another_length_than_the_trail_does_not_fit(place: Path, size: int) -> None:
    hashes = [leaf_hash(text) for text in entries(8)[:size]] or [b"x"]
    place.write_bytes(bundle(TEXTS, hashes=hashes))
    assert found(place) == [("hashes_differ", None)]


@pytest.mark.parametrize("length", [65_536, 2**21])
def test_a_line_too_long_for_an_entry_is_not_looked_at(place: Path, length: int) -> None:
    place.write_bytes(bundle(TEXTS, written=[*TEXTS[:6], b"x" * length]))
    assert "a line of more than 65,535 bytes" in verdict(place)["problem"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"index 0", b"index 00"), (b"index 0", b"index 1"), (b"=\n", b"\n"), (b"@v1\n", b"@v1\nextra AAAA\n")],
)
def test_a_proof_has_one_spelling(place: Path, tmp_path: Path, before: bytes, after: bytes) -> None:
    place.write_bytes(bundle(TEXTS, subjects=["model/a"]))
    folder = tmp_path / "folder"
    for name, content in second_verifier.files_of(place).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.replace(before, after, 1) if name.endswith("0.tlog-proof") else content)
    first = "proofs/000000000000.tlog-proof"
    told = [(flaw["code"], flaw["file"]) for flaw in verdict(folder)["flaws"]]
    assert told[:2] == [("file_changed", first), ("proof_refused", first)]


def test_a_second_spelling_of_a_hash_in_a_proof_is_none(place: Path, tmp_path: Path) -> None:
    place.write_bytes(bundle(TEXTS, subjects=["model/a"]))
    files = second_verifier.files_of(place)
    name = "proofs/000000000000.tlog-proof"
    hash_ = files[name].split(b"\n")[2]
    # The last character before the padding has two bits that stand for nothing.
    other = hash_[:-2] + bytes([hash_[-2] + 1]) + b"="
    for one, content in files.items():
        (tmp_path / "folder" / one).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / one).write_bytes(content.replace(hash_, other) if one == name else content)
    assert ("proof_refused", None) in found(tmp_path / "folder")


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_lines_and_proofs_belong_together_in_order(place: Path, count: int) -> None:
    about = TEXTS[::3]
    place.write_bytes(bundle(TEXTS, subjects=["model/a"], written=[*about, about[0]][:count]))
    assert found(place) == [("entries_left_out" if count < 3 else "proof_refused", None)]


ROTATED = ("key.rotated", rotation_data(ORIGIN, LOG, SECOND))
REVOKED = ("key.revoked", revocation_data(ORIGIN, LOG.verifier, from_size=2, why="lost", new=SECOND))
ROTATED_AGAIN = ("key.rotated", rotation_data(ORIGIN, SECOND, THIRD))


@pytest.mark.parametrize("subjects", [None, ["model/a", "trail/keys"]], ids=["whole", "subjects"])
@pytest.mark.parametrize(
    ("acts", "keys", "found_", "status"),
    [
        ({2: ROTATED, 4: ROTATED_AGAIN}, [LOG], [], 3),
        ({2: ROTATED, 4: ROTATED_AGAIN}, [SECOND], [], 3),
        ({2: ROTATED, 4: ROTATED_AGAIN}, [THIRD], [], 3),
        ({2: ROTATED, 4: ROTATED_AGAIN}, [], [], 3),
        ({2: ROTATED, 4: ROTATED_AGAIN}, [FOREIGN], ["manifest_not_signed", "checkpoint_not_signed"], 1),
        ({2: REVOKED, 4: ROTATED_AGAIN}, [LOG], ["manifest_not_signed", "checkpoint_not_signed"], 1),
        ({2: REVOKED, 4: ROTATED_AGAIN}, [SECOND], [], 3),
        ({2: ROTATED_AGAIN, 4: ROTATED}, [THIRD], ["key_entry_untrue"], 1),
        ({2: ROTATED, 4: ROTATED, 5: ROTATED_AGAIN}, [LOG], ["key_entry_untrue"], 1),
    ],
)
def test_both_follow_the_keys_of_a_trail(
    place: Path,
    subjects: list[str] | None,
    acts: dict[int, tuple[str, dict[str, Any]]],
    keys: list[Signer],
    found_: list[str],
    status: int,
) -> None:
    place.write_bytes(bundle(entries(7, about_keys=acts), subjects=subjects, signer=THIRD))
    answer = verdict(place, keys=keys)
    assert (codes(answer), answer["exit"]) == (found_, status)


@pytest.mark.parametrize("at", [2, 4])
def test_both_say_the_same_of_an_entry_about_keys_that_was_edited(place: Path, at: int) -> None:
    texts = entries(7, about_keys={2: ROTATED, 4: ROTATED_AGAIN})
    for before, after in ((b'"handover":"', b'"handover":"x'), (b"key.rotated", b"key.rotates"), (b"{", b"{ ")):
        written = [text.replace(before, after, 1) if index == at else text for index, text in enumerate(texts)]
        place.write_bytes(bundle(texts, written=written, signer=THIRD))
        for keys in ([LOG], [THIRD], [LOG, SECOND, THIRD]):
            assert verdict(place, keys=keys)["exit"] == 1


def test_both_read_an_entry_about_keys_whose_proof_has_another_name_nowhere(place: Path, tmp_path: Path) -> None:
    texts = entries(7, about_keys={2: ROTATED, 4: ROTATED_AGAIN})
    place.write_bytes(bundle(texts, subjects=["trail/keys"], signer=THIRD))
    for name, content in second_verifier.files_of(place).items():
        renamed = tmp_path / "folder" / name.replace("000000000004.tlog", "000000000004²tlog")
        renamed.parent.mkdir(parents=True, exist_ok=True)
        renamed.write_bytes(content)
    told = verdict(tmp_path / "folder", keys=[LOG])
    assert {"file_missing", "file_added", "manifest_not_signed"} <= set(codes(told))
