"""How is a figure drawn and written, so that page, admin and PDF say the same?

Pure: rows in, text or SVG out. A row is a measurement in document form: a mapping with "group" (or
"label"), "value", "low", "high", "level", "n", and optionally its own "unit", "limit" and "ideal".

The drawings carry no style attributes and no scripts, so they live under a strict content policy.
Text and axes take the colour of the text around them, which makes them readable on light and on dark.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

Row = Mapping[str, Any]

# Both reach 3:1 against white and against the admin's dark background; a test computes it.
INSIDE = "#3b6fd4"
BEYOND = "#c2410c"

NOT_CALCULABLE = "not calculable"
WITHHELD = "not shown"
NARROW_SPACE = "\u202f"

WIDTH = 720
_LABEL_END = 230
_PLOT_START = 244
_PLOT_END = 524
_TEXT_START = 538
_ROW = 26
_TOP = 30
_FONT = "system-ui, Libertinus Serif, sans-serif"


class Svg(str):
    """Finished markup: template engines that ask for `__html__` do not escape it again."""

    __slots__ = ()

    def __html__(self) -> "Svg":
        return self


def plain(text: object, *, lines: bool = False) -> str:
    """Foreign text as something harmless to print: what cannot be seen is shown as its code point.

    Controls and direction marks can make a name look like another name. With `lines`, line breaks stay.
    """
    shown: list[str] = []
    source = str(text).replace("\r\n", "\n").replace("\r", "\n")
    # Python's own word for "no controls, format marks or line breaks", and most texts have none.
    if source.isprintable():
        return source
    for position, character in enumerate(source):
        if character == "\n" and lines:
            shown.append("\n")
        elif character in "\n\t":
            shown.append(" ")
        elif character in "\u200c\u200d" and position and source[position - 1] > "\u0250":
            # Joiners are spelling in Persian, Hindi and in emoji, and a disguise in Latin text.
            shown.append(character)
        elif unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}:
            shown.append(f"[U+{ord(character):04X}]")
        else:
            shown.append(character)
    return "".join(shown)


def printed(value: float | None, unit: str = "1", *, against: float | None = None) -> str:
    """A number as people read it, with as many digits as keep it apart from `against`.

    A figure that misses its limit by a hair must not be printed as the limit itself.
    """
    if value is None or not math.isfinite(value):
        return NOT_CALCULABLE
    if value == int(value) and unit != "1":
        return counted(int(value), plain(unit))
    elif value and abs(value) < 1e-6:
        text = re.sub(r"e([+-])0*", r"e\1", f"{value:.1e}")
    elif value and abs(value) < 0.0005:
        # Two digits that count, instead of a row of noughts that reads as none at all.
        text = f"{value:.{1 - math.floor(math.log10(abs(value)))}f}"
    else:
        digits = 3 if abs(value) < 1000 else 1
        text = f"{value:.{digits}f}"
        while against is not None and value != against and digits < 12 and text == f"{against:.{digits}f}":
            digits += 1
            text = f"{value:.{digits}f}"
    text = text.replace("-", "\u2212")
    return text if unit == "1" else f"{text} {plain(unit)}"


def counted(number: int, noun: str = "") -> str:
    """A whole number with narrow spaces between its thousands, and what is counted."""
    text = f"{int(number):,}".replace(",", NARROW_SPACE).replace("-", "\u2212")
    return f"{text} {noun}" if noun else text


def printed_interval(row: Row, unit: str = "1") -> str:
    """The interval in words, or "none given": a figure without one is not a figure without doubt."""
    low, high = row.get("low"), row.get("high")
    if low is None or high is None:
        return "none given"
    level = row.get("level") or 0.95
    return f"{printed(low, unit)} to {printed(high, unit)} ({level * 100:g} % confidence)"


def is_beyond(value: float | None, limit: float | None, ideal: float | None) -> bool | None:
    """Is the figure on the far side of its limit, seen from the ideal? None when that cannot be said."""
    if value is None or limit is None or ideal is None or not math.isfinite(value):
        return None
    return value < limit if ideal > limit else value > limit


def reading(row: Row, *, limit: float | None = None, ideal: float | None = None) -> str:
    """What a figure says about its limit, in words."""
    limit, ideal = _own(row, "limit", limit), _own(row, "ideal", ideal)
    if row.get("withheld"):
        return plain(row.get("note"))
    if row.get("value") is None:
        return NOT_CALCULABLE
    if limit is None:
        return "no limit set"
    beyond = is_beyond(row["value"], limit, ideal)
    if beyond is None:
        return "limit without a direction"
    ends = {is_beyond(row.get(end), limit, ideal) for end in ("low", "high")} - {None}
    across = " (interval reaches across it)" if len(ends) == 2 else ""
    return ("beyond the limit" if beyond else "within the limit") + across


def name_of(row: Row) -> str:
    """The group or label a row is about; a figure without a group is about everybody."""
    return plain(row.get("group") or row.get("label") or "all rows")


def table_of(
    rows: Iterable[Row], *, limit: float | None = None, ideal: float | None = None, unit: str = "1"
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The data table that stands beside a chart: header and printed cells."""
    header = ("Group", "Figure", "Interval", "Rows", "Limit", "Reading")
    body: list[tuple[str, ...]] = []
    for row in rows:
        row_limit, row_unit = _own(row, "limit", limit), row.get("unit") or unit
        body.append(
            (
                name_of(row),
                WITHHELD if row.get("withheld") else printed(row.get("value"), row_unit, against=row_limit),
                WITHHELD if row.get("withheld") else printed_interval(row, row_unit),
                counted(row["n"]) if row.get("n") is not None else WITHHELD if row.get("withheld") else "not given",
                printed(row_limit, row_unit) if row_limit is not None else "none",
                reading(row, limit=limit, ideal=ideal),
            )
        )
    return header, body


