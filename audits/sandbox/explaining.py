"""How does the artifact of a spec become attributions over a sample of its evaluation table?

Imported by the child after it is locked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audits.checks import Roles
from audits.checks.statistics.drawing import drawn
from audits.checks.statistics.hashing import hashed, rows_hashed
from audits.sandbox.explain import explain
from audits.sandbox.given import GivenTable
from audits.sandbox.model_formats import ModelRefused
from audits.sandbox.model_loading import load_model
from audits.tables import UnusableTable

EXPLAINED_ROWS, BACKGROUND_ROWS = 2000, 100


def explain_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Open the artifact of the spec and return its Attributions document over the evaluation table."""
    roles, frame, present = draw_evaluation(spec, lambda roles: roles.features, EXPLAINED_ROWS, to_do="explain")
    model = load_model(Path(spec["artifact"]["path"]), spec["artifact"]["format"])
    return explain(
        model,
        frame,
        roles.features,
        sensitive=[column.name for column in roles.sensitive],
        max_rows=EXPLAINED_ROWS,
        seed=spec["seed"],
        background_rows=BACKGROUND_ROWS,
        rows_present=present,
    )


def draw_evaluation(
    spec: Mapping[str, Any], asked: Callable[[Roles], Sequence[str]], most: int, *, to_do: str
) -> tuple[Roles, pd.DataFrame, int]:
    """Return the roles of the spec's evaluation table, at most `most` rows of the columns asked, and how many it has.

    Raises: ModelRefused, without a table `to_do` something with the model on, or with an unusable one.
    """
    if "evaluation" not in spec["tables"]:
        raise ModelRefused("no_table", f"There is no evaluation table to {to_do} the model on.", "Submit one.")
    try:
        table = GivenTable.read(spec["tables"]["evaluation"])
        return table.roles, *draw_rows(table.batches(tuple(asked(table.roles))), most, spec["seed"])
    except UnusableTable as refused:
        raise ModelRefused(
            "table_refused", f"The evaluation table cannot be used: {refused}", "Upload it anew."
        ) from None


def draw_rows(batches: Callable[[], Iterator[pa.RecordBatch]], most: int, seed: int) -> tuple[pd.DataFrame, int]:
    """Draw at most `most` rows, each with the same chance, and count all of them.

    Which rows are drawn and the order they come in depend on the seed and on what rows hold, so that the same rows in
    another order, in other batches or in a file of another format give the same frame. The table is read twice: for
    the digests of its rows, 80 MB for ten million, and for those that were drawn.
    """
    digests = np.concatenate([np.empty(0, np.uint64), *map(_digests, batches())])
    different, counts = np.unique(digests, return_counts=True)
    chosen = different[drawn(different, counts, most, seed)]
    wanted = np.unique(chosen)
    # One row of each digest is enough: those that share it are equal.
    row_of, read = np.full(len(wanted), -1), 0
    kept: list[pa.RecordBatch] = []
    for batch in batches():
        there = digests[read : read + batch.num_rows]
        read += batch.num_rows
        places = np.minimum(np.searchsorted(wanted, there), len(wanted) - 1)
        rows = np.flatnonzero((wanted[places] == there) & (row_of[places] < 0))
        new, first = np.unique(places[rows], return_index=True)
        row_of[new] = sum(part.num_rows for part in kept) + np.arange(len(new))
        kept.append(batch.take(pa.array(rows[first])))
        if (row_of >= 0).all():
            break
    if not kept:
        return pd.DataFrame(), 0
    frame = pa.Table.from_batches(kept).take(pa.array(row_of[np.searchsorted(wanted, chosen)])).to_pandas()
    return frame, len(digests)


def _digests(batch: pa.RecordBatch) -> NDArray[np.uint64]:
    """The digest of each row: its cells by the names of their columns, in whichever order these are asked for."""
    return rows_hashed((hashed(_told_apart(batch.column(name))) for name in sorted(batch.schema.names)), batch.num_rows)


def _told_apart(column: pa.Array) -> pa.Array:
    """Texts with a letter before them: a blank one is no missing cell to a model, as it is to whoever counts."""
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return column
    before, nothing = (pa.scalar(text, column.type) for text in ("=", ""))
    return pc.binary_join_element_wise(before, column, nothing)
