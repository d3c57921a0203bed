"""Is every check documented as it is, and is the stored page the one that the docstrings give?"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from audits.checks import Check, list_checks
from audits.checks import library as checks_library
from audits.checks.reference import SECTIONS, documented_parameters, page, sections_of

PROJECT = Path(__file__).parents[3]
EVERY = [pytest.param(check, id=check.name) for check in list_checks()]


@pytest.mark.parametrize("check", EVERY)
def test_every_check_says_what_it_takes_measures_cannot_measure_and_rests_on(check: Check) -> None:
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


def test_the_stored_page_is_current() -> None:
    stored = (PROJECT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    assert stored == page(list_checks()), "run: python -m audits.checks.reference > docs/reference/checks.md"
