"""What is read of a document, and of what stands in an artifact's place?"""

import json
from pathlib import Path

import pytest

from audits.evidence import UnusableDefinition, UnusableDocument, inspect_definition, inspect_document
from audits.evidence.documents import MOST_HEADINGS, MOST_TEXT_BYTES, headings_of


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("# Purpose\n## Risks ##\n", ["Purpose", "Risks"]),
        ("Purpose\n=======\n\nRisks\n---\n", ["Purpose", "Risks"]),
        ("## 1. Purpose\n### 2.3 Known risks\n#### 4) Oversight\n", ["Purpose", "Known risks", "Oversight"]),
        ("# **Purpose**\n# `code`\n#\n# #\n", ["Purpose", "code"]),
        ("#hashtag\n####### seven\n    # indented code\n", []),
        ("```\n# not this\n```\n~~~~\n# nor this\n~~~\n# still code\n~~~~\n# Risks\n", ["Risks"]),
        ("<!--\n# hidden\n-->\n<!-- # hidden too -->\n# Shown\n", ["Shown"]),
        ("---\ntitle: Metadata\n---\n# Purpose\n", ["Purpose"]),
        ("- an item\n---\n\ntwo lines\nof prose\n---\n\n---\n", []),
        ("# 2026 results\n# " + "long " * 60 + "\n", ["2026 results"]),
        ("# Zweck für Ä\r\n# Risiken\r\n", ["Zweck für Ä", "Risiken"]),
    ],
)
def test_headings_are_read_as_a_reader_of_markdown_sees_them(text: str, headings: list[str]) -> None:
    assert list(headings_of(text)) == headings


@pytest.mark.parametrize(
    ("content", "format_name", "sections"),
    [
        (b"\xef\xbb\xbf# Purpose\n", "text", ("Purpose",)),
        (b"plain words", "text", ()),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n# Purpose\n", "pdf", ()),
        (b"# Purpose\n\x00", "bytes", ()),
        ("# Zweck für alle\n".encode("utf-16"), "bytes", ()),
        (b"\xff" * (MOST_TEXT_BYTES + 10), "bytes", ()),
    ],
)
def test_a_document_that_is_no_text_is_kept_without_sections(
    tmp_path: Path, content: bytes, format_name: str, sections: tuple[str, ...]
) -> None:
    path = tmp_path / "document"
    path.write_bytes(content)
    facts = inspect_document(path)
    assert (facts.format, facts.sections) == (format_name, sections)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b" \n\t\n", "document_blank"),
        (b"\xef\xbb\xbf", "document_blank"),
        (b"a" * (MOST_TEXT_BYTES + 1), "document_too_large"),
        ("ä".encode() * (MOST_TEXT_BYTES // 2 + 1), "document_too_large"),
        (b"# a\n" * (MOST_HEADINGS + 1), "too_many_headings"),
    ],
)
def test_a_text_that_nobody_reads_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "document"
    path.write_bytes(content)
    with pytest.raises(UnusableDocument) as caught:
        inspect_document(path)
    assert caught.value.code == code


REFERENCE = {"provider": "Example AI", "product": "Large", "product_version": "2", "endpoint": "https://models.example"}


def test_a_reference_tells_who_provides_what(tmp_path: Path) -> None:
    path = tmp_path / "reference"
    path.write_text(json.dumps({**REFERENCE, "region": "eu", "weights_sha256": "a" * 64}))
    assert inspect_definition(path, "reference") == {**REFERENCE, "weights_sha256": "a" * 64}


@pytest.mark.parametrize(
    ("content", "format_name", "code"),
    [
        (b"\xff\xfe", "text", "not_text"),
        (b"  \n", "text", "not_text"),
        (b"a" * 1_048_577, "text", "definition_too_large"),
        (b"{", "json", "not_json"),
        (b"[]", "json", "not_json"),
        (b"{}", "json", "not_json"),
        (b'{"a": NaN}', "json", "not_json"),
        (b'{"a": 1, "a": 2}', "json", "not_json"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "json", "not_json"),
        (b"[" * 100_000, "json", "not_json"),
        *[
            (json.dumps({**REFERENCE, **change}).encode(), "reference", "reference_incomplete")
            for change in (
                {"provider": ""},
                {"product": None},
                {"product_version": 2},
                {"product": "x" * 501},
                {"endpoint": None},
                {"endpoint": "models.example"},
                {"endpoint": "https://a b"},
                {"weights_sha256": "A" * 64},
            )
        ],
    ],
)
def test_a_definition_that_is_not_what_it_is_called_is_refused(
    tmp_path: Path, content: bytes, format_name: str, code: str
) -> None:
    path = tmp_path / "definition"
    path.write_bytes(content)
    with pytest.raises(UnusableDefinition) as caught:
        inspect_definition(path, format_name)
    assert caught.value.code == code
