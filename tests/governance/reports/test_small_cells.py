"""Does a report that leaves the house keep the figures of a handful of people to itself, in every format?"""

from __future__ import annotations

from typing import Any

import pytest

from governance.reports import FORMATS, render, without_small_cells
from tests.audits.checks.tables import DECISIONS, judged, selected
from tests.governance.reports.sample import measurement, requirement, version_file

GAP = "fairness.demographic_parity_difference"


def rates(**rows: int) -> list[dict[str, Any]]:
    return [
        measurement("selection_rate", 0.4, group=f"sex/{group}", low=0.1, high=0.9, n=n) for group, n in rows.items()
    ]


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
    assert "Figures that rest on fewer than 5 rows" in found["notes"][-1]


def test_exactly_as_many_rows_and_nobody_are_shown() -> None:
    found = left(rates(a=5, b=50, c=0))
    assert shown(found) == {"sex/a", "sex/b", "sex/c"}
    assert found["notes"] == []


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
