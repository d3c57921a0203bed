"""In which part of the table is the model weakest, and is it good enough where it has to be?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Self

from audits.checks import CannotMeasure, Report, SegmentCounts, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Between, Count, DecideOnEvidence, Share
from audits.checks.segment_figures import gap, gap_to_others, segment_accuracy
from audits.checks.sentences import listed
from audits.checks.statistics import Segment
from audits.checks.statistics.intervals import LEVEL, wilson

_NAME = "performance.segments"


@dataclass(frozen=True)
class WeakestSegments:
    """The weakest segments of a table and those with a floor, and how many there are; made of SegmentCounts."""

    made_of: ClassVar[type[Any]] = SegmentCounts
    reads: ClassVar[tuple[str, ...]] = ("min_segment_size", "most_shown", "floors")

    prediction: str
    n_rows: int
    undecided: int
    unlabelled: int
    totals: tuple[int, int]
    dropped: tuple[str, ...]
    n_segments: int
    looked_at: int
    weakest: tuple[Segment, ...]
    floored: tuple[Segment, ...]

    @classmethod
    def kept(cls, counts: SegmentCounts, parameters: Mapping[str, Any]) -> Self:
        smallest, wanted = parameters["min_segment_size"], {_place(text) for text in parameters["floors"]}
        wrong, right = counts.totals
        rows = wrong + right
        every = list(counts.segments())
        judged = [one for one in every if one.rows >= smallest and rows - one.rows >= smallest and 0 < one.rows < rows]
        judged.sort(key=lambda one: (gap(one, counts.totals), one.rows), reverse=True)
        return cls(
            str(counts.roles.prediction),
            counts.n_rows,
            counts.undecided,
            counts.unlabelled,
            counts.totals,
            counts.dropped,
            len(every),
            len(judged),
            tuple(judged[: parameters["most_shown"]]),
            tuple(one for one in every if one.where in wanted and one.rows),
        )

    def to_document(self) -> dict[str, Any]:
        lists = {name: [list(vars(one).values()) for one in getattr(self, name)] for name in ("weakest", "floored")}
        return {**vars(self), "totals": list(self.totals), "dropped": list(self.dropped), **lists}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        lists = {name: tuple(Segment(*one) for one in document[name]) for name in ("weakest", "floored")}
        wrong, right = document["totals"]
        return cls(**{**document, "totals": (wrong, right), "dropped": tuple(document["dropped"]), **lists})


@check(_NAME, version=1, needs=SegmentCounts, keeps=WeakestSegments)
def segments(
    counts: WeakestSegments,
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
    counts : WeakestSegments
        Wrong and right decisions of everybody, of the weakest segments and of those with a floor.
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
            f'{counts.undecided} of {counts.n_rows} rows have no value in column "{counts.prediction}".'
        )
    wrong, right = counts.totals
    rows = wrong + right
    if rows < min_rows:
        raise CannotMeasure(f"{rows} rows have a known label, {min_rows} are needed.")
    level = 1 - (1 - LEVEL) / max(1, counts.looked_at)
    figures = [
        Figure("accuracy", Fraction(right, rows), *wilson(right, rows), rows, ideal=1.0),
        Figure("segments_looked_at", counts.looked_at, n=rows, unit="segments"),
    ]
    for one in counts.weakest[:most_shown]:
        figures.append(gap_to_others(one, counts.totals, level, max_gap))
        figures.append(segment_accuracy(one, None))
    for text in floors:
        figures.append(_floored(text, counts.floored))
    notes = []
    if counts.unlabelled:
        notes.append(f"{counts.unlabelled} of {counts.n_rows} rows have no label and are left out.")
    if counts.dropped:
        notes.append(f"Too many different texts to look at: {listed(counts.dropped)}.")
    if counts.looked_at < counts.n_segments:
        others = counts.n_segments - counts.looked_at
        notes.append(f"{others} segments are smaller than {min_segment_size} rows, or hold nearly all.")
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on, notes=notes)


def _place(text: str) -> str:
    return text.rpartition("=")[0].strip()


def _floored(text: str, named: Sequence[Segment]) -> Figure:
    where, equals, written = text.rpartition("=")
    try:
        floor = float(written)
    except ValueError:
        floor = -1.0
    if not equals or not 0 <= floor <= 1:
        raise CannotMeasure(f'"{text}" is no floor of a segment; write such as "region/north=0.8".')
    for one in named:
        if one.where == where.strip():
            return segment_accuracy(one, floor)
    raise CannotMeasure(f'The table has no labelled row in the segment "{where.strip()}".')
