"""When was what a row holds known, and which features were known only later?"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, kind_of

_UTC = pa.timestamp("us", "UTC")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_NEVER = np.iinfo(np.int64).min
_WITH_ZONE = r"^.*[0-9]T?.*:[0-9]{2}.*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"


def as_moments(cells: pa.Array) -> NDArray[np.int64] | None:
    """Microseconds since 1970 in UTC, shape (n_rows,), the smallest integer where missing; None for no times.

    Times without a zone are taken for UTC. Text counts when every filled cell is a date or time in ISO 8601.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    try:
        if kind_of(cells.type) == "text":
            cells = _parsed(cells)
        elif pa.types.is_date(cells.type) or pa.types.is_timestamp(cells.type):
            cells = cells.cast(pa.timestamp("us", getattr(cells.type, "tz", None)), safe=False)
        else:
            return None
    except pa.ArrowInvalid:
        return None
    moments: NDArray[np.int64] = cells.cast(pa.int64()).fill_null(_NEVER).to_numpy(zero_copy_only=False)
    return moments


def as_iso(moment: int) -> str:
    """A moment as a reader writes it, to the second."""
    try:
        return (_EPOCH + datetime.timedelta(microseconds=moment)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return "a time outside of the years 1 to 9999"


def from_iso(text: str) -> int:
    """Microseconds since 1970 of a date or time; without a zone it is UTC. Raises ValueError."""
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return round((moment - _EPOCH) / datetime.timedelta(microseconds=1))


@dataclass
class Times:
    """The times of the rows, and for each feature that is a time how often it is later than its row.

    Mergeable; equal for any batch size and order of rows. While a table is read every time is kept, eight bytes a
    row; what is stored is `counted`: `rows`, `missing`, `oldest` and `newest` in microseconds since 1970, and
    `not_after`, the rows that are not later than the newest one of the other table. `unreadable` tells that the
    column holds something that is no time. `later` holds, by feature, filled rows and those later than their row;
    a feature that is not a time in every filled cell is None.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("time",)

    name: str
    features: tuple[str, ...]
    parts: list[NDArray[np.int64]] = field(default_factory=list)
    later: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    unreadable: bool = False
    counted: dict[str, int | None] | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(str(roles.time), tuple(name for name in roles.features if name != roles.time))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(dict.fromkeys((str(roles.time), *roles.features)))

    @property
    def n_rows(self) -> int:
        return self.count("rows") or 0

    def count(self, name: str) -> int | None:
        if self.counted is None:
            self.counted = self._counts(None)
        return self.counted[name]

    def add(self, batch: pa.RecordBatch) -> None:
        moments = as_moments(column_of(batch, self.name))
        if moments is None:
            self.unreadable = True
            moments = np.full(batch.num_rows, _NEVER)
        self.parts.append(moments)
        self.counted = None
        for name in self.features:
            if self.later.get(name, (0, 0)) is None:
                continue
            known = as_moments(column_of(batch, name))
            if known is None:
                self.later[name] = None
                continue
            both = (known != _NEVER) & (moments != _NEVER)
            more = (int(both.sum()), int((known[both] > moments[both]).sum()))
            self.later[name] = _added(self.later.get(name, (0, 0)), more)

    def merge(self, other: Times) -> None:
        self.parts += other.parts
        self.unreadable |= other.unreadable
        self.counted = None
        for name, counts in other.later.items():
            self.later[name] = _added(self.later.get(name, (0, 0)), counts)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The counts of each table, laid beside the other one."""
        found = {}
        for name, table in tables.items():
            others = [other for title, other in tables.items() if title != name]
            newest = others[0].count("newest") if others else None
            found[name] = cls(
                table.name, table.features, [], dict(table.later), table.unreadable, table._counts(newest)
            )
        return found

    def to_document(self) -> dict[str, Any]:
        self.count("rows")
        return {
            "name": self.name,
            "features": list(self.features),
            "unreadable": self.unreadable,
            "counted": self.counted,
            "later": {name: None if n is None else list(n) for name, n in sorted(self.later.items())},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        later = {name: None if n is None else (n[0], n[1]) for name, n in document["later"].items()}
        return cls(
            document["name"],
            tuple(document["features"]),
            [],
            later,
            document["unreadable"],
            dict(document["counted"]),
        )

    def _counts(self, other_newest: int | None) -> dict[str, int | None]:
        moments = np.concatenate([np.empty(0, np.int64), *self.parts])
        known = moments[moments != _NEVER]
        return {
            "rows": len(moments),
            "missing": len(moments) - len(known),
            "oldest": int(known.min()) if len(known) else None,
            "newest": int(known.max()) if len(known) else None,
            "not_after": None if other_newest is None else int((known <= other_newest).sum()),
        }


def _added(mine: tuple[int, int] | None, theirs: tuple[int, int] | None) -> tuple[int, int] | None:
    return None if mine is None or theirs is None else (mine[0] + theirs[0], mine[1] + theirs[1])


def _parsed(texts: pa.Array) -> pa.Array:
    """Text in ISO 8601, with and without zones, as timestamps of one type; raises ArrowInvalid."""
    texts = pc.utf8_trim_whitespace(texts.cast(pa.large_string())).cast(pa.string())
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    zoned = pc.fill_null(pc.match_substring_regex(texts, _WITH_ZONE), False)
    nothing = pa.scalar(None, pa.string())
    with_zone = pc.if_else(zoned, texts, nothing).cast(_UTC)
    without = pc.if_else(zoned, nothing, texts).cast(pa.timestamp("us"))
    return pc.coalesce(with_zone.cast(pa.int64()), without.cast(pa.int64()))
