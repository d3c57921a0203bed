"""Do the statistics of parts, merged, equal those of the whole, and do they survive being stored?"""

from __future__ import annotations

import json
import random
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audits.checks import (
    CannotMeasure,
    CellForms,
    ClassCounts,
    ColumnProfiles,
    ColumnValues,
    FeatureDigests,
    FoldLosses,
    GroupCounts,
    KeyDigests,
    ProbabilitySums,
    Roles,
    RowDigests,
    ScoreHistograms,
    SensitiveColumn,
)
from audits.checks.statistics import row_chain
from audits.checks.statistics.columns import coded
from audits.checks.statistics.exact_sums import as_fraction, exact_products, exact_sum, exact_sums, from_text, to_text
from audits.checks.statistics.hashing import rows_hashed
from audits.checks.statistics.row_chain import RowChain
from audits.checks.statistics.value_table import ValueTable

KINDS: list[Any] = [
    *(CellForms, ClassCounts, ColumnProfiles, ColumnValues, FeatureDigests, GroupCounts),
    *(FoldLosses, KeyDigests, ProbabilitySums, RowDigests),
]
ROLES = Roles(
    task="binary",
    favourable=1,
    label="truth",
    prediction="decision",
    score="score",
    weight="weight",
    fold="word",
    sensitive=(SensitiveColumn("sex", labels={"f": "Female"}), SensitiveColumn("age", bands=(40, 55))),
    features=("word", "x", "sex"),
    key=("word", "x"),
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.just(-0.0) | st.just(1e300)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "truth": st.sampled_from([0, 1, None]),
            "decision": st.sampled_from([0, 1]),
            "score": st.none() | st.floats(-1, 1),
            "weight": st.floats(0, 1e6),
            "sex": st.sampled_from(["f", "Male", "", None]),
            "age": st.none() | st.integers(18, 80),
            "word": st.none() | st.text(max_size=12),
            "x": st.none() | NUMBERS,
        }
    ),
    min_size=1,
    max_size=30,
)
SCHEMA = pa.schema(
    [
        ("truth", pa.int8()),
        ("decision", pa.int64()),
        ("score", pa.float64()),
        ("weight", pa.float64()),
        ("sex", pa.string()),
        ("age", pa.int32()),
        ("word", pa.string()),
        ("x", pa.float64()),
    ]
)


def batch_of(rows: list[dict[str, object]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def filled(kind: Any, *parts: list[dict[str, object]]) -> Any:
    statistic = kind.empty(ROLES)
    for part in parts:
        statistic.add(batch_of(part))
    return statistic


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(rows=ROWS, cut=st.integers(0, 30), turn=st.booleans())
def test_merged_parts_equal_the_whole(kind: Any, rows: list[dict[str, object]], cut: int, turn: bool) -> None:
    whole = filled(kind, rows)
    first, second = filled(kind, rows[:cut]), filled(kind, rows[cut:][::-1])
    left, right = (second, first) if turn else (first, second)
    left.merge(right)
    assert left.to_document() == whole.to_document()
    assert left.n_rows == len(rows)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(rows=ROWS)
def test_a_stored_statistic_comes_back_the_same(kind: Any, rows: list[dict[str, object]]) -> None:
    document = json.loads(json.dumps(filled(kind, rows).to_document(), allow_nan=False))
    assert kind.from_document(document).to_document() == document


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.uint64()])
@settings(max_examples=20)
@given(cells=st.lists(st.integers(0, 127) | st.sampled_from([5, 7]), min_size=1), high=st.booleans())
def test_codes_of_whole_numbers_stand_for_the_numbers(kind: pa.DataType, cells: list[int], high: bool) -> None:
    if high and kind != pa.int8():
        cells = [cell + 2**63 - 128 for cell in cells]
    column = pa.array(cells, kind)
    values, codes = coded(column)
    assert values.take(pa.array(codes)).equals(column)


