"""How does a process make sure that it does not outlive the one that started it?"""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1

# Loaded at import: between fork and exec nothing may be loaded or locked.
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which started it, is gone.

    MUST be called in the new process. The kernel watches the thread that forked, so `parent` MUST have forked from
    a thread that lives as long as it does. The wish survives an exec, but not a fork: every child asks for itself.
    """
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the kernel was asked; then no signal will come.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
