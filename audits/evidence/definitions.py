"""Which artifacts are no models to open: a prompt, an agent's definition, a reference to somebody else's model?

They are read as text and never handed to a library for models (`audits.sandbox` knows those formats, and only those).
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEXT, JSON, REFERENCE = "text", "json", "reference"
DEFINITIONS = (TEXT, JSON, REFERENCE)

MOST_BYTES = 1024 * 1024
DEEPEST = 64
LONGEST_VALUE = 500

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ADDRESS = re.compile(r"https?://[^\s/]+\S*")


class UnusableDefinition(ValueError):
    """The bytes are not what they are declared to be. `code` is stable, `fix` says what to do."""

    def __init__(self, code: str, detail: str, fix: str) -> None:
        self.code, self.detail, self.fix = code, detail, fix
        super().__init__(f"{detail} {fix}")


def inspect_definition(path: Path, format_name: str) -> dict[str, Any]:
    """Return what the bytes say as text, json or reference: the members of a reference, {} of the others.

    Raises: UnusableDefinition (definition_too_large, not_text, not_json, reference_incomplete).
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UnusableDefinition(
            "definition_too_large",
            f"A definition has at most {MOST_BYTES:,} bytes.",
            "Put what is larger into a table or a document.",
        )
    text = _text(content)
    if format_name == TEXT:
        return {}
    document = _object(text)
    return _reference(document) if format_name == REFERENCE else {}


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UnusableDefinition(
            "not_text", f"The byte at place {problem.start} is not valid UTF-8.", "Write the file in UTF-8."
        ) from None
    if not text.strip() or "\0" in text:
        raise UnusableDefinition("not_text", "The text is blank or holds NUL characters.", "Send the written text.")
    return text


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
        if _depth(document) > DEEPEST:
            raise ValueError(f"nested deeper than {DEEPEST} levels")
    except (ValueError, RecursionError) as problem:
        what = "nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        raise UnusableDefinition("not_json", f"The text is not JSON: {what}.", "Write one JSON object.") from None
    if not isinstance(document, dict) or not document:
        raise UnusableDefinition("not_json", "The text is no JSON object with members.", "Write one JSON object.")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return document


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(inner) for inner in value), default=0)
    return 0


def _reference(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return who provides what, in which version, and by what it is told apart from others."""
    told = {}
    for name in ("provider", "product", "product_version"):
        value = document.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_VALUE:
            raise _incomplete(f"The member {name} is missing or no text of at most {LONGEST_VALUE} characters.")
        told[name] = value
    endpoint, weights = document.get("endpoint"), document.get("weights_sha256")
    if endpoint is not None:
        if not isinstance(endpoint, str) or not _ADDRESS.fullmatch(endpoint) or len(endpoint) > LONGEST_VALUE:
            raise _incomplete("The member endpoint is no address that begins with https:// or http://.")
        told["endpoint"] = endpoint
    if weights is not None:
        if not isinstance(weights, str) or not _SHA256.fullmatch(weights):
            raise _incomplete("The member weights_sha256 is no SHA-256 of 64 lower-case hexadecimal digits.")
        told["weights_sha256"] = weights
    if endpoint is None and weights is None:
        raise _incomplete("Neither endpoint nor weights_sha256 says which model it is.")
    return told


def _incomplete(detail: str) -> UnusableDefinition:
    fix = "Name provider, product, product_version, and endpoint or weights_sha256."
    return UnusableDefinition("reference_incomplete", detail, fix)
