"""Is each table read once, and does nothing that goes wrong ever pass?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import (
    Attributions,
    ColumnShapes,
    ColumnValues,
    Roles,
    RunSpec,
    SensitiveColumn,
    TableInput,
    get_check,
    list_checks,
    measure,
    needed_columns,
    recompute,
)
from audits.checks.scan import Statistics, condense_column, scan_tables
from audits.checks.wishes import Wish
from tests.audits.checks.tables import DECISIONS, confusion, given

TABLE = confusion(Female=(40, 10, 10, 40), Male=(40, 10, 10, 40))
EVERYTHING = [RunSpec(check.name, check.version) for check in list_checks()]
PASSING = RunSpec("performance.accuracy", 1)


class CountedReads:
    """A table that knows how often it was read, and up to which row."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.reads = 0

    def __call__(self) -> Iterator[pa.RecordBatch]:
        self.reads += 1
        yield from self.table.to_batches(30)


def full() -> tuple[pa.Table, Roles]:
    random = np.random.default_rng(0)
    table = TABLE.append_column("score", pa.array(random.random(TABLE.num_rows)))
    table = table.append_column("x", pa.array(random.normal(size=TABLE.num_rows)))
    return table, Roles(**{**vars(DECISIONS), "score": "score", "features": ("x",)})


def test_one_scan_of_each_table_feeds_every_check() -> None:
    table, roles = full()
    reads = {name: CountedReads(table) for name in ("evaluation", "reference")}
    rows: list[int] = []
    outcomes = measure(
        EVERYTHING,
        tables={name: TableInput(read, roles) for name, read in reads.items()},
        statistics={Attributions: Attributions(("x",), np.array([1.0]), np.array([0.0]), 200)},
        seed=1,
        progress=rows.append,
    )
    assert {name: read.reads for name, read in reads.items()} == {"evaluation": 1, "reference": 1}
    assert rows == sorted(rows)
    assert rows[-1] == 2 * table.num_rows
    assert [outcome.spec for outcome in outcomes] == EVERYTHING
    assert not [outcome.sentence for outcome in outcomes if outcome.verdict == "errored"]


