"""How does a report become one file to keep: archived, tagged for screen readers, its JSON inside?

PDF/A-3a and PDF/UA-1 are asked of the compiler, which refuses what it can see to be against them.
"""

import json
import re
from copy import deepcopy
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import typst

from governance.reports.html import drawn
from governance.reports.json_export import render_json
from governance.reports.sections import Chart, Report
from governance.reports.words import moment

_TEMPLATE = (Path(__file__).parent / "templates" / "report.typ").read_bytes()
_PROBE = b"""#set document(title: "glyphs")
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono", "New Computer Modern"))
#for character in sys.inputs.characters.clusters() [#par(character)]
"""
_GLYPH_ERROR = re.compile(r'(?:the text|the codepoint) `"(.*?)"`')
# Signs that our own sentences use; the embedded fonts are known to have them.
_OURS = set("−…✓✗–—“”‘’•\u202f")
_WITHOUT_GLYPH = "Some characters have no glyph in the fonts of this file and are printed as code points; "


def render_pdf(report: Report) -> bytes:
    """The report as PDF; the same report gives the same bytes on every machine."""
    document = report.printed_document()
    at = _moment(report.generated_at)
    document["date"] = {part: getattr(at, part) for part in ("year", "month", "day", "hour", "minute", "second")}
    document["made"] = f"Made {moment(report.generated_at)}"
    document["twin-name"] = f"{report.stem}.json"
    twin = render_json(report).decode("ascii")
    words = json.dumps(document, ensure_ascii=False)
    try:
        return _laid_out(document, twin, characters_without_glyph(words))
    except typst.TypstError as error:
        if not _GLYPH_ERROR.search(str(error)):
            raise
        # Letters that can be drawn alone may still fail together; then everything foreign is spelt out.
        return _laid_out(document, twin, _foreign(words) - _OURS)


def characters_without_glyph(text: str) -> set[str]:
    """Which characters of the text can none of the embedded fonts draw?"""
    foreign = _foreign(text)
    if not foreign:
        return set()
    try:
        _compiled(_PROBE, {"characters": "".join(sorted(foreign))})
    except typst.TypstError as error:
        named = "".join(_GLYPH_ERROR.findall(error.diagnostic))
        codes = re.findall(r"\\u\{([0-9a-f]+)\}", named)
        return (set(named) | {chr(int(code, 16)) for code in codes}) & foreign
    return set()


def _foreign(text: str) -> set[str]:
    return {character for character in text if ord(character) > 0x17F}


def _laid_out(document: dict[str, Any], twin: str, lacking: set[str]) -> bytes:
    spelt = _spelt(document, lacking)
    for section in spelt["sections"]:
        for block in section["blocks"]:
            if block["kind"] == Chart.kind:
                chart = Chart(**{field.name: block[field.name] for field in fields(Chart)})
                block["svg"] = str(drawn(chart))
                block["described"] = _alternative(block["svg"])
    return _compiled(_TEMPLATE, {"report": json.dumps(spelt, sort_keys=True), "twin": twin})


def _compiled(template: bytes, inputs: dict[str, str]) -> bytes:
    return typst.compile(
        template,
        sys_inputs=inputs,
        # Fonts of the machine would make other bytes on another machine.
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=["a-3a", "ua-1"],
    )


def _spelt(document: dict[str, Any], lacking: set[str]) -> dict[str, Any]:
    """The document with the lacking characters as code points, and a sentence on page one that says so."""
    if not lacking:
        return deepcopy(document)
    runs = re.compile("[" + "".join(map(re.escape, sorted(lacking))) + "]+")

    def spelt(value: Any) -> Any:
        if isinstance(value, str):
            return runs.sub(lambda run: "[" + " ".join(f"U+{ord(c):04X}" for c in run.group()) + "]", value)
        if isinstance(value, list | tuple):
            return [spelt(item) for item in value]
        if isinstance(value, dict):
            return {key: spelt(item) for key, item in value.items()}
        return value

    changed: dict[str, Any] = spelt(document)
    changed["sections"][0]["blocks"].append(
        {"kind": "paragraph", "role": "note", "text": _WITHOUT_GLYPH + "the attached JSON has them."}
    )
    return changed


def _alternative(svg: str) -> str:
    """The title and description of our own drawing, as the text alternative the PDF needs."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - drawn by governance.charts, not received
    space = "{http://www.w3.org/2000/svg}"
    return f"{root.findtext(f'{space}title')}. {root.findtext(f'{space}desc')}"


def _moment(stamp: str) -> datetime:
    try:
        at = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        # An archived file must carry a date; the first of all dates is one that nobody takes for real.
        return datetime(1970, 1, 1, tzinfo=UTC)
    return at.astimezone(UTC) if at.tzinfo else at
