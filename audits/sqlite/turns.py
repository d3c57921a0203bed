"""How is something given to threads so that most wait little, and none waits long?

The last to come is served first, so that few threads are awake at a time; but whoever has waited long enough is served
before everybody, in the order of coming.
"""

import time
from collections import deque
from threading import Lock
from typing import NamedTuple


class _Waiting(NamedTuple):
    since: float
    signal: Lock


class Turns:
    """A lock that passes over nobody for longer than `patience`, in seconds. Any thread may give it back."""

    def __init__(self, *, patience: float) -> None:
        self._patience = patience
        self._lock = Lock()
        self._is_taken = False
        self._waiting: deque[_Waiting] = deque()

    def take(self, *, seconds: float) -> bool:
        """Wait for the turn; return whether it came within `seconds`."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = _Waiting(time.monotonic(), Lock())
            mine.signal.acquire()
            self._waiting.append(mine)
        if mine.signal.acquire(timeout=seconds):
            return True
        with self._lock:
            if mine not in self._waiting:
                return True  # it came while the time ran out
            self._waiting.remove(mine)
            return False

    def give_back(self) -> None:
        """Let the next one have it."""
        with self._lock:
            if not self._waiting:
                self._is_taken = False
                return
            is_late = time.monotonic() - self._waiting[0].since >= self._patience
            following = self._waiting.popleft() if is_late else self._waiting.pop()
        following.signal.release()
