"""What was ordered, on which tables, and what came of it?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from audits.checks.base import Measurement, Report
from audits.checks.roles import Roles
from audits.checks.statistics.column_values import ColumnValues

_FIGURES = ("value", "low", "high", "level", "ideal", "limit")
# What long lists are made of, which need not be looked at one by one.
_AS_THEY_ARE, _NUMBERS = {int, str, bool, type(None)}, {int, float}

Verdict = Literal["passed", "failed", "inconclusive", "errored"]


@dataclass(frozen=True)
class RunSpec:
    """One check to run: its name, its version, and the parameters that the policy sets."""

    check: str
    version: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TableInput:
    """A table as batches that can be asked for again, and the meaning of its columns.

    Of a table without rows `profile` is the statistic that was stored of it: only checks that need no other one run.
    A table that keeps its columns apart gives batches with some of its `columns` alone, at the cost of these.
    """

    batches: Callable[[], Iterable[pa.RecordBatch]]
    roles: Roles
    profile: ColumnValues | None = None
    columns: Callable[[Sequence[str]], Iterable[pa.RecordBatch]] | None = None


@dataclass(frozen=True)
class Outcome:
    """The verdict of one check with everything needed to work it out again.

    `statistics` holds, by table and by name, the documents of the statistics that the check read, as `plain` leaves
    them.
    `effective` are the parameters with the defaults filled in. `unused_weight` is the declared column of weights that
    the check does not use, which a note says then.
    """

    spec: RunSpec
    verdict: Verdict
    sentence: str
    report: Report | None = None
    statistics: Mapping[str, Any] = field(default_factory=dict)
    effective: Mapping[str, Any] = field(default_factory=dict)
    unused_weight: str | None = None

    def to_document(self) -> dict[str, Any]:
        """A document of texts, numbers, lists and nulls; an undefined number is null."""
        report = self.report or Report(measurements=())
        return {
            "check": self.spec.check,
            "version": self.spec.version,
            "parameters": plain(self.spec.parameters),
            "effective_parameters": plain(self.effective),
            "verdict": self.verdict,
            "sentence": self.sentence,
            "measurements": [_flat(measurement) for measurement in report.measurements],
            "findings": [plain(vars(finding)) for finding in report.findings],
            "notes": list(report.notes),
            "statistics": {table: dict(documents) for table, documents in self.statistics.items()},
            **({} if self.unused_weight is None else {"unused_weight": self.unused_weight}),
        }


def _flat(measurement: Measurement) -> dict[str, Any]:
    """As `plain`, for what consists of texts and numbers alone: reports have thousands of them."""
    document = dict(vars(measurement))
    for name in _FIGURES:
        value = document[name]
        # Most figures are plain floats with a value, which stay as they are.
        if isinstance(value, float) and not (type(value) is float and math.isfinite(value)):
            document[name] = plain(float(value))
    return document


def plain(value: Any) -> Any:
    """The value in texts, numbers, lists and nulls alone; an undefined number is null."""
    # Most values are one of these, and documents are large: their types are asked first.
    kind = type(value)
    if kind is str or kind is int or value is None or kind is bool:
        return value
    if kind is float:
        # JSON has no way to write these; a figure without a value is null everywhere.
        return value if math.isfinite(value) else None
    if kind is dict or isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if kind is list or kind is tuple or isinstance(value, list | tuple):
        kinds = set(map(type, value))
        if kinds <= _AS_THEY_ARE or (kinds <= _NUMBERS and all(map(math.isfinite, value))):
            return list(value)
        return [plain(item) for item in value]
    if isinstance(value, float):
        return plain(float(value))
    return str(value) if isinstance(value, str) else value
