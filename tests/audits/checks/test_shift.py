"""drift.label, drift.prediction, drift.text_length and drift.overall against hand-made tables and SciPy."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from audits.checks import Roles, RunSpec, measure, recompute
from tests.audits.checks.tables import bike, given, judged, keys, measured

LABEL, PREDICTION, LENGTH, OVERALL = "drift.label", "drift.prediction", "drift.text_length", "drift.overall"
BINARY = Roles(task="binary", favourable=1, label="y", prediction="p")
TEXTS = Roles(task="regression", features=("note", "x"))


def classes(**counts: int) -> pa.Table:
    labels = [name for name, n in counts.items() for _ in range(n)]
    return pa.table({"y": labels, "p": labels})


MANY = Roles(task="multiclass", label="y", prediction="p")


@pytest.mark.parametrize("check", [LABEL, PREDICTION])
def test_classes_are_compared_by_name_and_equal_scipy(check: str) -> None:
    now, then = classes(a=300, b=500, d=200), classes(a=450, b=450, c=100)
    outcome = judged(check, now, MANY, reference=then)
    column = "y" if check == LABEL else "p"
    assert keys(outcome) == [f"{check}/{column}"]
    counts = np.array([[300, 500, 0, 200], [450, 450, 100, 0]])
    distance = jensenshannon(*counts, base=2)
    assert measured(outcome, "jensen_shannon", column).value == pytest.approx(distance, abs=1e-12)
    p_value = stats.chi2_contingency(counts, correction=False).pvalue
    assert measured(outcome, "p_value", column).value == pytest.approx(p_value, rel=1e-9)


def test_labels_of_numbers_are_classes_too_and_equal_tables_pass() -> None:
    table = pa.table({"y": [0, 1] * 100, "p": [1.0, 0.0] * 100})
    for check in (LABEL, PREDICTION):
        outcome = judged(check, table, BINARY, reference=table)
        assert outcome.verdict == "passed"
        assert measured(outcome, "jensen_shannon", "y" if check == LABEL else "p").value == 0
    spread = judged(LABEL, table, BINARY, reference=table)
    assert spread.statistics["evaluation"]["AlignedValues"]["columns"][0][4] == [100, 100]


def test_labels_that_have_not_come_yet_are_inconclusive() -> None:
    reference = classes(a=200, b=200)
    tables = {
        "evaluation": given(reference.select(["p"]), Roles(task="multiclass", prediction="p")),
        "reference": given(reference, MANY),
    }
    (outcome,) = measure([RunSpec(LABEL, 1)], tables=tables)
    assert outcome.verdict == "inconclusive"
    assert "role label, and the evaluation table declares none" in outcome.sentence
    empty = pa.table({"y": pa.nulls(400, pa.string()), "p": ["a"] * 400})
    late = judged(LABEL, empty, MANY, reference=reference)
    assert (late.verdict, "0 filled rows in the evaluation" in late.sentence) == ("inconclusive", True)


def test_a_large_shift_of_few_rows_and_a_small_one_of_many_are_no_finding() -> None:
    few = judged(LABEL, classes(a=6, b=4), MANY, reference=classes(a=4, b=6), min_rows=5)
    assert few.verdict == "passed"
    assert (measured(few, "jensen_shannon", "y").value or 0) > 0.1
    assert (measured(few, "p_value", "y").value or 0) > 0.3
    many = judged(LABEL, classes(a=51_000, b=49_000), MANY, reference=classes(a=50_000, b=50_000))
    assert many.verdict == "passed"
    assert (measured(many, "p_value", "y").value or 1) < 1e-4


def test_the_label_of_a_regression_is_compared_between_deciles() -> None:
    roles = Roles(task="regression", label="cnt", prediction="registered")
    outcome = judged(LABEL, bike(2012), roles, reference=bike(2011))
    assert keys(outcome) == [f"{LABEL}/cnt"]
    # The published figure for this pair of years.
    assert measured(outcome, "population_stability_index", "cnt").value == pytest.approx(1.857971, abs=1e-6)
    stored = json.loads(json.dumps(outcome.to_document()))
    assert recompute(stored).to_document() == stored


def test_scores_are_compared_with_the_predictions() -> None:
    scores = np.linspace(0, 1, 500)
    roles = Roles(task="binary", favourable=1, prediction="p", score="s")
    then = pa.table({"p": (scores > 0.5).astype(int), "s": scores})
    now = pa.table({"p": (scores > 0.5).astype(int), "s": scores**3})
    assert keys(judged(PREDICTION, now, roles, reference=then)) == [f"{PREDICTION}/s"]
    assert judged(PREDICTION, now, Roles(task="regression"), reference=then).verdict == "inconclusive"


def notes(*lengths: int | None) -> pa.Table:
    texts = [None if n is None else "é" * n for n in lengths]
    return pa.table({"note": pa.array(texts, pa.string()), "x": np.arange(len(texts))})


def test_lengths_count_characters_and_blank_cells_have_none() -> None:
    then = notes(*[n % 10 + 1 for n in range(400)])
    now = notes(*[n % 10 + 6 for n in range(400)], 0, None)
    outcome = judged(LENGTH, now, TEXTS, reference=then)
    assert keys(outcome) == [f"{LENGTH}/note"]
    assert measured(outcome, "jensen_shannon", "note").n == 400
    # Half of the rows moved to bins that were empty, and half of the reference lies in bins that are empty now:
    # lengths 6 to 10 overlap with a share of one half in each table.
    shares = np.array([[0] * 5 + [1 / 10] * 4 + [6 / 10], [1 / 10] * 10])
    assert measured(outcome, "jensen_shannon", "note").value == pytest.approx(jensenshannon(*shares, base=2), abs=1e-12)
    assert judged(LENGTH, then, TEXTS, reference=then).verdict == "passed"
    assert judged(LENGTH, then, Roles(task="regression", features=("x",)), reference=then).verdict == "inconclusive"


def test_lengths_do_not_depend_on_batches_or_dictionaries() -> None:
    table = notes(*[n % 17 for n in range(900)])
    encoded = table.set_column(0, "note", table["note"].combine_chunks().dictionary_encode())
    found = []
    for one, rows in ((table, 7), (table, 900), (encoded, 100)):
        tables = {"evaluation": given(one, TEXTS, rows), "reference": given(table, TEXTS)}
        found.append(measure([RunSpec(LENGTH, 1)], tables=tables)[0].to_document())
    assert found[0] == found[1] == found[2]


def shifted(moved: int, columns: int = 4) -> dict[str, Any]:
    random = np.random.default_rng(5)
    table = {f"c{n}": random.normal(1.5 if n < moved else 0, 1, 1_000) for n in range(columns)}
    return {"table": pa.table(table), "roles": Roles(task="regression", features=tuple(table))}


def test_the_share_of_columns_that_moved_is_held_against_its_limit() -> None:
    reference = shifted(0)["table"]
    for moved, verdict in ((0, "passed"), (1, "passed"), (2, "failed")):
        outcome = judged(OVERALL, **shifted(moved), reference=reference, max_share=0.25)
        assert (outcome.verdict, measured(outcome, "moved_columns").value) == (verdict, moved)
        assert measured(outcome, "moved_share").value == moved / 4
    assert keys(outcome) == [OVERALL]
    assert "2 of 4 columns moved, a share of 0.5" in outcome.sentence


def test_a_column_that_cannot_be_compared_leaves_the_whole_open_unless_the_others_suffice() -> None:
    reference = shifted(0)["table"].append_column("t", pa.array(["x"] * 1_000))
    roles = Roles(task="regression", features=("c0", "c1", "c2", "c3", "t"))
    for moved, verdict in ((0, "inconclusive"), (1, "inconclusive"), (2, "failed")):
        table = shifted(moved)["table"].append_column("t", pa.nulls(1_000, pa.string()))
        assert judged(OVERALL, table, roles, reference=reference).verdict == verdict


def test_p_values_are_corrected_for_the_number_of_columns() -> None:
    random = np.random.default_rng(8)
    tables = [pa.table({f"c{n}": random.integers(0, 2, 150) for n in range(20)}) for _ in range(2)]
    roles = Roles(task="regression", features=tuple(tables[0].column_names))
    outcome = judged(OVERALL, tables[0], roles, reference=tables[1])
    raw = [
        stats.chi2_contingency([np.bincount(t[name].to_numpy(), minlength=2) for t in tables], correction=False).pvalue
        for name in roles.features
    ]
    corrected = stats.false_discovery_control(raw)
    for name, expected in zip(roles.features, corrected, strict=True):
        assert math.isclose(measured(outcome, "adjusted_p_value", name).value or 0, expected, rel_tol=1e-9)
