"""What does a model answer when cells of its features are blank or a little off?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

# Shares of the cells that are left blank, and standard deviations of the noise in those of the feature.
LEVELS = ("0.05", "0.1", "0.2")


@dataclass(frozen=True)
class Answers:
    """The answers to disturbed rows beside those to the rows as they are; `refused` says why there are none.

    `changed` are decisions that turned round, `broken` those that were right and `mended` those that were wrong
    before. For a regression `increase` and `increase_2` sum the growth of the absolute error and its square. `moved` is
    the mean absolute change of the score.
    """

    refused: str = ""
    moved: float = 0.0
    changed: int = 0
    broken: int = 0
    mended: int = 0
    increase: float = 0.0
    increase_2: float = 0.0

    def to_document(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(**{name: type(usual)(document[name]) for name, usual in vars(cls()).items()})


@dataclass(frozen=True)
class Disturbances:
    """A sample of rows, answered by the model as they are, with blank cells, and with noise; worked out elsewhere.

    `blank` and `noise` hold the answers by level; in `features` one feature is blank in all rows. `loss` is the
    number of wrong decisions, or the sum of the absolute errors of a regression, of the rows as they are; None without
    a label. Decisions of a classifier are cut at `threshold`.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ()
    without: ClassVar[str] = "a model that can be run, and none was opened"

    n_rows: int
    rows_present: int
    seed: int
    threshold: float | None
    loss: float | None
    blank: Mapping[str, Answers]
    noise: Mapping[str, Answers]
    features: Mapping[str, Answers]

    def to_document(self) -> dict[str, Any]:
        return {
            name: {key: one.to_document() for key, one in value.items()} if isinstance(value, Mapping) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        answers = {
            name: {str(key): Answers.from_document(one) for key, one in document[name].items()}
            for name in ("blank", "noise", "features")
        }
        threshold, loss = (None if document[n] is None else float(document[n]) for n in ("threshold", "loss"))
        n_rows, present, seed = (int(document[name]) for name in ("n_rows", "rows_present", "seed"))
        return cls(n_rows, present, seed, threshold, loss, **answers)
