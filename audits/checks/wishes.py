"""Which statistics do the ordered checks read of a table, over which of its columns, and what do they ask of them?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audits.checks.base import Check
from audits.checks.roles import Roles
from audits.checks.statistics.groups import CROSSED_BY


@dataclass(frozen=True)
class Wish:
    """What is wanted of one statistic of a table: the columns that it is filled over, and what is only worked out
    where it is `asked`."""

    roles: Roles
    asked: Collection[str] = ()

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(column.name for column in self.roles.sensitive)


def is_scanned(kind: type) -> bool:
    """Whether a scan of a table can fill this statistic; the others are computed elsewhere."""
    return hasattr(kind, "add")


def wishes_of(checks: Iterable[tuple[Check, Mapping[str, Any]]], table: str, roles: Roles) -> dict[type, Wish]:
    """Every statistic of the table that these checks, each with its parameters, read.

    One that sorts rows by each sensitive column for itself is filled over those alone that a check of it names.
    """
    found: dict[type, Wish] = {}
    for check, parameters in checks:
        if table not in check.tables:
            continue
        asked = _asked(check, parameters)
        for kind in filter(is_scanned, (*check.needs, *_advising(check, table, roles))):
            before = found.get(kind, Wish(replace(roles, sensitive=())))
            named = before.columns | _named(parameters if getattr(kind, "by_attribute", False) else {}, roles)
            sensitive = tuple(column for column in roles.sensitive if column.name in named)
            found[kind] = Wish(replace(roles, sensitive=sensitive), {*before.asked, *asked})
    return found


def _named(parameters: Mapping[str, Any], roles: Roles) -> frozenset[str]:
    """The sensitive columns that a check looks at: all where it names none, or one that is not declared."""
    declared = frozenset(column.name for column in roles.sensitive)
    attribute = parameters.get("attribute")
    if attribute is None or attribute in declared:
        return declared if attribute is None else frozenset({attribute})
    named = frozenset(attribute.split(CROSSED_BY))
    return named if named <= declared else declared


def _asked(check: Check, parameters: Mapping[str, Any]) -> Collection[str]:
    """What a check asks of a statistic that is worked out only where it is asked."""
    asks: Any = getattr(check.keeps, "asks", ())
    found: Collection[str] = asks(parameters) if callable(asks) else asks
    return found


def _advising(check: Check, table: str, roles: Roles) -> tuple[type, ...]:
    """The statistic that helps with advice, where the table has the columns for it."""
    kind = check.advised_by
    if kind is None or table != check.tables[0]:
        return ()
    return (kind,) if all(map(roles.has, kind.needs_roles)) else ()  # type: ignore[attr-defined]  # a Statistic
