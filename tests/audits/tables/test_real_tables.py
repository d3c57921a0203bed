"""Do real tables give the published figures, and the same ones from either format?"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audits.tables.reading import Table, TableFormat, inspect_table, open_table
from audits.tables.unusable import UnusableTable
from tests.audits.tables.written import declare
from tests.shared_data import shared_data

CSV, PARQUET = TableFormat("csv"), TableFormat("parquet")
ADULT = {
    "income_over_50k": "label",
    "sex": "sensitive feature",
    "race": "sensitive",
    "age": {"roles": ["sensitive", "feature"], "bands": [40, 55]},
    "final_weight": "weight",
}


def whole(table: Table) -> pa.Table:
    return pa.Table.from_batches(list(table.batches()), table.schema)


def share_of_ones(rows: pa.Table, label: str) -> float:
    return float(pc.mean(rows[label]).as_py())


def test_adult_gives_the_published_base_rates_from_its_gzipped_text() -> None:
    path = shared_data("adult_train.csv.gz")
    facts = inspect_table(path, CSV, declare(**ADULT))
    assert facts.n_rows == 32_561
    assert dict(facts.columns)["income_over_50k"] == "integer"
    assert dict(facts.columns)["occupation"] == "text"
    rows = whole(open_table(path, CSV, columns=["income_over_50k", "sex", "workclass", "native_country"]))
    assert round(share_of_ones(rows, "income_over_50k"), 6) == 0.240810
    women = rows.filter(pc.equal(rows["sex"], "Female"))
    assert round(share_of_ones(women, "income_over_50k"), 6) == 0.109461
    assert (rows["workclass"].null_count, rows["native_country"].null_count) == (1836, 583)


def test_adult_is_the_same_table_in_both_formats() -> None:
    columnar = whole(open_table(shared_data("adult.parquet"), PARQUET))
    assert columnar.num_rows == 48_842
    for part in ("train", "test"):
        text = whole(open_table(shared_data(f"adult_{part}.csv.gz"), CSV))
        twin = columnar.filter(pc.equal(columnar["split"], part)).drop_columns(["split"])
        assert text.equals(twin)


def test_both_formats_of_adult_pass_inspection_alike() -> None:
    facts = inspect_table(shared_data("adult.parquet"), PARQUET, declare(**ADULT))
    text = inspect_table(shared_data("adult_test.csv.gz"), CSV, declare(**ADULT))
    assert (facts.n_rows, text.n_rows) == (48_842, 16_281)
    assert facts.columns == (*text.columns, ("split", "text"))


def test_german_credit_gives_the_published_share_of_good_risks() -> None:
    path = shared_data("german_credit.csv")
    young = {"roles": ["sensitive"], "bands": [25]}
    facts = inspect_table(path, CSV, declare(good_credit="label", sex="sensitive", age_years=young))
    assert (facts.n_rows, len(facts.columns)) == (1000, 22)
    rows = whole(open_table(path, CSV, columns=["good_credit", "age_years", "sex"]))
    women = rows.filter(pc.equal(rows["sex"], "female"))
    under_25 = rows.filter(pc.less(rows["age_years"], 25))
    assert (women.num_rows, round(share_of_ones(women, "good_credit"), 6)) == (310, 0.648387)
    assert (under_25.num_rows, round(share_of_ones(under_25, "good_credit"), 6)) == (149, 0.590604)


def test_decisions_of_a_model_pass_with_their_ids() -> None:
    path = shared_data("adult_random_forest_predictions.csv")
    declaration = declare(entity_id="id", y_true="label", y_pred="prediction", sex="sensitive", race="sensitive")
    assert inspect_table(path, CSV, declaration).n_rows == 9_769


def test_a_name_from_another_copy_of_the_data_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnusableTable) as refused:
        inspect_table(shared_data("adult_test.csv.gz"), CSV, declare(income="label", Sex="sensitive"))
    assert str(refused.value).startswith(
        'Column "income", line 1: the table has no such column; did you mean "income_over_50k"? it has "age", '
    )
    with pytest.raises(UnusableTable, match='did you mean "sex"'):
        inspect_table(shared_data("adult_test.csv.gz"), CSV, declare(Sex="sensitive"))
