"""Which groups have enough scores to be compared, and what is each one's figure?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Generic, TypeVar

from audits.checks.base import CannotMeasure
from audits.checks.comparison import ComparedRates
from audits.checks.sentences import figure
from audits.checks.statistics import GroupRate, ScoredGroup, ScoredGroups, ScoreHistograms
from audits.checks.statistics.intervals import LEVEL
from audits.checks.statistics.rates import Named

Sums = TypeVar("Sums")


@dataclass(frozen=True)
class SortedGroups(Generic[Sums]):
    """The scores of the groups of one attribute: enough to compare, too few, and left out by the policy."""

    attribute: str
    usable: tuple[ScoredGroup[Sums], ...]
    small: tuple[ScoredGroup[Sums], ...]
    left_out: tuple[ScoredGroup[Sums], ...]

    @property
    def level(self) -> float:
        """The level of each single interval at which those of all pairs of groups hold together, after Bonferroni."""
        pairs = max(1, sum(1 for _ in combinations(self.usable, 2)))
        return 1 - (1 - LEVEL) / pairs

    def figures(self, named: Named, figure_of: Callable[[ScoredGroup[Sums], float], GroupRate]) -> ComparedRates:
        """One figure of every group, to be compared like a rate; `figure_of` is given the level of its interval."""
        usable, small, left_out = (
            tuple(figure_of(group, self.level) for group in groups)
            for groups in (self.usable, self.small, self.left_out)
        )
        return ComparedRates(self.attribute, named, usable, small, left_out, None, joint=True)


def notes_on(scores: ScoredGroups[Any], *, labels: bool = True) -> tuple[str, ...]:
    """Say how many rows have no label, and that scores share places."""
    notes = []
    unlabelled = scores.everybody.unlabelled
    if labels and unlabelled:
        notes.append(f'{unlabelled} of {scores.n_rows} rows have no label in "{scores.label}" and are left out.')
    if not scores.is_exact:
        notes.append(shared_places("scores", scores.off_by))
    return tuple(notes)


def shared_places(what: str, off_by: float) -> str:
    """Say that close ones of these numbers count as one, and by how much that may be off."""
    return (
        f"There are more different {what} than are kept apart: close ones share a place, "
        f"each up to {figure(off_by)} below its own."
    )


def sorted_groups(
    scores: ScoredGroups[Sums], minimum: Callable[[ScoredGroup[Sums]], bool], leave_out: Sequence[str]
) -> Mapping[str, SortedGroups[Sums]]:
    """The groups of each attribute that is looked at, by whether they fulfil `minimum`."""
    found = {}
    for name, groups in scores.by_attribute.items():
        kept = [group for group in groups if group.group not in leave_out]
        found[name] = SortedGroups(
            name,
            tuple(filter(minimum, kept)),
            tuple(group for group in kept if not minimum(group)),
            tuple(group for group in groups if group.group in leave_out),
        )
    return found


def require_chances(scores: ScoreHistograms) -> None:
    """Refuse scores that are no chances."""
    low, high = scores.range
    if low < 0 or high > 1:
        raise CannotMeasure(
            f'Column "{scores.roles.score}" holds scores from {figure(low)} to {figure(high)}; a chance lies '
            "between 0 and 1."
        )
