"""What does a regulator receive? One file of a version, as page, PDF, table or JSON with the same facts."""

from collections.abc import Callable, Mapping
from typing import Any

from governance.reports.build import build
from governance.reports.csv_export import render_csv
from governance.reports.html import render_html
from governance.reports.json_export import render_json
from governance.reports.pdf import render_pdf
from governance.reports.sections import Report
from governance.reports.small_cells import without_small_cells

__all__ = ["FORMATS", "Report", "UnknownFormat", "build", "render", "without_small_cells"]

# Format: renderer and media type, as the Content-Type header wants it.
FORMATS: Mapping[str, tuple[Callable[[Report], bytes], str]] = {
    "html": (render_html, "text/html; charset=utf-8"),
    "pdf": (render_pdf, "application/pdf"),
    "json": (render_json, "application/json"),
    "csv": (render_csv, "text/csv; charset=utf-8"),
}


class UnknownFormat(Exception):
    """The report was asked for in a format that does not exist."""

    code = "unknown_format"

    def __init__(self, format: str) -> None:
        self.format = format
        super().__init__(f"There is no report format {format!r}; ask for one of {', '.join(FORMATS)}.")


def render(file: Mapping[str, Any], format: str) -> tuple[bytes, str, str]:
    """The report on a file of a version: its bytes, their media type and a file name safe in a header.

    Raises: UnknownFormat when the format is not one of FORMATS.
    Idempotent: the same file and format give the same bytes.
    """
    if format not in FORMATS:
        raise UnknownFormat(format)
    renderer, media_type = FORMATS[format]
    report = build(file)
    return renderer(report), media_type, f"{report.stem}.{format}"
