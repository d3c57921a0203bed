"""Which rows is a model asked about, whatever order, batches and file they come in?"""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import scipy.stats

from audits.sandbox import execute
from audits.sandbox.disturb import disturb_spec
from audits.sandbox.explaining import draw_rows, explain_spec
from tests.audits.sandbox import sample_models
from tests.audits.sandbox.test_execute import CSV, DECLARATION

PARQUET = {"format": "parquet"}


def rows_of(table, most, seed, batch_rows=64):
    return draw_rows(lambda: iter(table.to_batches(batch_rows)), most, seed)


def permuted(table, seed=0):
    return table.take(pa.array(np.random.default_rng(seed).permutation(table.num_rows)))


def mixture(n=5_000):
    """Numbers, texts with blank and missing ones, and rows that come several times."""
    random = np.random.default_rng(4)
    return pa.table(
        {
            "n": random.integers(0, 60, n),
            "x": pa.array(random.normal(size=n).round(1), mask=random.random(n) < 0.1),
            "t": random.choice(np.array(["a", "b", "", " ", None], object), n),
        }
    )


def test_the_frame_is_the_same_in_any_batches_and_order_of_rows_and_columns():
    table = mixture()
    frame, present = rows_of(table, 2_000, 9)
    assert (len(frame), present) == (2_000, 5_000)
    assert frame.duplicated().any()
    for other in (table, permuted(table), permuted(table, 1).select(["t", "n", "x"])):
        for batch_rows in (1, 7, 1_000, 5_000):
            again, _ = rows_of(other, 2_000, 9, batch_rows)
            pd.testing.assert_frame_equal(again[["n", "x", "t"]], frame)
    assert not rows_of(table, 2_000, 10)[0].equals(frame)


def test_a_small_table_is_taken_whole_and_put_in_order_too():
    table = mixture(300)
    frame, present = rows_of(table, 2_000, 1)
    assert (len(frame), present) == (300, 300)
    assert sorted(map(str, frame.to_numpy())) == sorted(map(str, table.to_pandas().to_numpy()))
    pd.testing.assert_frame_equal(rows_of(permuted(table), 2_000, 1)[0], frame)


def test_every_row_has_the_same_chance_to_be_drawn():
    table = pa.table({"n": np.arange(40)})
    counts = np.zeros(40)
    for seed in range(500):
        counts[rows_of(table, 4, seed)[0]["n"]] += 1
    # 50 expected, standard deviation 6.7; five of them either way.
    assert counts.min() > 16
    assert counts.max() < 84


def test_of_rows_that_come_often_as_many_are_drawn_as_chance_has_it():
    # One row makes half of the table, three make a quarter, and the others are all different.
    n = np.concatenate([np.full(5_000, -1), np.repeat([-2, -3, -4], 833), np.arange(2_501)])
    halves = [int((rows_of(pa.table({"n": n}), 1_000, seed, 3_000)[0]["n"] == -1).sum()) for seed in range(200)]
    law = scipy.stats.hypergeom(len(n), 5_000, 1_000)
    assert np.mean(halves) == pytest.approx(law.mean(), abs=4 * law.std() / np.sqrt(200))
    assert np.std(halves) == pytest.approx(law.std(), rel=0.25)


def test_nothing_is_drawn_of_nothing():
    frame, present = rows_of(pa.table({"n": np.arange(0)}), 10, 1)
    assert (len(frame), present) == (0, 0)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Models that take missing cells, and 3,000 rows: as CSV, backwards, and as Parquet in row groups."""
    folder = tmp_path_factory.mktemp("written")
    frame, repaid = sample_models.applicants(3_000)
    sample_models.save_skops(sample_models.text_pipeline(frame, repaid), folder / "with-texts")
    sample_models.save_skops(sample_models.boosting(frame, repaid), folder / "numbers-alone")
    table = frame.assign(repaid=repaid, said=repaid)
    table.loc[::9, "income"] = np.nan
    table.to_csv(folder / "as-it-is.csv", index=False)
    table[::-1].to_csv(folder / "backwards.csv", index=False)
    shuffled = permuted(pa.Table.from_pandas(table, preserve_index=False))
    pyarrow.parquet.write_table(shuffled, folder / "shuffled.parquet", row_group_size=700)
    return folder


def spec_of(folder, model, name, **more):
    form = PARQUET if name.endswith("parquet") else CSV
    texts = {"city": {"roles": ["sensitive", "feature"]}} if model == "with-texts" else {}
    table = {
        "path": str(folder / name),
        "format": form,
        "declaration": {**DECLARATION, "columns": DECLARATION["columns"] | texts},
    }
    artifact = {"path": str(folder / model), "format": "skops"}
    return {"tables": {"evaluation": table}, "artifact": artifact, "seed": 3, **more}


@pytest.mark.parametrize(("asked", "model"), [(explain_spec, "numbers-alone"), (disturb_spec, "with-texts")])
def test_the_same_rows_in_another_order_and_file_give_the_same_document(written, asked, model):
    documents = [asked(spec_of(written, model, name)) for name in ("as-it-is.csv", "backwards.csv", "shuffled.parquet")]
    assert (documents[0]["n_rows"], documents[0]["rows_present"]) == (2_000, 3_000)
    assert documents[1] == documents[0]
    assert documents[2] == documents[0]


def test_a_locked_child_gives_the_same_bytes_for_another_order_of_rows(written):
    runs = [
        {"check": check, "version": 1, "parameters": {}}
        for check in ("performance.robustness", "explainability.dominant_feature")
    ]
    answers = []
    for name in ("as-it-is.csv", "shuffled.parquet"):
        spec = spec_of(written, "numbers-alone", name, runs=runs)
        outcomes = execute(spec, wall_seconds=240, cpu_seconds=120, memory_bytes=2 * 1024**3)["outcomes"]
        assert not [one["sentence"] for one in outcomes if one["verdict"] in ("errored", "inconclusive")]
        answers.append(json.dumps(outcomes))
    assert answers[0] == answers[1]
