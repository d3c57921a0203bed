"""Does a report that leaves the house keep the figures of a handful of people to itself, in every format?"""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.checks import Roles
from governance.reports import FORMATS, render, without_small_cells
from tests.audits.checks.tables import DECISIONS, SEX, judged, selected
from tests.governance.reports.sample import measurement, requirement, version_file

GAP = "fairness.demographic_parity_difference"
MISSING = "data_quality.missing_by_group"


def rates(**rows: int) -> list[dict[str, Any]]:
    return [
        measurement("selection_rate", 0.4, group=f"sex/{group}", low=0.1, high=0.9, n=n) for group, n in rows.items()
    ]


def shares(name: str = "selection_rate", /, **groups: tuple[int, int]) -> list[dict[str, Any]]:
    """So many of so many rows of each group."""
    return [measurement(name, part / n, group=f"sex/{group}", n=n) for group, (part, n) in groups.items()]


def is_table(sizes: list[list[int]]) -> bool:
    return len({len(line) for line in sizes}) == 1


def left(rows: list[dict[str, Any]], fewest: int = 5, **more: Any) -> dict[str, Any]:
    """What is left of a requirement with these measurements."""
    file = version_file(requirements=[requirement("r", "R", GAP, measurements=rows, **more)])
    (found,) = without_small_cells(file, fewest)["requirements"]
    return found


def shown(found: dict[str, Any]) -> set[str]:
    return {row["group"] for row in found["measurements"] if row["value"] is not None}


def test_a_group_of_fewer_rows_is_not_shown_and_the_next_smallest_one_neither() -> None:
    found = left(rates(a=4, b=50, c=40, d=60))
    assert shown(found) == {"sex/b", "sex/d"}
    for row in found["measurements"]:
        if row["group"] in ("sex/a", "sex/c"):
            assert (row["value"], row["low"], row["high"], row["n"]) == (None, None, None, None)
    assert [row["note"] for row in found["measurements"]] == [
        "fewer than 5 rows: not shown",
        "",
        "not shown, because a smaller group could be worked out from it",
        "",
    ]
    assert "Figures that tell of fewer than 5 rows" in found["notes"][-1]


def test_exactly_as_many_rows_and_nobody_are_shown() -> None:
    found = left([*shares(a=(5, 5), b=(20, 50)), *rates(c=0)])
    assert shown(found) == {"sex/a", "sex/b", "sex/c"}
    assert found["notes"] == []


@pytest.mark.parametrize("few", [2, 9_998])
def test_a_share_with_few_rows_on_one_side_is_not_shown_however_large_its_group(few: int) -> None:
    found = left(shares(a=(few, 10_000), b=(400, 900), c=(5_000, 9_000)))
    assert shown(found) == {"sex/c"}
    assert found["measurements"][0]["note"] == "fewer than 5 rows on one side: not shown"


@pytest.mark.parametrize("whole", [0, 5, 95, 100])
def test_nobody_everybody_and_as_many_as_the_limit_are_shown(whole: int) -> None:
    assert shown(left(shares(a=(whole, 100), b=(40, 90)))) == {"sex/a", "sex/b"}


def test_what_is_made_of_such_a_share_is_not_shown_either_and_a_share_among_other_people_is() -> None:
    ratio = [measurement("impact_ratio", 0.0005, group="sex/a", n=10_000, ideal=1.0)]
    other = shares("false_positive_rate", a=(60, 800), b=(40, 900))
    gap = measurement("demographic_parity_difference", 0.4, group="sex", n=19_000)
    found = left([*shares(a=(2, 10_000), b=(4_000, 9_000)), *ratio, *other, gap])
    assert [row["name"] for row in found["measurements"] if row["value"] is not None] == ["false_positive_rate"] * 2


