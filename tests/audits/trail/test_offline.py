"""The offline verifier: what an outsider is told about a bundle, with nothing but Python."""

import ast
import hashlib
import io
import json
import random
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.trail import canonical, merkle, notes
from audits.trail.keys import KeyKind, Signer
from audits.trail.merkle import Tree, leaf_hash
from audits.trail.offline import verify
from tests.audits.trail.small_bundle import (
    FOREIGN,
    LOG,
    ORIGIN,
    SUBJECTS,
    WITNESS,
    bundle,
    checkpoint,
    entries,
    tree_of,
    verdict,
)

SOURCE = Path(verify.__file__)
VECTORS = Path(__file__).parents[2] / "vectors" / "trail"
TEXTS = entries(7)


def codes(answer: dict) -> list[str]:
    return [flaw["code"] for flaw in answer["flaws"]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


def changed(texts: list[bytes], at: int) -> list[bytes]:
    return [text.replace(b"person:7", b"person:8") if index == at else text for index, text in enumerate(texts)]


# What the file itself promises


def test_it_is_one_file_of_at_most_600_lines_for_python_3_9_with_the_standard_library_alone() -> None:
    text = SOURCE.read_text()
    tree = ast.parse(text, feature_version=(3, 9))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert len(text.splitlines()) <= 600
    assert {str(name).split(".")[0] for name in names} - {"orjson"} <= set(sys.stdlib_module_names)
    assert not names & {"socket", "ssl", "urllib.request", "http.client", "subprocess", "ctypes", "pickle"}


ISOLATED = """
import runpy, socket, sys
def refused(*_, **__): raise AssertionError("the verifier opened a socket")
socket.socket = socket.create_connection = refused
if {plain}: sys.modules["orjson"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("plain", [False, True], ids=["with orjson", "standard library alone"])
def test_it_runs_isolated_and_without_a_socket(place: Path, plain: bool) -> None:
    place.write_bytes(bundle(TEXTS, note=checkpoint(TEXTS, witness=WITNESS)))
    program = ISOLATED.format(plain=plain)
    given = [SOURCE, place, "--key", LOG.verifier.key_string, "--witness", WITNESS.verifier.key_string]
    ran = subprocess.run([sys.executable, "-I", "-c", program, *given], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "WHOLE" in ran.stdout


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


# The container


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


def _by_library(public_key: bytes, signature: bytes, message: bytes) -> bool:
    return notes.Verifier("x", KeyKind.ED25519, public_key).is_signature(signature, message)


def test_every_byte_of_a_small_bundle_counts(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The same answers, fifty times as fast; the verifier's own arithmetic is compared with the library below.
    monkeypatch.setattr(verify, "is_signature", _by_library)
    for whole in (bundle(TEXTS[:2]), bundle(TEXTS[:2], subjects=["model/a"])):
        for at in range(len(whole)):
            place.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
            answer = verdict(place)
            assert answer["exit"] in {1, 2}, at


@pytest.mark.soak
def test_random_bits_of_a_large_bundle_count(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "is_signature", _by_library)
    whole = bytearray(bundle(entries(300)))
    chosen = random.Random(1)
    for _ in range(10_000):
        bit = chosen.randrange(len(whole) * 8)
        whole[bit // 8] ^= 1 << bit % 8
        place.write_bytes(whole)
        assert verdict(place)["exit"] in {1, 2}, bit
        whole[bit // 8] ^= 1 << bit % 8


# Its own arithmetic against the other implementation, and the published answers


@settings(max_examples=40, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=100), bit=st.integers(0, 64 * 8 - 1))
def test_its_ed25519_says_what_the_library_says(seed: bytes, message: bytes, bit: int) -> None:
    signer = Signer("x", KeyKind.ED25519, seed)
    public, signature = signer.verifier.public_key, signer.sign(message)
    assert verify.is_signature(public, signature, message)
    wrong = bytearray(signature)
    wrong[bit // 8] ^= 1 << bit % 8
    assert not verify.is_signature(public, bytes(wrong), message)
    assert not verify.is_signature(public, signature, message + b"x")


def test_signatures_that_are_malleable_or_of_no_point_are_refused() -> None:
    signature, public = LOG.sign(b"x"), LOG.verifier.public_key
    s = int.from_bytes(signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    assert not verify.is_signature(public, signature[:32] + s.to_bytes(32, "little"), b"x")
    # Keys that stand for the neutral point would vouch for everything; two of their spellings are no points at all.
    anything = bytes([1]) + bytes(63)
    for key in ((2**255 - 18).to_bytes(32, "little"), bytes([1]) + bytes(30) + b"\x80"):
        assert not verify.is_signature(key, anything, b"x")
    for key in (b"", bytes(31), b"\xff" * 32, (2).to_bytes(32, "little")):
        assert not verify.is_signature(key, signature, b"x")
    assert not verify.is_signature(public, b"", b"x")


@pytest.mark.parametrize("size", range(1, 33))
def test_its_proofs_say_what_the_other_implementation_says(size: int) -> None:
    tree = Tree(hashlib.sha256(bytes([at])).digest() for at in range(size))
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, tree.get_hash)
        leaf = tree.get_hash(0, index)
        assert verify.root_from_inclusion(leaf, index, size, proof) == tree.root()
        assert verify.root_from_inclusion(leaf, index, size, [*proof, leaf]) != tree.root()
        assert verify.root_from_inclusion(leaf, index, size, proof[:-1]) != tree.root() or not proof
    for old in range(1, size + 1):
        steps = merkle.consistency_proof(old, size, tree.get_hash)
        roots = tree.root(old), tree.root()
        assert verify.roots_from_consistency(old, size, steps, roots[0]) == roots
        assert verify.roots_from_consistency(old, size, [*steps, roots[0]], roots[0]) != roots
        assert verify.roots_from_consistency(old, size, steps[:-1], roots[0]) != roots or not steps


def test_its_proofs_answer_the_published_probes() -> None:
    probes = json.loads((VECTORS / "probes.json").read_text())
    wrong = []
    for probe in probes["inclusion"]:
        leaf, root, proof = unhex(probe["leaf_hash"]), unhex(probe["root"]), [unhex(one) for one in probe["proof"]]
        found = verify.root_from_inclusion(leaf, probe["index"], probe["size"], proof)
        wrong += [probe["name"]] if (found == root != b"") == probe["refused"] else []
    for probe in probes["consistency"]:
        roots, proof = (unhex(probe["old_root"]), unhex(probe["new_root"])), [unhex(one) for one in probe["proof"]]
        found = verify.roots_from_consistency(probe["old_size"], probe["new_size"], proof, roots[0])
        wrong += [probe["name"]] if (found == roots) == probe["refused"] else []
    assert wrong == []


unhex = bytes.fromhex


def test_its_notes_answer_the_published_logs() -> None:
    log = json.loads((VECTORS / "tessera.json").read_text())
    key = verify.parse_key(log["key"])
    for note in log["checkpoints"]:
        assert verify.open_checkpoint(note.encode(), [key], []).origin == key.name


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
@pytest.mark.parametrize("plain", [False, True])
def test_it_reads_an_entry_exactly_when_the_trail_would_have_written_it(plain: bool, value: object) -> None:
    text = json.dumps({"a": value}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        line = text.encode()
    except UnicodeEncodeError:
        return
    try:
        canonical.parse_canonical(line)
        expected = True
    except (canonical.NotCanonical, ValueError):
        expected = False
    library = verify.orjson
    try:
        verify.orjson = None if plain else library  # type: ignore[assignment]
        assert (verify.read_entry(line) is not None) == expected
    finally:
        verify.orjson = library  # type: ignore[assignment]


def test_the_trees_of_both_implementations_agree() -> None:
    tree = verify.Tree()
    for text in TEXTS:
        tree.append(hashlib.sha256(b"\x00" + text).digest())
    assert tree.root() == tree_of(TEXTS).root()


def test_it_names_every_subject_it_was_made_for(place: Path) -> None:
    place.write_bytes(bundle(TEXTS, subjects=list(SUBJECTS)))
    ran = subprocess.run(
        [sys.executable, "-I", str(SOURCE), str(place), "--key", LOG.verifier.key_string],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3
    assert f"Trail       {ORIGIN}" in ran.stdout
    assert all(subject in ran.stdout for subject in SUBJECTS)


def test_every_code_is_on_the_page_of_the_format_and_no_other() -> None:
    page = (SOURCE.parents[3] / "docs" / "reference" / "bundle-format.md").read_text()
    codes_told = page[page.index("## Codes") :]
    assert re.findall(r"^\| `(\w+)` \|", codes_told, re.MULTILINE) == list(verify.TOLD)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "line",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":-0}',
        b'{"a":1e2}',
        b'{"a":"\\ud800"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}\r',
        b'{"a":"' + b"x" * 65_535 + b'"}',
        b"[" * 2000 + b"]" * 2000,
        b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
    ],
)
def test_a_second_spelling_of_an_entry_is_none(line: bytes, plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if plain:
        monkeypatch.setattr(verify, "orjson", None)
    assert verify.read_entry(line) is None


def is_opened(note: bytes) -> bool:
    try:
        verify.open_checkpoint(note, [OFFLINE_LOG], [OFFLINE_WITNESS])
    except verify.Refused:
        return False
    return True


def is_opened_by_the_other(note: bytes) -> bool:
    try:
        notes.open_checkpoint(note, origin=ORIGIN, log_keys=[LOG.verifier], witness_keys=[WITNESS.verifier])
    except notes.NoteRefused:
        return False
    return True


OFFLINE_LOG = verify.parse_key(LOG.verifier.key_string)
OFFLINE_WITNESS = verify.parse_key(WITNESS.verifier.key_string)
NOTE = checkpoint(TEXTS, witness=WITNESS).encode()
LOG_LINE = NOTE.splitlines(keepends=True)[4].decode()


def test_every_flipped_bit_of_a_checkpoint_is_judged_as_by_the_other_implementation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verify, "is_signature", _by_library)
    for at in range(len(NOTE) * 8):
        flipped = bytearray(NOTE)
        flipped[at // 8] ^= 1 << at % 8
        assert is_opened(bytes(flipped)) == is_opened_by_the_other(bytes(flipped)), at


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (NOTE, True),
        (NOTE + LOG_LINE.encode(), True),
        (NOTE + b"\xe2\x80\x94 stranger AAAAAAAA\n" * 17, True),
        (NOTE + b"\xe2\x80\x94 stranger AAAAAAAA\n" * 99, False),
        (NOTE + b"\xe2\x80\x94 stranger AAAAAAAB\n" * 999_999, False),
        (NOTE[:-1], False),
        (NOTE.replace(b"\n\n", b"\n"), False),
        (b"", False),
        (notes.sign_note(f"{ORIGIN}\n-1\n{'A' * 43}=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n07\n{'A' * 43}=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n{2**63}\n{'A' * 43}=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n0\n{'A' * 43}=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n1\n{'A' * 42}B=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n1\n{'A' * 43}=\n\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n1\n{'A' * 43}=\nextension\n", LOG).encode(), True),
        (notes.sign_note(f"log.example/other\n1\n{'A' * 43}=\n", LOG).encode(), False),
    ],
)
def test_a_malformed_checkpoint_is_refused_by_both_implementations(note: bytes, expected: bool) -> None:
    assert (is_opened(note), is_opened_by_the_other(note)) == (expected, expected)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3",
        "",
    ],
)
def test_a_key_that_was_copied_wrongly_is_refused(text: str) -> None:
    assert (
        verify.parse_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n").name == "PeterNeumann"
    )
    with pytest.raises(verify.Unusable):
        verify.parse_key(text)
