"""However a command ends, its status says no more than it knows: 0 and 1 are answers, everything else is none."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.governance.cli.conftest import Other
from tests.installation import PROJECT
from tests.processes import eventually

pytestmark = pytest.mark.usefixtures("one_failed_check")
CHECK = {"check": "a.b", "parameters": {}, "verdict": "failed", "state": "completed", "ordered_at": "1", "percent": 100}


@pytest.fixture
def one_failed_check(other: Other) -> None:
    """The server knows one version, and of its checks one, which failed."""
    other.will_answer(200, {"model": "loans", "number": 1})
    other.will_answer(200, {"items": [CHECK | {"sentence": "Ratio ≤ 0.8 …"}], "next": None})


def started(other: Other, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start `countersign` with these arguments."""
    environment = {**os.environ, "COUNTERSIGN_TOKEN": "t", "COUNTERSIGN_URL": f"http://127.0.0.1:{other.server_port}"}
    environment |= {"GITHUB_STEP_SUMMARY": "", **options.pop("environment", {})}
    command = [sys.executable, "-m", "governance.cli", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, cwd=PROJECT, env=environment, **pipes)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, (out or b"").decode(), err.decode()


def test_a_log_that_knows_no_more_than_ascii_gets_the_answer(other: Other) -> None:
    status, out, err = ended(started(other, "check", "loans/1", environment={"PYTHONIOENCODING": "ascii"}))
    assert (status, err) == (1, "")
    assert out.startswith("x a.b  Ratio ? 0.8 ?")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_whoever_reads_no_further_gets_the_status_all_the_same(other: Other, form: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = started(other, "check", "loans/1", *form, stdout=writer)
    os.close(writer)
    assert ended(process) == (1, "", "")


def test_an_answer_that_cannot_be_written_is_none(other: Other) -> None:
    with Path("/dev/full").open("wb") as full:
        status, _, err = ended(started(other, "check", "loans/1", stdout=full))
    assert status == 2
    assert "No space left" in err
    assert "Traceback" not in err


def test_a_fault_of_our_own_is_no_answer(other: Other) -> None:
    other.answers[0] = (200, "application/json", b'{"what": "nothing that we know"}', {})
    status, _, err = ended(started(other, "check", "loans/1"))
    assert status == 2
    assert "a fault of the command line" in err


def test_whoever_interrupts_it_reads_one_word(other: Other) -> None:
    end = threading.Event()
    other.answers.clear()
    other.will_be_silent_until(end)
    process = started(other, "check", "loans/1", "--wait")
    eventually(lambda: other.asked, 60, "a request")
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "Interrupted.\n")
    end.set()
