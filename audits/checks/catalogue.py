"""Which checks are there?"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType

from audits.checks import library
from audits.checks.base import Check


class UnknownCheck(LookupError):
    """No check has this name and version."""

    def __init__(self, name: str, version: int, known: Iterable[int] = ()) -> None:
        self.name = name
        self.version = version
        versions = ", ".join(str(number) for number in sorted(known))
        hint = f"; it exists in version {versions}" if versions else ""
        super().__init__(f'There is no check "{name}" in version {version}{hint}.')


def build_catalogue(modules: Iterable[ModuleType]) -> Mapping[tuple[str, int], Check]:
    """Collect the checks that these modules define; the same name and version twice raises."""
    found: dict[tuple[str, int], Check] = {}
    for module in modules:
        for thing in vars(module).values():
            if not isinstance(thing, Check) or thing.function.__module__ != module.__name__:
                continue
            key = (thing.name, thing.version)
            if key in found:
                first = found[key].function.__module__
                raise ValueError(
                    f'"{thing.name}" version {thing.version} is defined in {first} and in {module.__name__}.'
                )
            found[key] = thing
    return found


def get_check(name: str, version: int) -> Check:
    """The check with this name and version; raises UnknownCheck."""
    catalogue = _catalogue()
    if (name, version) not in catalogue:
        raise UnknownCheck(name, version, (number for known, number in catalogue if known == name))
    return catalogue[name, version]


def list_checks() -> tuple[Check, ...]:
    """Every check, sorted by name and version."""
    return tuple(check for _, check in sorted(_catalogue().items()))


@cache
def _catalogue() -> Mapping[tuple[str, int], Check]:
    names = sorted(module.name for module in pkgutil.iter_modules(library.__path__))
    return build_catalogue(importlib.import_module(f"{library.__name__}.{name}") for name in names)
