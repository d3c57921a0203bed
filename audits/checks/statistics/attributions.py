"""How strongly does each feature move the decisions of a model, on average?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Attributions:
    """Mean attributions by feature, worked out elsewhere from a model or uploaded by a pipeline.

    `mean_abs` and `mean` have the shape (n_features,) and the unit of the model's output; `mean_abs` is
    not negative. `sensitive` names those features that carry a sensitive column, encoded or not.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ()

    features: tuple[str, ...]
    mean_abs: NDArray[np.float64]
    mean: NDArray[np.float64]
    n_rows: int
    sensitive: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        return {
            "features": list(self.features),
            "mean_abs": [float(value) for value in self.mean_abs],
            "mean": [float(value) for value in self.mean],
            "n_rows": self.n_rows,
            "sensitive": list(self.sensitive),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            features=tuple(document["features"]),
            mean_abs=np.array(document["mean_abs"], np.float64),
            mean=np.array(document["mean"], np.float64),
            n_rows=document["n_rows"],
            sensitive=tuple(document["sensitive"]),
        )
