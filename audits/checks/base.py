"""What is a check, and what may it say about a table?"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from audits.checks.parameters import Parameter, read_parameters, resolve_parameters

FAMILIES = (
    "fairness",
    "explainability",
    "data_quality",
    "drift",
    "performance",
    "security",
    "operations",
)

_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class Severity(enum.StrEnum):
    """How much harm a finding may do if nobody acts on it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Measurement:
    """A number with its name, unit and interval; `group` is "column" or "column/group"."""

    name: str
    value: float | None
    unit: str = "1"
    group: str | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int | None = None
    ideal: float | None = None
    limit: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """Something a check holds against the version; the key stays the same from run to run.

    `would_pass` is advice: the smallest change that would pass, where one was worked out. Nothing applies it.
    """

    key: str
    severity: Severity
    sentence: str
    measurement: str
    would_pass: str = ""


@dataclass(frozen=True)
class Report:
    """All that a check measured and found."""

    measurements: tuple[Measurement, ...]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


class CannotMeasure(Exception):
    """The table does not hold enough to answer the question; the outcome becomes *inconclusive*.

    `report` carries what could be measured all the same, so that a reader sees how far it got.
    """

    def __init__(self, sentence: str, report: Report | None = None) -> None:
        self.sentence = sentence
        self.report = report
        super().__init__(sentence)


class Stored(Protocol):
    """The few sums of a statistic that the figures of a check depend on; they depend on the parameters in `reads`.

    What a statistic works out only where it is needed stands in `asks`, where a class has it, or is what `asks` says of
    the parameters.
    """

    made_of: ClassVar[type[Any]]
    reads: ClassVar[tuple[str, ...]]

    @property
    def n_rows(self) -> int: ...

    def to_document(self) -> dict[str, Any]: ...

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self: ...


class Kept(Stored, Protocol):
    """What is kept of each table for itself."""

    @classmethod
    def kept(cls, statistic: Any, parameters: Mapping[str, Any]) -> Self: ...


class KeptOfAll(Stored, Protocol):
    """What is kept of each table beside the others."""

    @classmethod
    def kept_of_all(cls, tables: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, Self]: ...


@dataclass(frozen=True)
class Check:
    """A versioned function from statistics to a report, with what it asks of the tables.

    The function takes one positional argument per table and statistic, tables first
    (`evaluation, reference`), and its settings as keyword-only arguments. A check that `keeps` less than the statistic
    it needs is given what it keeps, and that alone is stored with its outcome. After these stands `advised_by`,
    where there is one: a statistic of the first table that helps to say what would pass, or None where the table
    has no such columns. `weighs` tells whether rows count by a declared weight column, once each otherwise.
    """

    name: str
    version: int
    function: Callable[..., Report]
    needs: tuple[type, ...]
    roles: tuple[str, ...]
    tables: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    advised_by: type | None = None
    keeps: type[Kept] | type[KeptOfAll] | None = None
    weighs: bool = False

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def summary(self) -> str:
        return inspect.getdoc(self.function).splitlines()[0]  # type: ignore[union-attr]  # check() refuses None

    def resolve(self, parameters: Mapping[str, object]) -> dict[str, Any]:
        """Return every parameter with its value, given or default; raises UnusableParameters."""
        return resolve_parameters(self.name, self.parameters, parameters)

    def __call__(self, *statistics: object, **parameters: Any) -> Report:
        return self.function(*statistics, **parameters)


def check(
    name: str,
    *,
    version: int,
    needs: type | tuple[type, ...],
    roles: tuple[str, ...] = (),
    tables: tuple[str, ...] = ("evaluation",),
    advised_by: type | None = None,
    keeps: type[Kept] | type[KeptOfAll] | None = None,
    weighs: bool | None = None,
) -> Callable[[Callable[..., Report]], Check]:
    """Declare a check: `needs` are the statistics it reads, `roles` the columns it cannot do without.

    `keeps` is what is made of the only statistic that is needed, for the parameters of a run: small enough to store.
    `advised_by` is a further statistic that it can do without, for advice on what would pass. `weighs` tells whether
    rows count by their declared weight, which they do where the statistics hold weights; an outcome of any other check
    says that they did not.
    """
    if not _NAME.fullmatch(name) or name.partition(".")[0] not in FAMILIES:
        raise ValueError(f'"{name}" is no name for a check: write family.what_it_measures, lower case.')
    if version < 1:
        raise ValueError(f"{name}: versions count from 1.")

    def declare(function: Callable[..., Report]) -> Check:
        if not inspect.getdoc(function):
            raise ValueError(f"{name}: a check needs a docstring, the reference page is made from it.")
        kinds = needs if isinstance(needs, tuple) else (needs,)
        return Check(
            name=name,
            version=version,
            function=function,
            needs=kinds,
            roles=roles,
            tables=tables,
            parameters=read_parameters(function),
            advised_by=advised_by,
            keeps=keeps,
            weighs=any(getattr(kind, "weighs", False) for kind in kinds) if weighs is None else weighs,
        )

    return declare
