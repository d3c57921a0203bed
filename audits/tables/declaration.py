"""What do the columns of a table mean?"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audits.tables.unusable import UnusableTable, in_words, shorten

__all__ = ["ROLES", "SINGLE_ROLES", "TASKS", "ColumnDeclaration", "Declaration", "UnusableTable", "parse_declaration"]

TASKS = ("binary", "multiclass", "multi_label", "regression")
SINGLE_ROLES = ("label", "prediction", "score", "weight", "id", "incumbent", "lower", "upper", "time", "fold", "query")
ROLES = (*SINGLE_ROLES, "sensitive", "feature", "key")

# What happened can never be what the model said or what it was told: such a table flatters every model.
EXCLUDED_BY_LABEL = ("prediction", "score", "feature", "weight", "incumbent", "lower", "upper", "time")


# JSON knows integers that no float can hold; the comparison also turns NaN and infinity away.
LARGEST_CUT = 1e300


@dataclass(frozen=True)
class ColumnDeclaration:
    """One column: its roles in the order of ROLES, and how its values become groups.

    `of` names the label that a prediction of a multi_label task is about.
    """

    name: str
    roles: tuple[str, ...]
    bands: tuple[float, ...] | None = None
    labels: Mapping[str, str] | None = field(default=None, hash=False)
    of: str | None = None


@dataclass(frozen=True)
class Declaration:
    """What the columns of one table mean; columns that are not listed are ignored by the checks."""

    task: str
    favourable: int | None
    columns: tuple[ColumnDeclaration, ...]

    def with_role(self, role: str) -> tuple[ColumnDeclaration, ...]:
        """The columns that have this role, in the order of the document."""
        return tuple(column for column in self.columns if role in column.roles)

    def one(self, role: str) -> ColumnDeclaration | None:
        """The column with a role that at most one column can have; a multi_label task has no one label."""
        if role not in SINGLE_ROLES:
            raise ValueError(f"several columns can have the role {role}: use with_role")
        found = self.with_role(role)
        return found[0] if found and role in _single_roles(self.task) else None

    @property
    def pairs(self) -> tuple[tuple[str, str | None], ...]:
        """The labels of a multi_label task by name, each with the column that predicts it, where there is one."""
        if self.task != "multi_label":
            return ()
        said = {column.of: column.name for column in self.with_role("prediction")}
        return tuple(sorted((label.name, said.get(label.name)) for label in self.with_role("label")))

    def to_document(self) -> dict[str, Any]:
        """The document that `parse_declaration` reads back as an equal declaration."""
        document: dict[str, Any] = {"task": self.task}
        if self.favourable is not None:
            document["favourable"] = self.favourable
        document["columns"] = {column.name: _column_document(column) for column in self.columns}
        return document


def parse_declaration(document: object) -> Declaration:
    """Read a declaration document, or raise UnusableTable with the first thing that is wrong with it."""
    if not isinstance(document, Mapping):
        raise UnusableTable(
            "declaration_malformed",
            "the declaration is not a JSON object",
            fix='write {"task": ..., "columns": {...}}',
        )
    _refuse_unknown_keys(document, ("task", "favourable", "columns"), None)
    task = document.get("task")
    if task not in TASKS:
        raise UnusableTable("unknown_task", f"the task is {_shown(task)}", fix=f"use one of {', '.join(TASKS)}")
    favourable = _favourable(document, task)
    columns = document.get("columns")
    if not isinstance(columns, Mapping) or not columns:
        raise UnusableTable(
            "declaration_malformed",
            "the declaration names no columns",
            fix='list them as "columns": {"name": {"roles": [...]}}',
        )
    declared = tuple(_column(name, body) for name, body in columns.items())
    for role in _single_roles(task):
        holders = [column.name for column in declared if role in column.roles]
        if len(holders) > 1:
            raise UnusableTable(
                "repeated_role",
                f"{in_words(holders)} all have the role {role}",
                column=holders[1],
                fix=f"give the role {role} to one column",
            )
    declaration = Declaration(task, favourable, declared)
    _require_pairs(declaration)
    return declaration


def _single_roles(task: str) -> tuple[str, ...]:
    return tuple(role for role in SINGLE_ROLES if task != "multi_label" or role not in ("label", "prediction"))


def _require_pairs(declaration: Declaration) -> None:
    """In a multi_label task every prediction is about one label, and with predictions every label has one."""

    def odd(column: str, detail: str, fix: str) -> UnusableTable:
        return UnusableTable("pairing_malformed", detail, column=column, fix=fix)

    several = declaration.task == "multi_label"
    labels = [column.name for column in declaration.with_role("label")]
    taken: dict[str, str] = {}
    for column in declaration.columns:
        if not several or "prediction" not in column.roles:
            if column.of is not None:
                raise odd(column.name, "only the prediction of a multi_label task is of a label", 'leave "of" out')
            continue
        if column.of is None:
            raise odd(column.name, "the prediction does not say which label it is of", 'add "of" with that column')
        if column.of not in labels:
            near = _nearest(column.of, labels) or "name a column with the role label"
            raise odd(column.name, f"the prediction is of {_shown(column.of)}, which is no label", near)
        if column.of in taken:
            detail = f'"{shorten(taken[column.of])}" predicts the label "{shorten(column.of)}" already'
            raise odd(column.name, detail, "give every label one prediction")
        taken[column.of] = column.name
    for label in labels:
        if taken and label not in taken:
            raise odd(label, "no prediction is of this label", 'add the column that predicts it, with "of"')


def _favourable(document: Mapping[Any, Any], task: str) -> int | None:
    favourable = document.get("favourable")
    if task != "binary":
        if favourable is not None:
            raise UnusableTable(
                "favourable_malformed",
                f"a {task} task has no favourable outcome",
                fix="leave favourable out",
            )
        return None
    if favourable is None:
        raise UnusableTable(
            "favourable_missing",
            "the declaration does not say which outcome is favourable",
            fix="add favourable with the value, 0 or 1, that is good for the person concerned",
        )
    # The type is compared because True is an int to Python, and a true in JSON is nobody's outcome.
    if type(favourable) is not int or favourable not in (0, 1):
        raise UnusableTable(
            "favourable_malformed",
            f"favourable is {_shown(favourable)}",
            fix="write the number 0 or the number 1",
        )
    return favourable


def _column(name: object, body: object) -> ColumnDeclaration:
    if not isinstance(name, str) or not name:
        raise UnusableTable("declaration_malformed", "a column is listed without a name", fix="name it")
    if not isinstance(body, Mapping):
        raise UnusableTable(
            "declaration_malformed",
            "the column is not described by an object",
            column=name,
            fix='write {"roles": [...]}',
        )
    _refuse_unknown_keys(body, ("roles", "bands", "labels", "of"), name)
    roles = _roles(name, body.get("roles"))
    bands = _bands(name, body["bands"]) if body.get("bands") is not None else None
    labels = _labels(name, body["labels"]) if body.get("labels") is not None else None
    if bands is not None and labels is not None:
        raise UnusableTable(
            "labels_malformed",
            "the column has bands, which name its groups, and labels as well",
            column=name,
            fix="leave one of them out",
        )
    of = body.get("of")
    if of is not None and not isinstance(of, str):
        raise UnusableTable(
            "pairing_malformed", f"the prediction is of {_shown(of)}", column=name, fix="write the name of a label"
        )
    return ColumnDeclaration(name, roles, bands, labels, of)


def _roles(name: str, roles: object) -> tuple[str, ...]:
    if not isinstance(roles, list | tuple) or not roles:
        raise UnusableTable(
            "declaration_malformed",
            "the column has no list of roles",
            column=name,
            fix=f"give it roles from {', '.join(ROLES)}, or leave the column out",
        )
    for role in roles:
        if role not in ROLES:
            raise UnusableTable(
                "unknown_role",
                f"the role {_shown(role)} does not exist",
                column=name,
                fix=_nearest(role, ROLES) or f"use {', '.join(ROLES)}",
            )
    if "label" in roles:
        for other in EXCLUDED_BY_LABEL:
            if other in roles:
                raise UnusableTable(
                    "conflicting_roles",
                    f"the column is declared as label and as {other}",
                    column=name,
                    fix="the label says what happened: keep it apart from what the model said or was told",
                )
    return tuple(role for role in ROLES if role in roles)


def _bands(name: str, bands: object) -> tuple[float, ...]:
    numbers = isinstance(bands, list | tuple) and all(
        isinstance(cut, int | float) and not isinstance(cut, bool) and abs(cut) <= LARGEST_CUT for cut in bands
    )
    if not numbers or not bands:
        raise UnusableTable(
            "bands_malformed",
            f"the bands are {_shown(bands)}",
            column=name,
            fix="write a list of cuts such as [40, 55]",
        )
    cuts: tuple[float, ...] = tuple(bands)  # type: ignore[arg-type]
    for lower, upper in itertools.pairwise(cuts):
        if not lower < upper:
            raise UnusableTable(
                "bands_not_ascending",
                f"the band {upper} comes after {lower}",
                column=name,
                fix="list every cut once, from the smallest to the largest",
            )
    return cuts


def _labels(name: str, labels: object) -> dict[str, str]:
    if not isinstance(labels, Mapping) or not all(
        isinstance(cell, str) and isinstance(group, str) and group for cell, group in labels.items()
    ):
        raise UnusableTable(
            "labels_malformed",
            "the labels are not an object from cell text to group name",
            column=name,
            fix='write {"1": "male", "2": "female"}',
        )
    return dict(labels)


def _refuse_unknown_keys(body: Mapping[Any, Any], known: tuple[str, ...], column: str | None) -> None:
    for key in body:
        if key not in known:
            raise UnusableTable(
                "declaration_malformed",
                f"the key {_shown(key)} has no meaning",
                column=column,
                fix=_nearest(key, known) or f"use {', '.join(known)}",
            )


def _column_document(column: ColumnDeclaration) -> dict[str, Any]:
    document: dict[str, Any] = {"roles": list(column.roles)}
    if column.bands is not None:
        document["bands"] = list(column.bands)
    if column.labels is not None:
        document["labels"] = dict(column.labels)
    if column.of is not None:
        document["of"] = column.of
    return document


def _nearest(word: object, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    return f'"{shorten(value)}"' if isinstance(value, str) else shorten(str(value))
