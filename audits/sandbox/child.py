"""What happens inside the locked child: checks over tables, or what is asked of a model.

    python -P -m audits.sandbox.child SPEC.json            measures; writes {"outcomes", "guards", "rows"}
    python -P -m audits.sandbox.child --explain SPEC.json  opens the model; writes {"attributions"}
    python -P -m audits.sandbox.child --disturb SPEC.json  opens the model; writes {"disturbances"}

Where nothing comes of a model: {"refused"} when it must not be opened or cannot be asked about the table, {"broken"}
when something failed; each with a sentence.

Contract
--------
The process MUST be locked before any library that starts threads is imported and before any input is opened, so
everything but the lock is imported afterwards.  Standard output carries exactly one JSON document.  Standard
error carries lines: `guards NAME ...` once, `progress PERCENT` now and then, and whatever libraries say.
The modes are processes of their own, because the reader of a model can take its process down with it.
"""

import gc
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audits.sandbox.lock import LANDLOCK, SECCOMP, Limits, lock_down


def main(arguments: list[str]) -> int:
    mode = arguments[0] if len(arguments) > 1 else ""
    spec = json.loads(Path(arguments[-1]).read_text(encoding="utf-8"))
    answer = _take_standard_output()
    tables = [Path(table["path"]) for table in spec["tables"].values()]
    readable = [*tables, Path(spec["artifact"]["path"])] if mode else tables
    guards = lock_down(readable, [], Limits(**spec["limits"]), parent=spec.get("parent"))
    _say("guards", *guards)
    document = _ask_model(mode, spec, guards) if mode else _measure(spec, guards)
    from audits.sandbox.answer import as_bytes

    with os.fdopen(answer, "wb") as file:
        file.write(as_bytes(document))
    return 0


def _take_standard_output() -> int:
    """Keep standard output for the answer: what libraries print goes to standard error."""
    answer = os.dup(1)
    os.dup2(2, 1)
    return answer


def _say(*words: object) -> None:
    print(*words, file=sys.stderr, flush=True)  # noqa: T201 - the protocol with the parent


class _WithoutPandas:
    """Arrow looks for pandas when it meets its first value. Checks do without, and save half of what a start takes."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("Checks do without pandas.", name=name)


def _measure(spec: Mapping[str, Any], guards: tuple[str, ...]) -> dict[str, Any]:
    sys.meta_path.insert(0, _WithoutPandas)
    from audits.sandbox.measuring import measure_spec

    # What was imported stays until the end: looking through it for garbage again and again finds none.
    gc.freeze()
    return {**measure_spec(spec, say_progress=lambda percent: _say("progress", percent)), "guards": list(guards)}


def _ask_model(mode: str, spec: Mapping[str, Any], guards: tuple[str, ...]) -> dict[str, Any]:
    from audits.sandbox.model_formats import ModelRefused

    try:
        if LANDLOCK not in guards and SECCOMP not in guards:
            return {
                "broken": "This machine offers neither Landlock nor seccomp, so no model is opened on it. "
                "Run the workers on a Linux kernel of version 5.13 or later."
            }
        if mode == "--disturb":
            from audits.sandbox.disturb import disturb_spec

            return {"disturbances": disturb_spec(spec)}
        from audits.sandbox.explaining import explain_spec

        return {"attributions": explain_spec(spec)}
    except ModelRefused as refused:
        return {"refused": str(refused)}
    except Exception as broken:
        # Libraries raise anything at all over a damaged file, and the text may be the file's own.
        verb = "run" if mode == "--disturb" else "explained"
        said = f"The model could not be {verb}: {type(broken).__name__}: {_plain(str(broken))}."
        return {"broken": f"{said} Save the model again and try it."}


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text[:200]).strip().rstrip(".")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
