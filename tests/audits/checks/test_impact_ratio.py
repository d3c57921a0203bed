"""fairness.impact_ratio against hand-made tables, fairlearn and the example of Local Law 144."""

import pytest
from fairlearn.metrics import demographic_parity_ratio

from audits.checks import Roles, SensitiveColumn
from tests.audits.checks.tables import DECISIONS, FOREST, forest, judged, keys, measured, selected

NAME = "fairness.impact_ratio"


def test_groups_selected_alike_pass() -> None:
    outcome = judged(NAME, selected(Female=(20, 40), Male=(40, 80)))
    assert outcome.verdict == "passed"
    assert measured(outcome, "smallest_impact_ratio", "sex").value == 1.0


def test_a_group_below_four_fifths_is_found_by_name() -> None:
    outcome = judged(NAME, selected(Female=(10, 40), Male=(20, 40), Other=(19, 40)))
    assert outcome.verdict == "failed"
    assert keys(outcome) == ["fairness.impact_ratio/sex/Female"]
    assert measured(outcome, "impact_ratio", "sex/Female").value == 0.5
    assert measured(outcome, "impact_ratio", "sex/Other").value == 0.95


def test_exactly_four_fifths_passes() -> None:
    # 28/50 over 35/50 is four fifths; divided as doubles it comes out below 0.8.
    assert (28 / 50) / (35 / 50) != 0.8
    assert judged(NAME, selected(Female=(28, 50), Male=(35, 50))).verdict == "passed"
    assert judged(NAME, selected(Female=(27, 50), Male=(35, 50))).verdict == "failed"


def test_one_group_cannot_be_compared() -> None:
    assert judged(NAME, selected(Female=(20, 40))).verdict == "inconclusive"


def test_a_declared_group_without_rows_keeps_the_table_from_passing() -> None:
    labels = {"Female": "Female", "Male": "Male", "Other": "Other"}
    roles = Roles(**{**vars(DECISIONS), "sensitive": (SensitiveColumn("sex", labels=labels),)})
    outcome = judged(NAME, selected(Female=(20, 40), Male=(20, 40)), roles)
    assert outcome.verdict == "inconclusive"
    assert "Other (0)" in outcome.sentence


def test_nobody_selected_has_no_ratio() -> None:
    outcome = judged(NAME, selected(Female=(0, 40), Male=(0, 40)))
    assert outcome.verdict == "inconclusive"
    assert "nobody was selected" in outcome.sentence


def test_everybody_selected_has_the_ratio_one() -> None:
    outcome = judged(NAME, selected(Female=(40, 40), Male=(50, 50)))
    assert measured(outcome, "smallest_impact_ratio", "sex").value == 1.0


def test_the_example_of_local_law_144_comes_out_to_its_printed_digits() -> None:
    # 6 RCNY 5-301, selection example by race and ethnicity: applicants, selected, printed ratio.
    printed = {
        "Hispanic or Latino": (408, 204, 0.97),
        "White": (797, 412, 1.00),
        "Black or African American": (390, 170, 0.84),
        "Native Hawaiian or Pacific Islander": (119, 52, 0.85),
        "Asian": (616, 302, 0.95),
        "Native American or Alaska Native": (41, 18, 0.85),
        "Two or More Races": (213, 96, 0.87),
    }
    table = selected(**{name: (chosen, size) for name, (size, chosen, _) in printed.items()})
    outcome = judged(NAME, table)
    assert outcome.verdict == "passed"
    for name, (_, _, ratio) in printed.items():
        assert round(measured(outcome, "impact_ratio", f"sex/{name}").value, 2) == ratio


def test_the_smallest_ratio_is_fairlearns() -> None:
    table = forest()
    outcome = judged(NAME, table, FOREST)
    columns = table.to_pandas()
    for attribute in ("sex", "race"):
        expected = demographic_parity_ratio(columns["y_true"], columns["y_pred"], sensitive_features=columns[attribute])
        found = measured(outcome, "smallest_impact_ratio", attribute)
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.low < found.value < found.high
