"""Which settings does a check take, and is what a policy wrote for them acceptable?"""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


class UnusableParameters(Exception):
    """A policy or an order gives a check settings that it cannot use; `parameter` names the first one."""

    def __init__(self, check: str, parameter: str, detail: str) -> None:
        self.check = check
        self.parameter = parameter
        self.detail = detail
        super().__init__(f'Parameter "{parameter}" of {check}: {detail}')


@dataclass(frozen=True)
class Between:
    """Marks a number parameter with its closed range; None leaves that side open."""

    low: float | None = None
    high: float | None = None


Share = Annotated[float, Between(0, 1)]
Amount = Annotated[float, Between(0, None)]
Count = Annotated[int, Between(1, None)]
DecideOn = Literal["estimate", "lower", "upper"]
DecideOnEvidence = Literal["estimate", "lower", "upper", "interval"]


@dataclass(frozen=True)
class Parameter:
    """One keyword-only argument of a check, as its signature declares it."""

    name: str
    kind: str
    default: Any
    optional: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def describe(self) -> str:
        """Say in a few words what a policy may write here."""
        words = {
            "number": "a number",
            "integer": "a whole number",
            "text": "a text",
            "boolean": "true or false",
            "texts": "a list of texts",
        }[self.kind]
        if self.choices:
            words = "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        if self.low is not None and self.high is not None:
            words += f" from {self.low:g} to {self.high:g}"
        elif self.low is not None:
            words += f", at least {self.low:g}"
        elif self.high is not None:
            words += f", at most {self.high:g}"
        return words + " or null" if self.optional else words

    def accept(self, value: object) -> object:
        """Return the value in the parameter's own type; raise ValueError when it does not fit."""
        if value is None and self.optional:
            return None
        accepted: object
        if self.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
            accepted = float(value)
            fits = math.isfinite(accepted) and self._in_range(accepted)
        elif self.kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
            accepted, fits = value, self._in_range(value)
        elif self.kind == "text" and isinstance(value, str):
            accepted, fits = value, not self.choices or value in self.choices
        elif self.kind == "boolean" and isinstance(value, bool):
            accepted, fits = value, True
        elif self.kind == "texts" and isinstance(value, list | tuple):
            accepted, fits = tuple(value), all(isinstance(item, str) for item in value)
        else:
            accepted, fits = value, False
        if not fits:
            raise ValueError(f"{value!r} does not fit; write {self.describe()}.")
        return accepted

    def _in_range(self, number: float) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


def read_parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Read the keyword-only parameters of a check from its signature and annotations."""
    hints = get_type_hints(function, include_extras=True)
    found = []
    for argument in inspect.signature(function).parameters.values():
        if argument.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        if argument.default is inspect.Parameter.empty:
            raise TypeError(f"{function.__name__}: parameter {argument.name} needs a default.")
        found.append(_from_annotation(argument.name, hints[argument.name], argument.default))
    return tuple(found)


def resolve_parameters(check: str, parameters: tuple[Parameter, ...], given: Mapping[str, object]) -> dict[str, Any]:
    """Return every parameter with its value, given or default.

    Raises: UnusableParameters when a name is unknown or a value does not fit.
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise UnusableParameters(check, str(name), f"there is no such parameter; it takes {names}.")
    resolved = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        try:
            resolved[name] = parameter.accept(value)
        except ValueError as refusal:
            raise UnusableParameters(check, name, str(refusal)) from None
    return resolved


def _from_annotation(name: str, annotation: Any, default: object) -> Parameter:
    optional = False
    bounds = Between()
    choices: tuple[str, ...] = ()
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        optional = len(members) < len(get_args(annotation))
        if len(members) != 1:
            raise TypeError(f"Parameter {name}: only one type, or one type and None, can be declared.")
        annotation = members[0]
    if get_origin(annotation) is Annotated:
        annotation, *marks = get_args(annotation)
        bounds = next((mark for mark in marks if isinstance(mark, Between)), bounds)
    if get_origin(annotation) is Literal:
        choices, annotation = get_args(annotation), str
    if get_origin(annotation) is tuple:
        annotation = tuple
    kinds: dict[Any, str] = {
        float: "number",
        int: "integer",
        str: "text",
        bool: "boolean",
        tuple: "texts",
    }
    if annotation not in kinds:
        raise TypeError(f"Parameter {name}: {annotation!r} is not a type that a policy can write.")
    parameter = Parameter(name, kinds[annotation], default, optional, bounds.low, bounds.high, choices)
    parameter.accept(default)
    return parameter
