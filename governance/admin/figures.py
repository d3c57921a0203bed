"""How is one requirement of a policy shown: its state in words, its figures as sentence, drawing and table?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance import charts
from governance.admin.pages import moment
from governance.reports import reliability
from governance.reports.requirement import figure_in_words
from governance.reports.words import FAIRNESS_CAUTION, harm_of, sentence_case, spoken

# A drawing with more rows is no longer read; the table beside it holds them all.
ROWS_IN_A_DRAWING = 20

STATE_WORDS = {"satisfied": "Satisfied", "wait": "Waiting", "block": "Blocking"}
# What let a line through although it was not satisfied has a word, and what two people went past a shape, of its own.
LET_THROUGH = {"waived": "Waived", "break_glass": "Gone past"}

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Panel:
    """The measurements of one name: a drawing where one helps, and always the table."""

    title: str
    drawing: charts.Svg | None
    left_out: int
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Card:
    """One requirement as the desk shows it."""

    id: str
    title: str
    state: str
    state_word: str
    outcome: str
    sentence: str
    key_figure: str
    harm: str
    caution: str
    panels: list[Panel]
    curve: Panel | None
    findings: list[Document]
    notes: list[str]
    controls: list[str]
    check: str
    parameters: list[tuple[str, str]]
    is_blocking: bool
    completed_at: datetime | None
    run_uid: str | None

    @property
    def main_panel(self) -> Panel | None:
        return self.panels[0] if self.panels else None

    @property
    def more_panels(self) -> list[Panel]:
        return self.panels[1:]


def card_of(line: Document) -> Card:
    """Return how a requirement of a version's file is shown."""
    check, measurements = str(line["check"]), list(line.get("measurements") or ())
    harm = harm_of(check)
    state = "block" if line["outcome"] == "break_glass" else str(line["state"])
    decisive = _found_first(line) or _decisive(measurements)
    return Card(
        id=str(line["id"]),
        title=charts.plain(line["title"]),
        state=state,
        state_word=LET_THROUGH.get(str(line["outcome"])) or STATE_WORDS.get(state, state),
        outcome=spoken(line["outcome"]),
        sentence=_without_title(charts.plain(line["sentence"]), charts.plain(line["title"])),
        key_figure=figure_in_words(decisive) if decisive else "",
        harm=harm,
        caution=FAIRNESS_CAUTION if harm and state == "satisfied" else "",
        panels=panels_of(check, [row for row in measurements if not reliability.is_of_a_curve(row)]),
        curve=_curve(measurements),
        findings=list(line.get("findings") or ()),
        notes=[charts.plain(note) for note in line.get("notes") or ()],
        controls=[charts.plain(control) for control in line.get("controls") or ()],
        check=f"{check}, edition {line['check_version']}",
        parameters=[(charts.plain(name), charts.plain(value)) for name, value in dict(line["parameters"]).items()],
        is_blocking=bool(line.get("blocking", True)),
        completed_at=moment(line.get("completed_at")),
        run_uid=line.get("run_uid"),
    )


def _without_title(sentence: str, title: str) -> str:
    """Return a sentence of the gate without the title that stands above it."""
    before, title_stands, after = sentence.partition(f"{title}: ")
    return sentence_case(after) if title_stands and not before else sentence


def panels_of(check: str, measurements: Sequence[Document]) -> list[Panel]:
    """Return one panel for each name, those held against a limit first."""
    by_name: dict[str, list[Document]] = {}
    for row in sorted(measurements, key=lambda row: row.get("limit") is None):
        by_name.setdefault(str(row["name"]), []).append(row)
    return [_panel(check, name, rows) for name, rows in by_name.items()]


def _curve(measurements: Sequence[Document]) -> Panel | None:
    """Return the reliability curve, where a check looked at scores bin by bin."""
    curves = reliability.curves_of(measurements)
    if not curves:
        return None
    header, rows = reliability.table_of(curves)
    drawing = reliability.drawing_of(curves)
    return Panel(reliability.TITLE, drawing, max(len(curves) - reliability.CURVES, 0), header, rows)


def _panel(check: str, name: str, rows: list[Document]) -> Panel:
    limit, ideal, unit = (_shared(rows, key) for key in ("limit", "ideal", "unit"))
    grouped = " by group" if len(rows) > 1 else ""
    title = f"{sentence_case(spoken(name))}{grouped}"
    drawn = rows[:ROWS_IN_A_DRAWING]
    drawing = None
    if len(rows) > 1 or limit is not None or rows[0].get("low") is not None:
        drawing = _drawing(check, drawn, title, limit, ideal, unit or "1")
    header, table = charts.table_of(rows, limit=limit, ideal=ideal, unit=unit or "1")
    return Panel(title, drawing, len(rows) - len(drawn), header, table)


def _drawing(
    check: str, rows: list[Document], title: str, limit: float | None, ideal: float | None, unit: str
) -> charts.Svg | None:
    if not any(row.get("value") is not None for row in rows):
        return None
    if check.startswith(("explainability.", "data_quality.")):
        return charts.bar_chart(rows, title=title, unit=unit, limit=limit, ideal=ideal)
    return charts.interval_chart(rows, limit=limit, ideal=ideal, title=title, unit=unit)


def _shared(rows: Iterable[Document], key: str) -> Any:
    """Return the value that all rows have in common, or None."""
    values = {row.get(key) for row in rows}
    return values.pop() if len(values) == 1 else None


def _found_first(line: Document) -> Document | None:
    """Return the figure that the first finding is about: the sentence tells of it."""
    for finding in list(line.get("findings") or ())[:1]:
        group = str(finding.get("key", "")).removeprefix(f"{line['check']}/")
        for row in line.get("measurements") or ():
            if row["name"] == finding.get("measurement") and row.get("group") == group and row.get("value") is not None:
                return dict(row)
    return None


def _decisive(measurements: Sequence[Document]) -> Document | None:
    """Return the figure furthest beyond its limit or, when none is, the one nearest to it; else the first figure."""
    limited = [row for row in measurements if row.get("limit") is not None and row.get("value") is not None]
    if limited:
        return min(limited, key=_room)
    return next((row for row in measurements if row.get("value") is not None), None)


def _room(row: Document) -> float:
    """Return how far a figure lies on the good side of its limit, seen from the ideal; negative beyond it."""
    value, limit, ideal = float(row["value"]), float(row["limit"]), row.get("ideal")
    return value - limit if ideal is not None and ideal > limit else limit - value
