"""Is the house still the one in docs/explanation/architecture.md?"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from audits.trail import Recorded
from audits.trail.append_only import guarded_models

ROOT = Path(__file__).parents[2]
FLOORS = ("audits", "registry", "governance")
FACES = ("trail", "evidence", "checks", "runs", "tables", "sandbox")


def modules(*floors: str) -> Iterator[Path]:
    for floor in floors:
        yield from (path for path in sorted((ROOT / floor).rglob("*.py")) if "migrations" not in path.parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


def test_upper_floors_use_only_the_faces_of_the_lowest() -> None:
    inside = re.compile(rf"audits\.({'|'.join(FACES)})\.\w+")
    found = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in modules("registry", "governance")
        for line, name in imports(path)
        if inside.match(name)
    ]
    assert found == []


def test_the_layers_of_the_import_contracts_are_the_directories_on_disk() -> None:
    """A list kept by good will goes stale."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    for floor in ("audits", "governance"):
        layers = next(contract for contract in contracts if contract.get("containers") == [floor])["layers"]
        listed = {name.strip() for layer in layers for name in layer.split("|")}
        there = {
            path.stem for path in (ROOT / floor).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
        }
        outside = {"__init__", "apps", "migrations", "models", "admin", "errors", "actions", "management"}
        assert there - outside <= listed, f"{floor}: not in any layer"
        assert listed <= there, f"{floor}: a layer without a directory"


def test_modules_fit_in_a_head() -> None:
    # The offline verifier is one file on purpose: an outsider reads it from top to bottom and needs nothing else.
    limits = {"audits/offline/verify.py": 600}
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(*FLOORS)}
    assert {name: length for name, length in lengths.items() if length > limits.get(name, 400)} == {}


def test_names_say_something() -> None:
    assert [
        str(path) for path in modules(*FLOORS) if path.stem in {"utils", "helpers", "common", "misc", "manager"}
    ] == []


def test_every_module_begins_with_a_sentence() -> None:
    silent = [
        str(path)
        for path in modules(*FLOORS)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_no_signals_no_wildcards_and_no_imports_inside_functions_to_break_a_circle() -> None:
    found = []
    for path in modules(*FLOORS):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.db.models.signals"):
                found.append(f"{path}: signals")
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                found.append(f"{path}: wildcard")
            # The sandboxed child imports what opens untrusted bytes only after it has locked itself in.
            if isinstance(node, ast.FunctionDef) and path.name != "apps.py" and "sandbox" not in path.parts:
                found += [
                    f"{path}:{inner.lineno} import of our own inside a function"
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.ImportFrom) and (inner.module or "").split(".")[0] in FLOORS
                ]
    assert found == []


def test_every_recorded_row_is_guarded_by_a_migration() -> None:
    text = "".join(path.read_text() for floor in FLOORS for path in (ROOT / floor / "migrations").glob("*.py"))
    named = set(re.findall(r'AppendOnly\("(\w+)"\)', text))
    assert {model.__name__ for model in guarded_models()} == named
    assert named > {model.__name__ for model in apps.get_models() if issubclass(model, Recorded)}


@pytest.mark.parametrize(
    "model", [m for m in apps.get_models() if m._meta.app_label in FLOORS], ids=lambda m: m.__name__
)
def test_every_model_says_what_a_row_means_and_who_creates_it(model: type) -> None:
    text = model.__doc__ or ""
    assert re.search(r"Created by|[Oo]perational|Projection|head of|Where the trail ends", text), model


def test_the_project_speaks_of_itself_alone() -> None:
    """No path of a machine, no host of a registry in what we ship."""
    wrong = re.compile(r"/work/|/root/|pypi\.org|registry\.npmjs|deb\.debian")
    shipped = [
        *modules(*FLOORS),
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "Makefile",
        ROOT / ".ci" / "run",
    ]
    assert [str(path) for path in shipped if wrong.search(path.read_text())] == []
