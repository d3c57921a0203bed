"""What does a pipeline say about a model and a version of it? One TOML file beside the code that trains it.

    [model]
    name = "loans"
    risk_tier = "limited"
    task = "binary"
    intended_use = "Helps a clerk to rank applications; the clerk decides."

    [version]
    artifact = "loans.txt"
    documents = { model_card = "card.md" }

    [version.tables.evaluation]
    file = "decisions.csv"
    favourable = 1

    [version.tables.evaluation.columns]
    applicant = ["id"]
    age = { roles = ["sensitive", "feature"], bands = [40, 55] }

Paths are relative to the file. The service reads everything else and says what is wrong with it.
"""

import tomllib
from dataclasses import dataclass
from datetime import date, time
from math import isfinite
from pathlib import Path
from typing import Any

from governance.cli.answers import CouldNotTell

OF_TABLE = {"file", "format", "delimiter", "encoding"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, and what it is declared to be: the body of `POST evidence` without name and digest."""

    path: Path
    declaration: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """What is registered: the model's own fields, the version's, and the files by what they serve for."""

    model: dict[str, Any]
    version: dict[str, Any]
    artifact: Upload | None
    tables: dict[str, Upload]
    documents: dict[str, Upload]


def read_description(path: Path) -> Description:
    """Return what a file says. Raises: CouldNotTell, which names what is wrong and where."""
    said = _read(path)
    model, version = _section(path, said, "model"), _section(path, said, "version")
    if unknown := sorted(set(said) - {"model", "version"}):
        raise CouldNotTell(f"{path}: there is no section {unknown[0]!r}; there are model and version.")
    if not isinstance(model.get("name"), str):
        raise CouldNotTell(f"{path}: say what the model is called, as name in [model].")
    version = dict(version)
    artifact = version.pop("artifact", None)
    tables, documents = version.pop("tables", {}), version.pop("documents", {})
    if not isinstance(tables, dict) or not isinstance(documents, dict):
        raise CouldNotTell(f"{path}: tables and documents are sections, such as [version.tables.evaluation].")
    return Description(
        model=model,
        version=version,
        artifact=_artifact(path, artifact) if artifact is not None else None,
        tables={use: _table(path, f"version.tables.{use}", table) for use, table in tables.items()},
        documents={kind: _document(path, kind, name) for kind, name in documents.items()},
    )


def read_table(path: Path, table: Path) -> Upload:
    """Return a table whose declaration stands in a file of its own, as in [version.tables.…] without the file."""
    return _upload_of(table, _read(path))


def _table(path: Path, where: str, said: Any) -> Upload:
    if not isinstance(said, dict):
        raise CouldNotTell(f"{path}: {where} is a section with file and columns.")
    return _upload_of(_file(path, f"{where}.file", said.get("file")), said)


def _upload_of(file: Path, said: dict[str, Any]) -> Upload:
    """Return a table and its declaration; columns may be given by their roles alone."""
    columns = said.get("columns", {})
    if isinstance(columns, dict):
        columns = {name: {"roles": roles} if isinstance(roles, list) else roles for name, roles in columns.items()}
    written = {name: said[name] for name in ("delimiter", "encoding") if name in said}
    kind = said.get("format", "parquet" if file.suffix == ".parquet" else "csv")
    declaration = {**{name: value for name, value in said.items() if name not in OF_TABLE}, "columns": columns}
    return Upload(file, {"kind": "table", "format": {"format": kind, **written}, "declaration": declaration})


def _artifact(path: Path, said: Any) -> Upload:
    named = said if isinstance(said, dict) else {"file": said}
    kind = {"format": named["format"]} if "format" in named else {}
    return Upload(_file(path, "version.artifact", named.get("file")), {"kind": "artifact", **kind})


def _document(path: Path, kind: str, said: Any) -> Upload:
    named = said if isinstance(said, dict) else {"file": said}
    more = {name: value for name, value in named.items() if name != "file"}
    file = _file(path, f"version.documents.{kind}", named.get("file"))
    return Upload(file, {"kind": "document", "document": kind, **more})


def _read(path: Path) -> dict[str, Any]:
    try:
        return {name: _plain(path, name, value) for name, value in tomllib.loads(path.read_text("utf-8")).items()}
    except OSError as problem:
        raise CouldNotTell(f"{path} cannot be read: {problem.strerror}.") from problem
    except ValueError as problem:
        raise CouldNotTell(f"{path} is not TOML in UTF-8: {problem}.") from problem


def _plain(path: Path, where: str, value: Any) -> Any:
    """Return a value as JSON can say it: moments as text. Raises: CouldNotTell for a number that is none."""
    if isinstance(value, dict):
        return {name: _plain(path, f"{where}.{name}", inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(path, where, inner) for inner in value]
    if isinstance(value, date | time):  # every datetime is a date
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        raise CouldNotTell(f"{path}: {where} is {value}; give a number.")
    return value


def _section(path: Path, said: dict[str, Any], name: str) -> dict[str, Any]:
    section = said.get(name)
    if not isinstance(section, dict):
        raise CouldNotTell(f"{path}: the section [{name}] is missing.")
    return section


def _file(path: Path, where: str, name: Any) -> Path:
    if not isinstance(name, str) or not name:
        raise CouldNotTell(f"{path}: {where} names no file.")
    file = path.parent / name
    if not file.is_file():
        raise CouldNotTell(f"{path}: {where} names {name}, and there is no such file beside it.")
    return file
