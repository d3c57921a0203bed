"""What does a request's body say, so that every reader would read the same?"""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

# Above this, JSON libraries differ on which number was meant (RFC 7493, section 2.2).
LARGEST_INTEGER = 2**53 - 1
DEEPEST = 64


class StrictJSONParser(BaseParser):
    """JSON as RFC 7493 has it: UTF-8, no name twice, no NUL, no lone surrogate, no number that gets lost."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            document = json.loads(
                stream.read().decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_without_repeats
            )
        except (ValueError, RecursionError) as problem:
            what = "nested too deeply" if isinstance(problem, RecursionError) else str(problem)
            raise ParseError(f"The body is not JSON: {what}.") from None
        refuse_unportable(document)
        return document


class PolicyTextParser(BaseParser):
    """A policy as its own text."""

    media_type = "text/yaml"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        try:
            text = stream.read().decode("utf-8")
        except UnicodeDecodeError as problem:
            raise ParseError(f"The policy is not UTF-8: {problem}.") from None
        refuse_unportable(text, "text")
        return {"text": text}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{', '.join(map(repr, twice))} is given twice")
    return document


def refuse_unportable(value: Any, path: str = "", depth: int = 0) -> None:
    """Return when every reader would read the value the same. Raises: ParseError, ValidationError."""
    if depth > DEEPEST:
        raise ParseError(f"The body is nested deeper than {DEEPEST} levels.")
    if isinstance(value, dict):
        for name, inner in value.items():
            where = f"{path}.{name}".strip(".")
            _refuse_text(name, path)
            refuse_unportable(inner, where, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            refuse_unportable(inner, f"{path}.{index}".strip("."), depth + 1)
    elif isinstance(value, str):
        _refuse_text(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise serializers.ValidationError({path: ["The number is too large for a double."]})
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_INTEGER:
        raise serializers.ValidationError({path: [f"Whole numbers lie within ±{LARGEST_INTEGER}."]})


def _refuse_text(text: str, path: str) -> None:
    if "\0" in text:
        raise serializers.ValidationError({path: ["The text holds a NUL character; remove it."]})
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise serializers.ValidationError({path: ["The text holds half of a surrogate pair; send whole characters."]})
