"""Which processes are there, as the kernel tells it?"""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process by number and start time: numbers are given out again, start times are not."""

    pid: int
    parent: int
    started: int
    state: str
    command: str

    @property
    def lives(self) -> bool:
        now = _read(self.pid)
        return now is not None and now.started == self.started and now.state != "Z"

    @property
    def is_locked(self) -> bool:
        """Whether the sandbox has locked it: the filter of system calls comes last."""
        return "Seccomp:\t2" in _text(PROC / str(self.pid) / "status")

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def memory(self) -> tuple[int, int]:
        """Resident bytes: all of them, and with shared pages divided among those who share them."""
        fields = dict(
            line.split(":", 1) for line in _text(PROC / str(self.pid) / "smaps_rollup").splitlines()[1:] if ":" in line
        )
        return tuple(int(fields[name].split()[0]) * 1024 for name in ("Rss", "Pss"))  # type: ignore[return-value]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _stat(pid: int) -> list[str]:
    # The name in parentheses may hold anything, so what follows is counted from its end.
    return _text(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _numbers() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _read(pid: int) -> Process | None:
    rest = _stat(pid)
    if not rest:
        return None
    command = _text(PROC / str(pid) / "cmdline").replace("\0", " ").strip()
    return Process(pid, int(rest[1]), int(rest[19]), rest[0], command)


def all_processes() -> Iterator[Process]:
    yield from _alive(_numbers())


def _alive(numbers: Iterable[int]) -> Iterator[Process]:
    for pid in numbers:
        process = _read(pid)
        if process is not None and process.state != "Z":
            yield process


def tree_of(pid: int) -> list[Process]:
    """Return a process and everything below it."""
    children: dict[int, list[int]] = {}
    for number in _numbers():
        stat = _stat(number)
        if stat:
            children.setdefault(int(stat[1]), []).append(number)
    numbers = [pid]
    for number in numbers:
        numbers += children.get(number, [])
    return list(_alive(numbers))


def marked_with(mark: str) -> list[Process]:
    """Return the processes that inherited a mark in their environment."""
    return [process for process in all_processes() if mark in _text(PROC / str(process.pid) / "environ")]


def survivors(processes: Iterable[Process], mark: str) -> list[Process]:
    return [process for process in processes if process.lives] + marked_with(mark)


def eventually(holds: Callable[[], object], seconds: float, what: str) -> None:
    """Return once something holds; fail when it does not within so many seconds."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)
