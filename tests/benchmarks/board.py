"""Is what we promise about speed and size kept, measured now, side by side with others?

A measurement yields rows; the board prints them as one table and says whether every goal is met. Measurements run
in processes of their own, so that their memory and their settings do not mix, and hand their rows over as JSON lines.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

COLUMNS = ("id", "what", "ours", "peer", "ratio", "goal", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `met` is None where the figure is told for comparison and no goal hangs on it."""

    id: str
    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None


def at_most(id: str, what: str, value: float, limit: float, unit: str, *, peer: str = "", ratio: str = "") -> Row:
    """Return the row of a goal that a figure may not exceed."""
    return Row(id, what, shown(value, unit), peer, ratio, f"≤ {shown(limit, unit)}", value <= limit)


def at_least(id: str, what: str, value: float, limit: float, unit: str, *, peer: str = "", ratio: str = "") -> Row:
    """Return the row of a goal that a figure has to reach."""
    return Row(id, what, shown(value, unit), peer, ratio, f"≥ {shown(limit, unit)}", value >= limit)


def shown(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of rounds: what slows a whole round down slows both of its sides."""
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


def tell(*rows: Row) -> None:
    """Hand rows over from a measuring process."""
    for row in rows:
        sys.stdout.write(json.dumps(asdict(row)) + "\n")
    sys.stdout.flush()


def measured(module: str, *arguments: str, environment: Mapping[str, str], seconds: float) -> list[Row]:
    """Run a measurement in a process of its own and return its rows; one that dies or lasts too long is not met."""
    sys.stderr.write(f"  {module.rsplit('.', 1)[-1]} {' '.join(arguments)} …\n")
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            out, _ = process.communicate()
    rows = [Row(**json.loads(line)) for line in out.splitlines()]
    if process.returncode:
        ended = f"ended with {process.returncode}"
        rows.append(Row("-", f"the measurement {module.rsplit('.', 1)[-1]}", ended, goal="ends by itself", met=False))
    return rows


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table that reads well in a terminal and in Markdown."""
    lines = [[*(getattr(row, name) for name in COLUMNS[:-1]), _verdict(row.met)] for row in rows]
    widths = [max(len(line[at]) for line in (COLUMNS, *lines)) for at in range(len(COLUMNS))]
    drawn = [COLUMNS, ["-" * width for width in widths], *lines]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in drawn)


def _verdict(met: bool | None) -> str:
    return "" if met is None else "met" if met else "SHORT"


def finish(rows: Sequence[Row]) -> int:
    """Print the table; return the exit status: 1 when a goal is not met, or when nothing was measured."""
    short = [row.id for row in rows if row.met is False]
    sys.stdout.write(table(rows) + "\n\n")
    sys.stdout.write(f"Short: {', '.join(dict.fromkeys(short))}.\n" if short else "Every goal is met.\n")
    return int(bool(short) or not rows)
