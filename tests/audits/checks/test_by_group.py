"""drift.by_group against hand-made tables, the same comparison of each group's rows alone, and SciPy."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from audits.checks import GroupValues, Outcome, Roles, SensitiveColumn, recompute
from audits.checks.statistics.values_by_cell import Counts, ValuesByCell
from tests.audits.checks.tables import SEX, bike, judged, keys, measured

NAME = "drift.by_group"
ROLES = Roles(task="regression", sensitive=SEX, features=("town",))
SEASONS = Roles(
    task="regression",
    sensitive=(SensitiveColumn("season"), SensitiveColumn("temp", bands=(0.4, 0.6))),
    features=("hum", "windspeed", "weathersit", "mnth", "temp"),
)


def people(**towns: dict[str, int]) -> pa.Table:
    """People by group of the column sex: how many live in each town."""
    rows = [(sex, town) for sex, of in towns.items() for town, n in of.items() for _ in range(n)]
    return pa.table({"sex": [sex for sex, _ in rows], "town": [town for _, town in rows]})


BEFORE = people(f={"Bonn": 100, "Ulm": 300}, m={"Bonn": 600, "Ulm": 200})
CROSSED = people(f={"Bonn": 300, "Ulm": 100}, m={"Bonn": 400, "Ulm": 400})


def test_a_shift_that_all_rows_together_hide_is_found_and_the_group_named() -> None:
    assert measured(judged("drift.distance", CROSSED, ROLES, reference=BEFORE), "jensen_shannon", "town").value == 0
    outcome = judged(NAME, CROSSED, ROLES, reference=BEFORE)
    assert keys(outcome) == [f"{NAME}/town by sex"]
    assert outcome.sentence.startswith(
        '"town" moved among f of sex: Jensen-Shannon distance 0.4344, above the limit 0.1, with an adjusted p-value of'
    )
    assert outcome.sentence.endswith("it moved in 2 of 2 groups.")
    counts = np.array([[300, 100], [100, 300]])
    p_values = [stats.chi2_contingency(c, correction=False).pvalue for c in (counts, [[400, 400], [600, 200]])]
    found = measured(outcome, "jensen_shannon", "town by sex/f")
    assert found.value == pytest.approx(jensenshannon(*counts, base=2), abs=1e-12)
    assert (found.low or 0) < 0.4344 < (found.high or 0)
    assert found.n == 400
    assert measured(outcome, "p_value", "town by sex/f").value == pytest.approx(p_values[0], rel=1e-9)
    adjusted = stats.false_discovery_control(p_values)[0]
    assert measured(outcome, "adjusted_p_value", "town by sex/f").value == pytest.approx(adjusted, rel=1e-9)
    moved = measured(outcome, "moved_pairs")
    assert (moved.value, moved.n, moved.unit) == (2, 2, "pairs")
    stored = json.loads(json.dumps(outcome.to_document(), sort_keys=True))
    assert recompute(stored).to_document() == outcome.to_document()


def test_infinite_numbers_stand_beyond_all_others() -> None:
    def income(first: float, last: float, *others: float) -> pa.Table:
        return pa.table({"sex": ["f", "m"] * 200, "income": [first, last, *others] * 100})

    roles = Roles(task="regression", sensitive=SEX, features=("income",))
    now, before = (np.inf, -np.inf, 1.0, 2.0), (3.0, np.inf, 1.0, 2.0)
    outcome = judged(NAME, income(*now), roles, reference=income(*before))
    now, before = (np.clip(numbers, -1e300, 1e300).tolist() for numbers in (now, before))
    large = judged(NAME, income(*now), roles, reference=income(*before))
    assert outcome.verdict == "failed"
    assert outcome.report == large.report


def test_groups_that_stand_still_pass_and_a_limit_is_one() -> None:
    assert judged(NAME, BEFORE, ROLES, reference=BEFORE).verdict == "passed"
    assert judged(NAME, CROSSED, ROLES, reference=BEFORE, max_distance=0.45).verdict == "passed"
    assert judged(NAME, CROSSED, ROLES, reference=BEFORE, false_discovery_rate=0.0).verdict == "passed"


def test_far_but_by_chance_gives_way_to_less_far_and_significant() -> None:
    before = people(f={"Bonn": 5, "Ulm": 5}, m={"Bonn": 500, "Ulm": 500})
    now = people(f={"Bonn": 8, "Ulm": 2}, m={"Bonn": 700, "Ulm": 300})
    outcome = judged(NAME, now, ROLES, reference=before, min_group_size=10)
    assert "among m of sex" in outcome.sentence
    assert outcome.sentence.endswith("it moved in 1 of 2 groups.")


def test_groups_of_one_table_alone_and_small_ones_are_named_and_leave_the_outcome_open() -> None:
    rest = {"m": {"Bonn": 100, "Ulm": 100}}
    before = people(**rest, old={"Bonn": 200}, few={"Ulm": 99})
    now = people(**rest, new={"Bonn": 30}, few={"Ulm": 500})
    outcome = judged(NAME, now, ROLES, reference=before)
    assert outcome.verdict == "inconclusive"
    assert outcome.sentence == (
        "New since the reference, with nothing to compare with: sex/new (30). "
        "In the reference, but no longer there: sex/old (200). "
        "Too few rows in sex/few (500 now, 99 then); 100 are needed in each table."
    )
    assert measured(outcome, "jensen_shannon", "town by sex/m").value == 0
    rows = {group: measured(outcome, "group_rows", f"sex/{group}") for group in ("new", "old", "few")}
    # The smaller number is the one that tells of few people.
    assert {group: (one.value, one.n) for group, one in rows.items()} == {
        "new": (30, 30),
        "old": (0, 200),
        "few": (500, 99),
    }
    assert rows["old"].note == "no longer there; 200 in the reference"
    left = judged(NAME, now, ROLES, reference=before, leave_out=["new", "old", "few"])
    assert left.verdict == "passed"
    # What nobody can compare hides no shift among the others.
    moved = people(m={"Bonn": 190, "Ulm": 10}, new={"Bonn": 30}, few={"Ulm": 500})
    assert judged(NAME, moved, ROLES, reference=before).verdict == "failed"


def _alone(outcome: Outcome, attribute: str, group: str, column: str, now: pa.Table, then: pa.Table) -> None:
    """The figure is the one of drift.distance over the rows of the group alone."""
    roles = Roles(task="regression", features=(column,))
    alone = judged("drift.distance", now, roles, reference=then, min_rows=1)
    expected = measured(alone, "jensen_shannon", column)
    found = measured(outcome, "jensen_shannon", f"{column} by {attribute}/{group}")
    assert (found.value, found.low, found.high) == (expected.value, expected.low, expected.high)


def test_every_figure_is_that_of_the_rows_of_its_group_alone() -> None:
    now, then = bike(2012), bike(2011)
    outcome = judged(NAME, now, SEASONS, reference=then, min_group_size=30)
    assert outcome.report is not None
    told = [m.group or "" for m in outcome.report.measurements if m.name == "jensen_shannon"]
    # Each column is there once for each attribute, but not the attribute itself.
    assert sorted(group.partition("/")[0] for group in told) == sorted(
        f"{column} by {attribute}"
        for attribute in ("season", "temp")
        for column in SEASONS.features
        if column != attribute
    )
    for group in told:
        column, _, where = group.partition(" by ")
        attribute, name = where.split("/")
        mask = [
            _belongs(attribute, name, now[attribute].to_pylist()),
            _belongs(attribute, name, then[attribute].to_pylist()),
        ]
        _alone(outcome, attribute, name, column, now.filter(mask[0]), then.filter(mask[1]))


def _belongs(attribute: str, group: str, cells: list[Any]) -> pa.Array:
    if attribute == "season":
        return pa.array([str(cell) == group for cell in cells])
    low, high = {"under 0.4": (0, 0.4), "0.4 to under 0.6": (0.4, 0.6), "0.6 and over": (0.6, 2)}[group]
    return pa.array([low <= cell < high for cell in cells])


def test_of_many_texts_nine_stand_by_themselves_and_chance_finds_nothing() -> None:
    random = np.random.default_rng(1)
    sexes = [f"group {n}" for n in range(20)] * 150

    def table() -> pa.Table:
        return pa.table({"sex": sexes, "town": [f"town {n}" for n in random.integers(0, 300, len(sexes))]})

    outcome = judged(NAME, table(), ROLES, reference=table(), max_distance=0.0)
    # Bins that one table alone chooses, or as many as there are texts, would find a shift here.
    assert outcome.verdict == "passed"
    ((_, shifts),) = outcome.statistics["evaluation"]["GroupShifts"]["largest"]
    assert [len(counts) for shift in shifts for counts in shift[2:4]] == [10, 10]


def test_columns_that_cannot_be_compared_say_why() -> None:
    n = 400
    sexes = ["f", "m"] * (n // 2)
    roles = Roles(task="regression", sensitive=SEX, features=("a", "b", "c", "d"))
    then = pa.table({"sex": sexes, "a": np.arange(n) * 1.0, "b": np.arange(n) * 1.0, "c": ["x"] * n, "d": [1.0] * n})
    now = pa.table(
        {
            "sex": sexes,
            "a": [None if sex == "f" else 1.0 for sex in sexes],
            "b": [str(x) for x in range(n)],
            "c": ["x"] * n,
            "d": [1.0] * n,
        }
    )
    outcome = judged(NAME, now, roles, reference=then, columns=["a", "b", "c", "e"])
    assert outcome.verdict == "failed"
    assert outcome.report is not None
    assert outcome.report.notes == (
        'Column "b" holds numbers in one table and texts in the other.',
        'Column "e" is no declared feature of the evaluation and reference table.',
        "Too few filled rows of a by sex/f (0); 100 are needed in each table.",
    )
    many = pa.table({"sex": ["f"] * 1_001, "town": [str(x) for x in range(1_001)]})
    assert "more than 1,000 different texts" in judged(NAME, many, ROLES, reference=many).sentence
    alone = Roles(task="regression", sensitive=SEX, features=("sex",))
    assert "no column to compare beside" in judged(NAME, BEFORE, alone, reference=BEFORE).sentence
    assert judged(NAME, now, roles, reference=then, attribute="age").sentence == (
        "age is no sensitive column of the evaluation table; declared are: sex."
    )
    assert "needs the reference table" in judged(NAME, now, roles).sentence


def test_rounded_numbers_are_said_and_put_in_the_same_bins() -> None:
    random = np.random.default_rng(3)
    roles = Roles(task="regression", sensitive=SEX, features=("x",))

    def table(shift: float) -> pa.Table:
        return pa.table({"sex": random.choice(["f", "m"], 20_000), "x": random.normal(shift, 1, 20_000)})

    outcome = judged(NAME, table(0.5), roles, reference=table(0.0))
    found = next(m for m in outcome.report.measurements if m.name == "jensen_shannon")  # type: ignore[union-attr]
    assert found.note == "moved the most of 2 groups; more than 4,096 distinct numbers, rounded"
    # Two normal distributions half a deviation apart, over the deciles of one of them.
    edges = stats.norm.ppf(np.arange(1, 10) / 10)
    shares = [np.diff(stats.norm.cdf([-np.inf, *edges, np.inf], loc)) for loc in (0.5, 0.0)]
    assert found.value == pytest.approx(jensenshannon(*shares, base=2), abs=0.02)
    assert found.low <= found.value <= found.high


def _table_of(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def test_counts_by_group_are_pandas_s_in_any_split_and_order() -> None:
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "sex": random.choice(["f", "m", None], 3_000),
            "age": random.integers(20, 70, 3_000),
            "town": random.choice(["York", " York", "", "Bath"], 3_000),
            "x": np.where(random.random(3_000) < 0.2, np.nan, random.integers(0, 40, 3_000)),
        }
    )
    roles = Roles(
        task="regression", sensitive=(*SEX, SensitiveColumn("age", bands=(30.0, 40.0, 60.0))), features=("town", "x")
    )
    shuffled = frame.sample(frac=1, random_state=1)
    whole, first, second = (GroupValues.empty(roles) for _ in range(3))
    for statistic, part in ((whole, frame), (first, shuffled[:700]), (second, shuffled[700:])):
        for batch in _table_of(part).to_batches(max_chunksize=130):
            statistic.add(batch)
    second.merge(first)
    merged = second
    assert merged.n_rows == whole.n_rows == 3_000
    sexes = frame["sex"].fillna("(missing)")
    for attribute, groups in (("sex", sexes), ("age", pd.cut(frame["age"], [0, 29, 39, 59, 99], labels=False))):
        expected = groups.value_counts(sort=False).sort_index().tolist()
        for statistic in (whole, merged):
            cells = statistic.groups(attribute)
            by_name = sorted(cells) if attribute == "sex" else list(cells)
            if attribute == "age":
                assert by_name == ["under 30", "30 to under 40", "40 to under 60", "60 and over"]
            assert [statistic.sizes[cells[name]] for name in by_name] == expected
    for statistic in (whole, merged):
        cells = statistic.groups("sex")
        for sex in ("f", "m", "(missing)"):
            of = frame[sexes == sex]
            numbers = statistic.by_name["x"].numbers
            counted = dict(zip(numbers.values(), _padded(numbers.counts, cells[sex]), strict=True))
            assert {x: n for x, n in counted.items() if n} == of["x"].value_counts().to_dict()
            texts = statistic.by_name["town"].texts
            assert texts is not None
            expected_texts = of["town"].str.strip().replace("", "(missing)").value_counts().to_dict()
            assert {text: counts[cells[sex]] for text, counts in texts.items()} == expected_texts


def _padded(counts: Counts, cell: int) -> list[int]:
    return counts[:, cell].tolist() if cell < counts.shape[1] else [0] * len(counts)


def test_more_than_a_thousand_texts_are_none_wherever_they_come_together() -> None:
    one, other = ValuesByCell(), ValuesByCell()
    cells = np.zeros(600, np.int64)
    one.add(pa.array([f"a{n}" for n in range(600)]), cells, 1)
    other.add(pa.array([f"b{n}" for n in range(600)]), cells, 1)
    assert len(one.texts or ()) == len(other.texts or ()) == 600
    one.merge(other, np.array([0]), 1)
    assert one.texts is None
