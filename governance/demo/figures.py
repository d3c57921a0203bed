"""How do a version's answers fit the study, group by group, and how sure can 442 patients make us?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest, norm
from scipy.stats.contingency import relative_risk


@dataclass(frozen=True)
class Figure:
    """One measured number with its 95 % interval and the number of patients behind it."""

    name: str
    group: str  # "" when the figure is about everybody
    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        subject = f"{self.name}, {self.group}" if self.group else self.name
        return f"{subject}: {self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n = {self.n})"


def measure_figures(
    study: pd.DataFrame, answers: pd.DataFrame, groups: Mapping[str, Sequence[str]]
) -> tuple[Figure, ...]:
    """How well the answers fit the study, and how that differs between the groups of each attribute.

    `groups` lists, for "sex" say, the values of the study's column "sex_group" in printing order.
    """
    selected, label = answers["selected"] == 1, study["high_progression"] == 1
    figures = [
        _rate("accuracy", "", selected == label),
        _area_under_curve(answers["probability"].to_numpy(), label.to_numpy()),
        _rate("selection rate", "", selected),
    ]
    for attribute, names in groups.items():
        members = {group: study[f"{attribute}_group"] == group for group in names}
        needs = [_rate("share with high progression", group, label[who]) for group, who in members.items()]
        rates = [_rate("selection rate", group, selected[who]) for group, who in members.items()]
        found = [_rate("true positive rate", group, selected[who & label]) for group, who in members.items()]
        figures += [*needs, *rates, _ratio(f"by {attribute}", rates), *found, _gap(f"by {attribute}", found)]
    return tuple(figures)


def _rate(name: str, group: str, hits: pd.Series) -> Figure:
    interval = binomtest(int(hits.sum()), len(hits)).proportion_ci(method="wilson")
    return Figure(name, group, float(hits.mean()), float(interval.low), float(interval.high), len(hits))


def _ratio(group: str, rates: list[Figure]) -> Figure:
    # The interval is Katz's, on the logarithm of the ratio.
    worst, best = _extremes(rates)
    risk = relative_risk(round(worst.value * worst.n), worst.n, round(best.value * best.n), best.n)
    low, high = risk.confidence_interval(0.95)
    return Figure("impact ratio", group, worst.value / best.value, float(low), float(high), worst.n + best.n)


def _gap(group: str, rates: list[Figure]) -> Figure:
    # Newcombe (1998), method 10: the interval of a difference from the Wilson intervals of the two rates.
    worst, best = _extremes(rates)
    gap = best.value - worst.value
    below = math.hypot(best.value - best.low, worst.high - worst.value)
    above = math.hypot(best.high - best.value, worst.value - worst.low)
    return Figure("true positive rate gap", group, gap, gap - below, gap + above, worst.n + best.n)


def _extremes(rates: list[Figure]) -> tuple[Figure, Figure]:
    ranked = sorted(rates, key=lambda rate: rate.value)
    return ranked[0], ranked[-1]


def _area_under_curve(score: np.ndarray, label: np.ndarray) -> Figure:
    # DeLong et al. (1988): the variance comes from how often each patient is ranked on the right side.
    high, low = score[label == 1], score[label == 0]
    ranked = (high[:, None] > low) + 0.5 * (high[:, None] == low)
    area = float(ranked.mean())
    variance = ranked.mean(axis=1).var(ddof=1) / len(high) + ranked.mean(axis=0).var(ddof=1) / len(low)
    half = float(norm.ppf(0.975)) * math.sqrt(float(variance))
    return Figure("area under the ROC curve", "", area, area - half, min(area + half, 1.0), len(label))
