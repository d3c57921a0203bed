"""What do the values in requests and answers look like?"""

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audits.trail import now
from governance.api.pagination import MOST, orders, read_cursor
from governance.selectors.version_file import names_of
from registry.selectors import find_model

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_TEXT = 20_000


class Strict(serializers.Serializer[Any]):
    """A request that says nothing we do not know: a misspelt field must not pass for one left out."""

    def to_internal_value(self, data: Any) -> Any:
        errors: dict[str, list[str]] = {}
        if isinstance(data, Mapping):
            known = ", ".join(self.fields)
            errors = {
                str(name): [f"There is no such field; there are {known}."] for name in set(data) - set(self.fields)
            }
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as problem:
            raise serializers.ValidationError({**errors, **problem.detail}) from None  # type: ignore[dict-item]
        if errors:
            raise serializers.ValidationError(errors)
        return value


class Nothing(Strict):
    """Nothing needs to be said."""


class StrictSchema(OpenApiSerializerExtension):
    target_class = Strict
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if type(self.target).__doc__ is None:
            schema.pop("description", None)  # it is the base class's
        return {**schema, "additionalProperties": False}


class Password(serializers.CharField):
    """A person's own, to sign with: checked, kept nowhere and shown nowhere."""

    def __init__(self, **options: Any) -> None:
        told = "Yours, where a policy asks for it at the moment of signing. It is checked and kept nowhere."
        fixed = {"required": False, "max_length": 1000, "trim_whitespace": False, "write_only": True}
        super().__init__(**{"help_text": told, **fixed, **options})


class Line(serializers.CharField):
    """One line of text, without control characters."""

    def __init__(self, *, max_length: int = 200, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data)
        if CONTROL.search(value):
            raise serializers.ValidationError("Write it on one line, without control characters.")
        return value


class Text(serializers.CharField):
    """Text of several lines, without other control characters."""

    def __init__(self, *, max_length: int = LONGEST_TEXT, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data)
        if CONTROL_BUT_LINES.search(value):
            raise serializers.ValidationError("Write it without control characters other than tab and line break.")
        return value


class Choice(serializers.ChoiceField):
    """One of a few words; what is none of them is refused with all of them."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        words = ", ".join(str(word) for word in self.choices if word != "")
        self.error_messages["invalid_choice"] = f"{{input!r:.60}} is none of {words}."


class Digest(serializers.RegexField):
    """A SHA-256, 64 lower-case hexadecimal digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            r"^[0-9a-f]{64}\Z",
            trim_whitespace=False,
            error_messages={"invalid": "A SHA-256 digest has 64 lower-case hexadecimal digits."},
            **options,
        )


class AliasName(serializers.RegexField):
    """A movable name, such as champion."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            r"^[a-z0-9][a-z0-9._-]{0,59}\Z",
            trim_whitespace=False,
            error_messages={"invalid": "An alias has 1 to 60 lower-case letters, digits, dots, dashes or underscores."},
            **options,
        )


@extend_schema_field({"type": "object", "additionalProperties": {}})
class Document(serializers.JSONField):
    """A JSON object whose members are told elsewhere."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Give a JSON object.")
        return super().to_internal_value(data)


class Mentions:
    """The actors mentioned in one answer, so that their names are looked up at once."""

    def __init__(self) -> None:
        self._mentions: list[dict[str, str]] = []

    def mention(self, actor: str) -> dict[str, str]:
        document = {"id": actor, "name": actor}
        self._mentions.append(document)
        return document

    def name_all(self) -> None:
        if not self._mentions:
            return
        names = names_of(document["id"] for document in self._mentions)
        for document in self._mentions:
            document["name"] = names[document["id"]]


class Actor(serializers.Serializer[Any]):
    """A person, a pipeline or a process; the name is the one it has today, the id never changes."""

    id = serializers.CharField(help_text="kind:id, as in the trail.")
    name = serializers.CharField()


@extend_schema_field(Actor)
class ActorField(serializers.Field[Any, Any, Any, Any]):
    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: object) -> dict[str, str] | None:
        if not value:
            return None
        mentions: Mentions = self.context["mentions"]
        return mentions.mention(str(value))


class CursorField(serializers.CharField):
    def run_validation(self, data: Any = serializers.empty) -> Any:
        text = super().run_validation(data)
        return read_cursor(text) if isinstance(text, str) else text


class OrderField(Choice):
    """In which order? By a column, after a dash falling."""

    def __init__(self, columns: Mapping[str, str], *, default: str, key: str = "pk") -> None:
        self.orders = orders(columns, key=key)
        super().__init__(list(self.orders), default=default, help_text="After a dash falling; time: as recorded.")

    def to_internal_value(self, data: Any) -> Any:
        return self.orders[super().to_internal_value(data)]

    def get_default(self) -> Any:
        return self.orders[str(super().get_default())]


def registered_as(name: str) -> str:
    """Return the name under which the model that is, or was, called so was registered; without such a model itself."""
    model = find_model(name)
    return model.name if model else name


class ModelName(Line):
    """The model of a filter, by any name it has or had; read as the one it was registered under."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=256, **{"help_text": "Any name that it has or had.", **options})

    def to_internal_value(self, data: Any) -> str:
        return registered_as(super().to_internal_value(data))


class NamePattern(Line):
    """A name that the model has or had, or how the names begin under which models were registered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=257, help_text="A name, or how names begin: credit-*.", **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        return name if name.endswith("*") else registered_as(name)


def named_so(pattern: str, lookup: str) -> dict[str, str]:
    """Return the lookup for a `NamePattern`."""
    return {f"{lookup}__startswith": pattern[:-1]} if pattern.endswith("*") else {lookup: pattern}


class Instant(serializers.DateTimeField):
    """A moment that has passed: nobody knows what will be true."""

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text="As it was then, e.g. 2026-03-01T00:00:00Z; now when left out.", **options)

    def to_internal_value(self, value: Any) -> Any:
        at = super().to_internal_value(value)
        if at > now():
            raise serializers.ValidationError("This is in the future; ask about a moment that has passed.")
        return at


class AtQuery(Strict):
    """When?"""

    at = Instant(required=False)


class PageQuery(Strict):
    """Which part of a list?"""

    cursor = CursorField(required=False, max_length=5000, help_text="`next` of the page before.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=MOST, help_text="Rows on a page.")


class Tag(Line):
    """A tag as name:text; read as these two."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=500, help_text="name:text, given at registration or since.", **options)

    def to_internal_value(self, data: Any) -> Any:
        name, colon, text = super().to_internal_value(data).partition(":")
        if not colon:
            raise serializers.ValidationError("Give the name and the text of a tag, such as department:cardiology.")
        return name, text


def given(query: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the lookups for the filters that a query gives, by column."""
    return {column: query[name] for name, column in fields.items() if name in query}
