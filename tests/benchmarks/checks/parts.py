"""Which works are measured, against whom, and what was promised about each?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.board import Row, at_most, shown
from tests.benchmarks.checks import tables
from tests.benchmarks.checks.costs import Costs, Work, measured
from tests.benchmarks.checks.ours import CONTRACT

PROMISED_ROWS, PROMISED_LARGE = 1_000_000, 10_000_000


@dataclass(frozen=True)
class Setting:
    place: Path
    rows: int
    large: int
    rounds: int
    ours_alone: bool
    is_quick: bool

    @property
    def small(self) -> int:
        return self.rows // 10

    @property
    def kept(self) -> Path:
        return self.place / "tables"

    def narrow(self, rows: int) -> tuple[Path, ...]:
        return (tables.predictions(self.kept, rows),)

    def wide(self, rows: int) -> tuple[Path, ...]:
        return (tables.current(self.kept, rows),)

    def both(self, rows: int) -> tuple[Path, ...]:
        return tables.current(self.kept, rows), tables.reference(self.kept, rows)

    def with_profile(self, rows: int) -> tuple[Path, ...]:
        return tables.current(self.kept, rows), tables.profile(self.kept, rows)

    def measured(self, works: Sequence[Work]) -> dict[str, Costs]:
        kept = [work for work in works if work.peer is None or not (self.ours_alone or (self.is_quick and work.slow))]
        return measured(kept, self.place, rounds=self.rounds)


def _sizes(setting: Setting) -> Iterator[tuple[int, bool]]:
    """The numbers of rows with peers, and whether goals hang on them."""
    yield setting.small, False
    yield setting.rows, setting.rows == PROMISED_ROWS


def _against(
    id: str, what: str, ours: Costs, theirs: Costs | None, goal: float | None, *, share: str = "cpu", times: float = 1
) -> Iterator[Row]:
    """How many times what we needed did the peer need?"""
    if theirs is None:
        return
    if ours.refusal or theirs.refusal:
        yield Row(
            id,
            what,
            ours.refusal or shown(ours.of(share), "s"),
            theirs.refusal,
            "not measured",
            met=None if goal is None else False,
        )
        return
    ratio = times * theirs.cpu / ours.of(share)
    peer = f"{theirs.name} {shown(theirs.cpu, 's')}, {theirs.peak:,.0f} MiB"
    mine = f"{_seconds(ours.of(share))}, {ours.peak:,.0f} MiB"
    goal_text = "told only" if goal is None else f"≥ {shown(goal, '×')}"
    yield Row(id, what, mine, peer, shown(ratio, "×"), goal_text, None if goal is None else ratio >= goal)


def _seconds(value: float) -> str:
    return f"{value:.3f} s" if value < 1 else shown(value, "s")


def _limit(
    id: str, what: str, costs: Costs, value: Callable[[Costs], float], goal: float, unit: str, counts: bool
) -> Row:
    if costs.refusal:
        return Row(id, what, costs.refusal, goal=f"≤ {shown(goal, unit)}", met=False)
    if not counts:
        return Row(id, what, shown(value(costs), unit), goal="told only")
    return at_most(id, what, value(costs), goal, unit)


def fairness(setting: Setting) -> Iterator[Row]:
    for rows, counts in _sizes(setting):
        path = setting.narrow(rows)
        found = setting.measured(
            [
                Work("figures", None, "figures", path),
                Work("fairlearn, one grouping", "fairlearn", "one", path, slow=rows > 200_000),
                Work("fairlearn, all seven", "fairlearn", "seven", path, slow=True),
                Work("aequitas, one attribute", "aequitas", "one", path),
                Work("aequitas, three apart", "aequitas", "three", path),
                Work("aif360, two groups", "aif360", "one", path),
                Work("duckdb, counts alone", "duckdb", "fairness", path),
            ]
        )
        what = f"{rows:,} rows: 11 rates and gaps of 7 groupings, from Parquet"
        for name, goal in (
            ("fairlearn, one grouping", 400.0),
            ("fairlearn, all seven", 3_000.0),
            ("aequitas, one attribute", 6.0),
            ("aequitas, three apart", None),
            ("aif360, two groups", None),
            ("duckdb, counts alone", None),
        ):
            yield from _against("C1", what, found["figures"], found.get(name), goal if counts else None)
    if setting.large:
        (costs,) = setting.measured([Work("figures", None, "figures", setting.narrow(setting.large))]).values()
        counts = setting.large == PROMISED_LARGE
        what = f"{setting.large:,} rows: {_cpu(costs)}, most memory"
        yield _limit("C1", what, costs, lambda found: found.peak, 300, "MiB", counts)


def intervals(setting: Setting) -> Iterator[Row]:
    draws = 2_000
    for rows, counts in [
        *_sizes(setting),
        *([(setting.large, setting.large == PROMISED_LARGE)] if setting.large else []),
    ]:
        path = setting.narrow(rows)
        works = [Work("parity", None, "parity", path)]
        if rows != setting.large:
            works += [
                Work("scores", None, "scores", path),
                Work("fairlearn, two draws of one grouping", "fairlearn", "redrawn", path, slow=True),
                Work("fairlearn, AUC and Brier", "fairlearn", "scores", path),
            ]
        found = setting.measured(works)
        parity = found["parity"]
        what = f"{rows:,} rows: 11 checks, 7 groupings, {draws:,} draws, simultaneous intervals"
        yield _limit(
            "C2", f"{what}, after reading", parity, lambda costs: costs.of("checks"), 0.25, "s", rows >= 100_000
        )
        yield _limit("C2", "- with reading and documents", parity, lambda costs: costs.cpu, 0, "s", False)
        yield from _against(
            "C2", f"- 2 draws of one grouping times {draws // 2:,}", parity,
            found.get("fairlearn, two draws of one grouping"), 10_000 if counts else None,
            share="checks", times=draws / 2,
        )  # fmt: skip
        if "scores" in found:
            yield from _against(
                "C2", f"{rows:,} rows: exact AUC, Brier, calibration by group", found["scores"],
                found.get("fairlearn, AUC and Brier"), 80 if counts else None,
            )  # fmt: skip


def quality(setting: Setting) -> Iterator[Row]:
    for rows, counts in _sizes(setting):
        path = setting.wide(rows)
        found = setting.measured(
            [
                Work("profile", None, "profile", path),
                Work("profile and contract", None, "quality", path),
                Work("duckdb, one statement", "duckdb", "quality", path),
                Work("great_expectations", "great_expectations", "quality", path),
                Work("great_expectations, verdicts alone", "great_expectations", "verdicts", path),
                Work("pandera", "pandera", "quality", path),
                Work("evidently", "evidently", "quality", path),
                Work("deepchecks", "deepchecks", "quality", path),
                Work("deepchecks, figures alone", "deepchecks", "figures", path),
            ]
        )
        what = f"{rows:,} × 27: quality profile with duplicates"
        for name, goal in (("evidently", 20.0), ("deepchecks", 50.0), ("deepchecks, figures alone", None)):
            yield from _against("C3", what, found["profile"], found.get(name), goal if counts else None)
        what = f"{rows:,} × 27: the same with a contract of {len(CONTRACT)} columns"
        for name, goal in (
            ("duckdb, one statement", 1.0),
            ("great_expectations", 10.0),
            ("great_expectations, verdicts alone", None),
            ("pandera", None),
            ("evidently", None),
            ("deepchecks", None),
        ):
            yield from _against("C3", what, found["profile and contract"], found.get(name), goal if counts else None)
        yield _limit("C3", "- most memory", found["profile and contract"], lambda costs: costs.peak, 450, "MiB", counts)


def drift(setting: Setting) -> Iterator[Row]:
    for rows, counts in _sizes(setting):
        paths = setting.both(rows)
        found = setting.measured(
            [
                Work("drift", None, "drift", paths),
                Work("drift from a profile", None, "drift", setting.with_profile(rows)),
                Work("evidently, 19 columns", "evidently", "drift", paths),
                Work("deepchecks, all rows", "deepchecks", "drift", paths),
            ]
        )
        what = f"{rows:,} against {rows:,}: KS and PSI of 20 columns"
        yield _limit("C4", what, found["drift"], lambda costs: costs.cpu, 1.0, "s", counts)
        profiled = found["drift from a profile"]
        yield _limit(
            "C4", "- against a stored profile of the reference", profiled, lambda costs: costs.cpu, 0.5, "s", counts
        )
        for name, goal in (("evidently, 19 columns", 25.0), ("deepchecks, all rows", 4.0)):
            yield from _against("C4", what, found["drift"], found.get(name), goal if counts else None)
        yield _limit(
            "C4", "- statistics stored by an outcome", found["drift"], lambda c: c.of("stored") / 1024, 0, "KiB", False
        )


def overlap(setting: Setting) -> Iterator[Row]:
    for rows, counts in _sizes(setting):
        paths = setting.both(rows)
        found = setting.measured(
            [
                Work("overlap", None, "overlap", paths),
                Work("duckdb, hashes", "duckdb", "overlap", paths),
                Work("deepchecks", "deepchecks", "overlap", paths, slow=True),
            ]
        )
        what = f"{rows:,} against {rows:,}: rows that both tables hold"
        for name, goal in (("duckdb, hashes", None), ("deepchecks", 170.0)):
            yield from _against("C5", what, found["overlap"], found.get(name), goal if counts else None)
        yield _limit("C5", "- most memory", found["overlap"], lambda costs: costs.peak, 400, "MiB", counts)


def gate(setting: Setting) -> Iterator[Row]:
    for rows, counts in [
        *_sizes(setting),
        *([(setting.large, setting.large == PROMISED_LARGE)] if setting.large else []),
    ]:
        large = rows == setting.large
        (costs,) = measured([Work("gate", None, "gate", setting.both(rows))], setting.place, rounds=1).values()
        what = f"{rows:,} rows: the whole gate in one locked child, {_cpu(costs)}"
        yield _limit("C6", f"{what}, wall", costs, lambda found: found.of("wall"), 5, "s", counts and not large)
        yield _limit("C6", "- CPU", costs, lambda found: found.cpu, 5, "s", counts and not large)
        yield _limit("C6", "- most memory", costs, lambda found: found.peak, 1536 if large else 1024, "MiB", counts)


def _cpu(costs: Costs) -> str:
    return costs.refusal or f"{shown(costs.cpu, 's')} of CPU"


PARTS: Mapping[str, Callable[[Setting], Iterator[Row]]] = {
    "fairness": fairness,
    "intervals": intervals,
    "quality": quality,
    "drift": drift,
    "overlap": overlap,
    "gate": gate,
}
