"""What does a check of scores keep of each group, so that its figures can be worked out again without the scores?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from audits.checks.base import CannotMeasure
from audits.checks.statistics.pairs import in_pairs
from audits.checks.statistics.score_histograms import ScoreHistograms, ScoreSplit

Sums = TypeVar("Sums")


@dataclass(frozen=True)
class ScoredGroup(Generic[Sums]):
    """One group: its rows by label, and the sums over its scores that a check needs."""

    group: str
    favourable: int
    others: int
    unlabelled: int
    sums: Sums

    @property
    def labelled(self) -> int:
        return self.favourable + self.others

    @property
    def rows(self) -> int:
        return self.labelled + self.unlabelled


@dataclass(frozen=True)
class ScoredGroups(Generic[Sums]):
    """The sums over the scores of everybody and of each group: a few numbers a group, and no score of anybody.

    They are made of ScoreHistograms, for the parameters that a subclass `reads`; it also says what the sums are and
    how they are written. A check works on them alone, so that they are all that is stored with its outcome.
    """

    made_of: ClassVar[type[Any]] = ScoreHistograms
    reads: ClassVar[tuple[str, ...]] = ("attribute",)

    score: str
    label: str | None
    seed: int
    is_exact: bool
    everybody: ScoredGroup[Sums]
    by_attribute: Mapping[str, tuple[ScoredGroup[Sums], ...]]

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> Sequence[Sums]:
        """The sums of each of these groups, which are those of one attribute or everybody alone."""
        raise NotImplementedError

    @staticmethod
    def written(sums: Sums) -> Any:
        """The sums in texts, numbers and lists."""
        raise NotImplementedError

    @staticmethod
    def read(written: Any) -> Sums:
        raise NotImplementedError

    @staticmethod
    def attributes(scores: ScoreHistograms, parameters: Mapping[str, Any]) -> tuple[str, ...]:
        """The attributes by which groups are formed: the one that is named, or every sensitive column."""
        named = parameters.get("attribute")
        return (named,) if named is not None else tuple(column.name for column in scores.roles.sensitive)

    @classmethod
    def kept(cls, scores: ScoreHistograms, parameters: Mapping[str, Any]) -> Self:
        """Work the sums out; a table with missing scores is refused."""
        if scores.unscored:
            raise CannotMeasure(f"{scores.unscored} of {scores.n_rows} rows have no score; give every row one.")

        def groups(splits: list[ScoreSplit]) -> tuple[ScoredGroup[Sums], ...]:
            found = zip(splits, cls.summed(scores, splits, parameters), strict=True)
            return tuple(
                ScoredGroup(
                    split.group,
                    int(split.positives.sum()),
                    int(split.negatives.sum()),
                    int(split.counts[:, 2].sum()),
                    sums,
                )
                for split, sums in found
            )

        (everybody,) = groups([scores.everybody()])
        by_attribute = {name: groups(scores.split(name)) for name in cls.attributes(scores, parameters)}
        return cls(str(scores.roles.score), scores.roles.label, scores.seed, scores.is_exact, everybody, by_attribute)

    @property
    def n_rows(self) -> int:
        return self.everybody.rows

    def to_document(self) -> dict[str, Any]:
        return {
            "score": self.score,
            "label": self.label,
            "seed": self.seed,
            "is_exact": self.is_exact,
            "everybody": self._written(self.everybody),
            "by_attribute": [[name, list(map(self._written, groups))] for name, groups in self.by_attribute.items()],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            document["score"],
            document["label"],
            document["seed"],
            document["is_exact"],
            cls._read(document["everybody"]),
            {name: tuple(map(cls._read, groups)) for name, groups in in_pairs(document["by_attribute"])},
        )

    @classmethod
    def _written(cls, group: ScoredGroup[Sums]) -> list[Any]:
        return [group.group, group.favourable, group.others, group.unlabelled, cls.written(group.sums)]

    @classmethod
    def _read(cls, written: Sequence[Any]) -> ScoredGroup[Sums]:
        group, favourable, others, unlabelled, sums = written
        return ScoredGroup(group, favourable, others, unlabelled, cls.read(sums))
