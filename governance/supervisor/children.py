"""How is one child process kept alive, and stopped?"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from governance.supervisor.lifeline import die_with

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# Who has lived this long has started well; the next death is a new story.
SETTLED_SECONDS = 60.0


@dataclass(slots=True)
class Child:
    """A command that shall run as long as its supervisor does.

    It runs in a process group of its own: Ctrl-C in the terminal reaches the supervisor alone, which then stops
    everything in order.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    handed_on: Sequence[int] = ()
    # Sent one after the other, each with the seconds it may take; then the whole group is killed.
    farewell: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 5.0),)
    process: "subprocess.Popen[bytes] | None" = None
    _started: float = 0.0
    _pause: float = FIRST_PAUSE_SECONDS
    _not_before: float = field(default=0.0)

    def keep_alive(self) -> None:
        """Start the command when it does not run, after a pause that grows with every death in a row."""
        at = time.monotonic()
        if self.process is not None:
            if self.process.poll() is None:
                return
            self._note_death(at)
        if at >= self._not_before:
            self._start(at)

    def _start(self, at: float) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            self.command,
            env=dict(self.environment),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            pass_fds=tuple(self.handed_on),
            process_group=0,
            # Safe here: the supervisor has one thread, which is also the one that the kernel will watch.
            preexec_fn=partial(die_with, os.getpid()),
        )
        self._started = at

    def _note_death(self, at: float) -> None:
        assert self.process is not None  # noqa: S101 - told by the caller
        self._kill_group()
        if at - self._started >= SETTLED_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        self._not_before = at + self._pause
        log.warning("child_died", child=self.name, exit_code=self.process.returncode, restart_in_seconds=self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        self.process = None

    def stop(self) -> None:
        """Ask politely, then insist, then kill whatever is left of the group."""
        if self.process is None:
            return
        for request, patience in self.farewell:
            if self.process.poll() is not None:
                break
            self.process.send_signal(request)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        self._kill_group()
        self.process.wait()
        self.process = None

    def reap(self) -> None:
        """Forget a command that has ended by itself, before its number is given to somebody else."""
        if self.process is not None and self.process.poll() is not None:
            self._kill_group()
            self.process = None

    def kill(self) -> None:
        """End the group at once."""
        if self.process is not None:
            self._kill_group()

    def _kill_group(self) -> None:
        assert self.process is not None  # noqa: S101 - told by the callers
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