def interval_chart(
    rows: Sequence[Row], *, limit: float | None, ideal: float | None, title: str, unit: str = "1"
) -> Svg:
    """One figure per group with its confidence interval, against the limit and the ideal."""
    numbers = [row.get(key) for row in rows for key in ("value", "low", "high")] + [limit, ideal]
    scale = _Scale(numbers)
    parts = _axis(scale, len(rows), unit) + _reference_lines(scale, len(rows), limit, ideal, unit)
    for index, row in enumerate(rows):
        y = _TOP + index * _ROW + _ROW // 2
        parts.append(_row_texts(row, y, unit, limit, ideal))
        value, low, high = row.get("value"), row.get("low"), row.get("high")
        if value is None or not math.isfinite(value):
            continue
        beyond = is_beyond(value, limit, ideal)
        colour = BEYOND if beyond else INSIDE
        x = scale(value)
        if low is not None and high is not None:
            a, b = scale(low), scale(high)
            parts.append(
                f'<path d="M{a} {y}H{b}M{a} {y - 4}V{y + 4}M{b} {y - 4}V{y + 4}" '
                f'fill="none" stroke="{colour}" stroke-width="2"/>'
            )
        # Beyond the limit is a different shape as well as a different colour.
        parts.append(
            f'<path d="M{x} {y - 7}L{x + 7} {y}L{x} {y + 7}L{x - 7} {y}Z" fill="{colour}"/>'
            if beyond
            else f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>'
        )
    return _drawing(parts, len(rows), title, _described(rows, limit, ideal, unit))


