"""How is a table read once for all the statistics that the ordered checks need?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import pyarrow as pa

from audits.checks.base import CannotMeasure
from audits.checks.outcomes import TableInput
from audits.checks.roles import Roles
from audits.checks.sentences import listed
from audits.checks.statistics.columns import worked_out_once
from audits.checks.wishes import Wish


class Statistic(Protocol):
    """Anything that a scan can fill: it starts empty, takes batches, and merges with its like.

    One that is stored, and not only what a check keeps of it, also has `to_document` and `from_document`.
    """

    needs_roles: ClassVar[tuple[str, ...]]

    @classmethod
    def empty(cls, roles: Roles) -> Self: ...

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]: ...

    @property
    def n_rows(self) -> int: ...

    def add(self, batch: pa.RecordBatch) -> None: ...


@dataclass(frozen=True)
class Failure:
    """Why a statistic could not be worked out: `is_error` tells a broken program from a poor table."""

    sentence: str
    is_error: bool


def columns_for(wishes: Mapping[type, Wish]) -> tuple[str, ...]:
    """The columns that these statistics read, once each."""
    names: dict[str, None] = {}
    for kind, wish in wishes.items():
        names.update(dict.fromkeys(kind.columns(wish.roles)))  # type: ignore[attr-defined]  # a Statistic
    return tuple(names)


def scan_table(
    table: TableInput,
    wishes: Mapping[type, Wish],
    *,
    seed: int,
    name: str,
    progress: Callable[[int], None] | None = None,
) -> Mapping[type, object]:
    """Fill the statistics that are wished for in one pass; a kind that cannot be filled maps to a Failure."""
    statistics: dict[type, object] = {}
    for kind, wish in wishes.items():
        statistics[kind] = _guarded(lambda kind=kind, wish=wish: _start(kind, wish, seed), name)  # type: ignore[misc]
    wanted = columns_for(wishes)
    rows = 0
    try:
        for batch in table.batches():
            held = [column for column in wanted if column in batch.schema.names]
            narrow = batch.select(held)
            with worked_out_once():
                for kind, statistic in statistics.items():
                    if not isinstance(statistic, Failure):
                        refused = _guarded(lambda s=statistic, b=narrow: s.add(b), name)  # type: ignore[misc]
                        statistics[kind] = refused if isinstance(refused, Failure) else statistic
            rows += batch.num_rows
            if progress is not None:
                progress(batch.num_rows)
    except Exception as broken:
        failure = Failure(f"The {name} table could not be read: {type(broken).__name__}: {broken}", True)
        return dict.fromkeys(statistics, failure)
    if rows == 0:
        return dict.fromkeys(statistics, Failure(f"The {name} table has no rows.", False))
    return statistics


def condensed(kind: type, tables: Mapping[str, object]) -> Mapping[str, object]:
    """What checks read and outcomes store of a kind that keeps more than that while tables are read.

    All tables are condensed together: what has to be kept of one depends on what it is compared with.
    """
    scanned = {name: statistic for name, statistic in tables.items() if not isinstance(statistic, Failure)}
    small = _guarded(lambda: kind.condensed(scanned), listed(list(scanned)))  # type: ignore[attr-defined]
    return dict.fromkeys(scanned, small) if isinstance(small, Failure) else small  # type: ignore[return-value]


def _start(kind: type, wish: Wish, seed: int) -> object:
    statistic = kind.empty(wish.roles)  # type: ignore[attr-defined]  # a Statistic
    if hasattr(kind, "asked"):
        statistic.asked = wish.asked
    if hasattr(statistic, "seed"):
        statistic.seed = seed
    return statistic


def _guarded(work: Callable[[], object], table: str) -> object:
    try:
        return work()
    except CannotMeasure as refusal:
        return Failure(f"{table.capitalize()} table: {refusal.sentence}", False)
    except Exception as broken:
        return Failure(f"Counting the {table} table broke: {type(broken).__name__}: {broken}", True)
