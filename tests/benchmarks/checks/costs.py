"""What did a work cost, ours or a peer's, each time in a process of its own?"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from audits.sandbox.execute import CHILD_ENVIRONMENT
from tests.benchmarks.environments import python_of

MORE_OFTEN = 3
PEERS = Path(__file__).parent / "peers"


@dataclass
class Costs:
    """The rounds of one work: seconds of CPU of all threads, and the most memory; or why there are none."""

    name: str
    rounds: list[dict[str, Any]] = field(default_factory=list)
    refusal: str = ""

    def of(self, key: str) -> float:
        return float(median(told[key] for told in self.rounds))

    @property
    def cpu(self) -> float:
        return self.of("cpu")

    @property
    def peak(self) -> float:
        """MiB."""
        return max(told["peak"] for told in self.rounds) / 2**20


@dataclass(frozen=True)
class Work:
    """One thing to measure. `peer` is None for ours; a `slow` one is measured once, whatever the rounds."""

    name: str
    peer: str | None
    what: str
    paths: tuple[Path, ...]
    slow: bool = False


def measured(works: Sequence[Work], place: Path, *, rounds: int, seconds: float = 900) -> dict[str, Costs]:
    """Measure all works in turns, round by round, so that what slows the machine down slows all of them.

    What takes less than a second is measured three times as often: its median wanders most.
    """
    found = {work.name: Costs(work.name) for work in works}
    for number in range(rounds * MORE_OFTEN):
        for work in works:
            costs = found[work.name]
            if costs.refusal or (number and work.slow) or (number >= rounds and costs.cpu >= 1):
                continue
            told = _once(work, place, seconds)
            if isinstance(told, str):
                costs.refusal = told
            else:
                costs.rounds.append(told)
    return found


def _once(work: Work, place: Path, seconds: float) -> dict[str, Any] | str:
    paths = [str(path) for path in work.paths]
    if work.peer is None:
        command = [sys.executable, "-m", "tests.benchmarks.checks.ours", work.what, *paths]
    else:
        python = python_of(PEERS / f"{work.peer}.txt", place)
        if isinstance(python, str):
            return f"{work.peer} could not be installed: {python[:120]}"
        command = [str(python), str(PEERS / f"run_{work.peer}.py"), work.what, *paths]
    sys.stderr.write(f"  {work.name} …\n")
    # Ours runs as in the locked child of a worker, a peer as somebody would start it.
    environment = {**os.environ, **(CHILD_ENVIRONMENT if work.peer is None else {})}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, env=environment)
    except subprocess.TimeoutExpired:
        return f"{work.name} was stopped after {seconds:.0f} s"
    if done.returncode:
        return f"{work.name} ended with {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1][:160]}"
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
