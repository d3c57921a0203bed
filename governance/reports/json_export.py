"""What does a machine read? The untouched file, beside the very words and digits that people read."""

import json

from governance.reports.sections import Report

FORMAT = "countersign.report/1"


def render_json(report: Report) -> bytes:
    """One document with sorted keys and ASCII escapes, so that no viewer shows it as something else.

    "file" holds the facts as they are recorded, every digit of them; "printed" holds the sections with
    the numbers as HTML, PDF and CSV print them.
    """
    document = {"format": FORMAT, "file": report.file, "printed": report.printed_document()}
    text = json.dumps(document, sort_keys=True, ensure_ascii=True, allow_nan=False, indent=1)
    return (text + "\n").encode("ascii")
