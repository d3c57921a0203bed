"""What does the work cost when a check run of ours does it?

A work runs in a process of its own with the settings of the locked child, and what is counted is what the child does
from the moment it knows the order: reading the Parquet files, the checks, and the outcomes as a JSON document with the
statistics that they rest on. `gate` is a whole child as a worker starts it, with its imports and its locks.
"""

import compileall
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import audits
from audits.sandbox.execute import execute
from tests.benchmarks.checks import tables
from tests.benchmarks.checks.peers.stopwatch import cpu_seconds, peak_bytes

ATTRIBUTES = tuple(tables.GROUPS)
SINGLE = tuple((name,) for name in ATTRIBUTES)
CROSSED = tuple(some for size in (2, 3) for some in combinations(ATTRIBUTES, size))
WIDE, NARROW = {"max_difference": 1.0}, {"min_ratio": 0.0}
PARITY: Mapping[str, Mapping[str, float]] = {
    "demographic_parity_difference": WIDE,
    "demographic_parity_ratio": NARROW,
    "equalized_odds_difference": WIDE,
    "equal_opportunity_gap": {"max_gap": 1.0},
    "predictive_parity": WIDE,
    "false_positive_rate_parity": WIDE,
    "false_negative_rate_parity": WIDE,
    "false_omission_rate_parity": WIDE,
    "accuracy_parity": WIDE,
    "balanced_accuracy_parity": WIDE,
    "treatment_equality": {"max_difference": 1e6, "min_ratio": 0.0},
}
SCORES = ("fairness.auc_gap", "fairness.calibration_within_groups")
QUALITY = (
    "data_quality.completeness",
    "data_quality.constant_columns",
    "data_quality.duplicate_rows",
    "data_quality.class_balance",
)
# What Great Expectations and duckdb are asked of single columns, too.
CONTRACT = (
    "id: unique",
    *(f"{name}: from -10 to 1e9" for name in tables.NUMBERS),
    *(f"{name}: one of 0 | 1" for name in ("y_true", "y_pred")),
    *(f"{name}: one of {' | '.join(tables.GROUPS[name][0])}" for name in ("sex", "race")),
)
DRIFT = ("drift.population_stability", "drift.kolmogorov_smirnov")
MIB = 2**20

Spec = dict[str, Any]


def run(check: str, **parameters: object) -> Spec:
    return {"check": check, "version": 1, "parameters": parameters}


def parity_runs() -> list[Spec]:
    """Eleven checks along every attribute and every crossing: all seven groupings of three attributes.

    The limits allow everything, so that no finding asks for advice about what would pass: advice is measured with the
    gate.
    """
    along: list[str | None] = [None, *(" x ".join(some) for some in CROSSED)]
    return [
        run(f"fairness.{name}", attribute=attribute, simultaneous=True, **allowing)
        for name, allowing in PARITY.items()
        for attribute in along
    ]


def declared(*, features: bool, outcome: bool = True) -> Spec:
    columns: dict[str, list[str]] = {name: ["feature"] for name in tables.FEATURES} if features else {}
    columns |= {"y_true": ["label"]}
    if outcome:
        columns |= {"y_pred": ["prediction"], "y_score": ["score"], **{name: ["sensitive"] for name in ATTRIBUTES}}
    if features and outcome:
        columns["id"] = ["id"]
    return {"task": "binary", "favourable": 1, "columns": {name: {"roles": roles} for name, roles in columns.items()}}


def spec(runs: list[Spec], declaration: Spec, *paths: str) -> Spec:
    given = zip(("evaluation", "reference"), paths, strict=False)
    return {
        "runs": runs,
        "tables": {
            name: {
                "path": path,
                "format": {"format": "profile" if path.endswith(".json") else "parquet"},
                "declaration": declaration,
            }
            for name, path in given
        },
        "artifact": None,
        "seed": 7,
    }


def specs() -> dict[str, Callable[..., Spec]]:
    """The order of each work, given the paths of its tables."""
    narrow, wide, features = declared(features=False), declared(features=True), declared(features=True, outcome=False)
    quality = [*map(run, QUALITY), run("data_quality.declared_schema", columns=list(CONTRACT))]
    return {
        "parity": lambda path: spec(parity_runs(), narrow, path),
        "scores": lambda path: spec([run(name, attribute="sex") for name in SCORES], narrow, path),
        "profile": lambda path: spec([*map(run, QUALITY)], wide, path),
        "quality": lambda path: spec(quality, wide, path),
        "drift": lambda path, other: spec([run(name) for name in DRIFT], features, path, other),
        "overlap": lambda path, other: spec([run("data_quality.shared_rows")], features, path, other),
        "gate": lambda path, other: spec(
            [
                *(run(f"fairness.{name}", simultaneous=True) for name in PARITY),
                *(run(name) for name in (*SCORES, "data_quality.shared_rows", *DRIFT)),
                *quality,
            ],
            wide,
            path,
            other,
        ),
    }


