"""How does a loop sleep, and still hear at once that it shall stop or that a child has died?"""

import os
import select
import signal
from types import FrameType, TracebackType

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Bell:
    """While entered: the first signal asks to stop, the second one insists by raising KeyboardInterrupt."""

    def __init__(self) -> None:
        self.is_stopping = False

    def __enter__(self) -> "Bell":
        self._ear, self._clapper = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup_before = signal.set_wakeup_fd(self._clapper, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._ask) for number in ASKING}
        # A child's death only has to wake the sleeper.
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._ear)
        os.close(self._clapper)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.is_stopping:
            raise KeyboardInterrupt
        self.is_stopping = True

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as a signal comes."""
        if not self.is_stopping and select.select([self._ear], [], [], seconds)[0]:
            os.read(self._ear, 4096)
