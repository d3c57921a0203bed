"""The offline verifier as a program: one file, any Python, no network, and what it prints."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audits.offline import verify
from tests.audits.trail.small_bundle import (
    LOG,
    ORIGIN,
    SUBJECTS,
    TEXTS,
    WITNESS,
    bundle,
    changed,
    checkpoint,
    entries,
    verdict,
)

SOURCE = Path(verify.__file__)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle.zip"


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


BY_MANY = """
import resource, runpy, sys, multiprocessing
{before}
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > 0))
"""
LONG = entries(700, data={"text": "x" * 60_000})


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of 40 MB, in which three entries were changed."""
    place = tmp_path_factory.mktemp("large") / "bundle.zip"
    place.write_bytes(bundle(LONG, written=changed(changed(changed(LONG, 600), 5), 350)))
    return place


@pytest.mark.parametrize(
    ("before", "helped"),
    [
        ("", (os.cpu_count() or 1) > 1),
        ("multiprocessing.set_start_method('spawn')", (os.cpu_count() or 1) > 1),
        ("sys.modules['concurrent.futures.process'] = None", False),
    ],
    ids=["as here", "where a process starts from nothing", "where there are no processes"],
)
def test_a_large_bundle_is_shared_out_among_processes_and_told_in_the_same_order(
    large: Path, before: str, helped: bool
) -> None:
    given = [SOURCE, large, "--json", "--key", LOG.verifier.key_string]
    program = BY_MANY.format(before=before)
    ran = subprocess.run([sys.executable, "-I", "-c", program, *given], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, str(helped))
    answer = json.loads(ran.stdout)
    assert [(flaw["code"], flaw["index"]) for flaw in answer["flaws"]] == [
        ("text_changed", 5),
        ("text_changed", 350),
        ("text_changed", 600),
    ]
    assert answer["entries"] == 700


def _other_pythons() -> dict[str, str]:
    """Return the interpreters on this machine from 3.9 on, but for our own version, by name."""
    versions = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser().glob("versions/*/bin")
    folders = os.pathsep.join([*map(str, versions), os.environ.get("PATH", "")])
    names = [f"python3.{minor}" for minor in range(9, 21) if minor != sys.version_info.minor]
    return {name: found for name in names if (found := shutil.which(name, path=folders))}


@pytest.mark.parametrize("name", [f"python3.{minor}" for minor in range(9, 16) if minor != sys.version_info.minor])
def test_every_other_python_says_the_same(place: Path, name: str) -> None:
    program = _other_pythons().get(name)
    if program is None:
        pytest.skip(f"there is no {name} here")
    told = {}
    for written in (TEXTS, changed(TEXTS, 3)):
        place.write_bytes(bundle(TEXTS, written=written, note=checkpoint(TEXTS, witness=WITNESS)))
        given = [str(place), "--json", "--key", LOG.verifier.key_string, "--witness", WITNESS.verifier.key_string]
        ran = subprocess.run([program, "-I", "-S", SOURCE, *given], capture_output=True, text=True, check=False)
        assert ran.stderr == ""
        told[ran.returncode] = json.loads(ran.stdout)
        assert told[ran.returncode] == verdict(place, witnesses=[WITNESS])
    assert set(told) == {0, 1}
    assert [(flaw["code"], flaw["index"]) for flaw in told[1]["flaws"]] == [("text_changed", 3)]


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
    page = (SOURCE.parents[2] / "docs" / "reference" / "bundle-format.md").read_text()
    codes_told = page[page.index("## Codes") :]
    assert re.findall(r"^\| `(\w+)` \|", codes_told, re.MULTILINE) == list(verify.TOLD)
