"""S2: what eight writers with work of their own lose to the trail, whose head they share."""

import subprocess
import sys
import time
from statistics import median

from tests.benchmarks.board import Row, at_least, paired, shown, tell
from tests.benchmarks.trail import writers
from tests.benchmarks.trail.costs import shuffled
from tests.benchmarks.trail.writer import ACTS

WRITERS, ROUNDS, TIMES = 8, 12, 60
GOALS = {"memory": 0.90, "disk": 0.70}


class Crew:
    """Writers in processes of their own, told what to do all at once."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.trail.writer"]
        self._all = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
            for _ in range(WRITERS)
        ]
        self._answers()

    def rate(self, act: str) -> tuple[float, float]:
        """Return transactions a second of all writers together, and the median of one transaction in ms."""
        began = time.perf_counter()
        for writer in self._all:
            assert writer.stdin
            writer.stdin.write(f"{act} {TIMES}\n")
            writer.stdin.flush()
        waits = [float(answer) for answer in self._answers()]
        return WRITERS * TIMES / (time.perf_counter() - began), median(waits) * 1000

    def _answers(self) -> list[str]:
        answers = []
        for writer in self._all:
            assert writer.stdout
            answers.append(writer.stdout.readline())
        return answers

    def dismiss(self) -> None:
        for writer in self._all:
            assert writer.stdin
            writer.stdin.close()
        for writer in self._all:
            writer.wait(10)


def measure(place: str) -> list[Row]:
    crew = Crew()
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in ACTS}
    for names in shuffled(list(ACTS), ROUNDS + 1):
        for name in names:
            measured[name].append(crew.rate(name))
    crew.dismiss()
    rates = {name: [rate for rate, _ in found[1:]] for name, found in measured.items()}

    def told(name: str) -> str:
        return f"{shown(median(rates[name]), '/s')}, p50 {shown(median(wait for _, wait in measured[name][1:]), 'ms')}"

    def share(ours: str, alone: str) -> tuple[str, float]:
        return f"8 writers, 5 ms of work each, {place}: {ours} {told(ours)}; alone {told(alone)}", paired(
            rates[ours], rates[alone]
        )

    what, kept = share("entry", "event")
    wider, kept_by_rows = share("row with entry", "row")
    return [
        at_least("S2", what, kept, GOALS[place], "×", peer="untrailed", ratio="1.00 ×"),
        # One insert more is made here, so that this is about CPU as much as about waiting for each other.
        Row("S2", wider, shown(kept_by_rows, "×"), "untrailed", "1.00 ×", "told only"),
    ]


if __name__ == "__main__":
    writers.prepare()
    tell(*measure(sys.argv[1]))
