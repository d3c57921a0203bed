"""Tables on which well-known libraries answer wrongly or say nothing: is the answer here the right one?

Reproduced with fairlearn 0.15.0 and aequitas 1.1.0; where fairlearn is at hand its answer stands beside ours.
"""

from __future__ import annotations

import math
import re

import pyarrow as pa
import pytest
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

from audits.checks import MISSING, Roles, SensitiveColumn, list_checks
from tests.audits.checks.tables import DECISIONS, SEX, confusion, judged, measured, selected

NAMES = ["fairness.equalized_odds_difference", "fairness.equal_opportunity_gap"]
RATES = [check.name for check in list_checks() if check.family == "fairness" and "min_group_size" in
         {parameter.name for parameter in check.parameters} and "label" not in check.roles and
         check.needs[0].__name__ == "GroupCounts"]  # fmt: skip


def rows_of(table: pa.Table) -> dict[str, list[object]]:
    columns = table.to_pydict()
    return {"y_true": columns["truth"], "y_pred": columns["decision"], "sensitive_features": columns["sex"]}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("smallest", [1, 30])
def test_a_perfect_model_does_not_fail_over_three_people_without_a_positive(name: str, smallest: int) -> None:
    table = confusion(Female=(100, 0, 0, 100), Male=(100, 0, 0, 100), Other=(0, 0, 0, 3))
    # fairlearn takes the undefined rate for 0 and finds the largest gap there is.
    assert equalized_odds_difference(**rows_of(table)) == 1.0
    outcome = judged(name, table, min_positives=smallest)
    assert outcome.verdict == "inconclusive"
    # Of a group without a single positive no table tells how many rows would hold enough of them.
    assert outcome.sentence.startswith(
        "sex: too few rows for the true positive rate of Other (0); "
        f'collect at least {smallest} of each or name the group in "leave_out".'
    )
    found = measured(outcome, "true_positive_rate", "sex/Other")
    assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)
    assert measured(outcome, name.partition(".")[2], "sex").value == 0.0
    assert judged(name, table, min_positives=smallest, leave_out=["Other"]).verdict == "passed"


def test_leaving_the_small_group_out_does_not_hide_a_gap_among_the_others() -> None:
    table = confusion(Female=(50, 0, 50, 100), Male=(100, 0, 0, 100), Other=(0, 0, 0, 3))
    assert judged("fairness.equal_opportunity_gap", table).verdict == "failed"


def test_decisions_written_as_words_are_refused_and_not_perfectly_fair() -> None:
    table = selected(Female=(20, 80), Male=(60, 80))
    words = pa.array(["yes" if value else "no" for value in table["decision"].to_pylist()])
    table = table.set_column(table.schema.get_field_index("decision"), "decision", words)
    # Nothing equals the positive label 1: fairlearn finds no difference where it is one half.
    columns = {**rows_of(table), "y_true": words.to_pylist()}
    assert demographic_parity_difference(**columns) == 0.0
    for name in RATES:
        outcome = judged(name, table)
        assert outcome.verdict == "inconclusive"
        assert "where only 0 and 1 can be counted" in outcome.sentence


def test_people_without_a_group_are_a_group_of_their_own_and_are_counted() -> None:
    table = selected(Female=(450, 900), Male=(450, 900), Unknown=(20, 200))
    sexes = pa.array([None if sex == "Unknown" else sex for sex in table["sex"].to_pylist()], pa.string())
    table = table.set_column(0, "sex", sexes)
    outcome = judged("fairness.demographic_parity_difference", table)
    assert outcome.verdict == "failed"
    missing = measured(outcome, "selection_rate", f"sex/{MISSING}")
    assert (missing.value, missing.n) == (0.1, 200)
    rates = [m for m in outcome.report.measurements if m.name == "selection_rate"]
    assert sum(m.n for m in rates) == table.num_rows == 2_000
    assert MISSING in outcome.sentence
    left_out = judged("fairness.demographic_parity_difference", table, leave_out=[MISSING])
    assert left_out.verdict == "passed"
    assert measured(left_out, "selection_rate", f"sex/{MISSING}").note == "left out of the comparison by the policy"


@pytest.mark.parametrize("smallest", [1, 30])
def test_a_group_of_one_is_no_evidence_of_a_gap(smallest: int) -> None:
    table = confusion(Female=(50, 50, 50, 50), Male=(50, 50, 50, 50), Other=(0, 0, 1, 0))
    assert equalized_odds_difference(**rows_of(table)) == 0.5
    asked = {"min_positives": smallest, "max_gap": 0.1, "decide_on": "interval"}
    outcome = judged("fairness.equal_opportunity_gap", table, **asked)
    assert outcome.verdict == "inconclusive"
    # 200 of the others deserve it, and one of this group.
    assert (
        "The true positive rate of Other rests on 1 of 201 rows: about 823 rows like these would give one."
        if smallest == 1
        else 'collect at least 30 of each, about 6,030 rows like these 201, or name the group in "leave_out".'
    ) in outcome.sentence
    more = confusion(**dict.fromkeys(("Female", "Male"), (205, 205, 205, 205)), Other=(0, 0, 5, 0))
    found = measured(judged("fairness.equal_opportunity_gap", more, **asked), "equal_opportunity_gap", "sex")
    assert found.low is not None
    one = measured(outcome, "true_positive_rate", "sex/Other")
    assert one.value == 0.0
    # Wilson's interval of none in one; the bootstrap of one row would say exactly nothing.
    assert (one.low, one.high) == (0.0, pytest.approx(0.79345069))


