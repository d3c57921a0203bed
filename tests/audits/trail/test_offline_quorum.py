"""A reader who knows several witnesses says how many of them must have seen what is handed over."""

from pathlib import Path

import pytest

from audits.trail.key_history import revocation_data
from audits.trail.keys import KeyKind, Signer
from tests.audits.trail.small_bundle import LOG, ORIGIN, TEXTS, bundle, checkpoint, codes, entries, verdict

FIRST, SECOND, THIRD = (
    Signer(f"witness.example/w{number}", KeyKind.COSIGNATURE, bytes([number]) * 32) for number in (1, 2, 3)
)
# The key that the first witness had before: the same witness, and no second one.
FIRST_BEFORE = Signer(FIRST.name, KeyKind.COSIGNATURE, bytes([9]) * 32)
KNOWN = [FIRST, SECOND, THIRD]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


@pytest.mark.parametrize("subjects", [None, ["model/a"]], ids=["whole", "subjects"])
@pytest.mark.parametrize(
    ("seen_by", "quorum", "status"),
    [
        ([FIRST, SECOND], 2, 0),
        ([FIRST, SECOND, THIRD], 2, 0),
        ([FIRST], 1, 0),
        ([FIRST], 2, 3),
        ([FIRST, SECOND], 3, 3),
        ([], 1, 3),
        ([FIRST], 0, 0),
    ],
)
def test_so_many_of_the_witnesses_must_have_seen_the_end(
    place: Path, subjects: list[str] | None, seen_by: list[Signer], quorum: int, status: int
) -> None:
    place.write_bytes(bundle(TEXTS, subjects=subjects, note=checkpoint(TEXTS, witnesses=seen_by)))
    answer = verdict(place, "--quorum", str(quorum), witnesses=KNOWN)
    assert (answer["exit"], answer["vouched"], answer["flaws"]) == (status, 0 if status else 7, [])


def test_what_fewer_have_seen_is_told_in_a_sentence(place: Path) -> None:
    earlier = checkpoint(TEXTS, 4, witnesses=[FIRST, THIRD])
    place.write_bytes(bundle(TEXTS, earlier=[earlier], note=checkpoint(TEXTS, witnesses=[SECOND])))
    answer = verdict(place, "--quorum", "2", witnesses=KNOWN)
    assert (answer["exit"], answer["vouched"]) == (3, 4)
    assert answer["reservations"] == [
        "The last 3 entries are vouched for by fewer than 2 of your witnesses; "
        "whoever signs could still show others another end of the trail."
    ]


def test_one_witness_with_two_keys_and_one_key_given_twice_count_once(place: Path) -> None:
    both = [FIRST, FIRST_BEFORE]
    place.write_bytes(bundle(TEXTS, note=checkpoint(TEXTS, witnesses=both)))
    assert verdict(place, "--quorum", "2", witnesses=[*both, SECOND])["exit"] == 3
    assert verdict(place, "--quorum", "2", witnesses=[FIRST, FIRST, SECOND])["exit"] == 3
    assert verdict(place, "--quorum", "1", witnesses=both)["exit"] == 0


def test_a_cosignature_of_a_witness_nobody_named_does_not_count(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, note=checkpoint(TEXTS, witnesses=KNOWN)))
    assert verdict(place, "--quorum", "2", witnesses=[FIRST, SECOND])["exit"] == 0
    place.write_bytes(bundle(TEXTS, note=checkpoint(TEXTS, witnesses=[FIRST, THIRD])))
    assert verdict(place, "--quorum", "2", witnesses=[FIRST, SECOND])["exit"] == 3


def test_what_the_reader_remembers_stands_in_for_no_witness_that_is_asked_for(place: Path, tmp_path: Path) -> None:
    """Memory finds a trail that was written anew; only others can say that they were shown the same one."""
    kept = tmp_path / "kept"
    place.write_bytes(bundle(TEXTS))
    kept.write_text(checkpoint(TEXTS))
    assert verdict(place, "--since", str(kept), witnesses=KNOWN)["exit"] == 0
    answer = verdict(place, "--since", str(kept), "--quorum", "2", witnesses=KNOWN)
    assert (answer["exit"], answer["vouched"]) == (3, 0)
    kept.write_text(checkpoint(TEXTS, witnesses=[FIRST, SECOND]))
    answer = verdict(place, "--since", str(kept), "--quorum", "2", witnesses=KNOWN)
    assert (answer["exit"], answer["vouched"]) == (0, 7)


def test_enough_witnesses_excuse_no_flaw(place: Path) -> None:
    note = checkpoint(TEXTS, witnesses=KNOWN)
    place.write_bytes(bundle(TEXTS, written=TEXTS[:-1], note=note))
    answer = verdict(place, "--quorum", "3", witnesses=KNOWN)
    assert (answer["exit"], codes(answer)) == (1, ["trail_shorter_than_checkpoint"])


def test_witnesses_of_a_remembered_checkpoint_outlive_the_key_of_the_log(place: Path, tmp_path: Path) -> None:
    new = Signer(ORIGIN, KeyKind.ED25519, bytes([7]) * 32)
    revoked = ("key.revoked", revocation_data(ORIGIN, LOG.verifier, from_size=2, why="lost", new=new))
    texts, kept = entries(7, about_keys={2: revoked}), tmp_path / "kept"
    place.write_bytes(bundle(texts, signer=new))
    for seen_by, quorum, vouched in (([FIRST, SECOND], 2, 2), ([FIRST], 2, 0), ([], 0, 0), ([FIRST], 1, 2)):
        kept.write_text(checkpoint(texts, 2, witnesses=seen_by))
        options = ("--since", str(kept), "--quorum", str(quorum))
        assert verdict(place, *options, keys=[LOG, new], witnesses=KNOWN)["vouched"] == vouched


@pytest.mark.parametrize(
    ("quorum", "witnesses"), [(1, []), (3, [FIRST, SECOND]), (2, [FIRST, FIRST_BEFORE]), (-1, KNOWN)]
)
def test_more_witnesses_than_there_are_keys_of_cannot_be_asked_for(
    place: Path, quorum: int, witnesses: list[Signer]
) -> None:
    place.write_bytes(bundle(TEXTS, note=checkpoint(TEXTS, witnesses=KNOWN)))
    answer = verdict(place, "--quorum", str(quorum), witnesses=witnesses)
    assert answer["exit"] == 2
    assert f"You ask for {quorum} witnesses" in answer["problem"]
