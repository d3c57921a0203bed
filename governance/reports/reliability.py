"""Does a score of 0.7 mean that it comes true in 7 of 10? The reliability curve, with its table.

A check reports the bins of such a curve figure by figure; here they stand where a reader looks for them: the share that
came true over the mean score, with its interval, beside the diagonal on which scores are chances.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance import charts

# A drawing with more curves is no longer read; the table beside it holds them all.
CURVES = 12
TITLE = "Reliability: what came true, by score"
_OF_ONE_GROUP = re.compile(r"observed_share_in_bin_\d+")
_BIN = re.compile(r"scores (?P<bin>\S+ to \S+), mean (?P<mean>[\d.e-]+)")
_OBSERVED, _MEAN = "share_of_class_1", "mean_score"

_ACROSS, _SIDE, _LEFT, _TOP, _BELOW = 3, 170, 46, 30, 44
_HEADER = ("Group", "Scores", "Mean score", "Came true", "Interval", "Rows")


@dataclass(frozen=True, slots=True)
class Point:
    """The rows of one bin of scores."""

    scores: str
    mean: float
    row: Mapping[str, Any]


Curves = dict[str, list[Point]]


def is_of_a_curve(row: Mapping[str, Any]) -> bool:
    """Return whether a figure is a bin of a reliability curve."""
    name = str(row.get("name"))
    return name in {_OBSERVED, _MEAN} or bool(_OF_ONE_GROUP.fullmatch(name))


def curves_of(measurements: Sequence[Mapping[str, Any]]) -> Curves:
    """Return the bins by whom they are about, in the order of the scores; those without a figure are left out."""
    means: dict[Any, Any] = {row.get("group"): row.get("value") for row in measurements if row.get("name") == _MEAN}
    curves: Curves = {}
    for row in measurements:
        if row.get("value") is None:
            continue
        if row.get("name") == _OBSERVED and means.get(row.get("group")) is not None:
            scores = str(row["group"]).rpartition("/")[2]
            curves.setdefault("all rows", []).append(Point(scores, float(means[row["group"]]), row))
        elif _OF_ONE_GROUP.fullmatch(str(row.get("name"))) and (told := _BIN.fullmatch(row.get("note") or "")):
            curves.setdefault(charts.name_of(row), []).append(Point(told["bin"], float(told["mean"]), row))
    return {name: sorted(points, key=lambda point: point.mean) for name, points in curves.items()}


def drawing_of(curves: Curves) -> charts.Svg:
    """Return the curves side by side, each with its diagonal."""
    parts: list[str] = []
    drawn = list(curves.items())[:CURVES]
    for place, (name, points) in enumerate(drawn):
        line, column = divmod(place, _ACROSS)
        parts += _curve(name, points, _LEFT + column * (_SIDE + 65), _TOP + line * (_TOP + _SIDE + _BELOW))
    lines = -(-len(drawn) // _ACROSS)
    return charts.svg(parts, lines * (_TOP + _SIDE + _BELOW), TITLE, _described(drawn))


def table_of(curves: Curves) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and printed cells of every bin of every curve."""
    rows: list[tuple[str, ...]] = [
        (
            name,
            charts.plain(point.scores),
            charts.printed(point.mean),
            charts.printed(point.row["value"]),
            charts.printed_interval(point.row),
            charts.counted(point.row["n"]) if point.row.get("n") is not None else "not given",
        )
        for name, points in curves.items()
        for point in points
    ]
    return _HEADER, rows


def _curve(name: str, points: Sequence[Point], left: int, top: int) -> list[str]:
    bottom, right = top + _SIDE, left + _SIDE
    parts = [
        charts.text_at(left, top - 10, charts.fitted(name, 24), size=12, bold=True),
        f'<path d="M{left} {top}V{bottom}H{right}" stroke="currentColor" stroke-width="1" fill="none"/>',
        f'<path d="M{left} {bottom}L{right} {top}" stroke="currentColor" stroke-dasharray="4 3" '
        'stroke-opacity="0.6" fill="none"/>',
        charts.text_at(left + _SIDE / 2, bottom + 32, "mean score", anchor="middle", size=12),
    ]
    for share in (0.0, 0.5, 1.0):
        across, up = round(left + share * _SIDE, 1), round(bottom - share * _SIDE, 1)
        parts.append(charts.text_at(across, bottom + 16, f"{share:g}", anchor="middle", size=12))
        parts.append(charts.text_at(left - 6, up + 4, f"{share:g}", anchor="end", size=12))
    places = [(round(left + _in(p.mean) * _SIDE, 1), round(bottom - _in(p.row["value"]) * _SIDE, 1)) for p in points]
    path = "L".join(f"{x} {y}" for x, y in places)
    parts.append(f'<path d="M{path}" stroke="{charts.INSIDE}" stroke-width="1.5" fill="none"/>')
    for (x, y), point in zip(places, points, strict=True):
        if point.row.get("low") is not None and point.row.get("high") is not None:
            low, high = (round(bottom - _in(point.row[end]) * _SIDE, 1) for end in ("low", "high"))
            parts.append(f'<path d="M{x} {low}V{high}" stroke="{charts.INSIDE}" stroke-width="1.5" fill="none"/>')
        parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{charts.INSIDE}"/>')
    return parts


def _in(share: float) -> float:
    return min(max(float(share), 0.0), 1.0)


def _described(curves: Sequence[tuple[str, list[Point]]]) -> str:
    told = []
    for name, points in curves:
        bins = ", ".join(f"{charts.printed(p.row['value'])} at {charts.printed(p.mean)}" for p in points)
        told.append(f"{name}: share that came true at the mean score: {bins}.")
    return " ".join(told)
