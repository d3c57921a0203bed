"""Is every figure that fairlearn or scikit-learn defines the same here, on real people and at the edges?

All checks are asked at once about decisions of a model on Adult and on German credit, with and without weights, and
about small tables with the odd things that tables hold. A figure that the library makes up where there is nothing to
divide by is undefined here: that is where we differ, and on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fairlearn import metrics as fairlearn
from sklearn import metrics as sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from audits.checks import MISSING, Measurement, Roles, RunSpec, SensitiveColumn, get_check, measure
from tests.audits.checks.tables import adult, german, given

Rows = pd.DataFrame
Oracle = Callable[[Rows], float]
EXACT = 1e-12
# The smallest tables are let in; a group of nobody is still compared with nobody.
MINIMA = tuple(
    f"min_{what}"
    for what in ("group_size", "rows", "positives", "negatives", "per_label", "selected", "rejected", "errors")
)


def decided(metric: Callable[..., float], **settings: Any) -> Oracle:
    """A metric of labels and decisions, weighed where rows have weights."""
    return lambda rows: float(metric(rows.truth, rows.decision, sample_weight=rows.weight, **settings))


def scored(metric: Callable[..., float]) -> Oracle:
    """A metric of labels and scores, weighed where the check weighs them."""
    return lambda rows: float(metric(rows.truth, rows.score, sample_weight=rows.weight))


def rate_of(label: int, metric: Callable[..., float]) -> Oracle:
    """A rate among the rows with this label: of nobody there is none, where fairlearn says 0."""
    return lambda rows: decided(metric)(rows) if rows.weight[rows.truth == label].sum() else np.nan


def share_of(decision: int, wrong: bool = False) -> Oracle:
    """Precision for this decision, or what is missing to 1."""

    def share(rows: Rows) -> float:
        if not rows.weight[rows.decision == decision].sum():
            return np.nan
        precision = decided(sklearn.precision_score, pos_label=decision)(rows)
        return 1 - precision if wrong else precision

    return share


def two_labels(oracle: Oracle, *columns: str) -> Oracle:
    """Undefined unless both labels occur, or both decisions: scikit-learn then leaves one out, or says 0 or 1."""

    def figure(rows: Rows) -> float:
        held = (rows.weight.groupby(rows[column]).sum() > 0 for column in columns or ("truth",))
        return oracle(rows) if all(occurs.sum() == 2 for occurs in held) else np.nan

    return figure


def errors_against_errors_for(rows: Rows) -> float:
    ((_, fp), (fn, _)) = sklearn.confusion_matrix(rows.truth, rows.decision, labels=[0, 1], sample_weight=rows.weight)
    return fn / fp if fp else np.nan


def separation(rows: Rows) -> float:
    """The distance of Kolmogorov and Smirnov between the scores of both labels: SciPy's has no weights."""
    fpr, tpr, _ = sklearn.roc_curve(rows.truth, rows.score, sample_weight=rows.weight, drop_intermediate=False)
    return float(np.abs(tpr - fpr).max())


SELECTED: Oracle = decided(fairlearn.selection_rate)
DESERVED: Oracle = lambda rows: float(fairlearn.selection_rate(rows.truth, rows.truth, sample_weight=rows.weight))  # noqa: E731
TPR, FPR = rate_of(1, fairlearn.true_positive_rate), rate_of(0, fairlearn.false_positive_rate)
FNR = rate_of(1, fairlearn.false_negative_rate)
MATTHEWS = two_labels(decided(sklearn.matthews_corrcoef), "truth", "decision")
AREA = two_labels(scored(sklearn.roc_auc_score))

