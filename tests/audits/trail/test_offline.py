"""The offline verifier: what an outsider is told about a bundle, with nothing but Python."""

from pathlib import Path

import pytest

from audits.trail.merkle import leaf_hash
from tests.audits.trail.small_bundle import (
    FOREIGN,
    LOG,
    TEXTS,
    WITNESS,
    bundle,
    changed,
    checkpoint,
    codes,
    entries,
    verdict,
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


# What it says


def test_a_bundle_is_whole_when_the_key_comes_from_outside_and_a_witness_saw_the_end(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, note=checkpoint(TEXTS, witness=WITNESS)))
    answer = verdict(place, witnesses=[WITNESS])
    assert (answer["exit"], answer["entries"], answer["vouched"]) == (0, 7, 7)


def test_it_says_loudly_that_no_key_was_given(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, note=checkpoint(TEXTS, witness=WITNESS)))
    answer = verdict(place, keys=[], witnesses=[WITNESS])
    assert answer["exit"] == 3
    assert "No key was given" in answer["reservations"][0]


def test_it_says_how_much_only_the_signer_vouches_for(place: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(checkpoint(TEXTS, 4))
    place.write_bytes(bundle(TEXTS))
    assert "The last 7 entries" in verdict(place)["reservations"][0]
    answer = verdict(place, "--since", str(kept))
    assert (answer["exit"], answer["vouched"]) == (3, 4)
    assert "The last 3 entries" in answer["reservations"][0]


def test_an_earlier_checkpoint_with_a_witness_vouches_for_what_it_covers(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, earlier=[checkpoint(TEXTS, 5, witness=WITNESS)]))
    assert verdict(place, witnesses=[WITNESS])["vouched"] == 5
    assert verdict(place)["vouched"] == 0


def test_it_names_the_entry_that_was_changed_in_a_sentence(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, written=changed(TEXTS, 3)))
    answer = verdict(place)
    assert answer["exit"] == 1
    assert answer["flaws"] == [
        {
            "code": "text_changed",
            "sentence": "Entry 3 was changed: its text no longer has the hash that was signed.",
            "index": 3,
            "file": "",
        }
    ]


@pytest.mark.parametrize(
    ("written", "code", "index"),
    [
        (changed(TEXTS, 0), "text_changed", 0),
        (changed(TEXTS, 6), "text_changed", 6),
        ([*TEXTS[:2], TEXTS[3], TEXTS[2], *TEXTS[4:]], "text_changed", 2),
        (TEXTS[1:], "entry_missing", 0),
        ([*TEXTS[:3], *TEXTS[4:]], "entry_missing", 3),
        (TEXTS[:-1], "trail_shorter_than_checkpoint", 7),
        ([*TEXTS[:3], TEXTS[0], *TEXTS[3:]], "entry_inserted", 3),
        ([*TEXTS, TEXTS[0]], "entry_inserted", 7),
        ([*TEXTS[:3], TEXTS[3] + b" ", *TEXTS[4:]], "text_changed", 3),
        ([], "trail_shorter_than_checkpoint", 7),
    ],
    ids=["edit first", "edit last", "swap", "drop first", "drop one", "drop end", "replay", "append", "space", "all"],
)
def test_every_edit_of_the_entries_is_found_at_its_place(
    place: Path, written: list[bytes], code: str, index: int
) -> None:
    place.write_bytes(bundle(TEXTS, written=written))
    answer = verdict(place)
    assert answer["exit"] == 1
    assert (answer["flaws"][0]["code"], answer["flaws"][0]["index"]) == (code, index)


def test_an_edit_whose_hash_was_changed_too_does_not_lead_to_the_signed_root(place: Path) -> None:
    written = changed(TEXTS, 3)
    place.write_bytes(bundle(TEXTS, written=written, hashes=[leaf_hash(text) for text in written]))
    answer = verdict(place)
    # The next entry about the same subject still names the hash of what was there.
    assert [(flaw["code"], flaw["index"]) for flaw in answer["flaws"]] == [
        ("previous_differs", 6),
        ("checkpoint_differs", 7),
    ]


def test_a_wrong_list_of_hashes_does_not_accuse_the_entries(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, hashes=[leaf_hash(b"")] * 7))
    assert codes(verdict(place)) == ["hashes_differ"]


def test_the_trail_of_another_tenant_is_refused(place: Path) -> None:
    place.write_bytes(bundle(entries(7, origin="log.example/other")))
    assert set(codes(verdict(place))) == {"entry_foreign"}


@pytest.mark.parametrize("text", [b'{"a":1.5}', b'{"b":1,"a":2}', b'{"a":9007199254740992}', b"[]", b"", b'"\xff"'])
def test_a_text_that_is_no_entry_is_named_even_when_it_was_signed(place: Path, text: bytes) -> None:
    place.write_bytes(bundle([*TEXTS[:3]], written=[text, *TEXTS[1:3]], hashes=[leaf_hash(text)]))
    assert ("text_not_canonical", 0) in [(flaw["code"], flaw["index"]) for flaw in verdict(place)["flaws"]]


# Against what the reader brings along


def test_a_foreign_key_is_refused(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, signer=FOREIGN))
    assert codes(verdict(place)) == ["manifest_not_signed", "checkpoint_not_signed"]
    assert verdict(place, keys=[])["exit"] == 3


