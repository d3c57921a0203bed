"""What does a person see? Answers go to standard output, progress to standard error, colour only where it is wanted.

No colour when `NO_COLOR` is set (https://no-color.org) or the stream is no terminal; without a terminal, progress is a
line now and then instead of a bar, so that a job's log stays readable.
"""

import json
import os
import shutil
import textwrap
import time
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, TextIO

from governance.cli.answers import Answer, Line

GOOD = {"passed", "waived", "allow", "done", "open", "promoted", "admitted", "break_glass"}
BAD = {"failed", "errored", "block", "closed", "refused", "expired", "blocked"}
MARKS = {"good": ("✓", "+", "32"), "bad": ("✗", "x", "31"), "other": ("…", "-", "33")}
NARROWEST, LONGEST_NAME = 60, 34
BETWEEN_LINES = 10.0


class Screen:
    """Where a command tells what it does and what it found."""

    def __init__(self, out: TextIO, err: TextIO, environment: Mapping[str, str]) -> None:
        self.out, self.err = out, err
        for stream in (out, err):
            if isinstance(stream, TextIOWrapper):
                # A job's log may know no more than ASCII, and an answer in it is worth more than one letter.
                stream.reconfigure(errors="replace")
        self._is_plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
        self._is_live = err.isatty() and environment.get("TERM") != "dumb"
        self._told_at = 0.0

    def show(self, answer: Answer) -> None:
        """Print an answer: its lines as a table, then the headline, then where to read on."""
        width = max(shutil.get_terminal_size((100, 24)).columns, NARROWEST)
        self.done()
        if answer.lines:
            names = min(max(len(line.name) for line in answer.lines), LONGEST_NAME)
            for line in answer.lines:
                self.out.write(self._row(line, names, width))
            self.out.write("\n")
        state = {0: "good", 1: "bad"}.get(answer.status, "other")
        self.out.write(f"{self._mark(state)} {self._painted(answer.headline, '1')}\n")
        if answer.link:
            self.out.write(f"  {answer.link}\n")
        self.out.flush()

    def print(self, document: Mapping[str, Any]) -> None:
        """Print an answer for programs."""
        self.done()
        self.out.write(f"{json.dumps(document, ensure_ascii=not self._speaks_unicode(self.out))}\n")
        self.out.flush()

    def let_go(self) -> None:
        """Write no more of the answer: nobody takes it, and Python would try again at the end and fail."""
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.out.fileno())
            os.close(nowhere)

    def progress(self, what: str, done: int, of: int) -> None:
        """Tell how far something is; on a terminal in place, elsewhere at most every ten seconds."""
        percent = 100 * done // of if of else 100
        if self._is_live:
            filled = 20 * percent // 100
            bar = (
                "█" * filled + "░" * (20 - filled)
                if self._speaks_unicode(self.err)
                else "#" * filled + "." * (20 - filled)
            )
            self.err.write(f"\r\x1b[K{bar} {percent:3} % {what}")
            self.err.flush()
        elif time.monotonic() - self._told_at >= BETWEEN_LINES:
            self._told_at = time.monotonic()
            self.err.write(f"{what}: {percent} %\n")
            self.err.flush()

    def tell(self, sentence: str) -> None:
        """Say one thing beside the answer."""
        self.done()
        self.err.write(f"{sentence}\n")
        self.err.flush()

    def done(self) -> None:
        """Clear the bar."""
        if self._is_live:
            self.err.write("\r\x1b[K")
            self.err.flush()

    def _row(self, line: Line, names: int, width: int) -> str:
        indent = " " * (names + 4)
        said = textwrap.wrap(line.sentence, width - len(indent)) or [""]
        helps = textwrap.wrap(f"→ {line.remedy}" if line.remedy else "", width - len(indent), subsequent_indent="  ")
        if not self._speaks_unicode(self.out):
            helps = [part.replace("→", ">") for part in helps]
        head = f"{self._mark(_kind(line.state))} {line.name:<{names}}  "
        if len(line.name) > names:
            head += f"\n{indent}"
        rest = [*said[1:], *(self._painted(part, "2") for part in helps)]
        return "\n".join([head + said[0], *(indent + part for part in rest)]) + "\n"

    def _mark(self, kind: str) -> str:
        fancy, plain, colour = MARKS[kind]
        return self._painted(fancy if self._speaks_unicode(self.out) else plain, colour)

    def _painted(self, text: str, code: str) -> str:
        return text if self._is_plain or not self.out.isatty() else f"\x1b[{code}m{text}\x1b[0m"

    @staticmethod
    def _speaks_unicode(stream: TextIO) -> bool:
        return (stream.encoding or "").lower().replace("-", "") == "utf8"


def _kind(state: str) -> str:
    return "good" if state in GOOD else "bad" if state in BAD else "other"


def markdown_of(answer: Answer) -> str:
    """Return an answer as Markdown for the page of a job."""
    mark = {0: "✅", 1: "❌"}.get(answer.status, "⏳")
    lines = [f"### {mark} {_cell(answer.headline)}", ""]
    if answer.lines:
        lines += ["| | what | why | what helps |", "|---|---|---|---|"]
        marks = {"good": "✅", "bad": "❌", "other": "⏳"}
        for line in answer.lines:
            cells = (marks[_kind(line.state)], line.name, line.sentence, line.remedy)
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
        lines.append("")
    if answer.link:
        lines += [f"[Read on in Countersign]({answer.link})", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return a text that stays one cell and plain text: names come from people and pipelines."""
    for special in "\\`*_[]<>|#":
        text = text.replace(special, f"\\{special}")
    return " ".join(text.split())
