"""How much worse are decisions in one part of a table than everywhere else?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks.figures import Figure
from audits.checks.statistics import GroupRate, Segment
from audits.checks.statistics.intervals import wilson
from audits.checks.statistics.simultaneous import difference_of


def gap(one: Segment, totals: tuple[int, int]) -> Fraction:
    """The accuracy of everybody else, less that of the segment; `totals` are wrong and right of everybody."""
    others = sum(totals) - one.rows
    return Fraction(totals[1] - one.right, others) - Fraction(one.right, one.rows)


def gap_to_others(one: Segment, totals: tuple[int, int], level: float, limit: float | None) -> Figure:
    """That gap, with Newcombe's interval at a level."""
    others, right = sum(totals) - one.rows, totals[1] - one.right
    there = GroupRate("others", others, Fraction(right, others), *wilson(right, others, level))
    here = GroupRate(one.name, one.rows, Fraction(one.right, one.rows), *wilson(one.right, one.rows, level))
    return Figure(
        "gap_to_others",
        gap(one, totals),
        *difference_of(there, here),
        one.rows,
        limit,
        ideal=0.0,
        group=one.where,
        words="accuracy of everybody else, less that",
        note="interval holds for all segments together",
    )


def segment_accuracy(one: Segment, floor: float | None) -> Figure:
    """The accuracy of the segment, with Wilson's interval, held against a floor."""
    return Figure(
        "segment_accuracy",
        Fraction(one.right, one.rows),
        *wilson(one.right, one.rows),
        one.rows,
        floor,
        at_least=True,
        ideal=1.0,
        group=one.where,
        note="" if floor is None else "declared floor",
        words="accuracy",
    )
