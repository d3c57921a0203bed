"""Do the two examples of New York's Local Law 144 come out to every digit that the rule prints?

Source: 6 RCNY 5-301, sections (b) selection and (c) scoring. The rule prints no numerators for the scoring example; the
integers here are those that give its rates.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pyarrow as pa
import pytest

from audits.checks import MISSING, Roles, SensitiveColumn
from tests.audits.checks.tables import judged, keys, measured, selected

# Applicants, selected, printed ratio. Hispanic or Latino people by race are more than by intersection; so is the rule.
SELECTION: dict[str, dict[str, tuple[int, int, str]]] = {
    "sex": {"Male": (1390, 667, "1.00"), "Female": (1181, 555, "0.979")},
    "race": {
        "Hispanic or Latino": (408, 204, "0.97"),
        "White": (797, 412, "1.00"),
        "Black": (390, 170, "0.84"),
        "Pacific Islander": (119, 52, "0.85"),
        "Asian": (616, 302, "0.95"),
        "Native American": (41, 18, "0.85"),
        "Two or more": (213, 96, "0.87"),
    },
    "intersection": {
        "Hispanic male": (205, 90, "0.841"),
        "Hispanic female": (190, 82, "0.827"),
        "White male": (412, 215, "1.000"),
        "White female": (385, 197, "0.981"),
        "Black male": (226, 95, "0.806"),
        "Black female": (164, 75, "0.876"),
        "Pacific male": (87, 37, "0.815"),
        "Pacific female": (32, 15, "0.898"),
        "Asian male": (321, 167, "0.997"),
        "Asian female": (295, 135, "0.877"),
        "Native male": (24, 11, "0.878"),
        "Native female": (17, 7, "0.789"),
        "Two or more male": (115, 52, "0.866"),
        "Two or more female": (98, 44, "0.860"),
    },
}
SCORING: dict[str, dict[str, tuple[int, int, str]]] = {
    "sex": {"Male": (92, 50, "1.00"), "Female": (76, 34, "0.82")},
    "race": {
        "Hispanic or Latino": (28, 18, "1.00"),
        "White": (40, 15, "0.58"),
        "Black": (32, 16, "0.78"),
        "Pacific Islander": (8, 5, "0.97"),
        "Asian": (24, 10, "0.65"),
        "Native American": (16, 10, "0.97"),
        "Two or more": (20, 10, "0.78"),
    },
    "intersection": {
        "Hispanic male": (16, 12, "1.00"),
        "Hispanic female": (12, 6, "0.67"),
        "White male": (20, 7, "0.47"),
        "White female": (20, 8, "0.53"),
        "Black male": (20, 10, "0.67"),
        "Black female": (12, 6, "0.67"),
        "Pacific male": (4, 3, "1.00"),
        "Pacific female": (4, 2, "0.67"),
        "Asian male": (12, 7, "0.78"),
        "Asian female": (12, 3, "0.33"),
        "Native male": (8, 5, "0.83"),
        "Native female": (8, 5, "0.83"),
        "Two or more male": (12, 6, "0.67"),
        "Two or more female": (8, 4, "0.67"),
    },
}
SCORES = Roles(task="binary", favourable=1, score="score", sensitive=(SensitiveColumn("group"),))
NAME = "fairness.scoring_rate"


def rounded(value: float, printed: str) -> str:
    """The figure to as many digits as the rule prints, rounded once."""
    places = Decimal(1).scaleb(-len(printed.partition(".")[2]))
    return str(Decimal(value).quantize(places, ROUND_HALF_UP))


def scored_above(**groups: tuple[int, int]) -> pa.Table:
    """People by group, of whom so many score above 50 and the others below."""
    rows = [
        {"group": name, "score": 60.0 if place < above else 40.0}
        for name, (above, size) in groups.items()
        for place in range(size)
    ]
    return pa.Table.from_pylist(rows)


@pytest.mark.parametrize("table", SELECTION)
def test_every_ratio_of_the_selection_example_is_the_printed_one(table: str) -> None:
    categories = SELECTION[table]
    people = selected(**{name: (chosen, size) for name, (size, chosen, _) in categories.items()})
    outcome = judged("fairness.impact_ratio", people, min_group_size=1)
    for name, (_, _, printed) in categories.items():
        assert rounded(measured(outcome, "impact_ratio", f"sex/{name}").value, printed) == printed
    below = ["fairness.impact_ratio/sex/Native female"] if table == "intersection" else []
    assert (keys(outcome) if below else []) == below
    assert outcome.verdict == ("failed" if below else "passed")


@pytest.mark.parametrize("table", SCORING)
def test_every_ratio_of_the_scoring_example_is_the_printed_one(table: str) -> None:
    categories = SCORING[table]
    people = scored_above(**{name: (above, size) for name, (size, above, _) in categories.items()})
    outcome = judged(NAME, people, SCORES, min_group_size=1)
    for name, (size, above, printed) in categories.items():
        assert measured(outcome, "scoring_rate", f"group/{name}").value == above / size
        assert rounded(measured(outcome, "scoring_impact_ratio", f"group/{name}").value, printed) == printed
    assert len(outcome.report.findings) == {"sex": 0, "race": 4, "intersection": 10}[table]


def test_there_are_46_printed_ratios_and_half_of_the_scored_are_above_the_median() -> None:
    assert sum(len(table) for example in (SELECTION, SCORING) for table in example.values()) == 46
    for table in SCORING.values():
        assert sum(size for size, _, _ in table.values()) == 168
        assert sum(above for _, above, _ in table.values()) == 84


def test_rounding_the_rates_first_would_break_nine_ratios() -> None:
    wrong = 0
    for categories in SELECTION.values():
        digits = 2 if "Male" in categories or "White" in categories else 3
        rates = {name: round(Fraction(chosen, size), digits) for name, (size, chosen, _) in categories.items()}
        top = max(rates.values())
        wrong += sum(rounded(float(rates[n] / top), printed) != printed for n, (_, _, printed) in categories.items())
    assert wrong == 9


def test_unknown_categories_are_shown_and_left_out() -> None:
    people = selected(**{"Male": (667, 1390), "Female": (555, 1181), MISSING: (200, 250)})
    outcome = judged("fairness.impact_ratio", people, leave_out=[MISSING])
    assert rounded(measured(outcome, "impact_ratio", "sex/Female").value, "0.979") == "0.979"
    assert measured(outcome, "selection_rate", f"sex/{MISSING}").n == 250


def test_a_score_on_the_median_is_not_above_it() -> None:
    people = pa.table({"group": ["a"] * 3 + ["b"] * 3, "score": [1.0, 5.0, 5.0, 5.0, 6.0, 9.0]})
    outcome = judged(NAME, people, SCORES, min_group_size=1)
    assert measured(outcome, "scoring_rate", "group/a").value == 0.0
    assert measured(outcome, "scoring_rate", "group/b").value == 2 / 3
    # Four rows: the median lies halfway between 2 and 4.
    even = pa.table({"group": ["a", "a", "b", "b"], "score": [1.0, 4.0, 2.0, 9.0]})
    assert measured(judged(NAME, even, SCORES, min_group_size=1), "scoring_rate", "group/a").value == 0.5


def test_exactly_four_fifths_passes_one_group_and_equal_scores_are_inconclusive() -> None:
    # Above the median: 24 of 60 against 30 of 60 - the others share the lowest score.
    exact = scored_above(a=(24, 60), b=(30, 60))
    assert measured(judged(NAME, exact, SCORES), "smallest_scoring_impact_ratio", "group").value == 0.8
    assert judged(NAME, exact, SCORES).verdict == "passed"
    assert judged(NAME, scored_above(a=(23, 60), b=(30, 60)), SCORES).verdict == "failed"
    assert judged(NAME, scored_above(a=(20, 60)), SCORES).verdict == "inconclusive"
    assert "nobody was scored above the median" in judged(NAME, scored_above(a=(0, 60), b=(0, 60)), SCORES).sentence
