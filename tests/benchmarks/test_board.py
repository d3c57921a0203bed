"""The frame of the benchmarks says "short" whenever something is, also when nothing could be measured."""

import pytest

from tests.benchmarks.board import Row, at_least, at_most, finish, measured, paired, table


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (at_most("S8", "hashes", 20, 20, ""), True),
        (at_most("S8", "hashes", 20.01, 20, ""), False),
        (at_least("S5", "rate", 50_000, 50_000, "/s"), True),
        (at_least("S5", "rate", 49_999, 50_000, "/s"), False),
    ],
)
def test_a_goal_is_met_up_to_its_limit(row: Row, met: bool) -> None:
    assert row.met is met


def test_a_slow_round_slows_both_of_its_sides() -> None:
    assert paired([2.0, 20.0, 2.2], [1.0, 10.0, 1.0]) == 2.0


def test_one_short_goal_is_an_exit_status_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    kept, told, short = at_most("S1", "a", 1, 2, "s"), Row("S2", "b", "3 s"), at_most("S3", "c", 3, 2, "s")
    assert finish([kept, told]) == 0
    assert finish([kept, told, short]) == 1
    assert finish([]) == 1
    assert "Short: S3." in capsys.readouterr().out


def test_the_table_reads_in_markdown() -> None:
    assert table([at_most("S1", "cost", 1.5, 2, "s")]).splitlines() == [
        "| id | what | ours   | peer | ratio | goal     | met |",
        "| -- | ---- | ------ | ---- | ----- | -------- | --- |",
        "| S1 | cost | 1.50 s |      |       | ≤ 2.00 s | met |",
    ]


def test_a_measurement_that_dies_is_not_met() -> None:
    (row,) = measured("tests.benchmarks.nowhere", environment={}, seconds=20)
    assert row.met is False
