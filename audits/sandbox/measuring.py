"""How do the tables of a spec become inputs of the checks, and the outcomes documents?

Imported by the child after it is locked.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from audits.checks import Outcome, RunSpec, measure, needed_columns
from audits.sandbox.given import GivenTable
from audits.sandbox.ordered import FROM_MODEL, needed_of_model
from audits.tables import UnusableTable


def measure_spec(spec: Mapping[str, Any], *, say_progress: Callable[[int], None]) -> dict[str, Any]:
    """Return {"outcomes": documents in the order of the runs, "rows": rows read by table}.

    Runs that need something of the model take their verdict from the spec where it says why there is nothing.
    """
    runs = [RunSpec(run["check"], run["version"], run["parameters"]) for run in spec["runs"]]
    try:
        given = {name: GivenTable.read(entry) for name, entry in spec["tables"].items()}
        profiles = {name: table.profile() for name, table in given.items()}
    except UnusableTable as refused:
        return {"outcomes": [Outcome(run, "errored", str(refused)).to_document() for run in runs], "rows": {}}
    refusals = [_refusal(run, spec) for run in runs]
    measurable = [run for run, refusal in zip(runs, refusals, strict=True) if refusal is None]
    columns = needed_columns(measurable, {name: table.roles for name, table in given.items()})
    rows = {name: 0 if profile is None else profile.n_rows for name, profile in profiles.items()}
    tables = {
        name: table.as_input(columns.get(name, ()), profile=profiles[name], tell_rows=partial(rows.__setitem__, name))
        for name, table in given.items()
    }
    of_model = {name: document for name in FROM_MODEL if (document := spec.get(name))}
    statistics = {FROM_MODEL[name]: FROM_MODEL[name].from_document(document) for name, document in of_model.items()}
    expected = sum(table.expected_rows() for name, table in given.items() if columns.get(name))
    outcomes = iter(
        measure(
            measurable,
            tables=tables,
            statistics=statistics,
            seed=spec["seed"],
            progress=_percent(say_progress, expected),
        )
    )
    documents = []
    for run, refusal in zip(runs, refusals, strict=True):
        document = (next(outcomes) if refusal is None else refusal).to_document()
        if refusal is None and needed_of_model(run.check, run.version) == "attributions" and "attributions" in of_model:
            _tell_how(document, of_model["attributions"])
        documents.append(document)
    return {"outcomes": documents, "rows": rows}


def _refusal(run: RunSpec, spec: Mapping[str, Any]) -> Outcome | None:
    """The outcome of a run for which the model gave nothing."""
    needed = needed_of_model(run.check, run.version)
    without = spec.get(f"no_{needed}")
    return None if without is None else Outcome(run, *without)


def _percent(say_progress: Callable[[int], None], expected: int) -> Callable[[int], None]:
    said = 0

    def progress(read: int) -> None:
        nonlocal said
        percent = min(99, 100 * read // expected) if expected else 0
        if percent > said:
            said = percent
            say_progress(percent)

    return progress


def _tell_how(document: dict[str, Any], attributions: Mapping[str, Any]) -> None:
    """Store how the attributions were worked out with the figures that were made from them."""
    for stored in document["statistics"].values():
        if "Attributions" in stored:
            stored["Attributions"] = dict(attributions)
    document["notes"].append(
        f"Attributions of the {attributions['unit']} by the method {attributions['method']} over "
        f"{attributions['n_rows']:,} of {attributions['rows_present']:,} rows, drawn with the seed "
        f"{attributions['seed']}; they add up to the model's output within {attributions['additivity_error']:.1e}."
    )
