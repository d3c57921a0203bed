"""What did a peer's work cost: CPU of all threads and child processes, and the most memory of the whole process?

Runs in the environment of a peer, with nothing but the standard library. The work begins with reading the Parquet
file; what came before, the imports, is not counted.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Stopwatch:
    def __init__(self) -> None:
        self.told: dict[str, object] = {}
        self._cpu, self._wall = cpu_seconds(), time.perf_counter()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is done inside is counted and told apart as well."""
        before = cpu_seconds()
        yield
        self.told["reading"] = self.told.get("reading", 0.0) + cpu_seconds() - before

    def stop(self) -> None:
        self.told["cpu"] = cpu_seconds() - self._cpu
        self.told["wall"] = time.perf_counter() - self._wall
        self.told["peak"] = peak_bytes()


def cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_bytes() -> int:
    # Not getrusage: its figure begins with that of the process that started this one.
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def main(works: dict[str, Callable[..., object]]) -> None:
    """Do the work that the first argument names on the files that follow, and print what it cost as JSON.

    A work returns one figure: repeated or shared rows, a broken expectation, a gap between groups, or how many figures
    it has of drift. In all tables there is something to be found, so that a work that returns 0 was asked wrongly.
    """
    name, *paths = sys.argv[1:]
    watch = Stopwatch()
    figure = works[name](watch, *paths)
    watch.stop()
    if not figure:
        sys.exit(f"{name} found nothing")
    sys.stdout.write("\n" + json.dumps({**watch.told, "figure": figure}) + "\n")
