"""What does a model answer over a sample of rows when cells are blank or numbers a little off?

Imported by the child after it is locked.
"""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.checks import Roles
from audits.checks.statistics.disturbances import LEVELS, Answers, Disturbances
from audits.sandbox.explaining import draw_evaluation
from audits.sandbox.model_formats import ModelRefused
from audits.sandbox.model_loading import REGRESSION, LoadedModel, load_model

DISTURBED_ROWS = 2000
# Features are blanked one by one; a model of so many is asked for this many scores and not for more.
_MOST_SCORES = 2_000_000

Numbers = NDArray[np.float64]


def disturb_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Open the artifact of the spec and return its Disturbances document over the evaluation table."""
    roles, frame, present = draw_evaluation(spec, _features_and_label, DISTURBED_ROWS, to_do="run")
    model = load_model(Path(spec["artifact"]["path"]), spec["artifact"]["format"])
    return disturb(model, frame, roles.features, roles.label, seed=spec["seed"], rows_present=present).to_document()


def _features_and_label(roles: Roles) -> Sequence[str]:
    return tuple(dict.fromkeys((*roles.features, *([roles.label] if roles.label else []))))


def disturb(
    model: LoadedModel,
    frame: pd.DataFrame,
    features: Sequence[str],
    label: str | None,
    *,
    seed: int,
    rows_present: int,
) -> Disturbances:
    """Ask the model for the rows as they are and disturbed; the same for the same rows in this order and seed."""
    if not features:
        raise ModelRefused(
            "no_features",
            "The table declares no features, so there is nothing to disturb.",
            "Declare the model's input columns with the role feature.",
        )
    if label is not None:
        frame = frame[frame[label].notna()]
    truth = None if label is None else frame[label].to_numpy(np.float64)
    as_it_is = model.arrange(frame[list(features)]).reset_index(drop=True)
    scores = model.predict_score(as_it_is)
    threshold = None if model.task == REGRESSION else 0.5 if (scores >= 0).all() and (scores <= 1).all() else 0.0

    def ask(disturbed: pd.DataFrame) -> Answers:
        try:
            return _beside(model.predict_score(disturbed), scores, truth, threshold)
        except ModelRefused as refused:
            return Answers(refused.detail)
        except Exception as broken:
            # Libraries raise anything at all over cells they were not trained on.
            said = "".join(letter if letter.isprintable() else " " for letter in str(broken)[:120]).strip()
            return Answers(f"{type(broken).__name__}: {said}")

    names = [str(name) for name in as_it_is.columns]
    few = names[: max(1, _MOST_SCORES // max(len(frame), 1))]
    noisy = {level: _with_noise(as_it_is, float(level), seed) for level in LEVELS}
    return Disturbances(
        n_rows=len(frame),
        rows_present=rows_present,
        seed=seed,
        threshold=threshold,
        loss=None if truth is None else float(_losses(scores, truth, threshold).sum()),
        blank={level: ask(_with_blanks(as_it_is, float(level), seed)) for level in LEVELS},
        noise={
            level: Answers("No feature holds more than two numbers.") if table is None else ask(table)
            for level, table in noisy.items()
        },
        features={name: ask(as_it_is.assign(**{name: _blank(as_it_is[name])})) for name in few},
    )


def _beside(scores: Numbers, before: Numbers, truth: Numbers | None, threshold: float | None) -> Answers:
    moved = float(np.abs(scores - before).mean())
    if threshold is None:
        growth = np.zeros(0) if truth is None else np.abs(scores - truth) - np.abs(before - truth)
        return Answers(moved=moved, increase=float(growth.sum()), increase_2=float((growth**2).sum()))
    changed = (scores >= threshold) != (before >= threshold)
    wrong = np.zeros(len(scores), bool) if truth is None else (before >= threshold) != (truth == 1)
    return Answers(
        moved=moved,
        changed=int(changed.sum()),
        broken=int((changed & ~wrong).sum()),
        mended=int((changed & wrong).sum()),
    )


def _losses(scores: Numbers, truth: Numbers, threshold: float | None) -> Numbers:
    if threshold is None:
        return np.abs(scores - truth)
    return ((scores >= threshold) != (truth == 1)).astype(np.float64)


def _with_blanks(table: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    blanked = {
        name: _blank(table[name], _dice(seed, "blank", name).random(len(table)) < share) for name in table.columns
    }
    return pd.DataFrame(blanked, index=table.index)


def _blank(column: "pd.Series[Any]", where: NDArray[np.bool_] | None = None) -> "pd.Series[Any]":
    """The column with these cells missing, or all of them; whole numbers become doubles, which can be missing."""
    number = pd.api.types.is_numeric_dtype(column)
    column = column.astype(np.float64) if number else column
    return column.mask(np.ones(len(column), bool) if where is None else where)


def _with_noise(table: pd.DataFrame, level: float, seed: int) -> pd.DataFrame | None:
    """Numbers with normal noise of so many standard deviations of their column; None where none can have any.

    Whole numbers stay whole and no number leaves the range of the sample: a model is not to be blamed for what
    cannot be. Codes of two values, and texts, are left as they are.
    """
    changed: dict[str, Any] = {}
    for name in table.columns:
        column = table[name]
        if not pd.api.types.is_numeric_dtype(column) or column.nunique() <= 2:
            continue
        values = column.to_numpy(np.float64)
        known = values[~np.isnan(values)]
        noise = _dice(seed, "noise", name).normal(0, level * known.std(), len(values))
        noise = np.rint(noise) if (known == np.rint(known)).all() else noise
        noisy = pd.Series(np.clip(values + noise, known.min(), known.max()), index=table.index)
        changed[name] = noisy.astype(column.dtype)
    return table.assign(**changed) if changed else None


def _dice(seed: int, what: str, name: object) -> np.random.Generator:
    """Chances of a column that do not depend on which other columns there are."""
    return np.random.default_rng([seed, zlib.crc32(f"{what} {name}".encode())])