# What a figure by group is, and what the figures of the attribute are made of it.
BY_GROUP: dict[tuple[str, str], Oracle] = {
    ("fairness.accuracy_parity", "accuracy"): decided(sklearn.accuracy_score),
    ("fairness.auc_gap", "roc_auc"): AREA,
    ("fairness.balanced_accuracy_parity", "balanced_accuracy"): two_labels(decided(sklearn.balanced_accuracy_score)),
    ("fairness.calibration_within_groups", "brier_score"): scored(sklearn.brier_score_loss),
    ("fairness.demographic_parity_difference", "selection_rate"): SELECTED,
    ("fairness.demographic_parity_ratio", "selection_rate"): SELECTED,
    ("fairness.equal_opportunity_gap", "true_positive_rate"): TPR,
    ("fairness.equalized_odds_difference", "false_positive_rate"): FPR,
    ("fairness.equalized_odds_difference", "true_positive_rate"): TPR,
    ("fairness.equalized_odds_ratio", "false_positive_rate"): FPR,
    ("fairness.equalized_odds_ratio", "true_positive_rate"): TPR,
    ("fairness.error_rate_parity", "error_rate"): decided(sklearn.zero_one_loss),
    ("fairness.false_discovery_rate_parity", "false_discovery_rate"): share_of(1, wrong=True),
    ("fairness.false_negative_rate_parity", "false_negative_rate"): FNR,
    ("fairness.false_omission_rate_parity", "false_omission_rate"): share_of(0, wrong=True),
    ("fairness.false_positive_rate_parity", "false_positive_rate"): FPR,
    ("fairness.four_fifths_rule", "selection_rate"): SELECTED,
    ("fairness.impact_ratio", "selection_rate"): SELECTED,
    ("fairness.label_parity", "base_rate"): DESERVED,
    ("fairness.predictive_parity", "precision"): share_of(1),
    ("fairness.selection_rate", "selection_rate"): SELECTED,
    ("fairness.treatment_equality", "false_negatives_per_false_positive"): errors_against_errors_for,
    ("performance.roc_auc", "roc_auc"): AREA,
}
OVERALL: dict[tuple[str, str], Oracle] = {
    ("performance.accuracy", "accuracy"): decided(sklearn.accuracy_score),
    ("performance.calibration", "brier_score"): scored(sklearn.brier_score_loss),
    ("performance.calibration", "log_loss"): scored(partial(sklearn.log_loss, labels=[0, 1])),
    ("performance.classification", "balanced_accuracy"): two_labels(decided(sklearn.balanced_accuracy_score)),
    ("performance.classification", "f1"): decided(sklearn.f1_score),
    ("performance.classification", "matthews_correlation"): MATTHEWS,
    ("performance.classification", "precision"): share_of(1),
    ("performance.classification", "recall"): rate_of(1, sklearn.recall_score),
    ("performance.confusion", "accuracy"): decided(sklearn.accuracy_score),
    ("performance.confusion", "cohens_kappa"): decided(sklearn.cohen_kappa_score),
    ("performance.confusion", "macro_f1"): decided(sklearn.f1_score, average="macro"),
    ("performance.confusion", "macro_precision"): two_labels(
        decided(sklearn.precision_score, average="macro"), "decision"
    ),
    ("performance.confusion", "macro_recall"): two_labels(decided(sklearn.recall_score, average="macro")),
    ("performance.confusion", "matthews_correlation"): MATTHEWS,
    ("performance.confusion", "weighted_f1"): decided(sklearn.f1_score, average="weighted"),
    ("performance.ranking", "average_precision"): two_labels(scored(sklearn.average_precision_score)),
    ("performance.ranking", "separation"): two_labels(separation),
    ("performance.roc_auc", "roc_auc"): AREA,
}
# What fairlearn itself says of the attribute.
OF_ATTRIBUTE: dict[tuple[str, str], Callable[..., float]] = {
    ("fairness.demographic_parity_difference", "demographic_parity_difference"): (
        fairlearn.demographic_parity_difference
    ),
    ("fairness.demographic_parity_ratio", "demographic_parity_ratio"): fairlearn.demographic_parity_ratio,
    ("fairness.equal_opportunity_gap", "equal_opportunity_gap"): fairlearn.equal_opportunity_difference,
    ("fairness.equal_opportunity_gap", "equal_opportunity_ratio"): fairlearn.equal_opportunity_ratio,
    ("fairness.equalized_odds_difference", "equalized_odds_difference"): fairlearn.equalized_odds_difference,
    ("fairness.equalized_odds_ratio", "equalized_odds_ratio"): fairlearn.equalized_odds_ratio,
    ("fairness.impact_ratio", "smallest_impact_ratio"): fairlearn.demographic_parity_ratio,
    ("fairness.selection_rate", "selection_rate_difference"): fairlearn.demographic_parity_difference,
}


def judged_by_a_model(table: pa.Table, label: str, weight: str | None, cut: float) -> Rows:
    """The people with the scores and decisions of a logistic regression over the columns of numbers.

    Scores have three decimals, so that many are tied.
    """
    people = table.to_pandas()
    numbers = people.select_dtypes("number").drop(columns=[label])
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(numbers, people[label])
    score = model.predict_proba(numbers)[:, 1].round(3)
    told = {"truth": people[label], "score": score, "decision": (score > cut).astype(int)}
    weights = 1.0 if weight is None else people[weight] / people[weight].mean()
    group = people["sex"] if weight is None else people["race"]
    return Rows({**told, "weight": weights, "group": group})


def small(groups: str, truth: str, decision: str, scores: str, weights: str = "") -> Rows:
    """A row for each letter: scores are tenths and * is 1, a blank group is a missing one."""
    return Rows(
        {
            "truth": list(map(int, truth)),
            "score": [1.0 if tenth == "*" else int(tenth) / 10 for tenth in scores],
            "decision": list(map(int, decision)),
            "weight": list(map(float, weights or "1" * len(groups))),
            "group": [None if group == " " else group for group in groups],
        }
    )


def generated() -> Rows:
    chance = np.random.default_rng(6)
    score = chance.integers(0, 5, 400) / 4
    return Rows(
        {
            "truth": (chance.random(400) < score).astype(int),
            "score": score,
            "decision": (score > chance.random(400)).astype(int),
            "weight": chance.choice([0.0, 0.25, 1.0, 7.5], 400),
            "group": chance.choice(np.array(["a", "b", "c", None], object), 400),
        }
    )


