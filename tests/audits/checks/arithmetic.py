"""What does the arithmetic come to that a worked example writes down?"""

from __future__ import annotations

import math
import re

_MEANT = {"abs": abs, "ln": math.log, "log2": math.log2, "sqrt": math.sqrt}
_SIGNS = re.compile(r"[\d.+*/() -]*\d[\d.+*/() -]*")


def worked_out(text: str) -> float | None:
    """`2 (1 + 4) / 16`, `|3/5 - 1|` or `1/4 ln(3)`, worked out; None where words are left that are no function."""
    python = re.sub(r"\|([^|]+)\|", r"abs(\1)", text.strip())
    python = re.sub(r"\b(ln|log2|sqrt) ([\d.]+)", r"\1(\2)", python).replace("^", "**")
    python = re.sub(r"(?<=[\d)]) (?=[a-z(])|(?<=\))(?=\()", " * ", python)
    # Only signs and digits are left where the functions are taken away: nothing else is ever evaluated.
    bare = re.sub(r"\b(?:abs|ln|log2|sqrt)\(", "(", python)
    return float(eval(python, {"__builtins__": {}}, _MEANT)) if _SIGNS.fullmatch(bare) else None  # noqa: S307