class CountedColumns:
    """A table that keeps its columns apart, and remembers in which turns they were asked for."""

    def __init__(self, table: pa.Table, name: str, turns: list[tuple[str, tuple[str, ...]]]) -> None:
        self.table, self.name, self.turns = table, name, turns

    def __call__(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        self.turns.append((self.name, tuple(columns)))
        yield from self.table.select(columns).to_batches(30)


def test_columns_that_are_kept_apart_are_read_once_each_and_those_needed_alone_in_turns() -> None:
    table, roles = full()
    turns: list[tuple[str, tuple[str, ...]]] = []
    rows: list[int] = []
    tables = {
        name: TableInput(table.to_batches, roles, columns=CountedColumns(table, name, turns))
        for name in ("evaluation", "reference")
    }
    drift = [RunSpec("drift.population_stability", 1), RunSpec("drift.kolmogorov_smirnov", 1)]
    outcomes = measure([*drift, PASSING], tables=tables, seed=1, progress=rows.append)
    together = ("evaluation", ("truth", "decision", "sex"))
    # The accuracy has read the decisions of the one table already, in whole rows.
    in_turns = [("evaluation", "x"), ("reference", "x"), ("reference", "decision"), ("evaluation", "score")]
    assert turns == [together, *((name, (column,)) for name, column in [*in_turns, ("reference", "score")])]
    assert rows == sorted(rows)
    assert rows[-1] == 2 * table.num_rows
    whole = {name: given(table, roles) for name in tables}
    assert outcomes == measure([*drift, PASSING], tables=whole, seed=1)


def test_the_values_of_a_column_are_let_go_before_the_next_one_is_read() -> None:
    table = pa.table({name: np.arange(1_000) * 1.5 for name in ("first", "second")})
    roles = Roles(task="regression", features=("first", "second"))
    held: list[int] = []

    def condensing(column: str, statistics: Statistics) -> None:
        condense_column(column, statistics)
        values = statistics["evaluation", ColumnValues].by_name.values()
        held.append(sum(sum(map(len, one.waiting)) + len(one.table.keys) for one in values))

    apart = TableInput(table.to_batches, roles, columns=lambda names: table.select(names).to_batches(100))
    wishes: dict[str, dict[type, Wish]] = {"evaluation": {ColumnValues: Wish(roles)}}
    scan_tables({"evaluation": apart}, wishes, seed=0, finished=condensing)
    assert max(held) < 50


def test_a_column_that_breaks_while_it_is_read_errors_what_reads_the_table() -> None:
    table, roles = full()

    def columns(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        if "x" in names:
            raise OSError("disk gone")
        return iter(table.select(names).to_batches())

    apart = {name: TableInput(table.to_batches, roles, columns=columns) for name in ("evaluation", "reference")}
    (outcome,) = measure([RunSpec("drift.population_stability", 1)], tables=apart, seed=1)
    assert (outcome.verdict, outcome.sentence) == (
        "errored",
        "The evaluation table could not be read: OSError: disk gone",
    )


def documents(rows: pa.Table, roles: Roles, size: int) -> list[str]:
    tables = {name: given(rows, roles, size) for name in ("evaluation", "reference")}
    outcomes = measure(EVERYTHING, tables=tables, statistics={}, seed=5)
    return [json.dumps(outcome.to_document(), sort_keys=True) for outcome in outcomes]


@pytest.fixture(scope="module")
def in_order() -> list[str]:
    return documents(*full(), 64)


@pytest.mark.parametrize("batch_rows", [1, 7, 200])
def test_batch_size_and_row_order_change_nothing_at_all(batch_rows: int, in_order: list[str]) -> None:
    table, roles = full()
    shuffled = table.take(pa.array(np.random.default_rng(batch_rows).permutation(table.num_rows)))
    assert documents(table, roles, batch_rows) == in_order
    # Whether a column ascends is a question about the order of the rows; nothing else may know of it.
    unordered = [place for place, spec in enumerate(EVERYTHING) if not asks_for_order(spec)]
    assert len(unordered) == len(EVERYTHING) - 2
    again = documents(shuffled, roles, batch_rows)
    assert [again[place] for place in unordered] == [in_order[place] for place in unordered]


def asks_for_order(spec: RunSpec) -> bool:
    return ColumnShapes in get_check(spec.check, spec.version).needs


def test_a_stored_outcome_can_be_worked_out_again_without_the_table() -> None:
    table, roles = full()
    tables = {name: given(table, roles) for name in ("evaluation", "reference")}
    weights = Attributions(("x", "y"), np.array([1.0, 2.0]), np.array([0.0, 1.0]), 200, ("y",))
    for outcome in measure(EVERYTHING, tables=tables, statistics={Attributions: weights}, seed=5):
        stored = json.loads(json.dumps(outcome.to_document(), allow_nan=False))
        if outcome.statistics:
            assert recompute(stored).to_document() == stored
        else:
            # Another task's check: nothing was counted.
            assert outcome.verdict == "inconclusive"


def test_a_table_without_rows_never_passes() -> None:
    table, roles = full()
    empty = {name: given(table.slice(0, 0), roles) for name in ("evaluation", "reference")}
    no_rows = Attributions(("x", "y"), np.ones(2), np.ones(2), 0)
    outcomes = measure(EVERYTHING, tables=empty, statistics={Attributions: no_rows}, seed=1)
    assert {outcome.verdict for outcome in outcomes} == {"inconclusive"}


def test_a_table_without_a_column_to_read_never_passes() -> None:
    bare = Roles(task="regression")
    for name in ("data_quality.completeness", "data_quality.constant_columns", "drift.population_stability"):
        tables = {side: given(TABLE, bare) for side in ("evaluation", "reference")}
        (outcome,) = measure([RunSpec(name, 1)], tables=tables, seed=1)
        assert outcome.verdict == "inconclusive"
        assert outcome.sentence == f"There is nothing for {name} to read about the evaluation table."


def test_without_any_table_everything_is_inconclusive() -> None:
    outcomes = measure(EVERYTHING, tables={}, statistics={}, seed=1)
    assert {outcome.verdict for outcome in outcomes} == {"inconclusive"}


def test_a_table_without_groups_is_counted_as_one() -> None:
    bare = Roles(task="binary", favourable=1, label="truth", prediction="decision")
    (outcome,) = measure([PASSING], tables={"evaluation": given(TABLE, bare)}, seed=1)
    assert outcome.verdict == "passed", outcome.sentence


def test_a_missing_role_is_named() -> None:
    bare = Roles(task="binary", favourable=1, prediction="decision")
    (outcome,) = measure(
        [RunSpec("fairness.equal_opportunity_gap", 1)], tables={"evaluation": given(TABLE, bare)}, seed=1
    )
    assert outcome.verdict == "inconclusive"
    assert outcome.sentence == (
        "fairness.equal_opportunity_gap needs a column with the role label and sensitive, "
        "and the evaluation table declares none."
    )


def test_an_unknown_check_or_parameter_errors_alone() -> None:
    runs = [
        RunSpec("fairness.charm", 1),
        RunSpec("performance.accuracy", 2),
        RunSpec("performance.accuracy", 1, {"floor": 0.5}),
        PASSING,
    ]
    outcomes = measure(runs, tables={"evaluation": given(TABLE, DECISIONS)}, seed=1)
    assert [outcome.verdict for outcome in outcomes] == ["errored", "errored", "errored", "passed"]
    assert outcomes[0].sentence.startswith("UnknownCheck: ")
    assert outcomes[2].sentence.startswith('UnusableParameters: Parameter "floor"')


def test_a_table_that_breaks_while_it_is_read_errors_with_the_type_of_the_exception() -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from TABLE.to_batches(10)
        raise OSError("disk gone")

    (outcome,) = measure([PASSING], tables={"evaluation": TableInput(broken, DECISIONS)}, seed=1)
    assert outcome.verdict == "errored"
    assert outcome.sentence == "The evaluation table could not be read: OSError: disk gone"


def test_a_check_that_breaks_errors_and_touches_no_other() -> None:
    strange = Attributions(("x", "y"), np.ones(2), np.ones(2), "many", ())  # type: ignore[arg-type]
    runs = [RunSpec("explainability.dominant_feature", 1), PASSING]
    tables = {"evaluation": given(TABLE, DECISIONS)}
    broken, fine = measure(runs, tables=tables, statistics={Attributions: strange}, seed=1)
    assert broken.verdict == "errored"
    assert broken.sentence.startswith("explainability.dominant_feature broke: TypeError: ")
    assert fine.verdict == "passed"


@pytest.mark.parametrize("strange", ["yes", "2", "0.5"])
def test_decisions_other_than_0_and_1_are_inconclusive_for_the_counts_alone(strange: str) -> None:
    cells = [strange, *map(str, TABLE["decision"].to_pylist()[1:])]
    table = TABLE.set_column(2, "decision", pa.array(cells))
    runs = [PASSING, RunSpec("data_quality.completeness", 1)]
    counted, profiled = measure(runs, tables={"evaluation": given(table, DECISIONS)}, seed=1)
    assert counted.verdict == "inconclusive"
    assert f'Column "decision" holds "{strange}" where only 0 and 1 can be counted' in counted.sentence
    assert profiled.verdict == "passed"


def test_decisions_as_text_count_like_numbers() -> None:
    text = TABLE.set_column(2, "decision", TABLE["decision"].cast(pa.string()))
    real = TABLE.set_column(2, "decision", TABLE["decision"].cast(pa.float64()))
    plain = TABLE.set_column(2, "decision", TABLE["decision"].cast(pa.bool_()))
    for table in (text, real, plain):
        (outcome,) = measure([PASSING], tables={"evaluation": given(table, DECISIONS)}, seed=1)
        assert outcome.sentence == "Accuracy 0.8 (95% interval 0.7391 to 0.8495), limit 0.7."


def test_only_the_needed_columns_are_asked_for() -> None:
    _, roles = full()
    both = {"evaluation": roles, "reference": roles}
    assert needed_columns([PASSING], both) == {"evaluation": ("truth", "decision", "sex"), "reference": ()}
    drift = needed_columns([RunSpec("drift.population_stability", 1)], both)
    assert drift == {"evaluation": ("x", "decision", "score"), "reference": ("x", "decision", "score")}


def test_only_the_groups_that_a_run_names_are_read() -> None:
    table, roles = full()
    table = table.append_column("race", pa.array(["a", "b"] * (table.num_rows // 2)))
    roles = Roles(**{**vars(roles), "sensitive": (SensitiveColumn("sex"), SensitiveColumn("race"))})
    one, crossed, every, wrong = (
        RunSpec("fairness.auc_gap", 1, {"attribute": name}) for name in ("sex", "race x sex", None, "zodiac")
    )

    def groups(*runs: RunSpec) -> set[str]:
        return set(needed_columns(runs, {"evaluation": roles})["evaluation"]) - {"truth", "score"}

    assert groups(one) == {"sex"}
    assert groups(crossed) == groups(one, crossed) == groups(one, every) == groups(wrong) == {"sex", "race"}
    (refused,) = measure([wrong], tables={"evaluation": given(table, roles)}, seed=1)
    assert refused.sentence.endswith("declared are: sex, race.")


def test_a_document_holds_nothing_that_json_cannot() -> None:
    table, roles = full()
    (outcome,) = measure([PASSING], tables={"evaluation": given(table, roles)}, seed=3)
    document = outcome.to_document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["parameters"] == {}
    assert document["effective_parameters"]["min_accuracy"] == 0.7
    assert document["statistics"]["evaluation"]["GroupCounts"]["seed"] == 3
