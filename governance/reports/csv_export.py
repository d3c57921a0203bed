"""How does a report open in a spreadsheet without anything in it being run?

One line per fact: section, part, line, field, value. Filtering by section and part gives any table of
the report back. The exact recorded data stays in the JSON.
"""

import csv
import io
import re
from collections.abc import Iterator
from functools import lru_cache

from governance.charts import NARROW_SPACE
from governance.reports.sections import Block, Bullets, Callout, Chart, Facts, Paragraph, Report, Subheading
from governance.reports.sections import Table as Printed

HEADER = ("section", "part", "line", "field", "value")

# Spreadsheets run cells that begin with these, some also in their full-width forms, and some after
# white space. After a semicolon, tab or line break a new cell begins where those are the separator.
_FORMULA = re.compile(r"(^[\s\ufeff]*|[;\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_LEADING_CONTROL = re.compile(r"^(?=[\t\r\n])")


def render_csv(report: Report) -> bytes:
    """Quoted UTF-8 with a byte order mark, without which the usual spreadsheet misreads it."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerow(["0 Report", "", 1, "Title", neutral(report.title)])
    for section in report.sections:
        part = ""
        for block in section.blocks:
            if isinstance(block, Subheading):
                part = block.text
                continue
            for inner, line, field, value in _lines(block):
                name = f"{part}: {inner}" if part and inner not in ("", part) else part or inner
                cells = (f"{section.number} {section.title}", name, str(line), field, value)
                writer.writerow([neutral(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


# Sections, parts, fields and line numbers come back in every line.
@lru_cache(maxsize=4096)
def neutral(cell: str) -> str:
    """The cell with an apostrophe before everything a spreadsheet would take for a formula."""
    cell = cell.replace(NARROW_SPACE, "")
    return _LEADING_CONTROL.sub("'", _FORMULA.sub(r"\1'", cell))


def _lines(block: Block) -> Iterator[tuple[str, int, str, str]]:
    if isinstance(block, Paragraph):
        yield "", 1, "Text", block.text
    elif isinstance(block, Facts):
        for line, (label, value) in enumerate(block.rows, start=1):
            yield "", line, label, value
    elif isinstance(block, Bullets):
        for line, item in enumerate(block.items, start=1):
            yield "", line, "Item", item
    elif isinstance(block, Callout):
        yield "", 1, "Verdict", block.title
        for line, text in enumerate(block.lines, start=1):
            yield "", line, "Why", text
    elif isinstance(block, Printed):
        for line, row in enumerate(block.rows, start=1):
            for field, value in zip(block.header, row, strict=True):
                yield block.caption, line, field, value
    elif isinstance(block, Chart):
        # The table with the same figures follows every chart.
        return
