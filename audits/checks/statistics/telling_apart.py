"""How well can a classifier tell the rows of one table from those of another?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy
from numpy.typing import NDArray

_DECILES = np.arange(1, 10) / 10
_MOST_CATEGORIES = 20
_STEPS = 256
_ROUNDS = 25

Floats = NDArray[np.float64]
Side = tuple[Mapping[str, NDArray[Any]], NDArray[np.uint64]]


@dataclass(frozen=True)
class TellingApart:
    """Rows of both tables by the score of a classifier that was fitted on other rows.

    `now` and `then` have the shape (257,): scores in 256 steps from 0, surely the reference, to 1. `weight` says by
    feature how far it moves the score, as the standard deviation of its share in the logit.
    """

    now: NDArray[np.int64]
    then: NDArray[np.int64]
    weight: Mapping[str, float]

    def to_document(self) -> dict[str, Any]:
        return {"now": self.now.tolist(), "then": self.then.tolist(), "weight": dict(self.weight)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(np.array(document["now"], np.int64), np.array(document["then"], np.int64), dict(document["weight"]))


def told_apart(now: Side, then: Side) -> TellingApart:
    """Fit a logistic regression on one half of the rows and score the other, both ways round.

    Numbers enter as indicators of the deciles of all rows, texts of their twenty most frequent values, missing cells
    as one more: any change of a single feature can be learnt, and none of how two go together. The halves are made
    by digest, so that equal rows never stand on both sides, in whichever table.
    """
    columns = {name: np.concatenate([now[0][name], then[0][name]]) for name in now[0]}
    blocks = {name: _indicators(values) for name, values in columns.items()}
    design = np.concatenate(list(blocks.values()), axis=1)
    is_now = np.arange(len(design)) < len(now[1])
    half = (np.concatenate([now[1], then[1]]) & np.uint64(1)).astype(bool)
    shares, counts = np.zeros((len(design), len(blocks))), np.zeros((2, _STEPS + 1), np.int64)
    for side in (False, True):
        fitted, scored = half == side, half != side
        if not is_now[fitted].any() or is_now[fitted].all() or not scored.any():
            continue
        # Both tables weigh the same, whatever their numbers of rows.
        start, slopes = _fitted(design[fitted], is_now[fitted].astype(float))
        ends = np.cumsum([block.shape[1] for block in blocks.values()])
        for place, part in enumerate(np.split(np.arange(design.shape[1]), ends[:-1])):
            shares[scored, place] = design[np.ix_(scored, part)] @ slopes[part]
        scores = scipy.special.expit(start + shares[scored].sum(axis=1))
        steps = np.rint(scores * _STEPS).astype(np.int64)
        for row, table in enumerate((is_now[scored], ~is_now[scored])):
            counts[row] += np.bincount(steps[table], minlength=_STEPS + 1)
    weight = {name: round(float(shares[:, place].std()), 9) for place, name in enumerate(blocks)}
    return TellingApart(counts[0], counts[1], weight)


def _indicators(values: NDArray[Any]) -> Floats:
    if values.dtype == object:
        missing = np.array([value is None for value in values])
        names, places = np.unique(np.where(missing, "", values).astype(str), return_inverse=True)
        rank = np.argsort(np.argsort(-np.bincount(places[~missing], minlength=len(names)), kind="stable"))
        codes = np.minimum(rank[places], _MOST_CATEGORIES)
    else:
        missing = np.isnan(values)
        finite = np.nan_to_num(values)
        edges = np.unique(np.quantile(finite[~missing], _DECILES)) if not missing.all() else np.empty(0)
        codes = np.searchsorted(edges, finite, side="left")
    codes = np.where(missing, codes.max(initial=0) + 1, codes)
    indicators: Floats = (codes[:, None] == np.unique(codes)[1:]).astype(float)
    return indicators


def _fitted(design: Floats, target: Floats) -> tuple[float, Floats]:
    """Start and slopes of a logistic regression with a penalty of one half on the square of each slope."""
    weights = np.where(target == 1, 0.5 / target.mean(), 0.5 / (1 - target.mean()))
    table = np.column_stack([np.ones(len(design)), design])
    penalty = np.append(0.0, np.ones(design.shape[1]))
    slopes = np.zeros(table.shape[1])
    for _ in range(_ROUNDS):
        chance = scipy.special.expit(table @ slopes)
        gradient = table.T @ (weights * (target - chance)) - penalty * slopes
        curvature = (table.T * (weights * chance * (1 - chance))) @ table + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        slopes += step
        if float(np.abs(step).max()) < 1e-10:
            break
    return float(slopes[0]), slopes[1:]
