"""How does a worker get checks measured without ever opening a table or a model itself?"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audits.sandbox.lock import GUARDS, Limits

_MIB = 1024 * 1024
_LARGEST_ANSWER = 256 * _MIB
_LARGEST_OF_MODEL = 4 * _MIB
_LONGEST_LINE = 4096
# How a child is asked for something of the model, and in which words it failed.
_ASKED = {"attributions": ("--explain", "explained"), "disturbances": ("--disturb", "run")}

_PROJECT = Path(__file__).resolve().parents[2]
_VERDICTS = ("passed", "failed", "inconclusive", "errored")
# The loader needs it where Python lives outside the system's directories. Nothing else is handed on: the
# worker's environment holds passwords and keys.
_HANDED_ON = ("LD_LIBRARY_PATH",)
CHILD_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONPATH": str(_PROJECT),
    "PYTHONUNBUFFERED": "1",
    # One thread each: workers share the machine, and sums come out in the same order every time.
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # The same paths on every machine: with AVX-512 NumPy's logarithms differ in the last digit from those of a machine
    # without it, and some processors (AMD Zen 4) sort five times more slowly with it than with AVX2.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    # Where huge pages have to be made free first, they cost more than they save, and now and then a great deal.
    "NUMPY_MADVISE_HUGEPAGE": "0",
    # A child is used once; compiling would take it longer than interpreting.
    "NUMBA_DISABLE_JIT": "1",
    # The child has neither semaphores nor other processes.
    "JOBLIB_MULTIPROCESSING": "0",
    # Every arena reserves address space that counts against the limit.
    "MALLOC_ARENA_MAX": "2",
    # Memory that was given back to the kernel is cleared page by page before it comes again, batch after batch.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_MMAP_THRESHOLD_": "67108864",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
}


class _ChildFailed(Exception):
    """A child gave no answer; the text is a sentence for the report."""


@dataclass
class _Ended:
    answer: bytes
    guards: tuple[str, ...]


def execute(
    spec: Mapping[str, Any],
    *,
    wall_seconds: float,
    cpu_seconds: int,
    memory_bytes: int,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Measure a batch in locked children and return {"outcomes", "guards", "rows"}.

    `spec` holds "runs" [{"check", "version", "parameters"}], "tables" {purpose: {"path", "format",
    "declaration"}}, "artifact" {"path", "format"} or None, and "seed".  Each child may use `cpu_seconds` and
    `memory_bytes`, both together `wall_seconds`; `on_progress` is told percents.  "guards" names what was in
    force in every child.  A damaged table, a crash and a timeout become errored outcomes, a model that cannot be
    asked about this table inconclusive ones, each with a sentence and never an exception.
    """
    # The child imports this package before it is locked, and the libraries behind the checks start threads.
    from audits.sandbox.ordered import needed_of_model

    say = on_progress or (lambda percent: None)
    runs = spec["runs"]
    deadline = time.monotonic() + wall_seconds
    limits = Limits(memory_bytes=memory_bytes, cpu_seconds=max(1, int(cpu_seconds)))
    full = {**spec, "limits": limits.to_document(), "parent": os.getpid()}
    in_force = list(GUARDS)
    with tempfile.TemporaryDirectory(prefix="countersign-") as directory:
        asked = {needed_of_model(run["check"], run["version"]) for run in runs if full.get("artifact")}
        needed = sorted(filter(None, asked))
        for what in needed:
            # Half of the time for the model, so that a slow one does not take the other checks along.
            until = time.monotonic() + wall_seconds / 2 / len(needed)
            found, guards = _of_model(full, what, Path(directory), until, limits)
            full.update(found)
            in_force = [guard for guard in in_force if guard in guards]
        try:
            ended = _run(full, Path(directory), (), deadline, limits, _LARGEST_ANSWER, say)
            document = checked_answer(ended.answer, runs)
        except _ChildFailed as failed:
            return {"outcomes": errored_outcomes(runs, f"The process of the checks {failed}"), "guards": [], "rows": {}}
    in_force = [guard for guard in in_force if guard in ended.guards]
    return {"outcomes": document["outcomes"], "guards": in_force, "rows": document["rows"]}


def errored_outcomes(runs: Sequence[Mapping[str, Any]], sentence: str) -> list[dict[str, Any]]:
    """An errored outcome document for each run, all with the same sentence."""
    return [
        {
            "check": run["check"],
            "version": run["version"],
            "parameters": run["parameters"],
            "effective_parameters": {},
            "verdict": "errored",
            "sentence": sentence,
            "measurements": [],
            "findings": [],
            "notes": [],
            "statistics": {},
        }
        for run in runs
    ]


