"""In which pieces is a long array gone through, so that what is worked out on the way stays in a small cache?"""

from __future__ import annotations

from collections.abc import Iterator

_BLOCK = 2**15


def blocks(n: int) -> Iterator[slice]:
    """Slices that together hold the places from 0 to n, each but the last of one length."""
    return (slice(start, start + _BLOCK) for start in range(0, n, _BLOCK))
