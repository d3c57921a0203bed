"""performance.multi_label against hand-made tables, scikit-learn and rows drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, precision_recall_fscore_support

from audits.checks import MultiLabelSums, Outcome, Roles, recompute
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.multi_label"
Cells = NDArray[np.int64]

ROWS = st.integers(1, 4).flatmap(
    lambda labels: st.lists(
        st.tuples(*[st.sampled_from([(0, 0), (1, 1), (0, 1), (1, 0)])] * labels), min_size=1, max_size=30
    )
)


def roles(labels: int) -> Roles:
    return Roles(
        task="multi_label",
        labels=tuple(f"y{place}" for place in range(labels)),
        predictions=tuple(f"p{place}" for place in range(labels)),
    )


def columns(true: Cells, said: Cells) -> pa.Table:
    """Cells of shape (n_rows, n_labels)."""
    return pa.table({f"{name}{place}": cells[:, place] for name, cells in (("y", true), ("p", said))
                     for place in range(true.shape[1])})  # fmt: skip


def look(true: Cells, said: Cells, **parameters: Any) -> Outcome:
    return judged(NAME, columns(true, said), roles(true.shape[1]), **{"min_rows": 1, "min_gain": None, **parameters})


def parted(rows: Sequence[Sequence[tuple[int, int]]]) -> tuple[Cells, Cells]:
    cells = np.array(rows)
    return cells[..., 0], cells[..., 1]


@settings(max_examples=80)
@given(rows=ROWS)
@pytest.mark.filterwarnings("ignore:Number of classes")
def test_every_figure_is_scikit_learns(rows: list[tuple[tuple[int, int], ...]]) -> None:
    true, said = parted(rows)
    if true.shape[1] == 1:
        # A single column is a binary task to scikit-learn; an empty one beside it leaves all but the means alone.
        true, said = (np.hstack([cells, cells]) for cells in (true, said))
    outcome = look(true, said)
    assert measured(outcome, "exact").value == pytest.approx(accuracy_score(true, said), abs=1e-12)
    assert measured(outcome, "hamming_loss").value == pytest.approx(hamming_loss(true, said), abs=1e-12)
    for average in ("micro", "samples", "macro", None):
        theirs = precision_recall_fscore_support(true, said, average=average, zero_division=np.nan)
        for name, values in zip(("precision", "recall", "f1"), theirs, strict=False):
            if average is None:
                ours = [measured(outcome, name, f"y{place}").value for place in range(true.shape[1])]
                assert ours == pytest.approx([None if np.isnan(value) else value for value in values], abs=1e-12)
                continue
            ours = measured(outcome, f"{average}_{name}").value
            # Where one label is undefined scikit-learn takes the mean of the others; a mean of less is none to us.
            of_labels = [measured(outcome, name, f"y{place}").value for place in range(true.shape[1])]
            if average == "macro" and None in of_labels:
                assert ours is None
            else:
                assert ours == (None if np.isnan(values) else pytest.approx(values, abs=1e-12))


@settings(max_examples=30)
@given(rows=ROWS, cut=st.integers(0, 30))
def test_order_and_split_of_the_rows_change_nothing(rows: list[tuple[tuple[int, int], ...]], cut: int) -> None:
    true, said = parted(rows)
    whole = look(true, said).to_document()
    assert look(true[::-1], said[::-1]).to_document() == whole
    assert recompute(whole).to_document() == whole
    first, second = (MultiLabelSums.empty(roles(true.shape[1])) for _ in range(2))
    for statistic, part in ((first, slice(cut)), (second, slice(cut, None))):
        for batch in columns(true[part], said[part]).to_batches():
            statistic.add(batch)
    second.merge(first)
    assert second.to_document() == whole["statistics"]["evaluation"]["MultiLabelSums"]


def test_a_model_that_says_less_than_always_no_is_found_and_on_the_limit_passes() -> None:
    true, said = np.zeros((100, 2), int), np.zeros((100, 2), int)
    true[:30, 0], said[:10, 0], said[90:, 0] = 1, 1, 1
    # Hits 10, alarms 10, misses 20 of the first label: no gain. The second one is right throughout.
    even = look(true, said, min_gain=0.0)
    assert measured(even, "gain_over_majority").value == 0.0
    assert even.verdict == "passed"
    said[80:, 0] = 1
    worse = look(true, said, min_gain=0.0)
    assert measured(worse, "gain_over_majority").value == pytest.approx(-0.05, abs=1e-15)
    assert keys(worse) == [NAME]
    # A label that mostly holds is beaten by saying where it does not.
    assert measured(look(1 - true, 1 - said), "gain_over_majority").value == pytest.approx(-0.05, abs=1e-15)


def test_a_label_that_is_seldom_found_is_named() -> None:
    true, said = np.ones((100, 2), int), np.ones((100, 2), int)
    said[:60, 1] = 0
    outcome = look(true, said, min_label_recall=0.5)
    assert keys(outcome) == [f"{NAME}/y1"]
    assert look(true, said, min_label_recall=0.4).verdict == "passed"
    assert look(true, said, max_hamming_loss=0.3).verdict == "passed"
    assert look(true, said, max_hamming_loss=0.29).verdict == "failed"


def test_what_is_undefined_is_no_zero() -> None:
    nothing = np.zeros((40, 2), int)
    outcome = look(nothing, nothing)
    assert measured(outcome, "exact").value == 1.0
    for name in ("micro_f1", "macro_f1", "samples_f1"):
        assert measured(outcome, name).value is None
    assert look(nothing, nothing, min_macro_f1=0.5).verdict == "inconclusive"


def test_intervals_know_that_the_labels_of_a_row_hang_together() -> None:
    random = np.random.default_rng(6)
    n = 2_000
    true = np.repeat(random.integers(0, 2, (n, 1)), 4, axis=1)
    wrong = np.repeat(random.random((n, 1)) < 0.2, 4, axis=1) ^ (random.random((n, 4)) < 0.05)
    said = np.where(wrong, 1 - true, true)
    outcome = look(true, said)
    again = [random.integers(0, n, n) for _ in range(200)]
    for name, score in (
        ("micro_f1", lambda rows: f1_score(true[rows], said[rows], average="micro")),
        ("samples_f1", lambda rows: f1_score(true[rows], said[rows], average="samples", zero_division=np.nan)),
        ("hamming_loss", lambda rows: hamming_loss(true[rows], said[rows])),
    ):
        found = measured(outcome, name)
        low, high = np.quantile([score(rows) for rows in again], [0.025, 0.975])
        assert found.low is not None
        assert found.high is not None
        assert found.high - found.low == pytest.approx(high - low, rel=0.15)
    macro = measured(outcome, "macro_f1")
    low, high = np.quantile([f1_score(true[rows], said[rows], average="macro") for rows in again], [0.025, 0.975])
    assert macro.low is not None
    assert macro.low <= low + 0.002
    assert macro.high is not None
    assert macro.high >= high - 0.002


def test_a_perfect_model_on_few_rows_is_not_certain() -> None:
    true = np.ones((30, 3), int)
    found = measured(look(true, true), "micro_f1")
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.8865, abs=1e-4)


def test_nothing_is_measured_over_nothing() -> None:
    true = np.ones((3, 2), int)
    assert "3 rows, 30 are needed" in judged(NAME, columns(true, true), roles(2)).sentence
    table = columns(true, true).set_column(1, "y1", pa.array([1, None, 0]))
    assert judged(NAME, table, roles(2)).sentence == "1 of 3 rows lack a label or a prediction."
    table = columns(true, true).set_column(1, "y1", pa.array([1, 2, 0]))
    assert 'Column "y1" holds "2"' in judged(NAME, table, roles(2)).sentence
    binary = Roles(task="binary", favourable=1, label="y0", prediction="p0")
    assert "its task is binary, not multi_label" in judged(NAME, table, binary).sentence
    assert "its task is multi_label" in judged("performance.accuracy", table, roles(2)).sentence
    many = Roles(task="multi_label", labels=("y0",) * 201, predictions=("p0",) * 201)
    assert "declares 201 labels" in judged(NAME, table, many).sentence