def test_of_a_crossing_two_cells_are_hidden_in_every_line_so_that_no_margin_tells_one() -> None:
    cells = {("f", "a"): 3, ("f", "b"): 90, ("f", "c"): 70, ("m", "a"): 80, ("m", "b"): 60, ("m", "c"): 95}
    rows = [
        measurement("selection_rate", 0.51, group=f"sex x race/{sex} x {race}", n=n) for (sex, race), n in cells.items()
    ]
    # Beside the women of race a those of race c are the fewest; the men of both races then tell neither.
    assert shown(left(rows)) == {"sex x race/f x b", "sex x race/m x b"}


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(1, 40), min_size=2, max_size=4), min_size=2, max_size=4).filter(is_table))
def test_no_line_of_a_table_hides_a_single_cell(sizes: list[list[int]]) -> None:
    rows = [
        measurement("selection_rate", 0.51, group=f"sex x race/{sex} x {race}", n=n)
        for sex, line in enumerate(sizes)
        for race, n in enumerate(line)
    ]
    hidden = [row.get("withheld", False) for row in left(rows)["measurements"]]
    table = [hidden[at : at + len(sizes[0])] for at in range(0, len(hidden), len(sizes[0]))]
    assert all(sum(line) != 1 for line in [*table, *zip(*table, strict=True)])
    assert all(mark for mark, row in zip(hidden, rows, strict=True) if row["n"] < 5)


def test_sums_of_weights_and_shares_of_cells_are_no_people() -> None:
    weighted = [measurement("selection_rate", 0.00021, group=f"sex/{group}", n=10_000) for group in "ab"]
    assert shown(left(weighted)) == {"sex/a", "sex/b"}
    cards = measurement("identity_share", 0.0002, group="note/card", n=10_000)
    file = version_file(requirements=[requirement("r", "R", "data_quality.identity_numbers", measurements=[cards])])
    assert without_small_cells(file, 5) == file


def unknown(**incomes: tuple[int, int]) -> dict[str, Any]:
    """What a report leaves of data_quality.missing_by_group: of how many of each group the income is missing."""
    rows = [
        {"sex": group, "income": None if place < gone else 1.5, "age": 30 if place % 10 else None}
        for group, (gone, size) in incomes.items()
        for place in range(size)
    ]
    roles = Roles(task="regression", sensitive=SEX, features=("income", "age"))
    outcome = judged(MISSING, pa.Table.from_pylist(rows), roles).to_document()
    told = {name: outcome[name] for name in ("sentence", "measurements", "findings", "notes")}
    (found,) = without_small_cells(version_file(requirements=[requirement("r", "R", MISSING, **told)]), 5)[
        "requirements"
    ]
    return found


def test_few_people_of_a_group_of_whom_nothing_is_known_are_few_people() -> None:
    kept = {"age by sex", "age by sex/f"}
    # 2 of 100 women; with the women gone the men would tell them, and so would the gap and its interval.
    found = unknown(f=(2, 100), m=(30, 100))
    assert shown(found) == kept
    assert "…" in found["sentence"]
    assert "0.28" not in str(found)
    # As many of both: there is no gap, but its interval tells how many.
    assert shown(unknown(f=(2, 100), m=(2, 100))) == kept
    assert shown(unknown(f=(98, 100), m=(60, 100))) == kept
    everything = {*kept, "income by sex", "income by sex/f", "income by sex/m"}
    assert shown(unknown(f=(0, 100), m=(30, 100))) == everything
    assert shown(unknown(f=(5, 100), m=(30, 100))) == everything


def test_the_rows_of_a_small_group_are_not_told_by_the_sentence_that_names_it() -> None:
    found = unknown(f=(10, 100), m=(30, 100), x=(0, 3))
    assert "sex/x (…)" in " ".join([found["sentence"], *found["notes"]])
    assert "sex/x" not in shown(found)


def test_ten_thousand_groups_are_gone_through_once() -> None:
    few = {f"group {place}": (place % 50, 50) for place in range(10_000)}
    sentence = "The selection rate of group 7 is 0.14, that of group 5000 is 0."
    before = time.process_time()
    found = left(shares(**few), sentence=sentence)
    # Two groups of five have few on one side; pairs of groups would take minutes.
    assert time.process_time() - before < 5
    assert len(shown(found)) == 10_000 - 8 * 200
    assert found["sentence"] == sentence


