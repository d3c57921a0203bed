"""Which tables are the checks measured on? The same ones in every run, as Parquet files, made once and kept.

*predictions*: label, decision, score, and three sensitive columns with 3, 6 and 5 groups, one of them 1 % of the rows.
*reference* and *current*: an id, 20 features of which 14 are numbers or times and 6 are texts, with up to 30 % missing,
and the six columns above. A third of the features of *current* is shifted; 0.5 % of its rows repeat an earlier one
except for the id, and 1 % are rows of *reference*.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audits.sandbox import profile_table
from audits.tables import TableFormat, parse_declaration

SEED = 20261121
CHUNK = 500_000
GROUPS = {
    "sex": (["female", "male", "other"], [0.49, 0.50, 0.01]),
    "race": (["a", "b", "c", "d", "e", "f"], [0.55, 0.20, 0.12, 0.08, 0.04, 0.01]),
    "age": (["under 25", "25 to 39", "40 to 54", "55 to 69", "70 and over"], [0.12, 0.31, 0.29, 0.20, 0.08]),
}
NUMBERS = tuple(f"n{place:02}" for place in range(13))
TEXTS = tuple(f"c{place}" for place in range(6))
FEATURES = (*NUMBERS, "seen_at", *TEXTS)

Column = NDArray[np.generic]


def predictions(place: Path, rows: int) -> Path:
    """The narrow table with this many rows."""
    return _kept(place / f"predictions-{rows}.parquet", rows, _outcomes)


def current(place: Path, rows: int) -> Path:
    """The wide table of now."""
    return _kept(place / f"current-{rows}.parquet", rows, _current)


def reference(place: Path, rows: int) -> Path:
    """The wide table that the current one is compared with."""
    return _kept(place / f"reference-{rows}.parquet", rows, _reference)


def profile(place: Path, rows: int) -> Path:
    """What is stored of the reference, so that the current table can be compared with it without its rows."""
    path = place / f"reference-{rows}.profile.json"
    if not path.exists():
        columns = {name: {"roles": ["feature"]} for name in FEATURES}
        declaration = parse_declaration({"task": "binary", "favourable": 1, "columns": columns})
        document = profile_table(reference(place, rows), TableFormat("parquet"), declaration)
        path.write_text(json.dumps(document, allow_nan=False))
    return path


def _kept(path: Path, rows: int, made: Callable[[int, int], Mapping[str, Column]]) -> Path:
    if path.exists():
        return path
    unfinished = path.with_suffix(".unfinished")
    writer = None
    for chunk, start in enumerate(range(0, rows, CHUNK)):
        columns = made(chunk, min(CHUNK, rows - start))
        table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
        writer = writer or pq.ParquetWriter(unfinished, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return unfinished.rename(path)


def _outcomes(chunk: int, rows: int) -> dict[str, Column]:
    chance = np.random.default_rng([SEED, 0, chunk])
    groups = {name: chance.choice(len(names), rows, p=shares) for name, (names, shares) in GROUPS.items()}
    pull = 0.15 * groups["sex"] - 0.1 * groups["race"] + 0.05 * groups["age"]
    score = 1 / (1 + np.exp(-(pull + chance.normal(size=rows))))
    label = (chance.random(rows) < 0.15 + 0.6 * score).astype(np.int64)
    named = {name: np.array(GROUPS[name][0], object)[codes] for name, codes in groups.items()}
    return {"y_true": label, "y_pred": (score > 0.55).astype(np.int64), "y_score": score, **named}


def _wide(chunk: int, rows: int, which: int) -> dict[str, Column]:
    """One chunk of a wide table without what the two have in common; `which` is 1 for the current one."""
    chance = np.random.default_rng([SEED, 1 + which, chunk])
    moved = 0.08 * which
    columns: dict[str, Column] = {"id": np.arange(chunk * CHUNK, chunk * CHUNK + rows) + which * 10**9}
    for place, name in enumerate(NUMBERS):
        shift = moved if place % 3 == 0 else 0.0
        normal = chance.normal(size=rows) + shift
        if place < 5:
            values: Column = normal
        elif place < 8:
            values = np.exp(normal) * 1_000
        elif place < 10:
            values = np.round(np.exp(normal) * 50, 2)
        else:
            values = np.floor(np.exp(0.7 * normal) * (20, 300, 40_000)[place - 10])
        columns[name] = _with_gaps(values, chance, 0.30 * (place % 4) / 3)
    seconds = 1_700_000_000 + chance.integers(0, 90 * 86_400, rows) + which * 5 * 86_400
    columns["seen_at"] = seconds.astype("datetime64[s]").astype("datetime64[us]")
    for place, name in enumerate(TEXTS):
        levels = (2, 5, 12, 30, 80, 200)[place]
        weights = 1.0 / np.arange(1, levels + 1) ** (1 + (moved if place % 3 == 0 else 0.0))
        codes = chance.choice(levels, rows, p=weights / weights.sum())
        texts = np.array([f"{name} level {level:03}" for level in range(levels)], object)[codes]
        texts[chance.random(rows) < 0.1 * (place % 3)] = None
        columns[name] = texts
    return {**columns, **_outcomes(chunk + 1_000 * (1 + which), rows)}


def _with_gaps(values: Column, chance: np.random.Generator, share: float) -> Column:
    return np.where(chance.random(len(values)) < share, np.nan, values) if share else values


def _reference(chunk: int, rows: int) -> dict[str, Column]:
    return _wide(chunk, rows, 0)


def _current(chunk: int, rows: int) -> dict[str, Column]:
    columns, others = _wide(chunk, rows, 1), _wide(chunk, rows, 0)
    repeats, leaked = rows // 200, rows // 100
    for name, values in columns.items():
        if name != "id":
            values[-repeats:] = values[:repeats]
            values[repeats : repeats + leaked] = others[name][repeats : repeats + leaked]
    return columns
