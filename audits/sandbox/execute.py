"""How does a worker get a batch of checks measured without opening any input itself?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def errored_outcomes(runs: Sequence[Mapping[str, Any]], sentence: str) -> list[dict[str, Any]]:
    raise NotImplementedError


def execute(
    spec: Mapping[str, Any],
    *,
    wall_seconds: float,
    cpu_seconds: int,
    memory_bytes: int,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    raise NotImplementedError
