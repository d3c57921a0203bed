"""How often each text of a column comes, by its codes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from audits.checks.statistics.columns import text_counts


@pytest.mark.parametrize("n_rows", [0, 7, 5_000, 70_000])
@pytest.mark.parametrize("n_texts", [1, 3, 16, 17, 300])
@pytest.mark.parametrize("missing", [0.0, 0.2, 1.0])
def test_texts_are_counted_however_many_there_are(n_rows: int, n_texts: int, missing: float) -> None:
    random = np.random.default_rng(n_rows + n_texts)
    codes, nulls = random.integers(0, n_texts, n_rows), random.random(n_rows) < missing
    texts = pa.array([f"text {code}" for code in range(n_texts)])
    column = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=nulls), texts)
    found, counts = text_counts(column)
    assert found == [*texts.to_pylist(), None]
    expected = [int((codes[~nulls] == code).sum()) for code in range(n_texts)]
    assert counts.tolist() == [*expected, int(nulls.sum())]
    assert counts.dtype == np.int64