def test_any_of_several_keys_will_do_after_a_change_of_key(place: Path) -> None:
    place.write_bytes(bundle(TEXTS))
    assert verdict(place, keys=[FOREIGN, LOG])["flaws"] == []


def test_a_checkpoint_kept_from_earlier_finds_a_trail_that_was_cut_or_written_anew(place: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    place.write_bytes(bundle(TEXTS))
    kept.write_text(checkpoint(entries(9)))
    assert codes(verdict(place, "--since", str(kept))) == ["trail_shorter_than_checkpoint"]
    kept.write_text(checkpoint(changed(TEXTS, 1), 4))
    answer = verdict(place, "--since", str(kept))
    assert codes(answer) == ["trail_forked"]
    kept.write_text(checkpoint(changed(TEXTS, 1)))
    assert codes(verdict(place, "--since", str(kept))) == ["trail_forked"]


def test_a_remembered_checkpoint_that_nobody_signed_is_no_input(place: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    place.write_bytes(bundle(TEXTS))
    kept.write_text(checkpoint(TEXTS, 4, signer=FOREIGN))
    answer = verdict(place, "--since", str(kept))
    assert answer["exit"] == 2
    assert "The checkpoint you remember is not signed by" in answer["problem"]


def test_a_wrong_signature_of_a_witness_refuses_the_checkpoint(place: Path) -> None:
    lying = checkpoint(TEXTS[:6], witness=WITNESS).splitlines()[-1]
    place.write_bytes(bundle(TEXTS, note=f"{checkpoint(TEXTS)}{lying}\n"))
    assert codes(verdict(place, witnesses=[WITNESS])) == ["checkpoint_not_signed"]
    assert verdict(place)["exit"] == 3


# About some subjects only


def test_a_bundle_about_a_subject_holds_all_about_it_and_says_so(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, subjects=["model/a"], note=checkpoint(TEXTS, witness=WITNESS)))
    answer = verdict(place, witnesses=[WITNESS])
    assert (answer["exit"], answer["entries"], answer["size"]) == (0, 3, 7)


@pytest.mark.parametrize(("left_out", "code"), [(0, "column_differs"), (3, "column_differs"), (6, "entries_left_out")])
def test_an_entry_left_out_by_the_exporter_itself_is_found(place: Path, left_out: int, code: str) -> None:
    place.write_bytes(bundle(TEXTS, subjects=["model/a"], left_out=left_out))
    assert codes(verdict(place)) == [code]


def test_an_entry_that_is_not_under_the_checkpoint_is_named(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, subjects=["model/a"], written=[TEXTS[0], changed(TEXTS, 3)[3], TEXTS[6]]))
    answer = verdict(place)
    assert (answer["flaws"][0]["code"], answer["flaws"][0]["index"]) == ("text_changed", 3)


def test_a_bundle_about_a_subject_needs_the_proof_from_what_the_reader_remembers(place: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(checkpoint(TEXTS, 5))
    place.write_bytes(bundle(TEXTS, subjects=["model/a"]))
    answer = verdict(place, "--since", str(kept))
    assert answer["exit"] == 2
    assert "since=5" in answer["problem"]
    place.write_bytes(bundle(TEXTS, subjects=["model/a"], earlier=[checkpoint(TEXTS, 5)]))
    assert verdict(place, "--since", str(kept))["vouched"] == 5


def test_a_false_proof_of_consistency_is_refused(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, earlier=[checkpoint(changed(TEXTS, 1), 5)]))
    assert codes(verdict(place)) == ["consistency_refused"]


def test_an_earlier_checkpoint_of_a_retired_key_raises_no_false_alarm(place: Path, tmp_path: Path) -> None:
    retired = checkpoint(TEXTS, 5, signer=FOREIGN)
    kept = tmp_path / "kept"
    kept.write_text(retired)
    place.write_bytes(bundle(TEXTS, subjects=["model/a"], earlier=[retired]))
    assert verdict(place)["flaws"] == []
    assert verdict(place, "--since", str(kept), keys=[LOG, FOREIGN])["vouched"] == 5


def test_an_entry_nobody_asked_for_and_a_proof_under_another_checkpoint_are_named(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, subjects=["model/a", "model/b"], asked=["model/a"]))
    assert set(codes(verdict(place))) == {"entry_foreign"}
    place.write_bytes(bundle(TEXTS, subjects=["model/a"], proof_note=checkpoint(TEXTS, witness=WITNESS)))
    assert set(codes(verdict(place))) == {"proof_refused", "entries_left_out"}


def test_a_checkpoint_that_the_manifest_does_not_name_is_refused(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, note=checkpoint(TEXTS, 5)))
    assert [(flaw["code"], flaw["file"]) for flaw in verdict(place)["flaws"]] == [("file_changed", "checkpoint")]


# A checkpoint by itself


def test_two_checkpoints_of_one_size_with_two_roots_prove_a_fork(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text(checkpoint(TEXTS))
    other.write_text(checkpoint(changed(TEXTS, 2)))
    assert codes(verdict(one, "--since", str(other))) == ["trail_forked"]
    assert verdict(one, "--since", str(one))["exit"] == 0
    other.write_text(checkpoint(TEXTS, 3))
    assert "only be seen from a bundle" in verdict(one, "--since", str(other))["reservations"][0]
    assert verdict(one, keys=[FOREIGN])["exit"] == 1
    assert verdict(one, keys=[])["exit"] == 2
