"""Checks of scores between groups, against answers worked out by hand, scikit-learn and SciPy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score

from audits.checks import Outcome, Roles, SensitiveColumn
from audits.checks.statistics.areas import area_with_interval, compared
from audits.checks.statistics.kept_rows import MOST_ROWS
from tests.audits.checks.tables import judged, keys, measured

ROLES = Roles(task="binary", favourable=1, label="truth", score="score", sensitive=(SensitiveColumn("sex"),))
EVERY = [
    "fairness.auc_gap",
    "fairness.subgroup_auc",
    "fairness.score_distance",
    "fairness.calibration_within_groups",
]


def scored(**groups: list[tuple[float, int, int]]) -> pa.Table:
    """People by group: score, label, and how many of them."""
    rows = [
        {"sex": group, "score": score, "truth": truth}
        for group, cells in groups.items()
        for score, truth, count in cells
        for _ in range(count)
    ]
    return pa.Table.from_pylist(rows)


def drawn(size: int = 3_000, digits: int = 3, seed: int = 4) -> pa.Table:
    random = np.random.default_rng(seed)
    sex = random.choice(["a", "b", "c"], size, p=[0.6, 0.3, 0.1])
    score = np.clip(random.beta(2, 3, size) + 0.1 * (sex == "b"), 0, 1)
    truth = (random.random(size) < score ** (1 + 0.5 * (sex == "c"))).astype(int)
    return pa.table({"sex": sex, "score": np.round(score, digits), "truth": truth})


# Women: three of four pairs in order. Men: all pairs in order.
APART = scored(
    Female=[(0.2, 0, 40), (0.4, 1, 40), (0.6, 0, 40), (0.8, 1, 40)],
    Male=[(0.2, 0, 80), (0.4, 1, 80)],
)


def test_areas_and_their_difference_come_out_by_hand() -> None:
    outcome = judged("fairness.auc_gap", APART, ROLES, max_difference=0.25)
    assert measured(outcome, "roc_auc", "sex/Female").value == 0.75
    assert measured(outcome, "roc_auc", "sex/Male").value == 1.0
    gap = measured(outcome, "auc_difference", "sex")
    assert gap.value == 0.25
    assert gap.low < 0.25 < gap.high
    assert outcome.verdict == "passed"
    assert keys(judged("fairness.auc_gap", APART, ROLES, max_difference=0.2499)) == ["fairness.auc_gap/sex"]


def test_areas_beside_the_others_come_out_by_hand() -> None:
    outcome = judged("fairness.subgroup_auc", APART, ROLES, min_auc=0.5)
    # Favourable men at 0.4 against unfavourable women at 0.2 and 0.6; favourable women against men at 0.2.
    assert measured(outcome, "bpsn_auc", "sex/Female").value == 0.5
    assert measured(outcome, "bnsp_auc", "sex/Female").value == 1.0
    # Favourable women at 0.4 and 0.8 against unfavourable men at 0.2; favourable men against women at 0.2 and 0.6.
    assert measured(outcome, "bpsn_auc", "sex/Male").value == 1.0
    assert measured(outcome, "bnsp_auc", "sex/Male").value == 0.5
    assert outcome.verdict == "passed"
    above = judged("fairness.subgroup_auc", APART, ROLES, min_auc=0.51)
    assert keys(above) == ["fairness.subgroup_auc/sex/Female/bpsn_auc", "fairness.subgroup_auc/sex/Male/bnsp_auc"]
    assert "Female is scored too high" in above.report.findings[0].sentence


def test_too_few_cases_beside_the_others_are_told_with_the_rows_that_would_do() -> None:
    few = scored(Female=[(0.2, 0, 40), (0.4, 1, 40)], Male=[(0.2, 0, 40), (0.4, 1, 6)])
    outcome = judged("fairness.subgroup_auc", few, ROLES)
    assert outcome.verdict == "inconclusive"
    # Beside the women, too, there are no more than six favourable cases; 30 of them are in five times as many rows.
    assert outcome.sentence == (
        "sex: too few favourable cases in a group or beside it, Female (6) and Male (6); collect at least 30 of each, "
        'about 630 rows like these 126, or name the group in "leave_out".'
    )


def test_the_distance_of_scores_comes_out_by_hand() -> None:
    outcome = judged("fairness.score_distance", APART, ROLES, max_distance=0.5)
    assert measured(outcome, "score_distance", "sex").value == 0.5
    assert outcome.verdict == "passed"
    assert keys(judged("fairness.score_distance", APART, ROLES, max_distance=0.49)) == ["fairness.score_distance/sex"]


def test_calibration_comes_out_by_hand() -> None:
    table = scored(
        Female=[(0.25, 1, 25), (0.25, 0, 75), (0.75, 1, 75), (0.75, 0, 25)],
        Male=[(0.25, 1, 45), (0.25, 0, 55), (0.75, 1, 95), (0.75, 0, 5)],
    )
    outcome = judged("fairness.calibration_within_groups", table, ROLES, max_error=0.2)
    assert measured(outcome, "calibration_error", "sex/Female").value == 0.0
    assert measured(outcome, "calibration_error", "sex/Male").value == 0.2
    assert measured(outcome, "brier_score", "sex/Female").value == 0.1875
    third = measured(outcome, "observed_share_in_bin_3", "sex/Male")
    assert (third.value, third.n, third.note) == (0.45, 100, "scores 0.2 to 0.3, mean 0.25")
    assert outcome.verdict == "passed"
    found = judged("fairness.calibration_within_groups", table, ROLES, max_error=0.1)
    assert keys(found) == ["fairness.calibration_within_groups/sex/Male"]


def test_scores_that_are_no_chances_are_not_calibrated() -> None:
    outcome = judged("fairness.calibration_within_groups", scored(a=[(1.5, 1, 200)], b=[(0.5, 0, 200)]), ROLES)
    assert outcome.verdict == "inconclusive"
    assert 'Column "score" holds scores from 0.5 to 1.5' in outcome.sentence


def test_class_zero_in_favour_turns_scores_round() -> None:
    turned = Roles(**{**vars(ROLES), "favourable": 0})
    for name, figure in (
        ("fairness.calibration_within_groups", "calibration_error"),
        ("fairness.calibration_within_groups", "brier_score"),
        ("fairness.auc_gap", "roc_auc"),
    ):
        table = drawn(digits=4)
        plain, other = (judged(name, table, roles, max_difference=1.0) if "gap" in name else judged(name, table, roles)
                        for roles in (ROLES, turned))  # fmt: skip
        for group in "abc":
            expected = measured(plain, figure, f"sex/{group}").value
            assert measured(other, figure, f"sex/{group}").value == pytest.approx(expected, abs=1e-3)


def test_figures_are_those_of_scikit_learn_and_scipy() -> None:
    table = drawn()
    columns = table.to_pandas()
    outcomes: dict[str, Outcome] = {name: judged(name, table, ROLES) for name in EVERY}
    groups = dict(iter(columns.groupby("sex")))
    areas = {name: roc_auc_score(group["truth"], group["score"]) for name, group in groups.items()}
    gap = measured(outcomes["fairness.auc_gap"], "auc_difference", "sex")
    assert gap.value == pytest.approx(max(areas.values()) - min(areas.values()), abs=1e-12)
    distances = [stats.ks_2samp(groups[a]["score"], groups[b]["score"]).statistic for a, b in combinations("abc", 2)]
    found = measured(outcomes["fairness.score_distance"], "score_distance", "sex")
    assert found.value == pytest.approx(max(distances), abs=1e-12)
    assert found.low < found.value < found.high
    for name, group in groups.items():
        where = f"sex/{name}"
        assert measured(outcomes["fairness.auc_gap"], "roc_auc", where).value == pytest.approx(areas[name], abs=1e-12)
        others = columns[columns["sex"] != name]
        for kind, truth in (("bpsn_auc", 0), ("bnsp_auc", 1)):
            both = [group[group["truth"] == truth], others[others["truth"] == 1 - truth]]
            labels = np.concatenate([part["truth"] for part in both])
            expected = roc_auc_score(labels, np.concatenate([part["score"] for part in both]))
            found = measured(outcomes["fairness.subgroup_auc"], kind, where)
            assert found.value == pytest.approx(expected, abs=1e-12)
            assert found.low < found.value < found.high
        calibration = outcomes["fairness.calibration_within_groups"]
        expected = brier_score_loss(group["truth"], group["score"])
        assert measured(calibration, "brier_score", where).value == pytest.approx(expected, abs=1e-12)


def test_the_calibration_error_is_that_of_scikit_learns_curve() -> None:
    # Scores off the cuts of the bins, where the two put a score on the other side.
    table = drawn()
    table = table.set_column(1, "score", pa.array(np.clip(table["score"].to_numpy() + 0.0004, 0, 1)))
    outcome = judged("fairness.calibration_within_groups", table, ROLES)
    for name, group in table.to_pandas().groupby("sex"):
        observed, said = calibration_curve(group["truth"], group["score"], n_bins=10, strategy="uniform")
        rows = np.histogram(group["score"], bins=10, range=(0, 1))[0]
        error = float((np.abs(observed - said) * rows[rows > 0]).sum() / len(group))
        found = measured(outcome, "calibration_error", f"sex/{name}")
        assert found.value == pytest.approx(error, abs=1e-12)
        assert found.low <= found.value <= found.high
        for place, share in zip(np.flatnonzero(rows), observed, strict=True):
            assert measured(outcome, f"observed_share_in_bin_{place + 1}", f"sex/{name}").value == pytest.approx(share)


def test_scores_that_are_true_chances_are_not_found_out_of_calibration_by_chance() -> None:
    found = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        score = np.round(random.random(300), 2)
        table = pa.table({"sex": ["a"] * 300, "score": score, "truth": (random.random(300) < score).astype(int)})
        outcome = judged("fairness.calibration_within_groups", table, ROLES, max_error=0.01, decide_on="lower")
        found += outcome.verdict == "failed"
    assert found <= 4


def test_delongs_variance_is_that_over_all_pairs_of_rows() -> None:
    random = np.random.default_rng(3)
    positives, negatives = random.integers(0, 4, 30), random.integers(0, 4, 30)
    values = np.arange(30)
    up, down = np.repeat(values, positives), np.repeat(values, negatives)
    wins = (up[:, None] > down[None, :]) + (up[:, None] == down[None, :]) / 2
    expected = wins.mean(axis=1).var(ddof=1) / len(up) + wins.mean(axis=0).var(ddof=1) / len(down)
    assert compared(positives, negatives).variance == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_an_area_covers_it_and_three_people_are_no_proof() -> None:
    random = np.random.default_rng(7)
    true = stats.norm.cdf(1 / np.sqrt(2))
    covered = 0
    for _ in range(300):
        up, down = np.round(random.normal(1, 1, 60), 2), np.round(random.normal(0, 1, 40), 2)
        values = np.unique(np.concatenate([up, down]))
        counts = [np.bincount(np.searchsorted(values, part), minlength=len(values)) for part in (up, down)]
        area = area_with_interval(*counts, exact=True)
        covered += area.low <= true <= area.high
    assert covered >= 276
    perfect = area_with_interval(np.array([0, 3]), np.array([3, 0]), exact=True)
    assert perfect.value == perfect.high == 1
    assert perfect.low < 0.5


def test_scores_that_share_places_widen_the_intervals() -> None:
    table = drawn(MOST_ROWS + 1, digits=12)
    exact = judged("fairness.auc_gap", table.slice(1), ROLES)
    shared = judged("fairness.auc_gap", table, ROLES)
    assert any("share a place" in note for note in shared.report.notes)
    one, other = (measured(outcome, "roc_auc", "sex/a") for outcome in (exact, shared))
    assert other.low < one.low
    columns = table.to_pandas()
    group = columns[columns["sex"] == "a"]
    assert other.low < roc_auc_score(group["truth"], group["score"]) < other.high


@pytest.mark.parametrize("name", EVERY)
def test_one_group_small_groups_and_missing_scores(name: str) -> None:
    alone = scored(Female=[(0.25, 1, 100), (0.25, 0, 300), (0.75, 1, 300), (0.75, 0, 100)])
    outcome = judged(name, alone, ROLES)
    assert outcome.verdict == ("passed" if "calibration" in name else "inconclusive")
    few = judged(name, scored(Female=[(0.25, 0, 300), (0.75, 1, 300)], Male=[(0.25, 0, 3)]), ROLES, leave_out=["Male"])
    assert few.verdict in ("failed", "inconclusive", "passed")
    named = judged(name, scored(Female=[(0.25, 0, 300), (0.75, 1, 300)], Male=[(0.25, 0, 3)]), ROLES)
    assert named.verdict in ("inconclusive", "failed")
    said = " ".join([named.sentence, *named.report.notes])
    assert "Male (3)" in said
    if "auc" not in name:
        assert "Male (3); collect at least 100 of each, about 20,100 rows like these 603, or name the group" in said
    missing = pa.table({"sex": ["a", "b"], "score": [0.5, None], "truth": [1, 0]})
    assert "1 of 2 rows have no score" in judged(name, missing, ROLES).sentence


@pytest.mark.parametrize("name", EVERY)
def test_few_rows_around_the_limit_are_not_enough_evidence(name: str) -> None:
    table = drawn(1_200)
    limits = {"auc_gap": "max_difference", "subgroup_auc": "min_auc", "score_distance": "max_distance"}
    parameter = limits.get(name.partition(".")[2], "max_error")
    close = {"max_difference": 0.08, "min_auc": 0.7, "max_distance": 0.25, "max_error": 0.09}[parameter]
    outcome = judged(name, table, ROLES, decide_on="interval", **{parameter: close})
    said = " ".join([outcome.sentence, *outcome.report.notes])
    assert "Not enough evidence" in said
