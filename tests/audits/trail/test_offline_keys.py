"""The offline verifier follows the keys of a trail from the one that the reader has, and so does the second one."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audits.offline import verify
from audits.trail.key_history import KeyEvent, KeyHistory, revocation_data, rotation_data
from audits.trail.keys import KeyKind, Signer
from tests.audits.trail.small_bundle import (
    LOG,
    ORIGIN,
    WITNESS,
    bundle,
    by_library,
    checkpoint,
    codes,
    entries,
    verdict,
)

SECOND, THIRD, STRANGER = (Signer(ORIGIN, KeyKind.ED25519, bytes([number]) * 32) for number in (2, 3, 4))
QUANTUM = Signer("witness.example/q1", KeyKind.ML_DSA_44_COSIGNATURE, bytes([6]) * 32)
ROTATED = {3: ("key.rotated", rotation_data(ORIGIN, LOG, SECOND))}
REVOKED = {3: ("key.revoked", revocation_data(ORIGIN, LOG.verifier, from_size=2, why="compromised", new=SECOND))}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


@pytest.mark.parametrize("subjects", [None, ["model/a", "trail/keys"]])
@pytest.mark.parametrize("key", [LOG, SECOND], ids=["old", "new"])
def test_one_key_is_enough_after_a_rotation(place: Path, subjects: list[str] | None, key: Signer) -> None:
    texts = entries(7, about_keys=ROTATED)
    earlier = [checkpoint(texts, 3, witness=WITNESS), checkpoint(texts, 4, signer=SECOND)]
    place.write_bytes(bundle(texts, subjects=subjects, signer=SECOND, earlier=earlier))
    answer = verdict(place, keys=[key], witnesses=[WITNESS])
    assert (answer["flaws"], answer["vouched"], answer["key"]) == ([], 3, SECOND.verifier.label)
    assert len(answer["reservations"]) == 1


@pytest.mark.parametrize("key", [LOG, SECOND], ids=["old", "new"])
def test_a_key_that_was_followed_signs_nothing_more(place: Path, tmp_path: Path, key: Signer) -> None:
    texts = entries(7, about_keys=ROTATED)
    place.write_bytes(bundle(texts, signer=LOG))
    answer = verdict(place, keys=[key])
    assert (answer["exit"], codes(answer)) == (1, ["manifest_not_signed", "checkpoint_key_not_in_force"])
    assert answer["flaws"][1]["sentence"] == (
        f"The checkpoint over 7 entries is by {LOG.verifier.label}; the key for so many was {SECOND.verifier.label}."
    )
    place.write_bytes(bundle(texts, signer=SECOND, earlier=[checkpoint(texts, 5, signer=LOG)]))
    assert codes(verdict(place, keys=[key])) == ["checkpoint_key_not_in_force"]
    kept = tmp_path / "kept"
    kept.write_text(checkpoint(texts, 5, signer=LOG))
    place.write_bytes(bundle(texts, signer=SECOND))
    assert codes(verdict(place, "--since", str(kept), keys=[key])) == ["checkpoint_key_not_in_force"]
    kept.write_text(checkpoint(texts, 3, signer=LOG))
    assert verdict(place, "--since", str(kept), keys=[key])["vouched"] == 3


def test_a_successor_that_only_a_revocation_names_is_not_followed(place: Path, tmp_path: Path) -> None:
    texts = entries(7, about_keys=REVOKED)
    place.write_bytes(bundle(texts, signer=SECOND))
    answer = verdict(place)
    assert (answer["exit"], codes(answer)) == (1, ["manifest_not_signed", "checkpoint_not_signed"])
    assert f"The key {LOG.verifier.label} was revoked" in answer["reservations"][0]
    assert f"Get the key in force, {SECOND.verifier.label}" in answer["reservations"][0]
    assert verdict(place, keys=[SECOND])["flaws"] == []
    place.write_bytes(bundle(texts, signer=LOG))
    assert codes(verdict(place)) == ["manifest_not_signed", "checkpoint_key_not_in_force"]
    place.write_bytes(bundle(texts, signer=SECOND))
    kept = tmp_path / "kept"
    for size, vouched in ((1, 1), (2, 0), (3, 0)):
        kept.write_text(checkpoint(texts, size))
        answer = verdict(place, "--since", str(kept), keys=[SECOND])
        assert (answer["flaws"], answer["vouched"], answer["exit"]) == ([], vouched, 3)
    kept.write_text(checkpoint(texts, 3, witness=WITNESS))
    assert verdict(place, "--since", str(kept), keys=[SECOND], witnesses=[WITNESS])["vouched"] == 3


def test_a_rotation_after_a_key_that_was_revoked_later_is_followed_and_doubted(place: Path) -> None:
    gone = ("key.revoked", revocation_data(ORIGIN, LOG.verifier, from_size=2, why="compromised"))
    place.write_bytes(bundle(entries(7, about_keys={**ROTATED, 5: gone}), signer=SECOND))
    answer = verdict(place)
    assert (answer["flaws"], len(answer["reservations"])) == ([], 2)
    assert len(verdict(place, keys=[SECOND])["reservations"]) == 1


CASES: list[dict[int, tuple[str, Any]]] = [
    {},
    ROTATED,
    REVOKED,
    {**ROTATED, 5: ("key.rotated", rotation_data(ORIGIN, SECOND, THIRD))},
    {**ROTATED, 5: ("key.rotated", rotation_data(ORIGIN, LOG, THIRD))},
    {**ROTATED, 5: ("key.rotated", rotation_data(ORIGIN, SECOND, LOG))},
    {**ROTATED, 5: ("key.revoked", revocation_data(ORIGIN, LOG.verifier, from_size=1, why="lost"))},
    {3: ("key.rotated", rotation_data("else", LOG, SECOND))},
    {3: ("key.rotated", {**rotation_data(ORIGIN, LOG, SECOND), "handover": REVOKED[3][1]["acceptance"]})},
    {3: ("key.rotated", {**rotation_data(ORIGIN, LOG, SECOND), "to": THIRD.verifier.key_string})},
    {3: ("key.rotated", {**rotation_data(ORIGIN, LOG, SECOND), "to": WITNESS.verifier.key_string})},
    {3: ("key.rotated", rotation_data(ORIGIN, LOG, LOG))},
    {3: ("key.rotated", {})},
    {3: ("key.revoked", revocation_data(ORIGIN, LOG.verifier, from_size=2, why="lost"))},
    {3: ("key.revoked", revocation_data(ORIGIN, STRANGER.verifier, from_size=2, why="lost")), **{5: ROTATED[3]}},
    {3: ("key.revoked", {**REVOKED[3][1], "from_size": True})},
    {3: ("key.revoked", {**REVOKED[3][1], "from_size": -1})},
    {3: ("key.revoked", {**REVOKED[3][1], "acceptance": ""})},
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_it_follows_the_keys_as_the_trail_itself_does(place: Path, case: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.offline.verify.is_signature", by_library)
    events = [KeyEvent(index, action, data) for index, (action, data) in CASES[case].items()]
    history = KeyHistory.of(events, origin=ORIGIN, first=LOG.verifier)
    everybody = [LOG, SECOND, THIRD, STRANGER]
    for size in range(1, 8):
        texts = entries(size, about_keys={place: event for place, event in CASES[case].items() if place < size})
        expected = history.at(size).verifier
        untrue = [index for index, _ in history.problems if index < size]
        for signer in everybody:
            place.write_bytes(bundle(texts, signer=signer))
            answer = verdict(place, keys=everybody)
            found = [flaw["index"] for flaw in answer["flaws"] if flaw["code"] == "key_entry_untrue"]
            assert found == untrue
            if len(texts) > 3 and any(data for _, data in CASES[case].values()):
                assert ("checkpoint_key_not_in_force" in codes(answer)) == (signer.verifier != expected), (size, answer)


def test_the_key_of_a_witness_that_python_cannot_check_is_refused(place: Path) -> None:
    place.write_bytes(bundle(entries(7)))
    given = ["--key", LOG.verifier.key_string, "--witness", QUANTUM.verifier.key_string]
    told = subprocess.run([sys.executable, "-I", verify.__file__, str(place), *given], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (2, "")
    assert told.stdout.startswith("CANNOT BE CHECKED. Not an Ed25519 key of the kind that is needed here")


def test_the_key_of_a_witness_is_none_of_a_log_and_the_other_way_round(place: Path) -> None:
    place.write_bytes(bundle(entries(7)))
    assert verdict(place, keys=[WITNESS])["exit"] == 2
    assert verdict(place, witnesses=[LOG])["exit"] == 2
