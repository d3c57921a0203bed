"""What does one requirement of the policy look like in a report?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from governance import charts
from governance.reports import reliability
from governance.reports.sections import Block, Bullets, Callout, Chart, Facts, Paragraph, Subheading, Table
from governance.reports.words import (
    FAIRNESS_CAUTION,
    NOT_RECORDED,
    OUTCOMES,
    STATES,
    harm_of,
    moment,
    sentence_case,
    spoken,
)

# More rows than this do not fit on a page; the table goes on where a chart cannot.
ROWS_PER_CHART = 20
# More sentences than this are a table read aloud; those beyond their limit are always told.
SENTENCES = 8

Document = Mapping[str, Any]


def state_words(requirement: Document) -> str:
    state = str(requirement.get("state"))
    return STATES.get(state, f"✗ {spoken(state)}")


def outcome_words(requirement: Document) -> str:
    return spoken(requirement.get("outcome") or "not_run")


def decisive_figure(requirement: Document) -> str:
    """The figure furthest beyond its limit or, when none is, the one that comes closest to it."""
    limited = [m for m in requirement.get("measurements") or () if _margin(m) is not None]
    if not limited:
        unmeasured = any(m.get("value") is None for m in requirement.get("measurements") or ())
        return charts.NOT_CALCULABLE if unmeasured else "no figure against a limit"
    row = min(limited, key=lambda m: _margin(m) or 0.0)
    unit = row.get("unit") or "1"
    figure = charts.printed(row["value"], unit, against=row["limit"])
    if row.get("low") is not None and row.get("high") is not None:
        figure += f" ({charts.printed(row['low'], unit)} to {charts.printed(row['high'], unit)})"
    return f"{charts.name_of(row)} {figure}, limit {charts.printed(row['limit'], unit)}"


def figure_in_words(row: Document) -> str:
    """One measurement as a sentence: what, about whom, how sure, and on which side of the limit."""
    unit = row.get("unit") or "1"
    limit, ideal = row.get("limit"), row.get("ideal")
    value = charts.WITHHELD if row.get("withheld") else charts.printed(row.get("value"), unit, against=limit)
    said = f"{sentence_case(spoken(row.get('name')))} for {charts.name_of(row)}: {value}"
    if row.get("low") is not None and row.get("high") is not None:
        said += (
            f", with {(row.get('level') or 0.95) * 100:g} % confidence between "
            f"{charts.printed(row['low'], unit)} and {charts.printed(row['high'], unit)}"
        )
    if row.get("n") is not None:
        said += f", from {charts.counted(row['n'], 'rows')}"
    said += "."
    reading = charts.reading(row)
    if limit is not None and row.get("value") is not None:
        aim = f" and the ideal {charts.printed(ideal, unit)}" if ideal is not None else ""
        side = "" if charts.is_beyond(row["value"], limit, ideal) is None else f": {reading.partition(' (')[0]}"
        said += f" The limit is {charts.printed(limit, unit)}{aim}{side}."
        if "across" in reading:
            said += (
                " The interval reaches across the limit, so these rows alone do not settle on which side "
                "the true figure lies."
            )
    if row.get("note"):
        said += f" {sentence_case(charts.plain(row['note'])).rstrip('.')}."
    return said


def requirement_blocks(number: str, requirement: Document) -> Iterator[Block]:
    """Everything a reader may ask about one requirement, the answer first."""
    title = charts.plain(requirement.get("title") or requirement.get("id"))
    yield Subheading(f"{number} {title}")
    outcome = str(requirement.get("outcome") or "not_run")
    state = str(requirement.get("state"))
    blocking = "" if requirement.get("blocking", True) else " The policy lists it without blocking."
    yield Callout(
        "allow" if state == "satisfied" else "wait" if state == "wait" else "block",
        f"{state_words(requirement)}: check {outcome_words(requirement)}",
        (
            charts.plain(requirement.get("sentence") or "No sentence was recorded for this result."),
            OUTCOMES.get(outcome, "This outcome is not known here, so it counts as not satisfied.") + blocking,
        ),
    )
    measurements = list(requirement.get("measurements") or ())
    harm = harm_of(str(requirement.get("check") or ""))
    if harm:
        groups = list(dict.fromkeys(charts.name_of(m) for m in measurements if m.get("group")))
        compared = f" Groups compared: {', '.join(groups)}." if groups else " No group could be compared."
        yield Paragraph(harm + compared)
    yield from _figures(requirement, measurements)
    if harm:
        yield Paragraph(FAIRNESS_CAUTION, "note")
    if requirement.get("findings"):
        yield _findings(requirement["findings"])
    if requirement.get("notes"):
        yield Bullets(tuple(f"Note: {charts.plain(note)}" for note in requirement["notes"]))
    yield _origin(requirement)


def _figures(requirement: Document, measurements: Sequence[Document]) -> Iterator[Block]:
    if not measurements:
        yield Paragraph("No figures were measured.")
        return
    told = [m for m in measurements if m.get("limit") is not None or not m.get("group")]
    beyond = [m for m in told if charts.is_beyond(m.get("value"), m.get("limit"), m.get("ideal"))]
    if len(told) > SENTENCES:
        rest = len(told) - len(beyond)
        lines = [figure_in_words(m) for m in beyond]
        lines.append(f"{charts.counted(rest, 'further figures')}: see the tables.")
    else:
        lines = [figure_in_words(m) for m in told]
    if lines:
        yield Bullets(tuple(lines))
    # What is measured against a limit comes first; what it was computed from follows.
    by_name: dict[str, list[Document]] = {}
    for row in sorted(measurements, key=lambda m: m.get("limit") is None):
        if not reliability.is_of_a_curve(row):
            by_name.setdefault(str(row.get("name")), []).append(row)
    for name, rows in by_name.items():
        yield from _chart_and_table(name, rows, str(requirement.get("check")))
    yield from _curves([row for row in measurements if reliability.is_of_a_curve(row)])


def _curves(rows: Sequence[Document]) -> Iterator[Block]:
    """Bins of scores as curves, and one table of them all."""
    if curves := reliability.curves_of(rows):
        yield Chart("reliability", reliability.TITLE, tuple(rows))
        header, body = reliability.table_of(curves)
        yield Table(reliability.TITLE, header, tuple(body), (3, 2, 0, 0, 4, 0))
    if hidden := sum(bool(row.get("withheld")) for row in rows):
        said = (
            "figure of bins of scores is not shown: it stands"
            if hidden == 1
            else ("figures of bins of scores are not shown: they stand")
        )
        yield Paragraph(f"{charts.counted(hidden)} {said} for few rows.")


def _chart_and_table(name: str, rows: list[Document], check: str) -> Iterator[Block]:
    grouped = [row for row in rows if row.get("group")]
    limit, ideal, unit = (_shared(grouped, key) for key in ("limit", "ideal", "unit"))
    title = f"{sentence_case(spoken(name))} by group"
    if len(grouped) > 1 and any(row.get("value") is not None for row in grouped):
        has_intervals = any(row.get("low") is not None for row in grouped)
        drawn_with = " and ".join(
            word for word, there in (("interval", has_intervals), ("limit", limit is not None)) if there
        )
        drawn_with = f", with {drawn_with}" if drawn_with else ""
        for start in range(0, len(grouped), ROWS_PER_CHART):
            part = f", part {start // ROWS_PER_CHART + 1}" if len(grouped) > ROWS_PER_CHART else ""
            yield Chart(
                "interval" if has_intervals or not check.startswith("explainability") else "bar",
                title + drawn_with + part,
                tuple(grouped[start : start + ROWS_PER_CHART]),
                unit or "1",
                limit,
                ideal,
            )
    header, body = charts.table_of(rows)
    caption = title if grouped else sentence_case(spoken(name))
    yield Table(caption, header, tuple(body), (3, 0, 4, 0, 0, 4))


def _findings(findings: Sequence[Document]) -> Table:
    return Table(
        "Findings",
        ("Severity", "Finding", "Key"),
        tuple(
            (
                spoken(finding.get("severity")),
                charts.plain(" ".join(filter(None, (finding.get("sentence", ""), finding.get("would_pass", ""))))),
                charts.plain(finding.get("key", "")),
            )
            for finding in findings
        ),
        (0, 3, 2),
    )


def _origin(requirement: Document) -> Facts:
    parameters = requirement.get("parameters") or {}
    check, version = requirement.get("check"), requirement.get("check_version")
    controls = requirement.get("controls") or ()
    return Facts(
        (
            (
                "Check",
                f"{charts.plain(check)}, version {charts.plain(version)}",
            ),
            (
                "Parameters",
                ", ".join(f"{charts.plain(k)} = {charts.plain(v)}" for k, v in sorted(parameters.items()))
                or "the check's own defaults",
            ),
            ("Mapped controls", "; ".join(map(charts.plain, controls)) or "none"),
            ("Check run", charts.plain(requirement.get("run_uid") or NOT_RECORDED)),
            ("Completed", moment(requirement.get("completed_at"))),
        )
    )


def _margin(row: Document) -> float | None:
    """How far the figure is inside its limit; negative when beyond, None when that cannot be said."""
    value, limit, ideal = row.get("value"), row.get("limit"), row.get("ideal")
    if value is None or limit is None or ideal is None:
        return None
    return float(value - limit if ideal > limit else limit - value)


def _shared(rows: Sequence[Document], key: str) -> Any:
    """The value all rows agree on; a chart with two limits would be right for neither."""
    values = {row.get(key) for row in rows}
    return values.pop() if len(values) == 1 else None
