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
_MOST_STEPS = 4_096


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
    off_by: float
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
            errors.off_by,
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
    """The largest area between the distribution functions of two groups; None for fewer than two.

    With values moved down to the nearest of some steps a distance is off by no more than both groups were moved on
    average, so that few pairs have to be looked at in full.
    """
    if len(groups) < 2:
        return None
    steps = _steps(np.unique(np.concatenate([one.values for one in groups])))
    shares = np.zeros((len(groups), len(steps)))
    moved = np.zeros(len(groups))
    for place, one in enumerate(groups):
        below = np.searchsorted(steps, one.values, side="right") - 1
        held = one.predictions / int(one.predictions.sum())
        shares[place] = np.cumsum(np.bincount(below, held, minlength=len(steps)))
        moved[place] = float((held * (one.values - steps[below])).sum())
    near = [np.abs(shares[at + 1 :] - shares[at])[:, :-1] @ np.diff(steps) for at in range(len(groups) - 1)]
    least = max(float((of - moved[at + 1 :] - moved[at]).max()) for at, of in enumerate(near))
    room = _ROUNDING * max(float(of.max()) for of in near)
    pairs = [
        (at, at + 1 + int(other))
        for at, of in enumerate(near)
        for other in np.flatnonzero(of + moved[at + 1 :] + moved[at] >= least - room)
    ]
    apart, first, second = max(
        (_area(groups[one], groups[other]), groups[one].group, groups[other].group) for one, other in pairs
    )
    return FarthestPair(apart, first, second, sum(int(one.predictions.sum()) for one in groups))


def _steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Some of these ascending values, the lowest among them."""
    return values[:: max(1, -(-len(values) // _MOST_STEPS))]


def _area(one: ErrorsOfGroup, other: ErrorsOfGroup) -> float:
    """The area between the distribution functions of two groups, by sums that are not rounded on the way."""
    values = np.union1d(one.values, other.values)
    first, second = (
        np.append(0, np.cumsum(of.predictions))[np.searchsorted(of.values, values[:-1], side="right")]
        / int(of.predictions.sum())
        for of in (one, other)
    )
    return math.fsum((np.abs(first - second) * np.diff(values)).tolist())
