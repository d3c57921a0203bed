"""data_quality.schema_contract and data_quality.declared_schema against hand-made tables."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given as given_by
from hypothesis import strategies as st

from audits.checks import ColumnShapes, Roles, RunSpec, measure, recompute
from audits.checks.judged_shapes import AgreedShapes, DeclaredShapes
from audits.checks.scan import scan_tables
from audits.checks.statistics.column_shapes import masks_of
from audits.checks.wishes import Wish
from tests.audits.checks.tables import german, given, judged, keys, measured

INFERRED, DECLARED = "data_quality.schema_contract", "data_quality.declared_schema"


def good(n: int = 200, **changed: Any) -> pa.Table:
    start = datetime.datetime(2026, 1, 1)
    columns = {
        "age": pa.array([20 + i % 50 for i in range(n)]),
        "pay": pa.array([i * 1.5 for i in range(n)]),
        "sex": pa.array([("female", "male")[i % 2] for i in range(n)]),
        "zip": pa.array([f"{10_000 + 7 * i}" for i in range(n)]),
        "number": pa.array([f"AB-{i:03d}" for i in range(n)]),
        "at": pa.array([start + datetime.timedelta(hours=i) for i in range(n)], pa.timestamp("s")),
    }
    columns.update({name: pa.array(values) for name, values in changed.items()})
    return pa.table(columns)


ROLES = Roles(task="regression", features=("age", "pay", "sex", "zip", "number", "at"))


def test_a_table_keeps_the_contract_of_one_like_it() -> None:
    outcome = judged(INFERRED, good(), ROLES, reference=good())
    assert outcome.verdict == "passed"
    assert {m.group: m.value for m in outcome.report.measurements} == dict.fromkeys(ROLES.features, 0)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("column", "values", "rule", "sentence"),
    [
        ("age", [str(20 + i % 50) for i in range(200)], "type", "holds text cells where integer is agreed"),
        ("age", [20.5 + i % 50 for i in range(200)], "type", "holds number cells where integer is agreed"),
        ("age", [None, *[20 + i % 50 for i in range(199)]], "required", "is missing in 1 of 200 rows"),
        ("age", [75, *[20 + i % 50 for i in range(199)]], "range", "reaches up to 75, above 73.9"),
        ("age", [15, *[20 + i % 50 for i in range(199)]], "range", "reaches down to 15, below 15.1"),
        ("sex", ["other", *["female"] * 199], "categories", 'holds "other", which is not agreed'),
        ("zip", ["1000", *[f"{10_000 + 7 * i}" for i in range(199)]], "pattern", 'follows the pattern "9999", which'),
        ("number", [f"AB-{i % 199:03d}" for i in range(200)], "unique", "holds a value twice"),
        ("pay", [1.0, 0.5, *[float(i) for i in range(198)]], "order", "does not ascend"),
    ],
)
def test_each_broken_rule_is_found_on_its_column(column: str, values: list[Any], rule: str, sentence: str) -> None:
    outcome = judged(INFERRED, good(**{column: values}), ROLES, reference=good())
    assert keys(outcome) == [f"{INFERRED}/{column}/{rule}"]
    assert sentence in outcome.sentence
    assert measured(outcome, "broken_rules", column).value == 1
    for ignored in (column, f"{column}.{rule}"):
        assert judged(INFERRED, good(**{column: values}), ROLES, reference=good(), ignore=[ignored]).verdict == "passed"


def test_a_column_that_is_gone_is_found() -> None:
    fewer = Roles(task="regression", features=ROLES.features[1:])
    tables = {"evaluation": given(good().drop_columns(["age"]), fewer), "reference": given(good(), ROLES)}
    (outcome,) = measure([RunSpec(INFERRED, 1)], tables=tables)
    assert keys(outcome) == [f"{INFERRED}/age/column"]


def test_a_small_reference_promises_neither_order_nor_uniqueness_nor_patterns() -> None:
    table = good(50)
    assert judged(INFERRED, table.take(pa.array(range(49, -1, -1))), ROLES, reference=table).verdict == "passed"


def test_a_declared_contract_is_kept_or_broken_rule_by_rule() -> None:
    contract = [
        "age: integer; required; from 18 to 120",
        "sex: text; one of female | male | other",
        "zip: pattern 12345; unique",
        "number: pattern X-999",
        "pay: number; ascending",
        "at: time; ascending",
    ]
    assert judged(DECLARED, good(), ROLES, columns=contract).verdict == "passed"
    table = good(age=[17] * 200, sex=["f"] * 200, zip=["12a45"] * 200, pay=[-i for i in range(200)])
    outcome = judged(DECLARED, table, ROLES, columns=[*contract, "height: number"])
    names = ("age/range", "sex/categories", "zip/pattern", "zip/unique", "pay/order", "height/column")
    assert sorted(keys(outcome)) == sorted(f"{DECLARED}/{name}" for name in names)
    assert judged(DECLARED, table, ROLES, columns=["pay: integer; descending"]).verdict == "passed"


@pytest.mark.parametrize(
    ("line", "rule", "sentence"),
    [
        ("age: one of 20 | 21.0", "categories", 'holds "22", "23", "24", "25", "26" and 43 more'),
        ("pay: one of 0 | 1.5", "categories", "holds more than 200 different values, and 2 are agreed"),
        ("at: one of today", "categories", "holds time cells, of which none can keep such a rule"),
        ("age: pattern 99", "pattern", "holds number cells, of which none can keep such a rule"),
        ("sex: from 0 to 1", "range", "holds text cells, of which none can keep such a rule"),
        ("zip: ascending", "order", "holds text cells, of which none can keep such a rule"),
    ],
)
def test_a_rule_that_cells_of_another_type_cannot_keep_is_broken_and_never_kept(
    line: str, rule: str, sentence: str
) -> None:
    outcome = judged(DECLARED, good(300), ROLES, columns=[line])
    assert keys(outcome) == [f"{DECLARED}/{line.partition(':')[0]}/{rule}"]
    assert sentence in outcome.sentence


@pytest.mark.parametrize("agreed", ["0 | 1", "1.0 | 0.0", "true | false"])
def test_numbers_are_held_against_categories_as_numbers(agreed: str) -> None:
    for cells in (pa.array([0, 1] * 100), pa.array([0.0, 1.0, None, float("nan")] * 50)):
        table, roles = pa.table({"paid": cells}), Roles(task="regression", features=("paid",))
        assert judged(DECLARED, table, roles, columns=[f"paid: one of {agreed}"]).verdict == "passed"
        assert judged(DECLARED, table, roles, columns=["paid: one of 1 | 2"]).verdict == "failed"


def test_a_category_that_no_row_holds_is_not_found() -> None:
    cells = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 50), pa.array(["male", "female", "unknown"]))
    roles = Roles(task="regression", features=("sex",))
    contract = ["sex: one of female | male"]
    assert judged(DECLARED, pa.table({"sex": cells}), roles, columns=contract).verdict == "passed"


@pytest.mark.parametrize("line", ["age", ": integer", "age: whole", "age: from a to b", "age: pattern"])
def test_a_line_that_means_nothing_is_inconclusive_and_says_so(line: str) -> None:
    outcome = judged(DECLARED, good(), ROLES, columns=[line])
    assert (outcome.verdict, "is no rule of a contract" in outcome.sentence) == ("inconclusive", True)
    assert judged(DECLARED, good(), ROLES).verdict == "inconclusive"


def test_texts_have_masks_of_letters_and_digits() -> None:
    masks = {"AB-12": "A-99", "Zürich 8004": "A 9999", "a  b": "A A", "٣": "9", "x_y": "A_A"}
    assert masks_of(pa.array(list(masks))).to_pylist() == list(masks.values())


def test_real_credit_data_keeps_its_own_contract_in_any_batches() -> None:
    table = german()
    roles = Roles(task="binary", favourable=1, label="good_credit", features=tuple(table.column_names[:-1]))
    documents = []
    for rows in (17, 1_000):
        tables = {"evaluation": given(table.slice(500), roles, rows), "reference": given(table, roles, rows)}
        documents.append(measure([RunSpec(INFERRED, 1)], tables=tables)[0].to_document())
    assert documents[0] == documents[1]
    assert documents[0]["verdict"] == "passed"
    stored = json.loads(json.dumps(documents[0]))
    assert recompute(stored).to_document() == stored


def test_parts_merged_in_order_are_the_whole() -> None:
    table = good(number=[f"AB-{i % 150:03d}" for i in range(200)])
    whole = ColumnShapes.empty(ROLES)
    for batch in table.to_batches():
        whole.add(batch)
    merged = ColumnShapes.empty(ROLES)
    for start in range(0, 200, 60):
        part = ColumnShapes.empty(ROLES)
        for batch in table.slice(start, 60).combine_chunks().to_batches():
            part.add(batch)
        merged.merge(part)
    assert merged.to_document() == whole.to_document()


def test_a_repeat_is_found_wherever_it_stands_and_digests_are_let_go() -> None:
    random = np.random.default_rng(3)
    for place in random.integers(1, 999, 5):
        values = np.arange(1_000)
        values[place] = values[place - 1]
        shapes = ColumnShapes.empty(Roles(task="regression", features=("x",)))
        for batch in pa.table({"x": values}).to_batches(64):
            shapes.add(batch)
        assert shapes.by_name["x"].repeats
        assert shapes.by_name["x"].digests == []


@given_by(
    st.lists(st.sampled_from([0, 1, 1, 1, 1, 2, None]), min_size=1, max_size=12),
    st.sampled_from([1, -1]),
    st.sampled_from([0, 2**53]),
    st.integers(0, 3),
    st.integers(1, 5),
)
def test_numbers_that_only_rise_or_fall_repeat_only_where_neighbours_are_equal(
    steps: list[int | None], sign: int, start: int, turned: int, rows: int
) -> None:
    values = [None if step is None else start + sign * sum(filter(None, steps[:n])) for n, step in enumerate(steps)]
    values += [value for value in values[:turned] if value is not None]
    known = [value for value in values if value is not None]
    roles = Roles(task="regression", features=("x",))
    whole, merged = ColumnShapes.empty(roles), ColumnShapes.empty(roles)
    table = pa.table({"x": pa.array(values, pa.int64())})
    for start_of_part in range(0, len(values), 2 * rows):
        part = ColumnShapes.empty(roles)
        for batch in table.slice(start_of_part, 2 * rows).to_batches(rows):
            whole.add(batch)
            part.add(batch)
        merged.merge(part)
    for shapes in (whole, merged):
        assert shapes.by_name["x"].repeats == (len(set(known)) < len(known))


def test_whether_a_value_repeats_is_looked_at_only_in_columns_of_which_it_is_asked() -> None:
    table = pa.table({"x": [1, 2, 2], "y": [1.5, 2.5, 2.5]})
    roles = Roles(task="regression", features=("x", "y"))
    asked = DeclaredShapes.asks({"columns": ["x: unique", "y: number", "z: unique"]})
    for what, repeats in ((asked, [True, None]), (AgreedShapes.asks, [True, True]), ((), [None, None])):
        wishes = {"evaluation": {ColumnShapes: Wish(roles, what)}}
        found = scan_tables({"evaluation": given(table, roles)}, wishes, seed=0)
        shapes = found["evaluation", ColumnShapes]
        assert isinstance(shapes, ColumnShapes)
        assert [shapes.by_name[name].repeats for name in ("x", "y")] == repeats
        assert shapes.by_name["y"].digests == []
    outcome = judged("data_quality.declared_schema", table, roles, columns=["y: unique", "x: integer"])
    assert [finding.key for finding in outcome.report.findings] == ["data_quality.declared_schema/y/unique"]


@given_by(st.lists(st.text(st.characters(codec="ascii")) | st.sampled_from(["AB-12", "a  b", "x_1\t"]), min_size=1))
def test_the_patterns_of_ascii_are_those_of_all_texts(texts: list[str]) -> None:
    assert masks_of(pa.array(texts)).to_pylist() == masks_of(pa.array([*texts, "Zürich"])).to_pylist()[:-1]


def test_of_very_many_fractions_it_is_not_known_whether_one_repeats() -> None:
    fractions = np.arange(2**20 + 10) + 0.5
    fractions[-1] = fractions[0]
    roles = Roles(task="regression", features=("x",))
    for rows, verdict in ((2**20, "passed"), (2**20 + 10, "inconclusive")):
        for values in (fractions[:rows], fractions[:rows][::-1]):
            outcome = judged(DECLARED, pa.table({"x": values}), roles, columns=["x: unique"])
            assert outcome.verdict == verdict, outcome.sentence
            assert judged(DECLARED, pa.table({"x": values}), roles, columns=["x: number"]).verdict == "passed"
    whole = pa.table({"x": np.arange(2**20 + 10)})
    assert judged(DECLARED, whole, roles, columns=["x: unique"]).verdict == "passed"
