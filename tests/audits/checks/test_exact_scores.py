"""Are figures of scores exact where nearly every score is a different one, as those of most models are?"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from audits.checks import Roles, SensitiveColumn
from audits.checks.sentences import figure
from audits.checks.statistics import ScoreHistograms
from audits.checks.statistics.kept_rows import MOST_ROWS
from tests.audits.checks.tables import judged, measured

ROLES = Roles(task="binary", favourable=1, label="truth", score="score", sensitive=(SensitiveColumn("sex"),))
EXACT = 1e-12


@cache
def drawn(size: int = 40_000, spread: float = 1.5) -> pa.Table:
    """People with chances of their own: 40,000 different scores, a few of them held by two."""
    random = np.random.default_rng(11)
    sex = random.choice(["a", "b", "c"], size, p=[0.6, 0.3, 0.1])
    score = 1 / (1 + np.exp(-spread * random.normal(size=size) - 0.5 * (sex == "b")))
    few = size // 100
    score[:few] = score[few : 2 * few]
    truth = (random.random(size) < score ** (1 + 0.5 * (sex == "c"))).astype(int)
    return pa.table({"sex": sex, "score": score, "truth": truth})


def groups(table: pa.Table) -> dict[str, pd.DataFrame]:
    return dict(iter(table.to_pandas().groupby("sex")))


def test_areas_of_everybody_and_of_each_group() -> None:
    outcome = judged("performance.roc_auc", drawn(), ROLES)
    people = drawn().to_pandas()
    assert len(set(people.score)) > 39_000
    assert measured(outcome, "roc_auc").value == pytest.approx(
        metrics.roc_auc_score(people.truth, people.score), abs=EXACT
    )
    gaps = judged("fairness.auc_gap", drawn(), ROLES)
    assert gaps.report.notes == ()
    for name, group in groups(drawn()).items():
        expected = pytest.approx(metrics.roc_auc_score(group.truth, group.score), abs=EXACT)
        assert measured(outcome, "roc_auc", f"sex/{name}").value == expected
        assert measured(gaps, "roc_auc", f"sex/{name}").value == expected


def test_areas_beside_everybody_else() -> None:
    outcome = judged("fairness.subgroup_auc", drawn(), ROLES)
    people = drawn().to_pandas()
    for name in groups(drawn()):
        inside = people.sex == name
        for kind, of_group in (("bpsn_auc", 0), ("bnsp_auc", 1)):
            rows = people[(inside & (people.truth == of_group)) | (~inside & (people.truth != of_group))]
            expected = metrics.roc_auc_score(rows.truth, rows.score)
            assert measured(outcome, kind, f"sex/{name}").value == pytest.approx(expected, abs=EXACT)


def test_brier_scores_and_reliability() -> None:
    outcome = judged("fairness.calibration_within_groups", drawn(), ROLES, bins=20)
    for name, group in groups(drawn()).items():
        expected = metrics.brier_score_loss(group.truth, group.score)
        assert measured(outcome, "brier_score", f"sex/{name}").value == pytest.approx(expected, abs=EXACT)
        bins = np.minimum((group.score * 20).astype(int), 19)
        error = sum(abs(part.score.sum() - part.truth.sum()) for _, part in group.groupby(bins)) / len(group)
        assert measured(outcome, "calibration_error", f"sex/{name}").value == pytest.approx(error, abs=EXACT)
        for place, part in group.groupby(bins):
            found = measured(outcome, f"observed_share_in_bin_{place + 1}", f"sex/{name}")
            assert (found.value, found.n) == (part.truth.mean(), len(part))


def test_the_order_of_all() -> None:
    outcome = judged("performance.ranking", drawn(), ROLES)
    people = drawn().to_pandas()
    expected = metrics.average_precision_score(people.truth, people.score)
    assert measured(outcome, "average_precision").value == pytest.approx(expected, abs=EXACT)
    apart = stats.ks_2samp(people.score[people.truth == 1], people.score[people.truth == 0]).statistic
    assert measured(outcome, "separation").value == pytest.approx(apart, abs=EXACT)


def test_the_distance_of_two_groups() -> None:
    outcome = judged("fairness.score_distance", drawn(), ROLES)
    scores = [group.score for group in groups(drawn()).values()]
    farthest = max(stats.ks_2samp(one, other).statistic for one, other in combinations(scores, 2))
    assert measured(outcome, "score_distance", "sex").value == pytest.approx(farthest, abs=EXACT)


def test_exposure_and_the_scoring_rate() -> None:
    people = drawn().to_pandas()
    exposure = judged("fairness.ranking_exposure", drawn(), ROLES)
    rate = judged("fairness.scoring_rate", drawn(), ROLES)
    # Those of one score share the mean exposure of their ranks.
    ranked = people.sort_values("score", ascending=False)
    seen = pd.Series(1 / np.log2(1 + np.arange(1, len(people) + 1)), index=ranked.index).groupby(ranked.score)
    people["seen"] = seen.transform("mean")
    for name, group in people.groupby("sex"):
        assert measured(exposure, "exposure", f"sex/{name}").value == pytest.approx(group.seen.mean(), abs=EXACT)
        assert measured(rate, "scoring_rate", f"sex/{name}").value == (group.score > people.score.median()).mean()


def test_the_slope_of_calibration() -> None:
    outcome = judged("performance.calibration_slope", drawn(), ROLES)
    people = drawn().to_pandas()
    odds = np.log(people.score / (1 - people.score))
    fitted = sm.GLM(people.truth, sm.add_constant(odds), sm.families.Binomial()).fit(tol=1e-14)
    assert measured(outcome, "calibration_slope").value == pytest.approx(fitted.params.iloc[1], abs=1e-10)


def test_scores_on_both_sides_of_nothing_and_far_apart() -> None:
    """Such scores need all bits of a double, so that labels have to be put in order beside them."""
    table = drawn(5_000)
    wide = pa.array(np.sinh(700 * (table["score"].to_numpy() - 0.5)))
    people = table.set_column(1, "score", wide)
    outcome = judged("performance.roc_auc", people, ROLES)
    expected = metrics.roc_auc_score(table["truth"], table["score"])
    assert measured(outcome, "roc_auc").value == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("favourable", [0, 1])
@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(-1, 1) | st.sampled_from([-0.0, 0.0, 0.5]),
            st.sampled_from([0, 1, None]),
            st.text("abc", max_size=1),
        ),
        min_size=1,
        max_size=40,
    ),
    cut=st.integers(0, 40),
)
def test_parts_in_any_order_hold_the_same_scores(favourable: int, rows: list[Any], cut: int) -> None:
    roles = Roles(task="binary", favourable=favourable, label="truth", score="score", sensitive=ROLES.sensitive)

    def filled(*parts: list[Any]) -> ScoreHistograms:
        found = ScoreHistograms.empty(roles)
        for part in parts:
            columns = list(zip(*part, strict=True)) or [(), (), ()]
            arrays = [
                pa.array(columns[0], pa.float64()),
                pa.array(columns[1], pa.int8()),
                pa.array(columns[2], pa.string()),
            ]
            found.add(pa.RecordBatch.from_arrays(arrays, names=["score", "truth", "sex"]))
        return found

    whole, first, second = filled(rows), filled(rows[:cut]), filled(rows[cut:][::-1])
    first.merge(second)
    assert first.n_rows == whole.n_rows == len(rows)
    for one, other in zip(
        [first.everybody(), *first.split("sex")], [whole.everybody(), *whole.split("sex")], strict=True
    ):
        assert one.group == other.group
        assert one.values.tolist() == other.values.tolist()
        assert [one.tolist() for one in one.by_label] == [rows.tolist() for rows in other.by_label]
    assert whole.everybody().rows.sum() == len(rows)


def test_more_rows_than_are_kept_share_scores_in_any_parts() -> None:
    """Beyond 2**20 rows scores are counted in 4,096 steps, however the rows came."""
    table = drawn(MOST_ROWS + 1_000)
    whole, parts = ScoreHistograms.empty(ROLES), [ScoreHistograms.empty(ROLES) for _ in range(2)]
    for number, batch in enumerate(table.to_batches(200_000)):
        whole.add(batch)
        parts[number % 2].add(batch)
    assert all(part.off_by == 0 for part in parts)
    parts[0].merge(parts[1])
    assert 0 < whole.off_by == parts[0].off_by < 0.001
    for mine, theirs in zip(whole.split("sex"), parts[0].split("sex"), strict=True):
        assert mine.values.tolist() == theirs.values.tolist()
        assert mine.rows.tolist() == theirs.rows.tolist()
    outcome = judged("fairness.calibration_within_groups", table, ROLES)
    assert outcome.report.notes[0].endswith(f"each up to {figure(whole.off_by)} below its own.")
    # A square is off by at most twice as much as the score.
    for name, group in groups(table).items():
        found = measured(outcome, "brier_score", f"sex/{name}").value
        assert found == pytest.approx(metrics.brier_score_loss(group.truth, group.score), abs=2 * whole.off_by)
