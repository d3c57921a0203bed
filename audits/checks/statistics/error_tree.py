"""Which few conditions on the features part the rows with most errors from the others?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks.sentences import figure

DEPTH = 3
FEWEST_ROWS = 50
_TENTHS = np.arange(1, 10) / 10
_MOST_TEXTS = 20

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Split:
    """A condition, where it holds, and what it and its opposite are called.

    A later one with the same key is the tighter, and one whose key is its column and "is" says all there is to say.
    """

    holds: Mask
    words: tuple[str, str]
    keys: tuple[tuple[str, ...], tuple[str, ...]]


def leaves(features: Mapping[str, NDArray[Any]], fitted: Counts) -> list[tuple[str, Mask]]:
    """The leaves of a tree of at most three conditions, grown greedily by the impurity of Gini: words, and where.

    `features` are columns of shape (n_rows,): doubles with NaN, or texts and None, where a cell is missing. `fitted`
    has the shape (n_rows, 2): how many rows like this one are wrong and right. Numbers are cut at tenths of the rows,
    texts told from all others if they are among the twenty most frequent. No leaf has fewer than fifty of these rows.

    Source: Breiman, Friedman, Olshen, Stone (1984), Classification and Regression Trees, section 4.3;
    sklearn.tree.DecisionTreeClassifier over the same conditions.
    """
    splits = [split for name in sorted(features) for split in _splits(name, features[name], fitted.sum(axis=1))]
    conditions = np.array([split.holds for split in splits], np.float64).reshape(len(splits), len(fitted))
    found: list[tuple[str, Mask]] = []
    open_nodes: list[tuple[dict[tuple[str, ...], str], Mask, int]] = [({}, np.ones(len(fitted), bool), 0)]
    while open_nodes:
        words, inside, depth = open_nodes.pop()
        best = _best(conditions, fitted * inside[:, None]) if depth < DEPTH else None
        if best is None:
            found.append((" and ".join(words.values()) or "all rows", inside))
            continue
        split = splits[best]
        for side in (1, 0):
            there = inside & (split.holds if side == 0 else ~split.holds)
            key = split.keys[side]
            kept = {other: said for other, said in words.items() if key[1:] != ("is",) or other[0] != key[0]}
            open_nodes.append(({**kept, key: split.words[side]}, there, depth + 1))
    return found


def _best(conditions: NDArray[np.float64], counts: Counts) -> int | None:
    """The condition that leaves the least impurity on its two sides, the first of those; None when none helps."""
    total = counts.sum(axis=0)
    inside = conditions @ counts
    outside = total - inside
    allowed = (inside.sum(axis=1) >= FEWEST_ROWS) & (outside.sum(axis=1) >= FEWEST_ROWS)
    if not allowed.any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        purity = [np.square(side).sum(axis=1) / side.sum(axis=1) for side in (inside, outside)]
    gained = np.where(allowed, purity[0] + purity[1], -np.inf)
    best = int(gained.argmax())
    return best if gained[best] > np.square(total).sum() / total.sum() * (1 + 1e-12) else None


def _splits(name: str, values: NDArray[Any], rows: Counts) -> Iterator[_Split]:
    missing = np.array([value is None for value in values]) if values.dtype == object else np.isnan(values)
    if values.dtype == object:
        texts, places = np.unique(np.where(missing, "", values).astype(str), return_inverse=True)
        held = np.bincount(places[~missing], weights=rows[~missing], minlength=len(texts))
        for place in np.argsort(-held, kind="stable")[:_MOST_TEXTS]:
            if held[place]:
                words = f"{name} is {texts[place]}", f"{name} is not {texts[place]}"
                yield _Split((places == place) & ~missing, words, ((name, "is"), (name, words[1])))
    else:
        beyond = " or missing" if missing.any() else ""
        for cut in _cuts(values[~missing], rows[~missing]):
            words = f"{name} up to {figure(cut)}", f"{name} above {figure(cut)}{beyond}"
            yield _Split(values <= cut, words, ((name, "up to"), (name, "above")))
    if missing.any():
        words = f"{name} is missing", f"{name} is not missing"
        yield _Split(missing, words, ((name, "is"), (name, words[1])))


def _cuts(values: NDArray[np.float64], rows: Counts) -> list[float]:
    """The values that end the tenths of the rows, without the highest one of all."""
    if not len(values):
        return []
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(rows[order])
    cuts = np.unique(values[order][np.searchsorted(upto, _TENTHS * upto[-1])])
    found: list[float] = cuts[cuts < values.max()].tolist()
    return found
