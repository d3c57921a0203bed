"""What can be read of a document without understanding it? Its headings, where it is text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TEXT, PDF, BYTES = "text", "pdf", "bytes"
# A long technical documentation has a tenth of this; what is larger is no text that a person reads.
MOST_TEXT_BYTES = 5 * 1024 * 1024
MOST_HEADINGS = 2000
# A policy can ask for a section of at most 120 characters.
LONGEST_HEADING = 200

_NUMBERING = re.compile(r"(?:(?:\d+\.)+\d*|\d+\))\s+")
_FENCE = re.compile(r"(`{3,}|~{3,})")


class UnusableDocument(ValueError):
    """The bytes cannot serve as a document. `code` is stable, `fix` says what to do."""

    def __init__(self, code: str, detail: str, fix: str) -> None:
        self.code, self.detail, self.fix = code, detail, fix
        super().__init__(f"{detail} {fix}")


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """Format (text, pdf or bytes) and the headings of a text, in their order; [] of anything else."""

    format: str
    sections: tuple[str, ...]


def inspect_document(path: Path) -> DocumentFacts:
    """Read the headings of a UTF-8 text by the rules of Markdown; other bytes have none that could be read.

    Raises: UnusableDocument (document_blank, document_too_large, too_many_headings).
    """
    with path.open("rb") as file:
        content = file.read(MOST_TEXT_BYTES + 1)
    text = _text_of(content)
    if text is None:
        return DocumentFacts(PDF if content.startswith(b"%PDF-") else BYTES, ())
    if len(content) > MOST_TEXT_BYTES:
        raise UnusableDocument(
            "document_too_large",
            f"The text is larger than {MOST_TEXT_BYTES:,} bytes.",
            "Split it, or hand it in as PDF, whose sections are not read.",
        )
    if not text.strip():
        raise UnusableDocument("document_blank", "The document holds nothing but blanks.", "Send the written one.")
    sections = tuple(headings_of(text))
    if len(sections) > MOST_HEADINGS:
        raise UnusableDocument(
            "too_many_headings", f"The document has more than {MOST_HEADINGS:,} headings.", "Split it."
        )
    return DocumentFacts(TEXT, sections)


def headings_of(text: str) -> Iterator[str]:
    """Yield the headings of a Markdown text, without marks and numbering.

    Both forms of CommonMark 0.31 (sections 4.2 and 4.3) count: # signs before the line, and = or - signs below it.
    What stands in fenced code, in comments or in the block of metadata at the top is no heading.
    """
    before, is_alone = "", True
    for line in _lines_of_text(text):
        bare = line.strip()
        heading = ""
        if line.startswith("    ") or line.startswith("\t"):
            bare = ""
        elif bare.startswith("#"):
            marks = len(bare) - len(bare.lstrip("#"))
            if marks <= 6 and bare[marks : marks + 1] in {"", " ", "\t"}:
                heading = _without_closing(bare[marks:].strip())
            bare = ""
        elif before and is_alone and bare and set(bare) in ({"="}, {"-"}):
            heading, bare = before, ""
        if heading and (plain := _plain(heading)):
            yield plain
        is_alone = not before
        before = "" if bare.startswith(("- ", "* ", "+ ", ">", "|")) else bare


def _lines_of_text(text: str) -> Iterator[str]:
    """Yield the lines that can hold a heading, and a blank for what is left out."""
    lines = text.splitlines()
    start = 0
    if lines and lines[0].rstrip() == "---" and "---" in (rest := [line.rstrip() for line in lines[1:]]):
        start = rest.index("---") + 2
    fence, in_comment = "", False
    for line in lines[start:]:
        bare = line.strip()
        if fence:
            if bare.startswith(fence) and not bare.strip(fence[0]):
                fence = ""
            yield ""
        elif in_comment:
            in_comment = "-->" not in line
            yield ""
        elif opened := _FENCE.match(bare):
            fence = opened.group(1)
            yield ""
        elif bare.startswith("<!--"):
            in_comment = "-->" not in bare
            yield ""
        else:
            yield line


def _without_closing(heading: str) -> str:
    words, _, marks = heading.rpartition(" ")
    closes = bool(marks) and not marks.strip("#")
    return words.rstrip() if closes else heading


def _plain(heading: str) -> str:
    bare = heading.strip(" \t*_`")
    plain = " ".join(_NUMBERING.sub("", bare, count=1).split()) if _NUMBERING.match(bare) else " ".join(bare.split())
    return plain if len(plain) <= LONGEST_HEADING else ""


def _text_of(content: bytes) -> str | None:
    """Return the text that the bytes are, cut off where they were; None when they are none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        # Only the last character may be incomplete, and only because no more was read.
        if len(content) <= MOST_TEXT_BYTES or problem.start < len(content) - 3:
            return None
        text = content[: problem.start].decode("utf-8-sig")
    return None if "\0" in text else text
