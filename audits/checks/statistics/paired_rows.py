"""How do the scores and decisions of two versions compare on the rows that both have seen?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, missing_mask
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.group_counts import classes_of
from audits.checks.statistics.hashing import hashed
from audits.checks.statistics.rates import UNKNOWN
from audits.checks.statistics.regression_sums import numbers_of

BRIER = ("new", "live", "difference", "difference_2")


@dataclass(frozen=True)
class Joined:
    """What is kept of the rows of two tables with the same id.

    `areas` are the areas under both ROC curves as (twice the pairs in order plus those tied, twice the pairs);
    `covariance` is (variance of the first, of the second, covariance) after DeLong, None with fewer than two of a
    label. `cells` counts rows by label, new and live decision, of shape (2, 2, 2), None where one table has no
    decisions. `brier` sums squared distances of scores from labels, None where a score is no chance.
    """

    rows: int
    only_new: int
    only_live: int
    unlabelled: int
    contradicted: int
    positives: int
    areas: tuple[tuple[int, int], tuple[int, int]]
    covariance: tuple[float, float, float] | None
    brier: Sums | None
    cells: tuple[int, ...] | None

    def area(self, place: int) -> Fraction | None:
        """The area of the new version (0) or of the live one (1); None with one label only."""
        twice, pairs = self.areas[place]
        return Fraction(twice, pairs) if pairs else None

    def to_document(self) -> dict[str, Any]:
        return {
            **vars(self),
            "areas": [list(area) for area in self.areas],
            "covariance": None if self.covariance is None else list(self.covariance),
            "brier": None if self.brier is None else self.brier.to_document(),
            "cells": None if self.cells is None else list(self.cells),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        first, second = document["areas"]
        covariance, brier, cells = document["covariance"], document["brier"], document["cells"]
        return cls(
            **{
                **document,
                "areas": ((first[0], first[1]), (second[0], second[1])),
                "covariance": None if covariance is None else tuple(covariance),
                "brier": None if brier is None else Sums.from_document(brier),
                "cells": None if cells is None else tuple(cells),
            }
        )


Columns = tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


@dataclass
class PairedRows:
    """Id, score, label and decision of every row, until the two tables are joined by id.

    What is stored is what the join left, of the first table; of the second one only its number of rows. Two ids share
    a digest with a chance of 1 in 2**64. Mergeable; equal for any batch size and order of rows. Every row counts once.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("id", "score")

    roles: Roles
    seed: int = 0
    unscored: int = 0
    unnamed: int = 0
    rows: int = 0
    parts: list[Columns] = field(default_factory=list)
    joined: Joined | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task != "binary":
            raise CannotMeasure("Scores of two versions are compared for a binary task only.")
        return cls(roles)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(name for name in (roles.id, roles.score, roles.label, roles.prediction) if name is not None)

    @property
    def n_rows(self) -> int:
        return self.rows

    def add(self, batch: pa.RecordBatch) -> None:
        ids = column_of(batch, str(self.roles.id))
        scores = numbers_of(batch, str(self.roles.score))
        self.rows += batch.num_rows
        self.unscored += int(np.isnan(scores).sum())
        self.unnamed += int(missing_mask(ids).sum())
        unknown = np.full(batch.num_rows, UNKNOWN, np.int64)
        labels = unknown if self.roles.label is None else classes_of(batch, self.roles.label)
        decisions = unknown if self.roles.prediction is None else classes_of(batch, self.roles.prediction)
        self.parts.append((hashed(ids), scores, labels, decisions))

    def merge(self, other: PairedRows) -> None:
        self.parts += other.parts
        self.rows += other.rows
        self.unscored += other.unscored
        self.unnamed += other.unnamed

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """Both tables joined by id; what is left stands with the evaluation table."""
        found = {
            name: cls(of.roles, of.seed, of.unscored, of.unnamed, of.rows, [], of.joined) for name, of in tables.items()
        }
        others = [name for name in tables if name != "evaluation"]
        if "evaluation" in tables and others:
            found["evaluation"].joined = _join(tables["evaluation"]._columns(), tables[others[0]]._columns())
        return found

    def to_document(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "id": self.roles.id,
            "score": self.roles.score,
            "label": self.roles.label,
            "prediction": self.roles.prediction,
            "rows": self.rows,
            "unscored": self.unscored,
            "unnamed": self.unnamed,
            "joined": None if self.joined is None else self.joined.to_document(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        names = {name: document[name] for name in ("id", "score", "label", "prediction")}
        joined = document["joined"]
        return cls(
            Roles(task="binary", **names),
            document["seed"],
            document["unscored"],
            document["unnamed"],
            document["rows"],
            [],
            None if joined is None else Joined.from_document(joined),
        )

    def _columns(self) -> Columns:
        nothing = (np.empty(0, np.uint64), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))
        ids, scores, labels, decisions = (np.concatenate(column) for column in zip(nothing, *self.parts, strict=True))
        return ids, scores, labels, decisions


def _join(new: Columns, live: Columns) -> Joined:
    # Which of the rows that share an id belongs to another one nobody can tell, so that they have no partner.
    single, alone = _occurring_once(new[0]), _occurring_once(live[0])
    _, first, second = np.intersect1d(new[0][single], live[0][alone], assume_unique=True, return_indices=True)
    mine, theirs = single[first], alone[second]
    label, other_label = new[2][mine], live[2][theirs]
    contradicted = int(((label != other_label) & (label != UNKNOWN) & (other_label != UNKNOWN)).sum())
    known = label != UNKNOWN
    label = label[known]
    scores = new[1][mine][known], live[1][theirs][known]
    decisions = new[3][mine][known], live[3][theirs][known]
    is_positive = label == 1
    areas, covariance = _areas(scores, is_positive)
    cells = None
    if all((given != UNKNOWN).all() for given in decisions) and len(label):
        counted = np.bincount(label * 4 + decisions[0] * 2 + decisions[1], minlength=8)
        cells = tuple(map(int, counted))
    return Joined(
        rows=len(label),
        only_new=len(new[0]) - len(mine),
        only_live=len(live[0]) - len(theirs),
        unlabelled=int((~known).sum()),
        contradicted=contradicted,
        positives=int(is_positive.sum()),
        areas=areas,
        covariance=covariance,
        brier=_brier(scores, label),
        cells=cells,
    )


def _occurring_once(ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    _, places, counts = np.unique(ids, return_index=True, return_counts=True)
    return places[counts == 1]


def _areas(
    scores: tuple[NDArray[np.float64], NDArray[np.float64]], is_positive: NDArray[np.bool_]
) -> tuple[tuple[tuple[int, int], tuple[int, int]], tuple[float, float, float] | None]:
    """Both areas and their covariance by the placements of each kind among the other.

    Source: DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44, doi:10.2307/2531595.
    """
    n, m = int(is_positive.sum()), int((~is_positive).sum())
    areas, placed, beaten = [], [], []
    for score in scores:
        up, down = np.sort(score[is_positive]), np.sort(score[~is_positive])
        # Twice the negatives below each positive, those tied with it once; and the other way round.
        below = _ranks(down, score[is_positive])
        above = 2 * n - _ranks(up, score[~is_positive])
        areas.append((int(below.sum()), 2 * n * m))
        placed.append(below / (2 * max(m, 1)))
        beaten.append(above / (2 * max(n, 1)))
    covariance = None
    if n > 1 and m > 1:
        matrix = np.cov(np.stack(placed)) / n + np.cov(np.stack(beaten)) / m
        covariance = (float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[0, 1]))
    return (areas[0], areas[1]), covariance


def _ranks(ordered: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")


def _brier(scores: tuple[NDArray[np.float64], NDArray[np.float64]], label: NDArray[np.int64]) -> Sums | None:
    if not all(((score >= 0) & (score <= 1)).all() for score in scores):
        return None
    sums = Sums(BRIER)
    step = 1 << 20
    for start in range(0, len(label), step):
        new, live = (np.square(score[start : start + step] - label[start : start + step]) for score in scores)
        difference = new - live
        sums.add({"new": new, "live": live, "difference": difference, "difference_2": difference**2})
    return sums
