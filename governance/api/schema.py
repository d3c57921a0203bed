"""How is the API told to a program, completely and in one form?"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from governance.api.problems import MEDIA_TYPE

Handler = TypeVar("Handler", bound=Callable[..., Any])

_PATH = {
    "name": "Name of the registered model or policy.",
    "alias": "Movable name, such as champion.",
    "sha256": "SHA-256 of the bytes, 64 lower-case hexadecimal digits.",
    "prefix": "The part of a token that may be shown, 8 hexadecimal digits.",
}
_NUMBERS = {"number": "1, 2, 3 … within the name.", "notice": "The notice's `id`."}
_PLACES = {"index": "0, 1, 2 … in the trail."}
_UIDS = {"uid": "Name for the outside world."}

_ALWAYS = {401: ("not_authenticated", "token_invalid"), 403: ("scope_missing", "not_entitled"), 429: ("rate_exceeded",)}
_WITH_QUERY = {422: ("malformed",)}
_WITH_BODY = {
    400: ("malformed_body", "unreadable_request"),
    409: ("conflict", "idempotency_key_reused", "idempotent_request_in_progress"),
    413: ("too_large",),
    415: ("unsupported_media_type",),
    422: ("malformed",),
}


class DoorSchema(AutoSchema):
    """What a view says about itself, not what its base class does, and which verb a token needs."""

    def get_description(self) -> str:  # type: ignore[override]
        told = inspect.cleandoc(type(self.view).__doc__ or "")
        verb = self.view.verbs.get(self.method)  # type: ignore[attr-defined]
        needs = f"Needs the scope `{verb}`." if verb else "Needs no scope."
        return f"{told}\n\n{needs}".strip()


class FieldError(serializers.Serializer[Any]):
    """One thing that is wrong, with its place."""

    field = serializers.CharField(help_text="Dotted path into the body; empty for the whole.")
    detail = serializers.CharField(help_text="What is wrong and what to do.")
    line = serializers.IntegerField(required=False, help_text="In the text of a policy, from 1.")
    column = serializers.IntegerField(required=False, help_text="In the text of a policy, from 1.")


class Problem(serializers.Serializer[Any]):
    """A refused request, as RFC 9457 tells it. Programs read `code`; more members may stand beside these."""

    type = serializers.CharField(help_text="urn:countersign:problem:{code}")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong and what to do, for a person.")
    code = serializers.CharField(help_text="Stable; never reworded.")
    errors = FieldError(  # type: ignore[assignment]
        many=True, required=False, help_text="With `malformed` and `policy_malformed`: everything that is wrong."
    )


def paged(serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """Return the form of a page of rows."""
    cursor = serializers.CharField(allow_null=True, help_text="Cursor of the next page; null on the last.")
    return inline_serializer(f"{serializer.__name__}Page", {"items": serializer(many=True), "next": cursor})


def document(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    answer: Any,
    status: int = 200,
    media_type: str = "application/json",
    also: Mapping[tuple[int, str], Any] | None = None,
    acts: bool = False,
    has_etag: bool = False,
    body: Any = None,
    query: type[serializers.Serializer[Any]] | None = None,
    path: Sequence[str] = (),
    refusals: Mapping[int, Sequence[str]] | None = None,
    example: Any = None,
    answer_example: Any = None,
) -> Callable[[Handler], Handler]:
    """Describe one operation; `acts` marks a POST.

    `refusals` adds codes by HTTP status to those that every operation of its kind can give.
    """
    codes: dict[int, list[str]] = {}
    sources: list[Mapping[int, Sequence[str]]] = [_ALWAYS, refusals or {}]
    sources += [_WITH_QUERY] if query else []
    sources += [_WITH_BODY] if acts else []
    sources += [{412: ("precondition_failed",)}] if acts and has_etag else []
    for source in sources:
        for code, names in source.items():
            codes.setdefault(code, []).extend(names)
    responses: dict[Any, Any] = {
        (code, MEDIA_TYPE): OpenApiResponse(Problem, description=", ".join(names))
        for code, names in sorted(codes.items())
    }
    responses[(status, media_type)] = answer
    parameters: list[Any] = [_path_parameter(name) for name in path]
    if query:
        parameters.append(query)
    if acts:
        parameters.append(_IDEMPOTENCY_KEY)
    if has_etag:
        parameters += [_IF_MATCH, _CREATE_ONLY] if acts else [_ETAG, _IF_NONE_MATCH]
    if has_etag and not acts:
        responses[304] = OpenApiResponse(description="You have it already.")
    if acts and status == 201:
        parameters.append(_LOCATION)
    examples = []
    if example is not None:
        examples.append(OpenApiExample("Request", value=example, request_only=True))
    if answer_example is not None:
        examples.append(OpenApiExample("Answer", value=answer_example, response_only=True, status_codes=[str(status)]))
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        tags=[tag],
        request=body,
        responses={**responses, **(also or {})},
        parameters=parameters,
        examples=examples,
    )


def _path_parameter(name: str) -> OpenApiParameter:
    if name in _NUMBERS:
        schema: Any = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
        return OpenApiParameter(name, schema, OpenApiParameter.PATH, description=_NUMBERS[name])
    if name in _PLACES:
        schema = {"type": "integer", "minimum": 0, "maximum": 999_999_999_999}
        return OpenApiParameter(name, schema, OpenApiParameter.PATH, description=_PLACES[name])
    if name in _UIDS:
        return OpenApiParameter(name, OpenApiTypes.UUID, OpenApiParameter.PATH, description=_UIDS[name])
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.PATH, description=_PATH[name])


_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A new one for each request, such as a UUID: the same key with the same request gets the same answer.",
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="ETag of what you read: the change is made only while nothing else would be read.",
)
_CREATE_ONLY = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="*: only while there is nothing yet."
)
_IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="ETag of what you have: 304 if it is that."
)
_ETAG = OpenApiParameter(
    "ETag", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Of what is read.", response=[200]
)
_LOCATION = OpenApiParameter(
    "Location", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Where to read it.", response=[201]
)


def tidy(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Take out what the generator notes for itself, and say that a body, where there is one, is needed."""
    for path in result["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    tidied: dict[str, Any] = _without_notes(result)
    return tidied


def _without_notes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_notes(inner) for name, inner in value.items() if name != "x-spec-enum-id"}
    if isinstance(value, list):
        return [_without_notes(inner) for inner in value]
    return value
