"""What parts can a report consist of, whatever it is printed on?

Every renderer knows these parts and nothing else, so the same words and the same printed numbers
reach the page, the PDF, the table and the JSON.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

Tone = Literal["allow", "wait", "block", "none"]


@dataclass(frozen=True)
class Paragraph:
    """Running text. The roles are "body", "lead", "note" (small) and "code" (line breaks kept)."""

    kind: ClassVar[str] = "paragraph"
    text: str
    role: Literal["body", "lead", "note", "code"] = "body"


@dataclass(frozen=True)
class Subheading:
    """A heading inside a section, one level below the section's own."""

    kind: ClassVar[str] = "subheading"
    text: str


@dataclass(frozen=True)
class Facts:
    """Label and value pairs. Labels listed in `code` have values that are copied letter by letter."""

    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]
    code: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bullets:
    """A list whose order does not matter, or does when `numbered`."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Table:
    """Printed cells under a header. A width of 0 is as wide as the content, others share the rest."""

    kind: ClassVar[str] = "table"
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Callout:
    """The sentence a hurried reader must not miss; the tone is said in words in the title as well."""

    kind: ClassVar[str] = "callout"
    tone: Tone
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """Figures to be drawn. The table with the same figures always follows it."""

    kind: ClassVar[str] = "chart"
    shape: Literal["interval", "bar", "reliability"]
    title: str
    rows: tuple[Mapping[str, Any], ...]
    unit: str = "1"
    limit: float | None = None
    ideal: float | None = None


Block = Paragraph | Subheading | Facts | Bullets | Table | Callout | Chart


@dataclass(frozen=True)
class Section:
    """One numbered part of the report; the cover has the number 0 and is page one."""

    id: str
    number: int
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """A finished report: printed words in sections, and the untouched file they were made from."""

    title: str
    subtitle: str
    generated_at: str
    generator: str
    stem: str
    sections: tuple[Section, ...]
    file: Mapping[str, Any]
    language: str = "en"

    def printed_document(self) -> dict[str, Any]:
        """The sections as plain data, with the kind of every part named."""
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "language": self.language,
            "generated_at": self.generated_at,
            "generator": self.generator,
            "sections": [
                {
                    "id": section.id,
                    "number": section.number,
                    "title": section.title,
                    "blocks": [{"kind": block.kind, **asdict(block)} for block in section.blocks],
                }
                for section in self.sections
            ],
        }
