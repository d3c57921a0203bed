"""fairness.conditional_parity against hand-made strata and the admissions of Berkeley."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from scipy import stats

from audits.checks import Roles, SensitiveColumn
from audits.checks.statistics.contingency import cochran_mantel_haenszel, unlikely
from tests.audits.checks.tables import judged, keys, measured

NAME = "fairness.conditional_parity"
ROLES = Roles(
    task="binary",
    favourable=1,
    prediction="admitted",
    sensitive=(SensitiveColumn("sex"), SensitiveColumn("department")),
)
# Bickel, Hammel, O'Connell (1975), doi:10.1126/science.187.4175.398, as UCBAdmissions in R: admitted and rejected.
BERKELEY = {
    "A": ((512, 313), (89, 19)),
    "B": ((353, 207), (17, 8)),
    "C": ((120, 205), (202, 391)),
    "D": ((138, 279), (131, 244)),
    "E": ((53, 138), (94, 299)),
    "F": ((22, 351), (24, 317)),
}


def admissions(departments: dict[str, Any]) -> pa.Table:
    columns: dict[str, list[Any]] = {"sex": [], "department": [], "admitted": []}
    for department, halves in departments.items():
        for sex, half in zip(("Male", "Female"), halves, strict=True):
            for admitted, count in zip((1, 0), half, strict=True):
                columns["sex"] += [sex] * count
                columns["department"] += [department] * count
                columns["admitted"] += [admitted] * count
    return pa.table(columns)


def test_odds_ratio_and_statistic_of_berkeley_are_the_published_ones() -> None:
    # R: mantelhaen.test(UCBAdmissions, correct = FALSE).
    found = cochran_mantel_haenszel(list(BERKELEY.values()))
    assert float(found.odds_ratio) == pytest.approx(0.9046968, abs=5e-8)
    assert found.statistic == pytest.approx(1.5246, abs=5e-5)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1), abs=1e-12)


def test_berkeley_is_simpsons_paradox_and_passes_inside_the_departments() -> None:
    outcome = judged(NAME, admissions(BERKELEY), ROLES, control="department")
    assert outcome.verdict == "passed"
    crude = measured(outcome, "unconditional_parity_difference", "sex").value
    assert crude == pytest.approx(1198 / 2691 - 557 / 1835, abs=1e-12)
    pooled = measured(outcome, "conditional_parity_difference", "sex")
    assert pooled.low <= pooled.value < 0.03 < pooled.high < 0.06
    assert measured(outcome, "common_odds_ratio", "sex").value in (
        pytest.approx(0.9046968, abs=5e-8),
        pytest.approx(1 / 0.9046968, abs=5e-7),
    )
    (note,) = outcome.report.notes
    assert note.startswith("Simpson's paradox in sex: overall Male was selected more often than Female by 0.1416")


def test_the_pooled_difference_is_that_worked_out_by_hand() -> None:
    # North: 20/40 against 10/40, South: 30/60 against 15/20. Weights 20 and 15, differences 1/4 and -1/4.
    table = admissions({"North": ((20, 20), (10, 30)), "South": ((30, 30), (15, 5))})
    found = measured(judged(NAME, table, ROLES, control="department"), "conditional_parity_difference", "sex")
    assert found.value == pytest.approx((20 / 4 - 15 / 4) / 35, abs=1e-15)


def test_exactly_on_the_limit_passes_and_a_gap_beyond_it_is_found() -> None:
    strata = {"North": ((30, 70), (20, 80)), "South": ((60, 40), (50, 50))}
    assert judged(NAME, admissions(strata), ROLES, control="department", max_difference=0.1).verdict == "passed"
    worse = judged(NAME, admissions(strata), ROLES, control="department", max_difference=0.0999)
    assert keys(worse) == [f"{NAME}/sex"]
    assert "With department alike Male was selected more often than Female" in worse.sentence


def test_a_table_without_a_control_or_with_groups_that_never_meet_is_inconclusive() -> None:
    table = admissions({"North": ((30, 70), (0, 0)), "South": ((0, 0), (50, 50))})
    assert judged(NAME, table, ROLES).verdict == "inconclusive"
    apart = judged(NAME, table, ROLES, control="department")
    assert apart.verdict == "inconclusive"
    assert "never meet in one value of department" in apart.sentence
    alone = Roles(task="binary", favourable=1, prediction="admitted", sensitive=(SensitiveColumn("department"),))
    assert "no sensitive column beside" in judged(NAME, table, alone, control="department").sentence


def test_small_groups_are_named() -> None:
    table = admissions({"North": ((30, 70), (2, 3))})
    assert judged(NAME, table, ROLES, control="department").sentence.startswith(
        "sex: too few rows of Female (5); collect at least 30 of each, about 630 rows like these 105, or name the "
        'group in "leave_out".'
    )


def test_strata_in_which_nothing_can_differ_count_for_nothing() -> None:
    nothing = cochran_mantel_haenszel([((0, 5), (0, 9)), ((4, 0), (7, 0)), ((1, 0), (0, 0))])
    assert (nothing.odds_ratio, nothing.statistic, nothing.p_value) == (None, None, None)


@pytest.mark.parametrize("table", [((7, 12), (0, 5)), ((12, 30), (40, 35)), ((100, 900), (130, 870))])
def test_tests_of_fourfold_tables_are_scipys(table: Any) -> None:
    name, p_value = unlikely(table)
    expected = (
        stats.fisher_exact(table).pvalue
        if name == "Fisher's exact test"
        else stats.chi2_contingency(table, correction=False).pvalue
    )
    assert p_value == pytest.approx(expected, abs=1e-12)
    assert (name == "Fisher's exact test") == (table[0][0] == 7)
    assert unlikely(((5, 0), (9, 0))) == ("none", None)


def test_labels_are_compared_inside_the_strata_as_predictions_are() -> None:
    table = admissions(BERKELEY)
    labels = replace(ROLES, label="admitted", prediction=None)
    of_labels = judged("fairness.conditional_label_parity", table, labels, control="department")
    of_predictions = judged(NAME, table, ROLES, control="department")
    for word in ("conditional", "unconditional"):
        found, expected = (
            measured(outcome, f"{word}_{named}_difference", "sex")
            for outcome, named in ((of_labels, "label"), (of_predictions, "parity"))
        )
        assert (found.value, found.note) == (expected.value, expected.note)
    for name in ("common_odds_ratio", "p_value"):
        assert measured(of_labels, name, "sex") == measured(of_predictions, name, "sex")
    assert of_labels.report is not None
    assert "overall Male had the favourable label more often than Female" in of_labels.report.notes[0]
    # What is not labelled stands neither here nor there, in the test neither.
    unknown = pa.table({"sex": ["Male"] * 50, "department": ["A"] * 50, "admitted": pa.nulls(50, pa.int64())})
    more = judged("fairness.conditional_label_parity", pa.concat_tables([table, unknown]), labels, control="department")
    assert more.report is not None
    assert more.report.notes[0] == '50 of 4576 rows have no label in "admitted" and are left out.'
    for name in ("conditional_label_difference", "common_odds_ratio", "p_value"):
        assert measured(more, name, "sex").value == measured(of_labels, name, "sex").value
