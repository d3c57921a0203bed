"""How does Python speak to the kernel for what the standard library does not offer?"""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)


class KernelRefused(Exception):
    """The kernel does not have a guard or does not give it to this process."""

    def __init__(self, guard: str, reason: str) -> None:
        super().__init__(f"{guard}: {reason}")
        self.guard = guard
        self.reason = reason