@settings(max_examples=40)
@given(rows=ROWS)
def test_the_groups_of_every_attribute_add_up_to_all_rows(rows: list[dict[str, object]]) -> None:
    counts = filled(GroupCounts, rows)
    everybody = counts.everybody().counts.sum(axis=0)
    for attribute in ("sex", "age", "sex x age", "age x sex"):
        assert (counts.grouping(attribute).counts.sum(axis=0) == everybody).all()
    assert everybody.sum() == len(rows)


def test_groups_stand_as_declared_then_by_name_then_the_missing() -> None:
    people = [{"sex": sex, "age": age, "decision": 1, "weight": 1.0} for sex, age in
              (("Zoe", 40), (None, 54), ("f", 39), ("Ada", 55), ("", None))]  # fmt: skip
    counts = filled(GroupCounts, people)
    assert counts.grouping("sex").groups == ("Female", "Ada", "Zoe", "(missing)")
    assert counts.grouping("age").groups == ("under 40", "40 to under 55", "55 and over", "(missing)")
    assert counts.grouping("age").counts.sum(axis=(1, 2)).tolist() == [1, 2, 1, 1]
    assert len(counts.grouping("sex x age").groups) == 16


@pytest.mark.parametrize("attribute", ["height", "sex x height", "sex x sex", "x"])
def test_an_attribute_that_is_not_declared_is_refused_with_those_that_are(attribute: str) -> None:
    counts = filled(GroupCounts, [{"decision": 1, "weight": 1.0}])
    with pytest.raises(CannotMeasure, match="declared are: sex, age"):
        counts.grouping(attribute)


def test_a_column_with_a_group_for_every_row_is_refused() -> None:
    roles = Roles(task="binary", favourable=1, prediction="y", sensitive=(SensitiveColumn("name"),))
    batch = pa.record_batch({"y": [1] * 10_001, "name": [str(number) for number in range(10_001)]})
    with pytest.raises(CannotMeasure, match='"name" has more than 10000 groups'):
        GroupCounts.empty(roles).add(batch)


@pytest.mark.parametrize("weight", [None, float("nan"), float("inf"), -1.0])
def test_a_weight_that_is_none_is_refused(weight: float | None) -> None:
    with pytest.raises(CannotMeasure, match="missing, infinite or negative"):
        filled(GroupCounts, [{"decision": 1, "weight": weight}])


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_have_no_such_counts(task: str) -> None:
    for kind in (GroupCounts, ScoreHistograms):
        with pytest.raises(CannotMeasure, match="binary task"):
            kind.empty(Roles(task=task, prediction="y", label="t", score="s"))


@settings(max_examples=60)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_sums_are_exact(values: list[float]) -> None:
    array = np.array(values, np.float64)
    (total,) = exact_sums(array, np.zeros(len(array), np.int64), 1)
    assert as_fraction(total) == sum(map(Fraction, values), Fraction(0))
    assert exact_sum(array) == total
    assert from_text(to_text(total)) == total


NORMAL = st.floats(-1e100, 1e100).filter(lambda value: value == 0 or abs(value) > 1e-100)


@settings(max_examples=60)
@given(pairs=st.lists(st.tuples(NORMAL, NORMAL), max_size=20))
def test_products_lose_nothing(pairs: list[tuple[float, float]]) -> None:
    first, second = np.array(pairs, np.float64).reshape(-1, 2).T
    total = sum(exact_sum(part) for part in exact_products(first, second))
    assert as_fraction(total) == sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction(0))


