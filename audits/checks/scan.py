"""How are tables read once for all the statistics that the ordered checks need?

Statistics that look at each column for itself need no whole rows. Where a table keeps its columns apart, such columns
are read one after the other, each of all tables before the next one: what is kept of a column can be condensed at once,
so that the values of one are in memory, not those of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol, Self

import pyarrow as pa

from audits.checks.base import CannotMeasure
from audits.checks.outcomes import TableInput
from audits.checks.roles import Roles
from audits.checks.sentences import listed
from audits.checks.statistics.by_column import ByColumn
from audits.checks.statistics.columns import column_of, worked_out_once
from audits.checks.wishes import Wish


class Statistic(Protocol):
    """Anything that a scan can fill: it starts empty, takes batches, and merges with its like.

    One that is stored, and not only what a check keeps of it, also has `to_document` and `from_document`. One that is
    `by_column` also has `add_column`: it says the same whether it takes whole rows or one column after the other.
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


Statistics = dict[tuple[str, type], Any]
"""A statistic or its Failure, by the name of the table and by kind."""


def columns_for(wishes: Mapping[type, Wish]) -> tuple[str, ...]:
    """The columns that these statistics read, once each."""
    return _united(_columns(kind, wish) for kind, wish in wishes.items())


def scan_tables(
    tables: Mapping[str, TableInput],
    wishes: Mapping[str, Mapping[type, Wish]],
    *,
    seed: int,
    progress: Callable[[int], None] | None = None,
    finished: Callable[[str, Statistics], None] | None = None,
) -> Statistics:
    """Fill the statistics that are wished for of each table.

    `progress` is told the number of rows read so far, over all tables. `finished` is told every column that is looked
    at for itself, as soon as no table has more of it.
    """
    found: Statistics = {}
    rows_read = 0

    def advance(rows: int) -> None:
        nonlocal rows_read
        rows_read += rows
        if progress is not None:
            progress(rows_read)

    scans = [_Scan(name, tables[name], of_table, seed, found, advance) for name, of_table in wishes.items() if of_table]
    for scan in scans:
        scan.read_together()
    for column in _united(scan.alone for scan in scans):
        for scan in scans:
            scan.read_alone(column)
        if finished is not None:
            finished(column, found)
    for scan in scans:
        scan.close()
    return found


class _Scan:
    """The statistics of one table while it is read."""

    def __init__(
        self,
        name: str,
        table: TableInput,
        wishes: Mapping[type, Wish],
        seed: int,
        found: Statistics,
        advance: Callable[[int], None],
    ) -> None:
        self.name, self.table, self.found, self.advance = name, table, found, advance
        self.columns = {kind: _columns(kind, wish) for kind, wish in wishes.items()}
        self.by_column = [kind for kind, names in self.columns.items() if names and getattr(kind, "by_column", False)]
        self.alone = _united(self.columns[kind] for kind in self.by_column)
        self.together = _united(columns for kind, columns in self.columns.items() if kind not in self.by_column)
        if table.columns is None:
            self.together = _united([self.together, self.alone])
        self.n_columns = len(_united([self.together, self.alone]))
        self.n_rows = self.n_cells = 0
        for kind, wish in wishes.items():
            found[name, kind] = _guarded(partial(_start, kind, wish, table, seed), name)

    def read_together(self) -> None:
        """Read the columns that statistics need in whole rows, or all where the table does not keep them apart."""
        if self.table.profile is None and (self.together or self.table.columns is None):
            self._read(self.together)

    def read_alone(self, column: str) -> None:
        """Read a column, unless it has been read with others or nothing that can be filled looks at it."""
        looking = any(column in self.columns[kind] for kind, _ in self._filled() if kind in self.by_column)
        if looking and self.table.profile is None and column not in self.together:
            self._read((column,))

    def close(self) -> None:
        """Say why what could not be filled could not, and put columns into the order in which they are declared."""
        if self.n_rows == 0 and self.table.profile is None:
            self._fail(Failure(f"The {self.name} table has no rows.", False))
        for kind in self.columns:
            if isinstance(statistic := self.found[self.name, kind], ByColumn):
                self.found[self.name, kind] = statistic.of(statistic.names)

    def _read(self, columns: Sequence[str]) -> None:
        asked = set(columns)
        here = {kind: [name for name in self.columns[kind] if name in asked] for kind in self.by_column}
        n_rows = 0
        try:
            for batch in self.table.batches() if self.table.columns is None else self.table.columns(columns):
                with worked_out_once():
                    for kind, statistic in self._filled():
                        self._fill(kind, statistic, batch, here.get(kind), whole=columns is self.together)
                n_rows += batch.num_rows
                self._progress(batch.num_rows * len(columns))
        except Exception as broken:
            self._fail(Failure(f"The {self.name} table could not be read: {type(broken).__name__}: {broken}", True))
        self.n_rows = max(self.n_rows, n_rows)

    def _fill(self, kind: type, statistic: Any, batch: pa.RecordBatch, names: list[str] | None, *, whole: bool) -> None:
        """Give a statistic the columns that it looks at alone, or whole rows."""

        def fill() -> None:
            for name in names or ():
                statistic.add_column(name, column_of(batch, name))
            if names is None and whole:
                statistic.add(batch)

        if isinstance(refused := _guarded(fill, self.name), Failure):
            self.found[self.name, kind] = refused

    def _filled(self) -> list[tuple[type, Any]]:
        """The statistics that can be filled so far."""
        statistics = [(kind, self.found[self.name, kind]) for kind in self.columns]
        return [(kind, statistic) for kind, statistic in statistics if not isinstance(statistic, Failure)]

    def _fail(self, failure: Failure) -> None:
        for kind, _ in self._filled():
            self.found[self.name, kind] = failure

    def _progress(self, n_cells: int) -> None:
        """Tell the rows that the cells read so far amount to, over all columns of the table."""
        before, self.n_cells = self.n_cells, self.n_cells + n_cells
        width = max(self.n_columns, 1)
        if rows := self.n_cells // width - before // width:
            self.advance(rows)


