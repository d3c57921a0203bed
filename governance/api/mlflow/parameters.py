"""What does an MLflow client send, in the query of a GET and in the body of everything else?

Fields that are not asked for are ignored, as the clients of other generations send more or less than this one.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from governance.api.mlflow.errors import InvalidParameter
from governance.api.parsing import refuse_unportable


class Parameters:
    """The parameters of one request; whatever is missing or of another type is refused by name.

    Raises, in every method: InvalidParameter.
    """

    def __init__(self, given: Mapping[str, Any], lists: Mapping[str, list[str]] | None = None) -> None:
        self._given = given
        self._lists = lists

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it is required, and an empty one counts as missing."""
        value = self._given.get(name)
        if value is None:
            value = "" if default is None else default
        if not isinstance(value, str):
            raise _invalid(name, value)
        if default is None and not value:
            raise InvalidParameter(f"Missing value for required parameter '{name}'.", field=name)
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None when nothing was sent."""
        return self.text(name, default="") if self._given.get(name) is not None else None

    def whole(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number, which may come as digits."""
        value = self._given.get(name, default)
        if isinstance(value, str) and value.removeprefix("-").isdecimal() and value.isascii() and len(value) < 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _invalid(name, value)
        if not least <= value <= most:
            raise InvalidParameter(
                f"Invalid value {value} for parameter '{name}': it must be {least} to {most}.", field=name
            )
        return value

    def flag(self, name: str) -> bool:
        """Return a yes or no; no when nothing was sent."""
        value = self._given.get(name, False)
        if isinstance(value, str) and self._lists is not None and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise _invalid(name, value)
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; of a query every occurrence."""
        value = self._lists.get(name, []) if self._lists is not None else self._given.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _invalid(name, value)
        return value

    def documents(self, name: str) -> list[dict[str, Any]]:
        """Return a list of objects."""
        value = self._given.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise _invalid(name, value)
        return value

    def pairs(self, name: str) -> dict[str, str]:
        """Return a list of `{key, value}` as a mapping, in which the last of a key counts."""
        pairs = [Parameters(item) for item in self.documents(name)]
        return {pair.text("key"): pair.text("value", default="") for pair in pairs}


def parameters_of(request: Request) -> Parameters:
    """Return what a request gives. Raises: InvalidParameter, ParseError, UnsupportedMediaType."""
    body = {} if request.method in {"GET", "HEAD"} else request.data
    if not isinstance(body, Mapping):
        raise InvalidParameter("The body must be a JSON object.")
    if body:
        return Parameters(body)
    # A DELETE may bring its parameters in the query as well. Of what is given twice, where one is asked for, the first
    # counts.
    lists = {name: request.query_params.getlist(name) for name in request.query_params}
    refuse_unportable(lists)
    return Parameters({name: values[0] for name, values in lists.items()}, lists)


def _invalid(name: str, value: object) -> InvalidParameter:
    shown = repr(value) if len(repr(value)) < 100 else f"{repr(value)[:100]} …"
    return InvalidParameter(
        f"Invalid value {shown} for parameter '{name}' supplied. Hint: Value was of type '{type(value).__name__}'.",
        field=name,
    )
