"""Does an interval decide only what it can, and does the number of rows that it asks for settle the question?"""

from __future__ import annotations

from fractions import Fraction

import pytest

from audits.checks.limits import Ruling, rows_to_settle, ruled
from tests.audits.checks.tables import judged, keys, measured, selected

NAME = "fairness.selection_rate"


def on_interval(
    estimate: float, low: float | None, high: float | None, limit: float = 0.1, floor: bool = False
) -> Ruling:
    return ruled(estimate, low, high, limit, decide_on="interval", rows=100, what="gap", floor=floor)


def test_a_whole_interval_beyond_the_limit_fails_and_a_whole_interval_within_passes() -> None:
    assert on_interval(0.2, 0.11, 0.3).beyond
    assert on_interval(0.2, 0.11, 0.3).value == 0.11
    kept = on_interval(0.05, 0.0, 0.09)
    assert not kept.beyond
    assert not kept.doubt
    assert on_interval(0.6, 0.5, 0.7, 0.8, floor=True).beyond
    assert not on_interval(0.9, 0.85, 0.95, 0.8, floor=True).doubt


def test_an_end_on_the_limit_is_within_it() -> None:
    assert not on_interval(0.05, 0.0, 0.1).doubt
    assert not on_interval(0.9, 0.8, 0.95, 0.8, floor=True).doubt
    # A tenth lies inside this one: the true gap may still be exactly the limit, which is allowed.
    assert on_interval(0.2, 0.1, 0.3).doubt
    assert on_interval(0.7, 0.6, 0.8, 0.8, floor=True).doubt


def test_a_limit_inside_the_interval_is_not_enough_evidence_and_says_what_would_settle_it() -> None:
    ruling = on_interval(0.05, 0.01, 0.15)
    assert not ruling.beyond
    # The upper end is 0.1 away and the limit 0.05: half the reach takes four times the rows.
    assert "about 400 rows like these 100 would settle it" in ruling.doubt
    # Above the limit the lower end matters: 0.15 away, the limit 0.1.
    assert "about 225 rows" in on_interval(0.2, 0.05, 0.5).doubt
    assert "about 225 rows" in on_interval(0.5, 0.3, 0.65, 0.6, floor=True).doubt


def test_an_estimate_on_the_limit_is_never_settled_by_more_rows_like_these() -> None:
    assert rows_to_settle(0.1, 0.05, 0.1, 100) is None
    assert "would not settle it" in on_interval(0.1, 0.05, 0.2).doubt


@pytest.mark.parametrize(("low", "high"), [(None, 0.2), (0.0, None), (None, None)])
def test_an_undefined_interval_decides_nothing(low: float | None, high: float | None) -> None:
    ruling = on_interval(0.05, low, high)
    assert not ruling.beyond
    assert "has no interval" in ruling.doubt
    end = ruled(0.05, None, None, 0.1, decide_on="upper", rows=10, what="gap")
    assert (
        end.doubt == "Gap: The upper end of the interval is undefined on this table, so nothing can be decided on it."
    )


def test_the_other_ways_to_decide_look_at_one_number() -> None:
    for decide_on, beyond in (("estimate", False), ("lower", False), ("upper", True)):
        ruling = ruled(Fraction(1, 10), 0.05, 0.2, 0.1, decide_on=decide_on, rows=10, what="gap")
        assert (ruling.beyond, ruling.doubt) == (beyond, "")


def test_forty_people_are_not_enough_and_the_rows_asked_for_are() -> None:
    few = judged(NAME, selected(Female=(18, 40), Male=(22, 40)), max_difference=0.2, decide_on="interval")
    assert few.verdict == "inconclusive"
    assert few.sentence.startswith("Not enough evidence: the difference in selection rate by sex is 0.1 with")
    gap = measured(few, "selection_rate_difference", "sex")
    needed = rows_to_settle(gap.value, gap.high - gap.value, 0.2, 80)
    assert f"about {needed} rows like these 80" in few.sentence
    times = needed // 80 + 1
    many = judged(
        NAME,
        selected(Female=(18 * times, 40 * times), Male=(22 * times, 40 * times)),
        max_difference=0.2,
        decide_on="interval",
    )
    assert many.verdict == "passed"
    half = judged(
        NAME,
        selected(Female=(9 * times, 20 * times), Male=(11 * times, 20 * times)),
        max_difference=0.2,
        decide_on="interval",
    )
    assert half.verdict == "inconclusive"


def test_a_gap_beyond_doubt_fails_on_the_interval() -> None:
    outcome = judged(NAME, selected(Female=(40, 400), Male=(200, 400)), max_difference=0.2, decide_on="interval")
    assert keys(outcome) == [f"{NAME}/sex"]
    assert "the nearer end of the difference's interval is" in outcome.sentence


def test_a_ratio_is_judged_on_its_interval_group_by_group() -> None:
    name = "fairness.impact_ratio"
    doubtful = judged(name, selected(Female=(20, 50), Male=(24, 50)), decide_on="interval")
    assert doubtful.verdict == "inconclusive"
    assert "the impact ratio of Female is 0.8333" in doubtful.sentence
    table = selected(Female=(100, 1_000), Male=(500, 1_000), Other=(14, 35))
    mixed = judged(name, table, decide_on="interval")
    assert keys(mixed) == [f"{name}/sex/Female"]
    assert any("impact ratio of Other" in note for note in mixed.report.notes)
