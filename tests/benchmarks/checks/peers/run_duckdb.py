"""duckdb, the plain floor: one statement for the work, from the Parquet file."""

import duckdb
from stopwatch import Stopwatch, main

TEXTS = [f"c{place}" for place in range(6)]
NUMBERS = [f"n{place:02}" for place in range(13)]
OTHERS = ["seen_at", "y_true", "y_pred", "y_score", "sex", "race", "age"]
ALL = ["id", *NUMBERS, "seen_at", *TEXTS, *OTHERS[1:]]


def fairness(watch: Stopwatch, path: str) -> int:
    """The counts of every cell, from which every rate and gap follows."""
    cells = duckdb.sql(f"select sex, race, age, y_true, y_pred, count(*) n from '{path}' group by all").fetchall()
    return sum(cell[-1] for cell in cells)


def quality(watch: Stopwatch, path: str) -> int:
    """Missing cells, distinct texts and ids, ranges, allowed values, label share, rows that repeat another."""
    told = [f'count("{name}")' for name in ALL]
    told += [f'count(distinct "{name}")' for name in ("id", *TEXTS)]
    told += [f'{edge}("{name}")' for name in NUMBERS for edge in ("min", "max")]
    told += [f"count(*) filter ({name} not in ({allowed}))" for name, allowed in _allowed()]
    told += ["avg(y_true)", f"count(*) - count(distinct hash({', '.join(ALL[1:])}))"]
    return duckdb.sql(f"select {', '.join(told)} from '{path}'").fetchall()[0][-1]


def _allowed() -> list[tuple[str, str]]:
    return [
        ("y_true", "0, 1"),
        ("y_pred", "0, 1"),
        ("sex", "'female', 'male', 'other'"),
        ("race", "'a', 'b', 'c', 'd', 'e', 'f'"),
    ]


def overlap(watch: Stopwatch, path: str, other: str) -> int:
    """Rows of one table whose features stand in the other one too."""
    names = ", ".join([*NUMBERS, "seen_at", *TEXTS])
    hashed = "select hash({0}) h from '{1}'"
    return duckdb.sql(
        f"select count(*) from ({hashed.format(names, path)}) where h in ({hashed.format(names, other)})"
    ).fetchall()[0][0]


if __name__ == "__main__":
    main({"fairness": fairness, "quality": quality, "overlap": overlap})