@settings(max_examples=40)
@given(
    values=st.lists(st.floats(1, 3) | st.floats(-3, -1), min_size=20, max_size=60, unique=True),
    most=st.integers(8, 30),
    cut=st.integers(1, 60),
)
def test_a_full_value_table_is_the_same_for_any_split(values: list[float], most: int, cut: int) -> None:
    # These values have four signs and exponents, so that eight places suffice as 4,096 do for all doubles.
    whole, first, second = ValueTable(most), ValueTable(most), ValueTable(most)
    whole.add(np.array(values))
    first.add(np.array(values[:cut]))
    second.add(np.array(values[cut:]))
    turned = second.at_level(0)
    turned.merge(first)
    first.merge(second)
    assert turned.to_document() == whole.to_document()
    assert first.to_document() == whole.to_document()
    assert whole.total == len(values)
    assert len(whole.keys) <= most
    assert whole.is_exact or len(set(values)) > most


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).random(5_000),
        np.random.default_rng(2).normal(size=5_000),
        np.exp(50 * np.random.default_rng(3).normal(size=5_000)),
        np.round(np.random.default_rng(4).random(5_000), 2),
        1 + np.random.default_rng(5).integers(0, 3_000, 5_000) * 2.0**-52,
    ],
    ids=["shares", "both signs", "many magnitudes", "few values", "close together"],
)
@pytest.mark.parametrize("most", [16, 200, 4_096])
def test_many_values_at_once_count_as_they_do_a_few_at_a_time(values: NDArray[np.float64], most: int) -> None:
    cells = np.arange(len(values)) % 3
    at_once, by_parts = ValueTable(most), ValueTable(most)
    at_once.add(values, cells, 3)
    for start in range(0, len(values), most):
        by_parts.add(values[start : start + most], cells[start : start + most], 3)
    assert at_once.dropped == by_parts.dropped
    assert np.array_equal(at_once.keys, by_parts.keys)
    assert np.array_equal(at_once.counts, by_parts.counts)
    alone = ValueTable(most)
    alone.add(values)
    assert np.array_equal(alone.counts[:, 0], at_once.counts.sum(axis=1))


def test_beyond_its_limit_a_value_table_keeps_the_order_and_most_of_the_value() -> None:
    values = np.random.default_rng(2).normal(size=50_000)
    table = ValueTable()
    table.add(values)
    found = table.values()
    assert 2_048 < len(found) <= 4_096
    assert (np.diff(found) > 0).all()
    shares = np.cumsum(table.counts[:, 0]) / len(values)
    middle = found[np.searchsorted(shares, 0.8)]
    assert middle == pytest.approx(np.quantile(values, 0.8), rel=0.01)


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(st.none() | st.text(max_size=20), st.none() | st.integers(-3, 3)), min_size=1))
def test_repeated_rows_are_pandas_s(rows: list[tuple[str | None, int | None]]) -> None:
    # Blank text and null are one and the same here, and surrogates have no bytes.
    cells = [(None if word is None or not word.strip() else word, number) for word, number in rows]
    batch = pa.record_batch(
        {"word": pa.array([word for word, _ in cells], pa.string()), "x": pa.array([n for _, n in cells], pa.int64())}
    )
    digests = RowDigests.empty(Roles(task="regression", features=("word", "x")))
    digests.add(batch)
    frame = pd.DataFrame({"word": [word for word, _ in cells], "x": pd.array([n for _, n in cells], "Int64")})
    assert digests.n_repeated == int(frame.duplicated().sum())


def test_a_digest_does_not_depend_on_how_a_cell_is_stored() -> None:
    words = ["a", "a long word that fills several words of memory", None, ""]
    stored = [
        pa.record_batch({"word": pa.array(words), "x": pa.array([1, 2, 3, -4], pa.int32())}),
        pa.record_batch({"word": pa.array(words).dictionary_encode(), "x": pa.array([1.0, 2.0, 3.0, -4.0])}),
        pa.record_batch({"word": pa.array(words, pa.large_string()), "x": pa.array([1, 2, 3, -4], pa.int64())}),
        pa.record_batch({"word": pa.array(["", *words])[1:], "x": pa.array([0, 1, 2, 3, -4])[1:]}),
    ]
    digests = RowDigests.empty(Roles(task="regression", features=("word", "x")))
    for batch in stored:
        digests.add(batch)
    assert (digests.n_rows, digests.n_distinct) == (16, 4)


