"""Is every check documented as it is, and is the stored page the one that the docstrings give?"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audits.checks import Attributions, Check, Disturbances, Roles, SensitiveColumn, list_checks
from audits.checks import library as checks_library
from audits.checks.reference import SECTIONS, documented_parameters, page, sections_of
from audits.checks.sentences import figure
from audits.sandbox.disturb import disturb
from audits.sandbox.model_loading import LoadedModel
from tests.audits.checks.arithmetic import worked_out
from tests.audits.checks.tables import judged, measured

PROJECT = Path(__file__).parents[3]
EVERY = [pytest.param(check, id=check.name) for check in list_checks()]


@pytest.mark.parametrize("check", EVERY)
def test_every_check_says_what_it_takes_measures_cannot_measure_rests_on_and_gives(check: Check) -> None:
    sections = sections_of(check)
    assert tuple(sections) == ("Summary", *SECTIONS)
    assert all(sections.values())


@pytest.mark.parametrize("check", EVERY)
def test_documented_parameters_are_those_of_the_signature_with_their_defaults(check: Check) -> None:
    signature = inspect.signature(check.function)
    assert list(documented_parameters(check)) == list(signature.parameters)
    text = sections_of(check)["Parameters"]
    for parameter in check.parameters:
        (head,) = [line for line in text.splitlines() if line.startswith(f"{parameter.name} : ")]
        written = ast.literal_eval(head.rpartition("default=")[2])
        assert written == (list(parameter.default) if parameter.kind == "texts" else parameter.default)


@pytest.mark.parametrize("check", EVERY)
def test_every_check_is_one_file_of_its_own_name_and_a_test_file_names_it(check: Check) -> None:
    name = check.name.partition(".")[2]
    assert (Path(next(iter(checks_library.__path__))) / f"{name}.py").exists()
    assert check.function.__module__ == f"audits.checks.library.{name}"
    tests = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    assert any(f'"{check.name}"' in text for text in tests)


@pytest.mark.parametrize("check", EVERY)
def test_every_fairness_check_takes_an_attribute_and_an_end_of_the_interval(check: Check) -> None:
    if check.family == "fairness":
        parameters = {parameter.name: parameter for parameter in check.parameters}
        assert parameters["attribute"].optional
        assert parameters["decide_on"].choices == ("estimate", "lower", "upper", "interval")


def as_written(cells: list[str]) -> list[Any]:
    """Numbers where every cell is one, and nothing where a cell is empty."""
    filled = [cell or None for cell in cells]
    is_number = all(cell is None or re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in filled)
    return [None if cell is None else float(cell) for cell in filled] if is_number else filled


def beyond_the_table(check: Check, table: pa.Table, declared: Roles, model: str | None) -> dict[type, object]:
    """What only a model can say: attributions, which are the cells, or the answers of the one that is written down."""
    if Attributions in check.needs:
        names, sensitive = table.column_names, tuple(column.name for column in declared.sensitive)
        cells = np.array([table[name].to_pylist() for name in names], float)
        moved, mean = np.abs(cells).mean(axis=1), cells.mean(axis=1)
        return {Attributions: Attributions(tuple(names), moved, mean, table.num_rows, sensitive)}
    if Disturbances in check.needs:
        asked = LoadedModel("written", "binary", model, declared.features, None, lambda X: X.eval(model))
        frame = table.to_pandas().astype(float)
        answers = disturb(asked, frame, declared.features, declared.label, seed=1, rows_present=len(frame))
        return {Disturbances: answers}
    return {}


@pytest.mark.parametrize("check", EVERY)
def test_every_worked_example_comes_out(check: Check) -> None:
    table, *stated, figures = sections_of(check)["Example"].split("\n\n")
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    names, roles = zip(*(re.fullmatch(r"(\w+) \((\w+)\)", cell).groups() for cell in head[:-1]), strict=True)
    spread = [row[:-1] for row in rows for _ in range(int(row[-1]))]
    columns = {name: [row[place] for row in spread] for place, name in enumerate(names)}
    task = next((task for task in ("regression", "multi_label") if task in check.name), "binary")
    for name, role in zip(names, roles, strict=True):
        if role == "feature":
            columns[name] = as_written(columns[name])
        if role in ("key", "time"):
            columns[name] = [cell or None for cell in columns[name]]
        if role in ("score", "weight") or (task == "regression" and role != "sensitive"):
            columns[name] = [float(cell) for cell in columns[name]]
    many = ("sensitive", "labels", "predictions", "feature", "key", "table")
    given: dict[str, Any] = {role: name for name, role in zip(names, roles, strict=True) if role not in many}
    sensitive = tuple(SensitiveColumn(n) for n, role in zip(names, roles, strict=True) if role == "sensitive")
    if task == "multi_label":
        of = {many: tuple(n for n, role in zip(names, roles, strict=True) if role == many) for many in many[1:3]}
        given |= of
    declared = Roles(task=task, favourable=1 if task == "binary" else None, sensitive=sensitive, **given)
    everything = pa.table(columns)
    # A second table stands below the first one, told apart by a column.
    told = dict(zip(roles, names, strict=True)).get("table")
    parts = {part: everything if told is None else everything.filter(pc.field(told) == part) for part in check.tables}
    features, key = (
        tuple(n for n, role in zip(names, roles, strict=True) if role == many) for many in ("feature", "key")
    )
    declared = replace(declared, features=features, key=key)
    # A figure is looked at, whatever its limit makes of it.
    few = {one.name: 1 for one in check.parameters if one.name.startswith("min_") and one.kind == "integer"}
    # Parameters stand between the table and the figures: With `max_share=0.5`:
    pairs = re.findall(r"`(\w+)=(.+?)`", " ".join(" ".join(stated).split()))
    parameters = few | {name: ast.literal_eval(value) for name, value in pairs}
    statistics = beyond_the_table(check, parts["evaluation"], declared, parameters.pop("model", None))
    now = parts.pop("evaluation")
    outcome = judged(check.name, now, declared, statistics=statistics, **parts, **parameters)
    one_line_each = re.sub(r"\n  ", " ", figures)
    written = re.findall(r"- `(\w+)`(?: of ([^:]+))?:\s(.*?)= (-?[\d.]+)$", one_line_each, re.MULTILINE)
    assert len(written) == figures.count("- `")
    for name, group, words, value in written:
        assert figure(measured(outcome, name, group or None).value) == figure(float(value)), name
        for said in re.findall(r"([^:;,=]+)= (-?[\d.]+)", f"{words}= {value}"):
            result = worked_out(said[0])
            assert result is None or figure(result) == figure(float(said[1])), " = ".join(said)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2 (1 + 4) / 16", 0.625),
        ("|3/5 - 1|", 0.4),
        ("(1 + 1)(2 + 2) / 2^2", 2.0),
        ("sqrt(1/4 log2(16)) ", 1.0),
        ("ln 1", 0.0),
        ("3 of 4", None),
        ("none", None),
    ],
)
def test_arithmetic_is_worked_out_and_words_are_left_alone(text: str, result: float | None) -> None:
    assert worked_out(text) == (None if result is None else pytest.approx(result))


def test_the_stored_page_is_current() -> None:
    stored = (PROJECT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    assert stored == page(list_checks()), "run: python -m audits.checks.reference > docs/reference/checks.md"
