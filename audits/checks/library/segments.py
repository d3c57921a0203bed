"""In which part of the table is the model weakest, and is it good enough where it has to be?"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from audits.checks import CannotMeasure, Report, SegmentCounts, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Between, Count, DecideOnEvidence, Share
from audits.checks.sentences import listed
from audits.checks.statistics import GroupRate, Segment
from audits.checks.statistics.intervals import LEVEL, wilson
from audits.checks.statistics.simultaneous import difference_of

_NAME = "performance.segments"


@check(_NAME, version=1, needs=SegmentCounts)
def segments(
    counts: SegmentCounts,
    *,
    max_gap: Share | None = 0.1,
    floors: tuple[str, ...] = (),
    min_segment_size: Count = 100,
    most_shown: Annotated[int, Between(1, 100)] = 10,
    min_rows: Count = 100,
    decide_on: DecideOnEvidence = "lower",
) -> Report:
    """Accuracy of the weakest segments against everybody else, and of declared segments against their floors.

    A segment is a text of a column, a group of a sensitive column, or a range of numbers between steps of a tenth of
    the rows: each step, and all rows below or from each cut on. Who looks at many segments finds a weak one by
    chance: so the intervals of the gaps hold for all of them together (Bonferroni), and by default the lower end is
    held against the limit. Crossings of sensitive columns are looked at by fairness.intersectional_parity.

    Parameters
    ----------
    counts : SegmentCounts
        Wrong and right decisions by the values of each column, integers of shape (n_segments, 2).
    max_gap : float in [0, 1] or None, default=0.1
        Segments whose accuracy is further than this below that of everybody else become a finding; None sets no limit.
    floors : list of str, default=[]
        Lowest accuracies of single segments, such as "region/north=0.8".
    min_segment_size : int, default=100
        Fewest labelled rows of a segment, and of everybody else, to be looked at.
    most_shown : int in [1, 100], default=10
        How many of the weakest segments are measured; all are looked at.
    min_rows : int, default=100
        Fewest rows with a known label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="lower"
        What is held against the limit and the floors: the figure, an end of its interval, or the whole interval; a
        limit inside the interval is then not enough evidence. By default a gap is found, and a floor kept, beyond
        doubt only.

    Formula
    -------
    accuracy of everybody else - accuracy of the segment

    Measures
    --------
    accuracy : float in [0, 1], unit 1, ideal 1, over everybody, with Wilson's interval.
    segment_accuracy : float in [0, 1], unit 1, ideal 1, by segment, with Wilson's interval.
    gap_to_others : float in [-1, 1], unit 1, ideal 0, by segment: accuracy of everybody else less its own.
    segments_looked_at : int, unit segments.

    Cannot measure
    --------------
    Rows without a prediction, too few rows with a label, a floor that cannot be read, or one of a segment that the
    table does not have.

    Source
    ------
    Chung et al. (2019), Slice Finder: automated data slicing for model validation, doi:10.1109/ICDE.2019.00139;
    sklearn.metrics.accuracy_score of the rows of a segment; Newcombe (1998), method 10, for the gap.

    Example
    -------
    | sex (sensitive) | truth (label) | decision (prediction) | rows |
    |---|---|---|---|
    | Female | 1 | 1 | 30 |
    | Female | 0 | 1 | 10 |
    | Female | 1 | 0 | 20 |
    | Female | 0 | 0 | 40 |
    | Male | 1 | 1 | 35 |
    | Male | 0 | 1 | 4 |
    | Male | 1 | 0 | 15 |
    | Male | 0 | 0 | 46 |

    - `gap_to_others` of sex/Female: 81/100 - 70/100 = 0.11
    """
    if counts.undecided:
        raise CannotMeasure(
            f'{counts.undecided} of {counts.n_rows} rows have no value in column "{counts.roles.prediction}".'
        )
    wrong, right = counts.totals
    rows = wrong + right
    if rows < min_rows:
        raise CannotMeasure(f"{rows} rows have a known label, {min_rows} are needed.")
    every = list(counts.segments())
    judged = [one for one in every if one.rows >= min_segment_size and rows - one.rows >= min_segment_size]
    level = 1 - (1 - LEVEL) / max(1, len(judged))
    judged.sort(key=lambda one: (_gap(one, wrong, right), one.rows), reverse=True)
    figures = [
        Figure("accuracy", Fraction(right, rows), *wilson(right, rows), rows, ideal=1.0),
        Figure("segments_looked_at", len(judged), n=rows, unit="segments"),
    ]
    for one in judged[:most_shown]:
        figures.append(_gap_figure(one, wrong, right, level, max_gap))
        figures.append(_accuracy(one, None))
    for text in floors:
        figures.append(_floored(text, every))
    notes = []
    if counts.unlabelled:
        notes.append(f"{counts.unlabelled} of {counts.n_rows} rows have no label and are left out.")
    if counts.dropped:
        notes.append(f"Too many different texts to look at: {listed(counts.dropped)}.")
    if len(judged) < len(every):
        notes.append(
            f"{len(every) - len(judged)} segments are smaller than {min_segment_size} rows, or hold nearly all."
        )
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on, notes=notes)


def _gap(one: Segment, wrong: int, right: int) -> Fraction:
    others = wrong + right - one.rows
    return Fraction(right - one.right, others) - Fraction(one.right, one.rows)


def _gap_figure(one: Segment, wrong: int, right: int, level: float, limit: float | None) -> Figure:
    others = wrong + right - one.rows
    there = GroupRate("others", others, Fraction(right - one.right, others), *wilson(right - one.right, others, level))
    here = GroupRate(one.name, one.rows, Fraction(one.right, one.rows), *wilson(one.right, one.rows, level))
    return Figure(
        "gap_to_others",
        _gap(one, wrong, right),
        *difference_of(there, here),
        one.rows,
        limit,
        ideal=0.0,
        group=f"{one.column}/{one.name}",
        words="accuracy of everybody else, less that",
        note="interval holds for all segments together",
    )


def _accuracy(one: Segment, floor: float | None) -> Figure:
    return Figure(
        "segment_accuracy",
        Fraction(one.right, one.rows),
        *wilson(one.right, one.rows),
        one.rows,
        floor,
        at_least=True,
        ideal=1.0,
        group=f"{one.column}/{one.name}",
        note="" if floor is None else "declared floor",
        words="accuracy",
    )


def _floored(text: str, every: list[Segment]) -> Figure:
    where, equals, written = text.rpartition("=")
    try:
        floor = float(written)
    except ValueError:
        floor = -1.0
    if not equals or not 0 <= floor <= 1:
        raise CannotMeasure(f'"{text}" is no floor of a segment; write such as "region/north=0.8".')
    for one in every:
        if f"{one.column}/{one.name}" == where.strip() and one.rows:
            return _accuracy(one, floor)
    raise CannotMeasure(f'The table has no labelled row in the segment "{where.strip()}".')
