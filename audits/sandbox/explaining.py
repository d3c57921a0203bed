"""How does the artifact of a spec become attributions over a sample of its evaluation table?

Imported by the child after it is locked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from audits.checks import Roles
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
    """Draw at most `most` rows in one pass, each with the same chance, and count all of them.

    Every row draws a number and the smallest ones stay, so the choice does not depend on the size of a batch.
    """
    rng = np.random.default_rng(seed)
    kept, numbers, present = [], np.empty(0), 0
    for batch in batches():
        drawn = rng.random(batch.num_rows)
        present += batch.num_rows
        limit = np.partition(numbers, most - 1)[most - 1] if len(numbers) >= most else 2.0
        chosen = drawn < limit
        kept.append(batch.filter(pa.array(chosen)))
        numbers = np.concatenate([numbers, drawn[chosen]])
        if len(numbers) > 4 * most:
            kept, numbers = _smallest(kept, numbers, most)
    if not kept:
        return pd.DataFrame(), 0
    kept, _ = _smallest(kept, numbers, most)
    return pa.Table.from_batches(kept).to_pandas(), present


def _smallest(kept: list[pa.RecordBatch], numbers: Any, most: int) -> tuple[list[pa.RecordBatch], Any]:
    if len(numbers) <= most:
        return kept, numbers
    stay = np.sort(np.argpartition(numbers, most)[:most])
    return [pa.concat_batches(kept).take(pa.array(stay))], numbers[stay]
