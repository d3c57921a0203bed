"""What was ordered, on which tables, and what came of it?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pyarrow as pa

from audits.checks.base import Measurement, Report
from audits.checks.roles import Roles

Verdict = Literal["passed", "failed", "inconclusive", "errored"]


@dataclass(frozen=True)
class RunSpec:
    """One check to run: its name, its version, and the parameters that the policy sets."""

    check: str
    version: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TableInput:
    """A table as batches that can be asked for again, and the meaning of its columns."""

    batches: Callable[[], Iterable[pa.RecordBatch]]
    roles: Roles


@dataclass(frozen=True)
class Outcome:
    """The verdict of one check with everything needed to work it out again.

    `statistics` holds, by table and by name, the documents of the statistics that the check read.
    `effective` are the parameters with the defaults filled in.
    """

    spec: RunSpec
    verdict: Verdict
    sentence: str
    report: Report | None = None
    statistics: Mapping[str, Any] = field(default_factory=dict)
    effective: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """A document of texts, numbers, lists and nulls; an undefined number is null."""
        report = self.report or Report(measurements=())
        return {
            "check": self.spec.check,
            "version": self.spec.version,
            "parameters": _plain(self.spec.parameters),
            "effective_parameters": _plain(self.effective),
            "verdict": self.verdict,
            "sentence": self.sentence,
            "measurements": [_measurement_document(m) for m in report.measurements],
            "findings": [_plain(asdict(finding)) for finding in report.findings],
            "notes": list(report.notes),
            "statistics": _plain(self.statistics),
        }


def _measurement_document(measurement: Measurement) -> dict[str, Any]:
    document: dict[str, Any] = _plain(asdict(measurement))
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        # JSON has no way to write these; a figure without a value is null everywhere.
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, str) else value