def warm() -> None:
    """What is imported on the way: the library of checks, its p-values, and pandas, which Arrow looks for once."""
    import pyarrow as pa
    import scipy.special  # noqa: F401 -- the peers' imports are not counted either

    from audits.checks import list_checks

    list_checks()
    pa.scalar("")


def measured(order: Spec) -> dict[str, object]:
    """The cost of an order, with the part that came after the last row was read, and the bytes of its outcomes."""
    from audits.sandbox.answer import as_bytes
    from audits.sandbox.measuring import measure_spec

    warm()
    read = [cpu_seconds()]
    cpu, wall = cpu_seconds(), time.perf_counter()
    document = measure_spec(order, say_progress=lambda percent: read.append(cpu_seconds()))
    text = as_bytes(document)
    ended = cpu_seconds()
    return {
        "cpu": ended - cpu,
        "wall": time.perf_counter() - wall,
        "peak": peak_bytes(),
        "checks": ended - read[-1],
        "verdicts": _verdicts(document),
        "stored": _stored(document),
        "bytes": len(text),
    }


def figures(path: str) -> dict[str, object]:
    """Eleven rates of every group of all seven groupings, their differences and ratios: no draws, no documents."""
    from audits.checks import GroupCounts
    from audits.checks.comparison import compared
    from audits.checks.scan import scan_tables
    from audits.checks.statistics import rates
    from audits.checks.wishes import Wish
    from audits.sandbox.given import GivenTable

    warm()
    eleven = (
        rates.selection_rate(1),
        rates.true_positive_rate(1),
        rates.false_positive_rate(1),
        rates.false_negative_rate(1),
        rates.true_negative_rate(1),
        rates.precision(1),
        rates.false_discovery_rate(1),
        rates.false_omission_rate(1),
        rates.accuracy(),
        rates.balanced_accuracy(1),
        rates.error_ratio(1),
    )

    order = specs()["parity"](path)
    cpu, wall = cpu_seconds(), time.perf_counter()
    given = GivenTable.read(order["tables"]["evaluation"])
    tables = {"evaluation": given.as_input(GroupCounts.columns(given.roles))}
    wishes = {"evaluation": {GroupCounts: Wish(given.roles)}}
    counts: Any = scan_tables(tables, wishes, seed=7)["evaluation", GroupCounts]
    groupings = [counts.grouping(" x ".join(some)) for some in (*SINGLE, *CROSSED)]
    gaps = [compared(grouping, rate, 1, ()) for grouping in groupings for rate in eleven]
    told = [(one.difference, one.ratio) for one in gaps]
    ended = cpu_seconds()
    return {"cpu": ended - cpu, "wall": time.perf_counter() - wall, "peak": peak_bytes(), "figures": len(told)}


def gate(order: Spec) -> dict[str, object]:
    """A whole locked child: started, imported, locked, and gone again."""
    # A worker's own imports leave compiled modules for its children, unless Python was told not to keep any.
    compileall.compile_dir(str(Path(audits.__file__).parent), quiet=1)
    wall = time.perf_counter()
    answer = execute(order, wall_seconds=600, cpu_seconds=600, memory_bytes=4096 * MIB)
    wall = time.perf_counter() - wall
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "peak": used.ru_maxrss * 1024,
        "verdicts": _verdicts(answer),
        "guards": len(answer["guards"]),
    }


def _verdicts(document: Mapping[str, Any]) -> dict[str, int]:
    verdicts = [outcome["verdict"] for outcome in document["outcomes"]]
    broken = [outcome["sentence"] for outcome in document["outcomes"] if outcome["verdict"] == "errored"]
    if broken:
        raise SystemExit(broken[0])
    return {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}


def _stored(document: Mapping[str, Any]) -> int:
    """The bytes of the largest set of statistics that an outcome stores."""
    return max(len(json.dumps(outcome["statistics"])) for outcome in document["outcomes"])


def main(work: str, *paths: str) -> None:
    if work == "figures":
        told = figures(*paths)
    elif work == "gate":
        told = gate(specs()["gate"](*paths))
    else:
        told = measured(specs()[work](*paths))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], *(str(Path(path).resolve()) for path in sys.argv[2:]))