def test_two_small_groups_hide_each_other() -> None:
    assert shown(left(rates(a=4, b=50, c=1, d=60))) == {"sex/b", "sex/d"}


def test_a_gap_that_a_small_group_is_part_of_is_not_shown_and_one_without_it_is() -> None:
    gap = measurement("demographic_parity_difference", 0.4, group="sex", n=114)
    assert shown(left([*rates(a=4, b=50, c=60), gap])) == {"sex/c"}
    aside = rates(a=4, b=50, c=60, d=70)
    aside[0]["note"] = "too few rows to compare"
    assert shown(left([*aside, gap])) == {"sex/c", "sex/d", "sex"}


def test_a_share_of_all_rows_counts_the_rows_of_its_group() -> None:
    rows = [
        measurement("share_of_rows", 0.002, group="sex/a", n=1000),
        measurement("representation_ratio", 0.1, group="sex/a", n=1000, ideal=1.0),
        *(measurement("share_of_rows", 0.3, group=f"sex/{group}", n=1000) for group in "bc"),
    ]
    assert shown(left(rows)) == {"sex/c"}


def test_sentences_that_name_the_group_lose_their_numbers_and_others_keep_them() -> None:
    found = left(
        rates(**{"under 30": 3, "30 to 60": 40, "over 60": 50}),
        sentence="The selection rate of under 30 is 0.667 and that of 30 to 60 is 0.25, above the limit 0.1.",
        notes=["over 60 was selected at 0.5."],
        findings=[
            {
                "key": f"{GAP}/sex/under 30",
                "severity": "high",
                "sentence": "2 of 3 in under 30 were selected.",
                "measurement": "selection_rate",
                "would_pass": "1 fewer for under 30",
            }
        ],
    )
    assert found["sentence"] == "The selection rate of under 30 is … and that of 30 to 60 is …, above the limit …."
    assert found["notes"][0] == "over 60 was selected at 0.5."
    assert found["findings"][0]["sentence"] == "… of … in under 30 were selected."
    assert found["findings"][0]["would_pass"] == "… fewer for under 30"


def test_a_sentence_repeated_by_a_decision_loses_them_there_too() -> None:
    said = "sex: too few rows for the selection rate of a (4)."
    file = version_file(requirements=[requirement("r", "R", GAP, measurements=rates(a=4, b=50, c=60), sentence=said)])
    file["promotions"] = [{"decisions": [{"reasons": [{"sentence": f"Inconclusive: {said}"}]}]}]
    cleaned = without_small_cells(file, 5)
    (reason,) = cleaned["promotions"][0]["decisions"][0]["reasons"]
    assert reason["sentence"] == "Inconclusive: sex: too few rows for the selection rate of a (…)."
    assert said in file["promotions"][0]["decisions"][0]["reasons"][0]["sentence"]


def test_nothing_changes_where_no_group_is_small_or_the_setting_is_off() -> None:
    file = version_file()
    assert without_small_cells(file, 5) == file
    small = version_file(requirements=[requirement("r", "R", GAP, measurements=rates(a=1, b=50))])
    assert without_small_cells(small, 0) == small


@pytest.mark.parametrize("format_name", sorted(set(FORMATS) - {"pdf"}))
def test_no_format_tells_the_figures_of_three_people(format_name: str) -> None:
    table = selected(Female=(40, 100), Male=(60, 100), Other=(2, 3))
    outcome = judged(GAP, table, DECISIONS, min_group_size=1).to_document()
    names = ("verdict", "sentence", "measurements", "findings", "notes")
    line = requirement("r", "R", GAP, **{name: outcome[name] for name in names if name != "verdict"})
    file = version_file(requirements=[line])
    before = render(file, format_name)[0].decode("utf-8-sig")
    after = render(without_small_cells(file, 5), format_name)[0].decode("utf-8-sig")
    assert "0.667" in before or "0.6666" in before
    assert "0.667" not in after
    assert "0.6666" not in after
    assert "not shown" in after