def condense_column(column: str, statistics: Statistics) -> None:
    """Condense what is kept of a column, once no table has more of it.

    All tables are condensed together: what has to be kept of one depends on what it is compared with.
    """
    for kind in dict.fromkeys(kind for _, kind in statistics if _is_condensed_by_column(kind)):
        tables = _filled(kind, statistics)
        holding = {name: statistic.of([column]) for name, statistic in tables.items() if column in statistic.by_name}
        for name, small in condensed(kind, holding).items():
            if isinstance(small, Failure):
                statistics[name, kind] = small
            else:
                tables[name].by_name.update(small.by_name)


def condense_tables(statistics: Statistics) -> None:
    """As `condense_column`, for what is kept of tables as a whole."""
    for kind in dict.fromkeys(kind for _, kind in statistics if hasattr(kind, "condensed")):
        if not _is_condensed_by_column(kind):
            small = condensed(kind, _filled(kind, statistics))
            statistics.update({(name, kind): statistic for name, statistic in small.items()})


def condensed(kind: Any, tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """What checks read and outcomes store of a kind that keeps more than that while tables are read."""
    if not tables:
        return {}
    small: Failure | Mapping[str, Any] = _guarded(partial(kind.condensed, tables), listed(list(tables)))
    return dict.fromkeys(tables, small) if isinstance(small, Failure) else small


def _is_condensed_by_column(kind: type) -> bool:
    return issubclass(kind, ByColumn) and hasattr(kind, "condensed")


def _filled(kind: type, statistics: Statistics) -> dict[str, Any]:
    """The statistics of this kind by table, those that failed left out."""
    found = {name: statistic for (name, other), statistic in statistics.items() if other is kind}
    return {name: statistic for name, statistic in found.items() if not isinstance(statistic, Failure)}


def _start(kind: Any, wish: Wish, table: TableInput, seed: int) -> object:
    if table.profile is not None:
        return table.profile.of(table.profile.names)
    statistic = kind.empty(wish.roles)
    if hasattr(kind, "asked"):
        statistic.asked = wish.asked
    if hasattr(statistic, "seed"):
        statistic.seed = seed
    return statistic


def _columns(kind: Any, wish: Wish) -> tuple[str, ...]:
    found: tuple[str, ...] = kind.columns(wish.roles)
    return found


def _united(columns: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in columns for name in some))


def _guarded(work: Callable[[], Any], table: str) -> Any:
    try:
        return work()
    except CannotMeasure as refusal:
        return Failure(f"{table.capitalize()} table: {refusal.sentence}", False)
    except Exception as broken:
        return Failure(f"Counting the {table} table broke: {type(broken).__name__}: {broken}", True)
