"""What a person reads: on a terminal, in a job's log, on a job's page."""

import io

import pytest

from governance.cli.answers import CLOSED, OPEN, UNKNOWN, Answer, Line
from governance.cli.terminal import Screen, markdown_of

ANSWER = Answer(
    CLOSED,
    "Closed: loans/1 to production.",
    (
        Line("allow", "accuracy", "Accuracy 0.76, limit 0.7."),
        Line("block", "impact-ratio", "A ratio of 0.51, below the limit 0.8.", "Register a better version."),
    ),
    "https://countersign.example/admin/",
)


class Stream(io.TextIOWrapper):
    """A stream of a certain encoding that is a terminal or is none."""

    def __init__(self, *, is_terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode(self.encoding)


def screen(*, is_terminal: bool = False, encoding: str = "utf-8", **environment: str) -> tuple[Screen, Stream, Stream]:
    out, err = (Stream(is_terminal=is_terminal, encoding=encoding) for _ in range(2))
    return Screen(out, err, environment), out, err


def test_an_answer_is_a_line_each_with_what_helps_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown, out, _ = screen()
    shown.show(ANSWER)
    assert out.text() == (
        "✓ accuracy      Accuracy 0.76, limit 0.7.\n"
        "✗ impact-ratio  A ratio of 0.51, below the limit 0.8.\n"
        "                → Register a better version.\n"
        "\n"
        "✗ Closed: loans/1 to production.\n"
        "  https://countersign.example/admin/\n"
    )


def test_colours_are_for_terminals_and_for_those_who_want_them() -> None:
    for environment, is_coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        shown, out, _ = screen(is_terminal=True, **environment)
        shown.show(ANSWER)
        assert ("\x1b[32m" in out.text()) is is_coloured, environment


def test_what_cannot_show_other_letters_gets_plain_ones() -> None:
    shown, out, _ = screen(encoding="ascii")
    shown.show(ANSWER)
    assert "x impact-ratio" in out.text()
    assert "> Register a better version." in out.text()


def test_progress_is_a_bar_on_a_terminal_and_a_line_now_and_then_in_a_log() -> None:
    shown, _, err = screen(is_terminal=True)
    shown.progress("sending loans.txt", 50, 100)
    shown.done()
    assert "██████████░░░░░░░░░░  50 % sending loans.txt" in err.text()
    assert err.text().endswith("\r\x1b[K")
    shown, _, err = screen()
    for done in range(100):
        shown.progress("sending loans.txt", done, 100)
    assert err.text() == "sending loans.txt: 0 %\n"


def test_a_summary_is_a_table_in_which_nothing_can_be_slipped() -> None:
    name = Answer(UNKNOWN, "Cannot tell", (Line("wait", "<b>|`x`", "[a](b)\n# c"),))
    assert markdown_of(name) == (
        "### ⏳ Cannot tell\n\n| | what | why | what helps |\n|---|---|---|---|\n"
        "| ⏳ | \\<b\\>\\|\\`x\\` | \\[a\\](b) \\# c |  |\n"
    )
    assert markdown_of(Answer(OPEN, "Done", link="https://x.example/")) == (
        "### ✅ Done\n\n[Read on in Countersign](https://x.example/)\n"
    )
