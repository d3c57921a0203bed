"""What does a check of scores keep of each group, so that its figures can be worked out again without the scores?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from audits.checks.base import CannotMeasure
from audits.checks.statistics.pairs import in_pairs
from audits.checks.statistics.rates import UNKNOWN
from audits.checks.statistics.score_histograms import ScoreHistograms
from audits.checks.statistics.score_split import ScoreSplit

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
    how they are written, and in `of_everybody` whether it has them of everybody. A check works on them alone, so that
    they are all that is stored with its outcome.
    """

    made_of: ClassVar[type[Any]] = ScoreHistograms
    reads: ClassVar[tuple[str, ...]] = ("attribute",)
    of_everybody: ClassVar[bool] = False

    score: str
    label: str | None
    seed: int
    off_by: float
    everybody: ScoredGroup[Any]
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

        def group_of(split: ScoreSplit, sums: Sums) -> ScoredGroup[Sums]:
            up, down, unlabelled = (
                int(rows.sum()) for rows in (split.positives, split.negatives, split.by_label[UNKNOWN])
            )
            return ScoredGroup(split.group, up, down, unlabelled, sums)

        def groups(splits: list[ScoreSplit]) -> tuple[ScoredGroup[Sums], ...]:
            return tuple(map(group_of, splits, cls.summed(scores, splits, parameters)))

        by_attribute = {name: groups(scores.split(name)) for name in cls.attributes(scores, parameters)}
        everybody: ScoredGroup[Any]
        if cls.of_everybody:
            (everybody,) = groups([scores.everybody()])
        else:
            # Every row is in one group of any attribute.
            of_one = next(iter(by_attribute.values()))
            everybody = ScoredGroup(
                "everybody",
                sum(one.favourable for one in of_one),
                sum(one.others for one in of_one),
                sum(one.unlabelled for one in of_one),
                None,
            )
        return cls(str(scores.roles.score), scores.roles.label, scores.seed, scores.off_by, everybody, by_attribute)

    @property
    def n_rows(self) -> int:
        return self.everybody.rows

    @property
    def is_exact(self) -> bool:
        """Whether every score counted as what it is."""
        return self.off_by == 0

    def to_document(self) -> dict[str, Any]:
        return {
            "score": self.score,
            "label": self.label,
            "seed": self.seed,
            "off_by": self.off_by,
            "everybody": self._written(self.everybody),
            "by_attribute": [[name, list(map(self._written, groups))] for name, groups in self.by_attribute.items()],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            document["score"],
            document["label"],
            document["seed"],
            document["off_by"],
            cls._read(document["everybody"]),
            {name: tuple(map(cls._read, groups)) for name, groups in in_pairs(document["by_attribute"])},
        )

    @classmethod
    def _written(cls, group: ScoredGroup[Any]) -> list[Any]:
        sums = None if group.sums is None else cls.written(group.sums)
        return [group.group, group.favourable, group.others, group.unlabelled, sums]

    @classmethod
    def _read(cls, written: Sequence[Any]) -> ScoredGroup[Any]:
        group, favourable, others, unlabelled, sums = written
        return ScoredGroup(group, favourable, others, unlabelled, None if sums is None else cls.read(sums))