def bar_chart(
    rows: Sequence[Row],
    *,
    title: str,
    unit: str = "1",
    limit: float | None = None,
    ideal: float | None = None,
) -> Svg:
    """One bar per row from zero, for attributions and shares."""
    scale = _Scale([row.get("value") for row in rows] + [0.0, limit])
    parts = _axis(scale, len(rows), unit) + _reference_lines(scale, len(rows), limit, None, unit)
    zero = scale(0.0)
    for index, row in enumerate(rows):
        y = _TOP + index * _ROW + _ROW // 2
        parts.append(_row_texts(row, y, unit, limit, ideal))
        value = row.get("value")
        if value is None or not math.isfinite(value):
            continue
        x = scale(value)
        left, width = min(x, zero), max(round(abs(x - zero), 1), 1)
        beyond = is_beyond(value, limit, ideal)
        colour = BEYOND if beyond else INSIDE
        # A bar beyond its limit is hollow, so that print and colour-blind readers see it too.
        fill = "none" if beyond else colour
        parts.append(
            f'<rect x="{left}" y="{y - 7}" width="{width}" height="14" fill="{fill}" '
            f'stroke="{colour}" stroke-width="2"/>'
        )
    return _drawing(parts, len(rows), title, _described(rows, limit, ideal, unit))


