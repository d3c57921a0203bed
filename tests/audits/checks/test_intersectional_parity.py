"""fairness.intersectional_parity: is the crossing that is treated worst found, and none that is not?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from audits.checks import Roles, SensitiveColumn
from tests.audits.checks.tables import FOREST, confusion, forest, judged, keys, measured, selected

NAME = "fairness.intersectional_parity"
ROLES = Roles(
    task="binary", favourable=1, prediction="decision", sensitive=(SensitiveColumn("sex"), SensitiveColumn("race"))
)


def crossed(cells: dict[tuple[str, str], tuple[int, int]]) -> pa.Table:
    rows = [
        {"sex": sex, "race": race, "decision": int(place < chosen)}
        for (sex, race), (chosen, size) in cells.items()
        for place in range(size)
    ]
    return pa.Table.from_pylist(rows)


FAIR_ALONE = crossed({("F", "a"): (20, 200), ("F", "b"): (180, 200), ("M", "a"): (180, 200), ("M", "b"): (20, 200)})


def test_columns_that_are_each_treated_alike_hide_a_crossing_that_is_not() -> None:
    alone = judged(NAME, FAIR_ALONE, ROLES, max_order=1)
    assert alone.verdict == "passed"
    assert measured(alone, "gap_to_others", "sex/F").value == 0.0
    outcome = judged(NAME, FAIR_ALONE, ROLES)
    assert outcome.verdict == "failed"
    assert len(keys(outcome)) == 4
    # 20 of 200 against 380 of 600.
    found = measured(outcome, "gap_to_others", "sex x race/F x a")
    assert found.value == 0.5333333333333333
    assert 0.4 < found.low < found.value < found.high < 0.65
    worst = [m for m in outcome.report.measurements if m.name == "worst_gap_to_others"]
    assert worst[0].value == 0.5333333333333333
    assert keys(outcome)[0] == f"{NAME}/{worst[0].group}"


def test_looking_at_many_crossings_finds_nothing_where_there_is_nothing() -> None:
    random = np.random.default_rng(5)
    found = 0
    for _ in range(40):
        cells = {(f"s{s}", f"r{r}"): (int(random.binomial(60, 0.4)), 60) for s in range(3) for r in range(6)}
        found += bool(judged(NAME, crossed(cells), ROLES, max_gap=0.0).verdict == "failed")
    assert found <= 5


def test_small_crossings_are_named_and_too_many_of_them_keep_a_table_from_passing() -> None:
    cells = {("F", "a"): (100, 200), ("M", "a"): (100, 200), ("F", "b"): (10, 20), ("M", "b"): (100, 200)}
    few = judged(NAME, crossed(cells), ROLES)
    assert few.verdict == "passed"
    # 620 rows with 20 of the smallest group; 30 of it are in 930.
    small = "sex x race: 20 of 620 rows are in groups too small to judge; of about 930 rows like these none would be."
    assert small in few.report.notes
    many = judged(NAME, crossed(cells), ROLES, max_share_unjudged=0.03)
    assert many.verdict == "inconclusive"
    assert judged(NAME, crossed({("F", "a"): (1, 2), ("M", "a"): (1, 2)}), ROLES).verdict == "inconclusive"
    alone = judged(NAME, selected(Female=(20, 40)))
    assert alone.verdict == "inconclusive"
    assert "40 of 40 rows are one group, with nobody to compare with." in alone.sentence


def test_without_an_interval_for_all_crossings_the_rows_that_would_give_one_are_told() -> None:
    cells = {("F", "a"): (500, 1_000), ("F", "b"): (500, 1_000), ("M", "a"): (500, 1_000), ("M", "b"): (1, 2)}
    outcome = judged(NAME, crossed(cells), ROLES, min_group_size=1)
    assert outcome.verdict == "inconclusive"
    # Of eight groups one of two rows is missed by a draw less often than in one of twenty with 5.08 rows.
    assert outcome.sentence == (
        "Too few rows for an interval that holds for all crossings together. The selection rate of M x b rests on 2 of "
        "3,002 rows: about 7,618 rows like these would give one."
    )


def test_exactly_on_the_limit_passes() -> None:
    table = selected(Female=(40, 100), Male=(50, 100))
    assert judged(NAME, table, max_gap=0.1, decide_on="estimate").verdict == "passed"
    assert judged(NAME, table, max_gap=0.0999, decide_on="estimate").verdict == "failed"
    assert judged(NAME, table, max_gap=0.1, decide_on="interval").verdict == "inconclusive"


def test_other_rates_count_among_their_own_people() -> None:
    table = confusion(Female=(30, 10, 30, 90), Male=(90, 30, 10, 70))
    outcome = judged(NAME, table, rate="true_positive_rate", decide_on="estimate")
    assert measured(outcome, "gap_to_others", "sex/Female").value == 0.4
    wrong = judged(NAME, table, rate="false_positive_rate", decide_on="estimate")
    assert measured(wrong, "gap_to_others", "sex/Female").value == 0.2


def test_rates_of_crossings_on_adult_are_pandas() -> None:
    table = forest()
    columns = table.to_pandas()
    outcome = judged(NAME, table, FOREST)
    for (sex, race), group in columns.groupby(["sex", "race"]):
        others = columns[(columns["sex"] != sex) | (columns["race"] != race)]
        expected = abs(group["y_pred"].mean() - others["y_pred"].mean())
        if len(group) >= 30:
            found = measured(outcome, "gap_to_others", f"sex x race/{sex} x {race}")
            assert abs(found.value - expected) < 1e-12
            assert found.low <= found.value <= found.high