def test_a_gap_without_an_interval_names_the_small_group_of_the_other_rate() -> None:
    """The gap is in the true positive rate; it has no interval because draws miss who decides the false positives."""
    table = confusion(Female=(90, 10, 10, 90), Male=(50, 10, 50, 90), Other=(70, 0, 30, 1))
    asked = {"min_positives": 1, "min_negatives": 1, "max_difference": 0.1, "decide_on": "interval"}
    outcome = judged("fairness.equalized_odds_difference", table, **asked)
    assert outcome.verdict == "inconclusive"
    assert outcome.sentence == (
        "The difference in true positive rate by sex has no interval on this table, so nothing can be decided on it. "
        "The false positive rate of Other rests on 1 of 201 rows: about 963 rows like these would give one."
    )
    more = confusion(Female=(450, 50, 50, 450), Male=(250, 50, 250, 450), Other=(350, 0, 150, 5))
    assert judged("fairness.equalized_odds_difference", more, **asked).verdict == "failed"


def test_a_small_group_leaves_the_ratio_of_another_without_an_interval_and_is_named() -> None:
    table = selected(Female=(90, 200), Male=(100, 200), Other=(0, 1))
    for name in ("fairness.impact_ratio", "fairness.four_fifths_rule"):
        outcome = judged(name, table, min_group_size=1, decide_on="interval")
        assert outcome.verdict == "inconclusive"
        assert (
            "The impact ratio of Female has no interval on this table, so nothing can be decided on it. "
            "The selection rate of Other rests on 1 of 401 rows: about 1,642 rows like these would give one."
        ) in outcome.sentence


def test_small_groups_left_aside_are_never_the_certainty_of_no_gap() -> None:
    table = selected(Female=(20, 40), Male=(20, 40), **{f"group {place}": (0, 5) for place in range(6)})
    outcome = judged("fairness.selection_rate", table, max_difference=0.1)
    assert outcome.verdict == "inconclusive"
    gap = measured(outcome, "selection_rate_difference", "sex")
    assert gap.value == 0.0
    assert gap.high > 0.1
    assert "over the comparable groups only" in gap.note


def test_a_favourable_outcome_that_was_not_declared_is_not_guessed() -> None:
    undeclared = Roles(task="binary", label="truth", prediction="decision", sensitive=SEX)
    outcome = judged("fairness.demographic_parity_difference", selected(Female=(20, 40), Male=(20, 40)), undeclared)
    assert outcome.verdict == "inconclusive"
    assert "declared favourable outcome" in outcome.sentence
    assert DECISIONS.favourable == 1


def test_a_small_sample_passes_only_with_the_rows_that_settle_it() -> None:
    # fairlearn says 0.0, and its bootstrap of two groups of ten that are alike is anything up to one half.
    few = selected(Female=(5, 10), Male=(5, 10))
    assert demographic_parity_difference(**rows_of(few)) == 0.0
    name, asked = "fairness.demographic_parity_difference", {"decide_on": "interval", "min_group_size": 1}
    outcome = judged(name, few, **asked)
    assert outcome.verdict == "inconclusive"
    said = re.search(r"about ([\d,]+) rows like these 20 would settle it", outcome.sentence)
    assert said is not None
    each = math.ceil(int(said[1].replace(",", "")) / 2)
    assert judged(name, selected(Female=(each // 2, each), Male=(each // 2, each)), **asked).verdict == "passed"


def test_a_crossing_shows_what_each_attribute_hides() -> None:
    # Young women and old men are chosen, the others are not: half of each sex and of each age.
    people = selected(young=(50, 100), old=(50, 100))
    sexes = pa.array((["f"] * 50 + ["m"] * 50) + (["m"] * 50 + ["f"] * 50))
    table = people.append_column("age", people["sex"]).set_column(0, "sex", sexes)
    roles = Roles(**{**vars(DECISIONS), "sensitive": (SensitiveColumn("sex"), SensitiveColumn("age"))})
    for attribute, gap in (("sex", 0.0), ("age", 0.0), ("sex x age", 1.0)):
        outcome = judged("fairness.demographic_parity_difference", table, roles, attribute=attribute)
        assert measured(outcome, "demographic_parity_difference", attribute).value == gap
        assert outcome.verdict == ("failed" if gap else "passed")
    # Where no crossing is named, this check goes through them.
    assert judged("fairness.intersectional_parity", table, roles).verdict == "failed"
