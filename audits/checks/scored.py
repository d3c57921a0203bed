"""Which groups have enough scores to be compared, and what is each one's figure?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from audits.checks.base import CannotMeasure
from audits.checks.comparison import ComparedRates
from audits.checks.statistics import GroupRate, ScoreHistograms, ScoreSplit
from audits.checks.statistics.intervals import LEVEL
from audits.checks.statistics.rates import Named


@dataclass(frozen=True)
class SortedSplits:
    """The scores of the groups of one attribute: enough to compare, too few, and left out by the policy."""

    attribute: str
    usable: tuple[ScoreSplit, ...]
    small: tuple[ScoreSplit, ...]
    left_out: tuple[ScoreSplit, ...]

    @property
    def level(self) -> float:
        """The level of each single interval at which those of all pairs of groups hold together, after Bonferroni."""
        pairs = max(1, sum(1 for _ in combinations(self.usable, 2)))
        return 1 - (1 - LEVEL) / pairs

    def figures(self, named: Named, figure_of: Callable[[ScoreSplit, float], GroupRate]) -> ComparedRates:
        """One figure of every group, to be compared like a rate; `figure_of` is given the level of its interval."""
        usable, small, left_out = (
            tuple(figure_of(split, self.level) for split in splits)
            for splits in (self.usable, self.small, self.left_out)
        )
        return ComparedRates(self.attribute, named, usable, small, left_out, None, joint=True)


def require_scores(scores: ScoreHistograms, *, labels: bool = True) -> tuple[str, ...]:
    """Refuse a table with missing scores; say in a note how many rows have no label, and that scores share places."""
    if scores.unscored:
        raise CannotMeasure(f"{scores.unscored} of {scores.n_rows} rows have no score; give every row one.")
    notes = []
    unlabelled = int(scores.everybody().counts[:, 2].sum())
    if labels and unlabelled:
        notes.append(f'{unlabelled} of {scores.n_rows} rows have no label in "{scores.roles.label}" and are left out.')
    if not scores.is_exact:
        notes.append("There are more different scores than are kept apart; close ones share a place.")
    return tuple(notes)


def sorted_splits(
    scores: ScoreHistograms,
    attribute: str | None,
    minimum: Callable[[ScoreSplit], bool],
    leave_out: Sequence[str],
) -> Mapping[str, SortedSplits]:
    """The groups of one attribute, or of every sensitive column, by whether they fulfil `minimum`."""
    names = (attribute,) if attribute is not None else tuple(column.name for column in scores.roles.sensitive)
    found = {}
    for name in names:
        splits = scores.split(name)
        kept = [split for split in splits if split.group not in leave_out]
        found[name] = SortedSplits(
            name,
            tuple(filter(minimum, kept)),
            tuple(split for split in kept if not minimum(split)),
            tuple(split for split in splits if split.group in leave_out),
        )
    return found
