"""Do the published and recomputed figures of the real data sets come out to their printed digits?"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audits.checks import Roles, SensitiveColumn
from tests.audits.checks.tables import FOREST, adult, bike, forest, german, judged, measured
from tests.shared_data import shared_data

DIGITS = 6


@pytest.fixture(scope="module")
def numbers() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared_data("reference_numbers.json").read_text())
    return found


def decisions(column: str, *sensitive: SensitiveColumn) -> Roles:
    """The target itself as the decision."""
    return Roles(task="binary", favourable=1, prediction=column, sensitive=sensitive)


def complete(table: pa.Table) -> pa.Table:
    """The rows without a blank."""
    keep = None
    for name in table.column_names:
        column = table[name]
        filled = pc.is_valid(column)
        if pa.types.is_string(column.type):
            filled = pc.and_(filled, pc.not_equal(pc.utf8_trim_whitespace(column.combine_chunks()), ""))
            filled = pc.fill_null(filled, False)
        keep = filled if keep is None else pc.and_(keep, filled)
    return table.filter(keep)


def table_of(part: str) -> pa.Table:
    return complete(adult("all")) if part == "all_complete_rows" else adult(part)


@pytest.mark.parametrize("part", ["train", "test", "all", "all_complete_rows"])
def test_adult_selection_rates_differences_and_ratios(numbers: dict[str, Any], part: str) -> None:
    expected = numbers[f"adult_{part}"]
    table = table_of(part)
    roles = decisions("income_over_50k", SensitiveColumn("sex"), SensitiveColumn("race"))
    assert table.num_rows == expected["rows"]
    parity = judged("fairness.demographic_parity_difference", table, roles)
    ratios = judged("fairness.impact_ratio", table, roles)
    for attribute in ("sex", "race"):
        for group, figures in expected[attribute].items():
            rate = measured(parity, "selection_rate", f"{attribute}/{group}")
            assert rate.n == figures["count"]
            assert round(rate.value, DIGITS) == figures["rate"]
        difference = measured(parity, "demographic_parity_difference", attribute)
        assert round(difference.value, DIGITS) == expected[f"dp_difference_{attribute}"]
    assert round(measured(ratios, "impact_ratio", "sex/Female").value, DIGITS) == expected["impact_ratio_female"]


@pytest.mark.parametrize("part", ["train", "test", "all", "all_complete_rows"])
def test_adult_blanks_and_repeated_rows(numbers: dict[str, Any], part: str) -> None:
    expected = numbers[f"adult_{part}"]
    table = table_of(part)
    roles = Roles(task="regression", features=tuple(table.column_names))
    filled = judged("data_quality.completeness", table, roles)
    for name in table.column_names:
        assert measured(filled, "missing", name).value == expected["missing"].get(name, 0)
    # The published counts tell the two parts apart: a row of one that comes back in the other is not repeated.
    repeated = judged("data_quality.duplicate_rows", table, roles)
    assert measured(repeated, "duplicate_rows").value == expected["duplicate_rows"]


@pytest.mark.parametrize("attribute", ["sex", "race"])
def test_random_forest(numbers: dict[str, Any], attribute: str) -> None:
    expected = numbers[f"adult_rf_{attribute}"]
    odds = judged("fairness.equalized_odds_difference", forest(), FOREST, min_positives=1)
    parity = judged("fairness.demographic_parity_difference", forest(), FOREST)
    ratios = judged("fairness.impact_ratio", forest(), FOREST)
    for group, figures in expected["by_group"].items():
        selection = measured(parity, "selection_rate", f"{attribute}/{group}")
        assert selection.n == figures["count"]
        assert round(selection.value, DIGITS) == figures["selection_rate"]
        for name, short in (("true_positive_rate", "tpr"), ("false_positive_rate", "fpr")):
            assert round(measured(odds, name, f"{attribute}/{group}").value, DIGITS) == figures[short]
        alone = forest().filter(pc.equal(forest()[attribute], group))
        accuracy = measured(judged("performance.accuracy", alone, FOREST), "accuracy")
        assert round(accuracy.value, DIGITS) == figures["accuracy"]
    figures = {
        "demographic_parity_difference": measured(parity, "demographic_parity_difference", attribute),
        "demographic_parity_ratio": measured(ratios, "smallest_impact_ratio", attribute),
        "equalized_odds_difference": measured(odds, "equalized_odds_difference", attribute),
    }
    for name, found in figures.items():
        assert round(found.value, DIGITS) == expected[name]
    smallest = []
    for name in ("true_positive_rate", "false_positive_rate"):
        rates = [measured(odds, name, f"{attribute}/{group}").value for group in expected["by_group"]]
        smallest.append(min(rates) / max(rates))
    assert round(min(smallest), DIGITS) == expected["equalized_odds_ratio"]


def test_random_forest_over_everybody(numbers: dict[str, Any]) -> None:
    expected = numbers["adult_rf_sex"]["overall"]
    everybody = forest().append_column("all", pa.array(["a"] * 5_000 + ["b"] * 4_769))
    accuracy = measured(judged("performance.accuracy", everybody, FOREST), "accuracy")
    recall = measured(judged("performance.classification", everybody, FOREST), "recall")
    assert accuracy.n == expected["count"]
    assert round(accuracy.value, DIGITS) == expected["accuracy"]
    assert round(recall.value, DIGITS) == expected["tpr"]


def test_german_credit(numbers: dict[str, Any]) -> None:
    expected = numbers["german"]
    columns = (
        SensitiveColumn("sex"),
        SensitiveColumn("age_years", bands=(25,)),
        SensitiveColumn("foreign_worker"),
    )
    roles = decisions("good_credit", *columns)
    parity = judged("fairness.demographic_parity_difference", german(), roles)
    ratios = judged("fairness.impact_ratio", german(), roles)
    groups = {
        "sex": {"female": "female", "male": "male"},
        "age_25": {"25 or more": "25 and over", "under 25": "under 25"},
        "foreign_worker": {"yes": "yes", "no": "no"},
    }
    for key, names in groups.items():
        column = "age_years" if key == "age_25" else key
        for printed, ours in names.items():
            rate = measured(parity, "selection_rate", f"{column}/{ours}")
            assert rate.n == expected[key][printed]["count"]
            assert round(rate.value, DIGITS) == expected[key][printed]["rate"]
    for column, key in (("sex", "sex"), ("age_years", "age_25")):
        difference = measured(parity, "demographic_parity_difference", column)
        ratio = measured(ratios, "smallest_impact_ratio", column)
        assert round(difference.value, DIGITS) == expected[f"dp_difference_{key}"]
        assert round(ratio.value, DIGITS) == expected[f"impact_ratio_{key}"]


def test_bike_sharing(numbers: dict[str, Any]) -> None:
    expected = numbers["bike"]
    assert (bike(2011).num_rows, bike(2012).num_rows) == (expected["rows_2011"], expected["rows_2012"])
    roles = Roles(task="regression", features=tuple(expected["features"]))
    stability = judged("drift.population_stability", bike(2012), roles, reference=bike(2011))
    distance = judged("drift.kolmogorov_smirnov", bike(2012), roles, reference=bike(2011))
    for name, figures in expected["features"].items():
        index = measured(stability, "population_stability_index", name)
        assert round(index.value, DIGITS) == figures["psi_deciles"]
        assert round(measured(distance, "kolmogorov_smirnov", name).value, DIGITS) == figures["ks"]
        p_value = measured(distance, "p_value", name).value
        assert float(f"{p_value:.4g}") == figures["p_value"]