def _of_model(
    spec: Mapping[str, Any], what: str, directory: Path, deadline: float, limits: Limits
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the spec of the checks gains: what was asked of the model, or a verdict and a sentence in its place.

    A model that was refused leaves the question open; where something broke, ordering again may answer it.
    """
    mode, verb = _ASKED[what]
    try:
        ended = _run(spec, directory, (mode,), deadline, limits, _LARGEST_OF_MODEL, lambda percent: None)
        answer = _parsed(ended.answer)
        if what in answer:
            return {what: answer[what]}, ended.guards
        if "refused" in answer:
            return {f"no_{what}": ("inconclusive", str(answer["refused"]))}, ended.guards
        return {f"no_{what}": ("errored", str(answer["broken"]))}, ended.guards
    except _ChildFailed as failed:
        return {f"no_{what}": ("errored", f"The model could not be {verb}: its process {failed}")}, ()
    except (KeyError, TypeError):
        return {f"no_{what}": ("errored", f"The model could not be {verb}: its process gave an odd answer.")}, ()


def _run(
    spec: Mapping[str, Any],
    directory: Path,
    mode: tuple[str, ...],
    deadline: float,
    limits: Limits,
    largest: int,
    say: Callable[[int], None],
) -> _Ended:
    """Start one child, read both of its pipes until they close or time is up, and judge how it ended."""
    path = directory / f"spec{''.join(mode)}.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    environment = CHILD_ENVIRONMENT | {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    child = subprocess.Popen(  # noqa: S603 - our own module, a list and no shell
        [sys.executable, "-P", "-s", "-m", "audits.sandbox.child", *mode, str(path)],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with child:
        try:
            answer, guards = _listen(child, deadline, largest, say)
            child.wait(max(0.1, deadline - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise _ChildFailed("took longer than the time allowed and was stopped.") from None
        finally:
            # Popen.kill does nothing once the child has ended by itself.
            child.kill()
    if child.returncode != 0:
        raise _ChildFailed(_how_it_ended(child.returncode, limits))
    return _Ended(answer, guards)


def _listen(
    child: subprocess.Popen[bytes], deadline: float, largest: int, say: Callable[[int], None]
) -> tuple[bytes, tuple[str, ...]]:
    answer, line = bytearray(), b""
    guards: tuple[str, ...] = ()
    assert child.stdout is not None  # noqa: S101 - asked for as a pipe, as is the next
    assert child.stderr is not None  # noqa: S101
    with selectors.DefaultSelector() as pipes:
        pipes.register(child.stdout, selectors.EVENT_READ)
        pipes.register(child.stderr, selectors.EVENT_READ)
        while pipes.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            for key, _ in pipes.select(left):
                block = os.read(key.fd, _MIB)
                if not block:
                    pipes.unregister(key.fileobj)
                elif key.fileobj is child.stdout:
                    answer += block
                    if len(answer) > largest:
                        raise _ChildFailed(f"gave an answer of more than {largest // _MIB} MiB and was stopped.")
                else:
                    *lines, line = (line + block).split(b"\n")
                    line = line[-_LONGEST_LINE:]
                    for said in lines:
                        word, _, rest = said[:_LONGEST_LINE].decode("utf-8", "replace").partition(" ")
                        if word == "progress" and rest.isdecimal():
                            say(min(99, int(rest[:3])))
                        elif word == "guards" and not guards:
                            guards = tuple(rest.split())
    return bytes(answer), guards


def _how_it_ended(code: int, limits: Limits) -> str:
    if code == -signal.SIGXCPU:
        return f"used more than {limits.cpu_seconds:,} s of processor time and was stopped."
    if code == -signal.SIGKILL:
        return "was killed: it used more processor time or memory than it may."
    if code < 0:
        return f"crashed ({signal.Signals(-code).name}); the file it read is damaged or hostile."
    return (
        f"gave up (exit code {code}); it may need more than {limits.memory_bytes // _MIB:,} MiB of memory, or the "
        "worker's log says more."
    )


def _parsed(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        raise _ChildFailed("gave no readable answer.") from None


def checked_answer(answer: bytes, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The child read strangers' files, so its answer is looked at before it is believed."""
    document = _parsed(answer)
    try:
        outcomes = document["outcomes"]
        asked = [(run["check"], run["version"], run["parameters"]) for run in runs]
        given = [(outcome["check"], outcome["version"], outcome["parameters"]) for outcome in outcomes]
        sound = asked == given and all(outcome["verdict"] in _VERDICTS for outcome in outcomes)
        sound = sound and isinstance(document["rows"], dict)
    except (KeyError, TypeError):
        sound = False
    if not sound:
        raise _ChildFailed("gave outcomes that do not match what was ordered.")
    result: dict[str, Any] = document
    return result
