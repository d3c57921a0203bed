"""In which order do the parts of a document come that was stored?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def in_pairs(stored: Mapping[str, Any] | Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    """Names with what belongs to each, in the order in which they were written.

    They are written as a list, because the fields of a stored document come back in alphabetical order. They used to
    be written as fields.
    """
    return stored.items() if isinstance(stored, Mapping) else stored