TABLES: dict[str, Callable[[], Rows]] = {
    "Adult": lambda: judged_by_a_model(adult("test"), "income_over_50k", None, 0.4),
    "Adult, weighed": lambda: judged_by_a_model(adult("test"), "income_over_50k", "final_weight", 0.4),
    "German credit": lambda: judged_by_a_model(german(), "good_credit", None, 0.7),
    "ties, weights of nothing and people without a group": generated,
    "one group": lambda: small("aaaaaa", "110010", "101010", "358013"),
    "all labels true": lambda: small("aaabbb", "111111", "101110", "358013"),
    "all decisions the same": lambda: small("aaabbb", "110010", "111111", "358013"),
    "a group of one, a group without a positive": lambda: small("aaaabcc", "1100100", "1010110", "358*013"),
    "a group that weighs nothing": lambda: small("aaaabbcc", "11001010", "10101101", "358*0132", "12110013"),
}
ROLES = Roles(
    task="binary",
    favourable=1,
    label="truth",
    prediction="decision",
    score="score",
    sensitive=(SensitiveColumn("group"),),
)


@cache
def rows_of(table: str) -> Rows:
    if table == "a missing score":
        return generated().assign(score=lambda rows: rows.score.mask(rows.index == 3))
    return TABLES[table]()


@cache
def figures(table: str) -> dict[tuple[str, str, str | None], Measurement]:
    """Every figure of every check that an oracle is known for, by check, name and group."""
    rows = rows_of(table)
    roles = Roles(**{**vars(ROLES), "weight": None if (rows.weight == 1).all() else "weight"})
    specs = []
    for name in dict.fromkeys(check for check, _ in (*BY_GROUP, *OVERALL, *OF_ATTRIBUTE)):
        minima = [one.name for one in get_check(name, 1).parameters if one.name in MINIMA]
        specs.append(RunSpec(name, 1, dict.fromkeys(minima, 1)))
    shown = given(pa.Table.from_pandas(rows, preserve_index=False), roles)
    found = {}
    for outcome in measure(specs, tables={"evaluation": shown}, seed=1):
        assert outcome.verdict != "errored", outcome.sentence
        for one in outcome.report.measurements if outcome.report else ():
            found[outcome.spec.check, one.name, one.group] = one
    return found


def counted(check: str, rows: Rows) -> Rows:
    """The rows as the check counts them: by their weight or once each."""
    return rows if get_check(check, 1).weighs else rows.assign(weight=1.0)


def same(found: Measurement | None, expected: float, where: object) -> None:
    """Without a report there are no figures: what nothing can be divided by is undefined."""
    value = None if found is None else found.value
    assert value == (None if np.isnan(expected) else pytest.approx(expected, abs=EXACT)), where


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("table", TABLES)
def test_every_figure_of_a_group_is_the_library_s(table: str) -> None:
    rows = rows_of(table)
    groups = rows.group.fillna(MISSING)
    for (check, name), oracle in BY_GROUP.items():
        for group, part in counted(check, rows).groupby(groups):
            expected = oracle(part) if part.weight.sum() or not get_check(check, 1).weighs else np.nan
            same(figures(table).get((check, name, f"group/{group}")), expected, (check, name, group))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("table", TABLES)
def test_every_figure_over_everybody_is_the_library_s(table: str) -> None:
    for (check, name), oracle in OVERALL.items():
        same(figures(table).get((check, name, None)), oracle(counted(check, rows_of(table))), (check, name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("table", ["Adult", "Adult, weighed", "German credit"])
def test_every_gap_is_fairlearn_s(table: str) -> None:
    rows = rows_of(table)
    for (check, name), oracle in OF_ATTRIBUTE.items():
        expected = oracle(rows.truth, rows.decision, sensitive_features=rows.group, sample_weight=rows.weight)
        same(figures(table)[check, name, "group"], expected, (check, name))
    for (check, name), oracle in BY_GROUP.items():
        found = {kind: figures(table).get((check, f"{name}_{kind}", "group")) for kind in ("difference", "ratio")}
        if any(found.values()):
            each = counted(check, rows).groupby(rows.group).apply(oracle)
            if found["difference"]:
                same(found["difference"], each.max() - each.min(), (check, name))
            if found["ratio"]:
                same(found["ratio"], each.min() / each.max(), (check, name))


def test_a_missing_score_is_nobody_s_figure_and_leaves_the_decisions_alone() -> None:
    """scikit-learn refuses NaN; a figure over the others would let a table hide whom it scores badly."""
    whole = figures("ties, weights of nothing and people without a group")
    for (check, name, group), one in whole.items():
        found = figures("a missing score").get((check, name, group))
        kind: Any = get_check(check, 1).needs[0]
        if "score" in (*kind.needs_roles, *get_check(check, 1).roles):
            assert found is None, check
        else:
            assert found is not None, check
            assert found.value == one.value
