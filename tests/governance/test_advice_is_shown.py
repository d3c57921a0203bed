"""Is the advice of a finding shown wherever the finding is, as text and no more?"""

from types import SimpleNamespace

from django.template.loader import render_to_string

from governance.api.v1.checks import Finding
from governance.reports.requirement import _findings

FOUND = {"key": "k", "severity": "high", "sentence": "Too far apart.", "measurement": "gap"}
ADVISED = {**FOUND, "would_pass": "Would pass, as advice only: a from a score of <0.4> on."}


def test_the_desk_shows_it_with_the_finding() -> None:
    card = SimpleNamespace(findings=[ADVISED], panels=[], parameters=[], controls=[], notes=[])
    page = render_to_string("desk/parts/card_body.html", {"card": card})
    assert "Would pass, as advice only: a from a score of &lt;0.4&gt; on." in page


def test_the_api_gives_it_and_an_empty_text_for_findings_of_before() -> None:
    assert Finding(ADVISED).data["would_pass"] == ADVISED["would_pass"]
    assert Finding(FOUND).data["would_pass"] == ""


def test_reports_print_it_after_the_sentence() -> None:
    (row,) = _findings([ADVISED]).rows
    assert row[1].startswith("Too far apart. Would pass")
