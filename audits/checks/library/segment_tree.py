"""Which part of the table, cut along several features at once, is the model weakest in?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, ErrorSample, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.segment_figures import gap, gap_to_others, segment_accuracy
from audits.checks.statistics.intervals import LEVEL, wilson

_NAME = "performance.segment_tree"


@check(_NAME, version=1, needs=ErrorSample)
def segment_tree(
    sample: ErrorSample,
    *,
    max_gap: Share | None = 0.1,
    min_segment_size: Count = 100,
    min_rows: Count = 500,
    decide_on: DecideOnEvidence = "lower",
) -> Report:
    """Accuracy of the segments that a tree of errors finds, of up to three conditions, against everybody else.

    Each row goes into one of two halves by a coin. A tree is grown over the first half: it parts the rows with most
    errors from the others by tenths of numbers, single texts and missing cells. Its leaves are the segments, and only
    the second half, which the tree has not seen, says how accurate each is, so that looking for a weak segment does
    not make one; the intervals hold for all segments together (Bonferroni). Of larger tables the rows of the 10,000
    kinds with the smallest digests are used, the same ones in any order, a kind being rows of equal features. Sensitive
    columns are features here. Another table gives other conditions: a finding has their words as its key. Single
    columns over all rows, and floors, are looked at by performance.segments.

    Parameters
    ----------
    sample : ErrorSample
        Wrong and right decisions in each leaf.
    max_gap : float in [0, 1] or None, default=0.1
        Segments whose accuracy is further than this below that of everybody else become a finding; None sets no limit.
    min_segment_size : int, default=100
        Fewest rows of the second half in a segment, and outside of it, to be looked at.
    min_rows : int, default=500
        Fewest labelled rows in the second half.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="lower"
        What is held against the limit: the figure, an end of its interval, or the whole interval; a limit inside the
        interval is then not enough evidence. By default a gap is found beyond doubt only.

    Formula
    -------
    accuracy of everybody else - accuracy of the segment

    Measures
    --------
    accuracy : float in [0, 1], unit 1, ideal 1, over the second half, with Wilson's interval.
    segment_accuracy : float in [0, 1], unit 1, ideal 1, by segment, with Wilson's interval.
    gap_to_others : float in [-1, 1], unit 1, ideal 0, by segment: accuracy of everybody else less its own.
    segments_looked_at : int, unit segments.

    Cannot measure
    --------------
    Rows without a prediction, or too few rows with a label.

    Source
    ------
    Chung et al. (2019), Slice Finder: automated data slicing for model validation, doi:10.1109/ICDE.2019.00139, tree
    slices; Athey, Imbens (2016), Recursive partitioning for heterogeneous causal effects,
    doi:10.1073/pnas.1510489113, honest leaves; sklearn.tree.DecisionTreeClassifier over the same conditions;
    Newcombe (1998), method 10, for the gap.

    Example
    -------
    | town (feature) | truth (label) | decision (prediction) | rows |
    |---|---|---|---|
    | Bonn | 1 | 1 | 600 |
    | Ulm | 1 | 0 | 600 |

    - `gap_to_others` of town is Ulm: the half that is looked at decides as the other does, 1 - 0 = 1
    - `segments_looked_at`: Bonn and Ulm, 1 + 1 = 2
    """
    if sample.undecided:
        raise CannotMeasure(
            f'{sample.undecided} of {sample.n_rows} rows have no value in column "{sample.roles.prediction}".'
        )
    wrong, right = sample.totals
    rows = wrong + right
    if rows < min_rows:
        raise CannotMeasure(f"{rows} rows with a label are left to judge by, {min_rows} are needed.")
    looked_at = [one for one in sample.found if min_segment_size <= one.rows <= rows - min_segment_size]
    looked_at.sort(key=lambda one: gap(one, sample.totals), reverse=True)
    level = 1 - (1 - LEVEL) / max(1, len(looked_at))
    figures = [
        Figure("accuracy", Fraction(right, rows), *wilson(right, rows), rows, ideal=1.0),
        Figure("segments_looked_at", len(looked_at), n=rows, unit="segments"),
    ]
    for one in looked_at:
        figures.append(gap_to_others(one, sample.totals, level, max_gap))
        figures.append(segment_accuracy(one, None))
    notes = [f"Grown over {sample.fitted:,} rows and judged by {rows:,} others, of {sample.n_rows:,}."]
    if sample.unlabelled:
        notes.append(f"{sample.unlabelled} of {sample.n_rows} rows have no label and are left out.")
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on, notes=notes)
