"""Are figures of thousands of groups those of pandas, fairlearn and scikit-learn, with weights and missing scores?"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fairlearn.metrics import demographic_parity_difference
from sklearn.metrics import roc_auc_score

from audits.checks import Roles, SensitiveColumn
from audits.checks.statistics import GroupCounts, rates
from tests.audits.checks.tables import judged, measured

Rows = pd.DataFrame
Events = Callable[[Rows], "pd.Series[bool]"]
GROUPS, GROUPS_WITH_SCORES = 10_000, 500
EXACT = 1e-12

EVERYBODY: Events = lambda rows: rows.truth >= 0  # noqa: E731
SELECTED: Events = lambda rows: rows.decision == 1  # noqa: E731
REJECTED: Events = lambda rows: rows.decision == 0  # noqa: E731
DESERVING: Events = lambda rows: rows.truth == 1  # noqa: E731
OTHERS: Events = lambda rows: rows.truth == 0  # noqa: E731
RIGHT: Events = lambda rows: rows.truth == rows.decision  # noqa: E731
WRONG: Events = lambda rows: rows.truth != rows.decision  # noqa: E731
# What happened, among whom.
RATES: dict[str, tuple[rates.Rate, Events, Events]] = {
    "accuracy": (rates.accuracy(), RIGHT, EVERYBODY),
    "base rate": (rates.base_rate(1), DESERVING, EVERYBODY),
    "error rate": (rates.error_rate(), WRONG, EVERYBODY),
    "false discovery rate": (rates.false_discovery_rate(1), WRONG, SELECTED),
    "false negative rate": (rates.false_negative_rate(1), WRONG, DESERVING),
    "false omission rate": (rates.false_omission_rate(1), WRONG, REJECTED),
    "false positive rate": (rates.false_positive_rate(1), WRONG, OTHERS),
    "precision": (rates.precision(1), RIGHT, SELECTED),
    "selection rate": (rates.selection_rate(1), SELECTED, EVERYBODY),
    "true negative rate": (rates.true_negative_rate(1), RIGHT, OTHERS),
    "true positive rate": (rates.true_positive_rate(1), RIGHT, DESERVING),
}


@cache
def people(groups: int) -> Rows:
    """Five of each group, of whom one is selected for certain and one is not; others may weigh nothing or lack a score.

    In many groups nobody deserved it, or everybody did.
    """
    random = np.random.default_rng(groups)
    n = 5 * groups
    place = np.arange(n) % 5
    score = random.integers(0, 9, n) / 8
    return Rows(
        {
            "group": np.repeat([f"g{number}" for number in range(groups)], 5),
            "truth": random.integers(0, 2, n),
            "decision": np.select([place == 0, place == 1], [1, 0], random.integers(0, 2, n)),
            "weight": random.choice([0.25, 1.0, 7.5], n) * np.where(place < 2, 1, random.integers(0, 2, n)),
            "score": score,
            "holes": np.where(random.random(n) < 0.1, np.nan, score),
        }
    ).sample(frac=1, random_state=1, ignore_index=True)


def roles(weight: str | None = None, score: str | None = None) -> Roles:
    sensitive = (SensitiveColumn("group"),)
    return Roles("binary", 1, "truth", "decision", score=score, weight=weight, sensitive=sensitive)


def table(rows: Rows) -> pa.Table:
    return pa.Table.from_pandas(rows, preserve_index=False)


@pytest.mark.parametrize("weight", [None, "weight"])
def test_every_rate_of_ten_thousand_groups_is_counted_as_pandas_counts_it(weight: str | None) -> None:
    rows = people(GROUPS)
    counts = GroupCounts.empty(roles(weight))
    for batch in table(rows).to_batches(7_000):
        counts.add(batch)
    weighs = pd.Series(1.0, rows.index) if weight is None else rows[weight]
    for name, (rate, happened, among) in RATES.items():
        chosen, all_of_them = (
            weighs.where(events, 0.0).groupby(rows.group).sum()
            for events in (happened(rows) & among(rows), among(rows))
        )
        expected = chosen / all_of_them
        found = {one.group: one.value for one in counts.grouping("group").rates(rate)}
        assert len(found) == GROUPS
        ours = pd.Series({group: np.nan if value is None else float(value) for group, value in found.items()})
        assert (ours - expected).abs().max() < EXACT, name
        assert (ours.isna() == expected.isna()).all(), name


# fairlearn takes half a minute for the most groups.
@pytest.mark.parametrize("groups", [1_000, pytest.param(GROUPS, marks=pytest.mark.soak)])
def test_the_gap_between_thousands_of_groups_is_fairlearns_whatever_scores_are_missing(groups: int) -> None:
    rows = people(groups)
    shown = roles("weight", "holes")
    outcome = judged("fairness.demographic_parity_difference", table(rows), shown, min_group_size=1, max_difference=1.0)
    expected = demographic_parity_difference(
        rows.truth, rows.decision, sensitive_features=rows.group, sample_weight=rows.weight
    )
    assert 0.9 < expected < 1
    assert measured(outcome, "demographic_parity_difference", "group").value == pytest.approx(expected, abs=EXACT)


def test_areas_of_as_many_groups_as_scores_are_kept_of_are_scikit_learns() -> None:
    rows = people(GROUPS_WITH_SCORES)
    outcome = judged("fairness.auc_gap", table(rows), roles(score="score"), min_positives=1, min_negatives=1)
    areas = {}
    for group, part in rows.groupby("group"):
        found = measured(outcome, "roc_auc", f"group/{group}").value
        if part.truth.nunique() == 2:
            areas[group] = roc_auc_score(part.truth, part.score)
            assert found == pytest.approx(areas[group], abs=EXACT)
        else:
            assert found is None
    assert 300 < len(areas) < GROUPS_WITH_SCORES
    gap = measured(outcome, "auc_difference", "group").value
    assert gap == pytest.approx(max(areas.values()) - min(areas.values()), abs=EXACT)


@pytest.mark.parametrize("check", ["auc_gap", "calibration_within_groups", "score_distance", "subgroup_auc"])
def test_scores_of_more_groups_are_refused_in_a_sentence_that_says_what_to_do(check: str) -> None:
    outcome = judged(f"fairness.{check}", table(people(GROUPS)), roles(score="score"))
    assert outcome.verdict == "inconclusive"
    assert outcome.sentence == (
        'Evaluation table: Sensitive column "group" has more than 500 groups; declare bands or labels for it.'
    )


@pytest.mark.parametrize("check", ["auc_gap", "calibration_within_groups", "score_distance"])
def test_rows_without_a_score_are_counted_and_refused(check: str) -> None:
    rows = people(GROUPS_WITH_SCORES)
    outcome = judged(f"fairness.{check}", table(rows), roles(score="holes"))
    assert outcome.verdict == "inconclusive"
    assert f"{rows.holes.isna().sum()} " in outcome.sentence