@settings(max_examples=60)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.tuples(*[st.integers(0, 2**64 - 1)] * width), max_size=40).map(lambda r: (width, r))
    ),
    st.randoms(use_true_random=False),
)
def test_digests_of_rows_do_not_depend_on_the_turns_in_which_columns_come(
    given_rows: tuple[int, list[tuple[int, ...]]], chance: random.Random
) -> None:
    width, rows = given_rows
    columns = np.array(rows, np.uint64).reshape(-1, width).T
    chain = RowChain(tuple(map(str, range(width))))
    # Blocks of three rows, so that pieces of a column begin and end in their midst.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(row_chain, "BLOCK", 3)
        waiting = {place: list(columns[place]) for place in range(width)}
        while left := [place for place, cells in waiting.items() if cells]:
            place, n = chance.choice(left), chance.randint(1, 7)
            chain.take(str(place), np.array(waiting[place][:n], np.uint64))
            waiting[place] = waiting[place][n:]
        parts = chain.parts()
    assert chain.n_rows == len(rows)
    assert np.concatenate([np.empty(0, np.uint64), *parts]).tolist() == rows_hashed(columns, len(rows)).tolist()


CELLS: dict[str, tuple[pa.Array, int, int]] = {
    # cells, missing ones, distinct others
    "boolean": (pa.array([True, False, None, True]), 1, 2),
    "unsigned": (pa.array([2**64 - 1, 1, None, 1], pa.uint64()), 1, 2),
    "half": (pa.array([1.5, float("nan"), None, 1.5], pa.float32()), 2, 1),
    "decimal": (pa.array([Decimal("1.10"), Decimal("1.1"), None, Decimal("2")], pa.decimal128(6, 2)), 1, 2),
    "date": (pa.array([date(2020, 1, 1), date(2021, 1, 1), None, date(2020, 1, 1)]), 1, 2),
    "moment": (pa.array([datetime(2020, 1, 1), None, None, datetime(2020, 1, 2)]), 2, 2),
    "time": (pa.array([time(1, 2), time(1, 3), None, time(1, 2)]), 1, 2),
    "bytes": (pa.array([b"a", b"b", None, b"a"]), 1, 2),
    "dictionary": (pa.array(["a", "", None, "a"]).dictionary_encode(), 2, 1),
    "numbers in a dictionary": (pa.array([1, 2, None, 1]).dictionary_encode(), 1, 2),
    "nothing": (pa.nulls(4), 4, 0),
}


@pytest.mark.parametrize("kind", CELLS)
def test_every_type_of_column_is_profiled(kind: str) -> None:
    cells, missing, distinct = CELLS[kind]
    roles = Roles(task="regression", features=("x",))
    batch = pa.record_batch({"x": cells})
    profiles, digests = ColumnProfiles.empty(roles), RowDigests.empty(roles)
    profiles.add(batch)
    digests.add(batch)
    found = profiles.by_name["x"]
    assert (found.rows, found.missing, found.distinct) == (4, missing, distinct)
    assert digests.n_distinct == distinct + (missing > 0)


@pytest.mark.parametrize("kind", [kind for kind in CELLS if kind != "bytes"])
def test_every_type_of_column_is_spread(kind: str) -> None:
    cells, missing, _ = CELLS[kind]
    values = ColumnValues.empty(Roles(task="regression", features=("x",)))
    values.add(pa.record_batch({"x": cells}))
    found = values.by_name["x"]
    assert (found.rows, found.missing) == (4, missing)
    assert found.texts is not None
    assert found.numbers.total + sum(found.texts.values()) in (4, 4 - missing)


def test_digests_that_were_stored_as_counts_cannot_be_added_to() -> None:
    rows: list[dict[str, object]] = [{"decision": 1}, {"decision": 0}]
    stored = RowDigests.from_document(filled(RowDigests, rows).to_document())
    assert stored.n_distinct == 2
    with pytest.raises(ValueError, match="were not kept"):
        filled(RowDigests, rows).merge(stored)
    with pytest.raises(ValueError, match="were not kept"):
        stored.add(batch_of(rows))
