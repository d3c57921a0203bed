"""Does the page of other tools' names tell the truth: are the checks there, and do they measure the same?"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fairlearn.metrics
import pytest

from audits.checks import get_check, list_checks
from audits.checks.reference import sections_of
from tests.audits.checks.tables import DECISIONS, confusion, judged, measured

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "metric-names.md").read_text(encoding="utf-8")
CLARIFY = (
    *("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL"),
    *("DPPL", "DI", "DCA", "DCR", "AD", "RD", "DAR", "DRR", "SD", "TE", "CDDPL", "FT", "GE"),
)


def lines_of(heading: str) -> list[list[str]]:
    """The cells of the lines of the tables under a heading: names, check, measurement, remark."""
    _, _, below = PAGE.partition(f"## {heading}\n")
    part, _, _ = below.partition("\n## ")
    lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines]


HEADINGS = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
EVERY = [line for heading in HEADINGS for line in lines_of(heading)]
OFFERED = [line for line in EVERY if line[1].startswith("`")]


def test_every_check_that_is_named_anywhere_exists() -> None:
    named = set(re.findall(r"`([a-z_]+\.[a-z_0-9]+)`", PAGE)) - {"aif360.sklearn.metrics"}
    assert named <= {check.name for check in list_checks()}
    assert len(named) > 20


@pytest.mark.parametrize("line", OFFERED, ids=lambda line: line[0])
def test_the_check_measures_what_is_named(line: list[str]) -> None:
    _, check, measurement, _ = line
    told = sections_of(get_check(check.strip("`"), 1))["Measures"]
    assert re.search(rf"^{measurement.strip('`')} : ", told, re.MULTILINE)


def test_what_is_not_offered_says_so_and_nothing_else() -> None:
    others = [line for line in EVERY if line not in OFFERED]
    assert {line[1] for line in others} == {"not offered", "every check of fairness"}
    assert not any(line[2] for line in others)


def test_every_name_of_clarify_and_of_fairlearn_has_its_line() -> None:
    clarify = [re.findall(r"`(\w+)`", line[0])[0] for heading in HEADINGS[:2] for line in lines_of(heading)]
    assert tuple(clarify) == CLARIFY
    theirs = [re.findall(r"`(\w+)`", line[0])[0] for line in lines_of("fairlearn")]
    assert sorted(theirs) == sorted(fairlearn.metrics.__all__)


# True and false positives, false and true negatives of the group at an advantage and of the other one.
A, D = (50, 10, 20, 60), (20, 12, 25, 43)
Counts = tuple[int, int, int, int]
SAME: dict[str, Callable[[Counts], float]] = {
    "DPL": lambda of: (of[0] + of[2]) / sum(of),
    "TVD": lambda of: (of[0] + of[2]) / sum(of),
    "KS": lambda of: (of[0] + of[2]) / sum(of),
    "DPPL": lambda of: (of[0] + of[1]) / sum(of),
    "AD": lambda of: (of[0] + of[3]) / sum(of),
    "RD": lambda of: of[0] / (of[0] + of[2]),
    "DAR": lambda of: of[0] / (of[0] + of[1]),
    "DRR": lambda of: of[3] / (of[3] + of[2]),
    "SD": lambda of: of[3] / (of[3] + of[1]),
    "TE": lambda of: of[2] / of[1],
}


def figure_of(name: str, group: str | None = "sex", **parameters: object) -> float:
    """The figure that the page names, over the two groups."""
    (line,) = [line for line in OFFERED if line[0].startswith(f"`{name}`,")]
    few = {one.name: 1 for one in get_check(line[1].strip("`"), 1).parameters if one.name.startswith("min_")
           and one.kind == "integer"}  # fmt: skip
    outcome = judged(line[1].strip("`"), confusion(a=A, d=D), **few, **parameters)
    value = measured(outcome, line[2].strip("`"), group).value
    assert value is not None
    return value


@pytest.mark.parametrize("name", SAME)
def test_a_difference_of_clarify_is_the_same_without_its_sign(name: str) -> None:
    assert figure_of(name) == pytest.approx(abs(SAME[name](A) - SAME[name](D)), abs=1e-12)
    (line,) = [line for line in OFFERED if line[0].startswith(f"`{name}`,")]
    assert "he same" in line[3]


def test_the_other_figures_of_clarify_come_out_as_the_page_says() -> None:
    population = ["a=0.5", "d=0.5"]
    shares = [figure_of("CI", f"sex/{group}", population=population) for group in ("a", "d")]
    assert shares[0] - shares[1] == pytest.approx((sum(A) - sum(D)) / (sum(A) + sum(D)), abs=1e-12)
    classes = [(of[0] + of[2]) / sum(of) for of in (A, D)]
    distance = math.hypot(classes[0] - classes[1], (1 - classes[0]) - (1 - classes[1]))
    assert figure_of("LP") * math.sqrt(2) == pytest.approx(distance, abs=1e-12)
    selected = [(of[0] + of[1]) / sum(of) for of in (A, D)]
    assert figure_of("DI") == pytest.approx(min(selected) / max(selected), abs=1e-12)
    # Benefits: 2 for a false positive, 0 for a false negative, 1 for whoever is judged rightly.
    rights, twos, zeros = (sum(of[place] for of in (A, D) for place in places) for places in ((0, 3), (1,), (2,)))
    n = rights + twos + zeros
    mean = (rights + 2 * twos) / n
    entropy = (rights * (1 / mean) ** 2 + twos * (2 / mean) ** 2 - n) / (2 * n)
    assert figure_of("GE", None) == pytest.approx(entropy, abs=1e-12)


def test_labels_are_compared_before_there_is_any_prediction() -> None:
    table = confusion(a=A, d=D).drop(["decision"])
    outcome = judged("fairness.label_parity", table, replace(DECISIONS, prediction=None))
    assert measured(outcome, "label_parity_difference", "sex").value == pytest.approx(70 / 140 - 45 / 100)
