"""How does a report become one page that can be saved and opened anywhere?

No script, no request, one style element that the page's own content policy names by its digest.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from pathlib import Path

from governance import charts
from governance.reports.reliability import curves_of, drawing_of
from governance.reports.sections import (
    Block,
    Bullets,
    Callout,
    Chart,
    Facts,
    Paragraph,
    Report,
    Section,
    Subheading,
    Table,
)
from governance.reports.words import moment

_STYLE = (Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode("utf-8")).digest()).decode("ascii")


def render_html(report: Report) -> bytes:
    """The whole page as UTF-8."""
    return "".join(_page(report)).encode("utf-8")


def drawn(chart: Chart) -> charts.Svg:
    """The drawing of a chart, the same for page and PDF."""
    if chart.shape == "bar":
        return charts.bar_chart(chart.rows, title=chart.title, unit=chart.unit, limit=chart.limit, ideal=chart.ideal)
    if chart.shape == "reliability":
        return drawing_of(curves_of(chart.rows))
    return charts.interval_chart(chart.rows, limit=chart.limit, ideal=chart.ideal, title=chart.title, unit=chart.unit)


def _page(report: Report) -> Iterator[str]:
    policy = f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; base-uri 'none'; form-action 'none'"
    yield f'<!doctype html>\n<html lang="{escape(report.language)}">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{escape(report.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    yield '<a class="skip" href="#content">Skip to the summary</a>\n'
    yield f"<header><p>{escape(report.generator)}</p><h1>{escape(report.title)}</h1>"
    yield f'<p class="subtitle">{escape(report.subtitle)}</p></header>\n<main id="content">\n'
    cover, *others = report.sections
    yield from _section(cover)
    yield '<nav aria-label="Sections of this report"><h2>Contents</h2><ol>'
    for section in others:
        yield f'<li><a href="#{section.id}">{escape(section.title)}</a></li>'
    yield "</ol></nav>\n"
    for section in others:
        yield from _section(section)
    yield f"</main>\n<footer><p>Made {escape(moment(report.generated_at))} by {escape(report.generator)}.</p>"
    yield "</footer>\n</body>\n</html>\n"


def _section(section: Section) -> Iterator[str]:
    number = f"{section.number} " if section.number else ""
    hidden = "" if section.number else ' class="visually-hidden"'
    yield f'<section id="{section.id}" aria-labelledby="h-{section.id}">'
    yield f'<h2 id="h-{section.id}"{hidden}>{number}{escape(section.title)}</h2>\n'
    for block in section.blocks:
        yield _block(block)
        yield "\n"
    yield "</section>\n"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        if block.role == "code":
            # A long line scrolls, so the box must be reachable by keyboard.
            return f'<pre tabindex="0"><code>{escape(block.text)}</code></pre>'
        return f'<p class="{block.role}">{escape(block.text)}</p>'
    if isinstance(block, Subheading):
        return f"<h3>{escape(block.text)}</h3>"
    if isinstance(block, Facts):
        return f"<dl>{''.join(_fact(label, value, label in block.code) for label, value in block.rows)}</dl>"
    if isinstance(block, Bullets):
        tag = "ol" if block.numbered else "ul"
        return f"<{tag}>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</{tag}>"
    if isinstance(block, Callout):
        lines = "".join(f"<li>{escape(line)}</li>" for line in block.lines)
        verdict = f'<p class="verdict">{escape(block.title)}</p>'
        return f'<div class="callout {block.tone}">{verdict}<ul>{lines}</ul></div>'
    if isinstance(block, Table):
        return _table(block)
    return f"<figure><figcaption>{escape(block.title)}</figcaption>{drawn(block)}</figure>"


def _fact(label: str, value: str, is_code: bool) -> str:
    shown = f"<code>{escape(value)}</code>" if is_code else escape(value)
    return f"<div><dt>{escape(label)}</dt><dd>{shown}</dd></div>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in table.rows
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(table.caption)}">'
        f"<table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