def gate_strip(rows: Sequence[Row], *, title: str) -> Svg:
    """One box per requirement in the policy's order: tick, waiting dots or cross. Needs "title", "state"."""
    marks = {
        "satisfied": (INSIDE, "M{x1} {y}L{x2} {y2}L{x3} {y1}"),
        "block": (BEYOND, "M{x1} {y1}L{x3} {y2}M{x3} {y1}L{x1} {y2}"),
    }
    per_line, box, gap = 16, 36, 8
    parts, told = [], []
    for index, row in enumerate(rows):
        x = 2 + (index % per_line) * (box + gap)
        y = 2 + (index // per_line) * (box + gap)
        state = str(row.get("state"))
        colour, path = marks.get(state, ("currentColor", ""))
        dash = "" if state in marks else ' stroke-dasharray="4 3"'
        parts.append(
            f'<rect x="{x}" y="{y}" width="{box}" height="{box}" rx="6" fill="none" '
            f'stroke="{colour}" stroke-width="2"{dash}/>'
        )
        middle = y + box // 2
        if path:
            shape = path.format(x1=x + 10, x2=x + 16, x3=x + 26, y=middle, y1=middle - 8, y2=middle + 8)
            parts.append(f'<path d="{shape}" fill="none" stroke="{colour}" stroke-width="3"/>')
        else:
            parts += [f'<circle cx="{x + d}" cy="{middle}" r="2.5" fill="{colour}"/>' for d in (10, 18, 26)]
        word = {"satisfied": "satisfied", "block": "blocking"}.get(state, "waiting")
        told.append(f"{index + 1}, {plain(row.get('title', ''))}: {word}")
    height = 4 + math.ceil(max(len(rows), 1) / per_line) * (box + gap)
    return svg(parts, height, title, "; ".join(told) + ".")


class _Scale:
    """Places numbers on the plot, with round ticks around everything that has to be seen."""

    def __init__(self, numbers: Iterable[float | None]) -> None:
        # Beyond a million millions a mark stays at the edge; its printed number says the rest.
        seen = [min(max(float(n), -1e12), 1e12) for n in numbers if n is not None and math.isfinite(n)]
        low, high = (min(seen), max(seen)) if seen else (0.0, 1.0)
        if high - low < 1e-9 * max(1.0, abs(low), abs(high)):
            low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
            if high - low < 1e-9:
                low, high = -0.5, 0.5
        raw = (high - low) / 4
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        self.ticks = [round(i * step, 12) for i in range(first, last + 1)]
        self.low, self.high = self.ticks[0], self.ticks[-1]
        self.digits = max(0, -math.floor(math.log10(step) + 1e-9)) + (1 if step / power == 2.5 else 0)

    def __call__(self, number: float) -> float:
        share = (number - self.low) / (self.high - self.low)
        return round(_PLOT_START + min(max(share, 0.0), 1.0) * (_PLOT_END - _PLOT_START), 1)


def _axis(scale: _Scale, n_rows: int, unit: str) -> list[str]:
    bottom = _TOP + n_rows * _ROW
    parts = [f'<path d="M{_PLOT_START} {bottom}H{_PLOT_END}" stroke="currentColor" stroke-width="1" fill="none"/>']
    for tick in scale.ticks:
        x = scale(tick)
        parts.append(f'<path d="M{x} {_TOP}V{bottom + 4}" stroke="currentColor" stroke-opacity="0.18" fill="none"/>')
        label = f"{tick:.{scale.digits}f}".replace("-", "\u2212")
        parts.append(text_at(x, bottom + 17, label, anchor="middle", size=12))
    if unit != "1":
        parts.append(text_at(_TEXT_START, bottom + 17, plain(unit), size=12))
    return parts


def _reference_lines(scale: _Scale, n_rows: int, limit: float | None, ideal: float | None, unit: str) -> list[str]:
    bottom, parts = _TOP + n_rows * _ROW, []
    near = limit is not None and ideal is not None and abs(scale(limit) - scale(ideal)) < 110
    right_first = limit is not None and ideal is not None and limit > ideal
    for number, word, dash, width, leans_right in (
        (limit, "limit", "6 4", 2, right_first),
        (ideal, "ideal", "1 4", 2, not right_first),
    ):
        if number is None:
            continue
        x = scale(number)
        parts.append(
            f'<path d="M{x} {_TOP - 6}V{bottom}" stroke="currentColor" stroke-width="{width}" '
            f'stroke-dasharray="{dash}" fill="none"/>'
        )
        # Two labels close together lean away from each other.
        anchor = ("start" if leans_right else "end") if near else "middle"
        label = f"{word} {printed(number, unit)}"
        parts.append(text_at(x, _TOP - 12, label, anchor=anchor, size=12, bold=word == "limit"))
    return parts


def _row_texts(row: Row, y: int, unit: str, limit: float | None, ideal: float | None) -> str:
    value = row.get("value")
    figure = printed(value, unit, against=limit)
    said = " beyond the limit" if is_beyond(value, limit, ideal) else ""
    return text_at(_LABEL_END, y + 4, fitted(name_of(row), 28), anchor="end") + text_at(
        _TEXT_START, y + 4, figure + said, bold=bool(said)
    )


def _drawing(parts: list[str], n_rows: int, title: str, described: str) -> Svg:
    return svg(parts, _TOP + n_rows * _ROW + 26, title, described)


def svg(parts: list[str], height: int, title: str, described: str) -> Svg:
    """The drawing with its name, and with what it shows in words."""
    title = plain(title)
    mark = hashlib.sha256("\0".join([title, described, *parts]).encode("utf-8", "replace")).hexdigest()[:10]
    return Svg(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="t{mark} d{mark}" font-family="{_FONT}">'
        f'<title id="t{mark}">{escape(title)}</title><desc id="d{mark}">{escape(described)}</desc>'
        + "".join(parts)
        + "</svg>"
    )


def text_at(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}"{weight} '
        f'fill="currentColor">{escape(text)}</text>'
    )


def fitted(text: str, room: float) -> str:
    """The text, or its beginning and its end: groups of one column differ in what stands last."""
    if _taken(text) <= room:
        return text
    head = _begins(text, room / 3)
    return f"{head}…{_begins(text[::-1], room - _taken(head) - 1)[::-1]}"


def _begins(text: str, room: float) -> str:
    while _taken(text) > room:
        text = text[:-1]
    return text


def _taken(text: str) -> float:
    """Room that a text takes, in letters of the usual width."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1.3 if c.isupper() else 1 for c in text)


def _described(rows: Sequence[Row], limit: float | None, ideal: float | None, unit: str) -> str:
    told = []
    for row in rows:
        interval = f", interval {printed_interval(row, unit)}" if row.get("low") is not None else ""
        said = reading(row, limit=limit, ideal=ideal)
        told.append(f"{name_of(row)}: {printed(row.get('value'), unit, against=limit)}{interval}, {said}")
    ends = f" The limit is {printed(limit, unit)}." if limit is not None else ""
    return "; ".join(told) + "." + ends


def _own(row: Row, key: str, otherwise: float | None) -> float | None:
    own = row.get(key)
    return otherwise if own is None else float(own)
