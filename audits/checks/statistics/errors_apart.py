"""What of the errors and predictions of groups does a comparison of them need?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.group_errors import ErrorsOfGroup, GroupErrors

_ROUNDING = 1e-9


@dataclass(frozen=True)
class FarthestPair:
    """The two groups whose predictions lie farthest apart, and how far (Wasserstein, in units of the label).

    `rows` are the predictions of all groups that were compared.
    """

    distance: float
    first: str
    second: str
    rows: int


@dataclass(frozen=True)
class ErrorsApart:
    """Exact sums of errors of each group of the attributes asked for, and the groups farthest apart.

    Made of GroupErrors; no prediction of anybody is kept.
    """

    made_of: ClassVar[type[Any]] = GroupErrors
    reads: ClassVar[tuple[str, ...]] = ("attribute", "min_group_size", "leave_out")

    label: str | None
    prediction: str
    n_rows: int
    undecided: int
    unlabelled: int
    is_exact: bool
    everybody: Sums
    by_attribute: Mapping[str, Mapping[str, Sums]]
    farthest: Mapping[str, FarthestPair | None]

    @classmethod
    def kept(cls, errors: GroupErrors, parameters: Mapping[str, Any]) -> Self:
        groups = {name: errors.by_group(name) for name in errors.attributes(parameters["attribute"])}

        def compared(of: Sequence[ErrorsOfGroup]) -> list[ErrorsOfGroup]:
            named = [one for one in of if one.group not in parameters["leave_out"]]
            return [one for one in named if one.predictions.sum() >= max(parameters["min_group_size"], 1)]

        return cls(
            errors.roles.label,
            str(errors.roles.prediction),
            errors.n_rows,
            errors.undecided,
            errors.unlabelled,
            errors.is_exact,
            errors.sums.together(),
            {name: {one.group: one.sums for one in of} for name, of in groups.items()},
            {name: _farthest(compared(of)) for name, of in groups.items()},
        )

    def to_document(self) -> dict[str, Any]:
        told = {name: value for name, value in vars(self).items() if not isinstance(value, Sums | Mapping)}
        return {
            **told,
            "everybody": self.everybody.to_document(),
            "by_attribute": [
                [name, list(groups), _beside(groups.values(), self.everybody).to_document()]
                for name, groups in self.by_attribute.items()
            ],
            "farthest": [[name, None if pair is None else dict(vars(pair))] for name, pair in self.farthest.items()],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        by_attribute = {}
        for name, groups, stored in document["by_attribute"]:
            sums = Sums.from_document(stored)
            by_attribute[name] = {group: sums.of_cells([place]) for place, group in enumerate(groups)}
        read = {
            "everybody": Sums.from_document(document["everybody"]),
            "by_attribute": by_attribute,
            "farthest": {n: None if pair is None else FarthestPair(**pair) for n, pair in document["farthest"]},
        }
        return cls(**{**document, **read})


def _beside(groups: Any, everybody: Sums) -> Sums:
    """The sums of groups as cells of one."""
    beside = Sums(everybody.names, 0)
    for place, sums in enumerate(groups):
        beside.widen(place + 1)
        beside.take(place, sums, 0)
    return beside


def _farthest(groups: Sequence[ErrorsOfGroup]) -> FarthestPair | None:
    """The largest area between the distribution functions of two groups; None for fewer than two."""
    if len(groups) < 2:
        return None
    steps = np.diff(groups[0].values)
    shares = np.stack([np.cumsum(one.predictions) / one.predictions.sum() for one in groups])[:, :-1]
    areas = [np.abs(shares[at + 1 :] - shares[at]) @ steps for at in range(len(groups) - 1)]
    # Which pair it is, is settled by sums that are not rounded on the way; only the largest can be it.
    most = max(float(of.max()) for of in areas) * (1 - _ROUNDING)
    pairs = [(at, at + 1 + int(other)) for at, of in enumerate(areas) for other in np.flatnonzero(of >= most)]
    apart, first, second = max(
        (_area(shares[one], shares[other], steps) if most else 0.0, groups[one].group, groups[other].group)
        for one, other in pairs
    )
    return FarthestPair(apart, first, second, sum(int(one.predictions.sum()) for one in groups))


def _area(one: NDArray[np.float64], other: NDArray[np.float64], steps: NDArray[np.float64]) -> float:
    return math.fsum((np.abs(one - other) * steps).tolist())
