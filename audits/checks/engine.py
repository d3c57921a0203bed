"""What do the ordered checks say about these tables?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from audits.checks import statistics as known
from audits.checks.base import CannotMeasure, Check, Report
from audits.checks.catalogue import UnknownCheck, get_check
from audits.checks.outcomes import Outcome, RunSpec, TableInput, Verdict, plain
from audits.checks.parameters import UnusableParameters
from audits.checks.profiling import reads_profile
from audits.checks.roles import Roles
from audits.checks.scan import Failure, columns_for, condense_column, condense_tables, scan_tables
from audits.checks.sentences import conclusion, listed
from audits.checks.wishes import Wish, is_scanned, wishes_of

_STORED: Mapping[str, Any] = {
    name: kind for name in known.__all__ if hasattr(kind := getattr(known, name), "from_document")
}


class _NotRunnable(Exception):
    """What was ordered cannot be run on what was given; carries the verdict and the sentence."""

    def __init__(self, verdict: Verdict, sentence: str) -> None:
        self.verdict = verdict
        self.sentence = sentence
        super().__init__(sentence)


@dataclass
class _Computed:
    """The statistics of each table, with their documents: one is made for the first check that asks."""

    statistics: dict[tuple[str, type], object]
    documents: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    kept: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def read_by(self, check: Check, table: str, kind: type, parameters: Mapping[str, Any]) -> Any:
        """What the check is given of a statistic: the statistic, or what the check keeps of it."""
        statistic: Any = self.statistics.get((table, kind))
        if check.keeps is None:
            return statistic
        if (stored := self.statistics.get((table, check.keeps))) is not None:
            return stored
        asked = (check.keeps, kind, check.tables, *(repr(parameters.get(name)) for name in check.keeps.reads))
        if asked not in self.kept:
            self.kept[asked] = self._kept(check, kind, parameters)
        return self.kept[asked][table]

    def _kept(self, check: Check, kind: type, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        given = {name: self.statistics.get((name, kind)) for name in check.tables}
        keeps: Any = check.keeps
        if hasattr(keeps, "kept_of_all"):
            together: Mapping[str, Any] = keeps.kept_of_all(given, parameters)
            return together
        return {name: keeps.kept(statistic, parameters) for name, statistic in given.items()}

    def document(self, table: str, statistic: Any) -> dict[str, Any]:
        """What is stored of a statistic."""
        asked = (table, id(statistic))
        if asked not in self.documents:
            self.documents[asked] = plain(statistic.to_document())
        return self.documents[asked]

    def help(self, check: Check) -> Any:
        """What helps with advice, where the table gave it: it remembers what it was asked, which is what is stored."""
        if check.advised_by is None:
            return None
        if (stored := self.statistics.get((check.tables[0], known.ScoreSteps))) is not None:
            return stored
        found: Any = self.statistics.get((check.tables[0], check.advised_by))
        return None if found is None or isinstance(found, Failure) else known.ScoreSteps.of(found)


def measure(
    runs: Sequence[RunSpec],
    *,
    tables: Mapping[str, TableInput],
    statistics: Mapping[type, object] | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> list[Outcome]:
    """Run checks on tables, reading each table once, and return one outcome per run, in order.

    `statistics` holds what a scan cannot give, such as Attributions. `progress` is told the number of
    rows read so far, over all tables. Nothing that goes wrong with one check touches another one, and
    nothing that goes wrong passes.
    """
    given = statistics or {}
    runnable: list[tuple[Check, dict[str, Any]] | Outcome] = []
    for spec in runs:
        try:
            check, parameters = _prepared(spec, {name: table.roles for name, table in tables.items()}, given)
            _refuse_profiles(check, tables)
        except _NotRunnable as refusal:
            runnable.append(Outcome(spec, refusal.verdict, refusal.sentence))
            continue
        runnable.append((check, parameters))
    checks = [entry for entry in runnable if not isinstance(entry, Outcome)]
    wishes = {name: wishes_of(checks, name, table.roles) for name, table in tables.items()}
    computed = _scan_all(tables, wishes, given, seed, progress)
    weights = {name: table.roles.weight for name, table in tables.items()}
    outcomes = []
    for spec, entry in zip(runs, runnable, strict=True):
        if isinstance(entry, Outcome):
            outcomes.append(entry)
        else:
            outcomes.append(_counted_once(_outcome(spec, *entry, computed), _unused(entry[0], weights)))
    return outcomes


def needed_columns(runs: Sequence[RunSpec], roles: Mapping[str, Roles]) -> dict[str, tuple[str, ...]]:
    """The columns of each table that these runs will read, so that a reader need not decode others."""
    checks = []
    for spec in runs:
        try:
            checks.append(_prepared(spec, roles, None))
        except _NotRunnable:
            continue
    return {name: columns_for(wishes_of(checks, name, of_table)) for name, of_table in roles.items()}


def recompute(document: Mapping[str, Any]) -> Outcome:
    """Work out an outcome again from the statistics stored in its document, without any table.

    Raises: UnknownCheck when the check is gone, ValueError when the outcome holds no statistics.
    """
    spec = RunSpec(document["check"], document["version"], document["parameters"])
    check = get_check(spec.check, spec.version)
    computed: dict[tuple[str, type], object] = {}
    for table, stored in document["statistics"].items():
        for name, statistic in stored.items():
            kind = check.keeps if check.keeps is not None and name == check.keeps.__name__ else _STORED[name]
            computed[table, kind] = kind.from_document(statistic)
    asked = [(table, kind) for table in check.tables for kind in check.needs if (table, check.keeps) not in computed]
    if not all(map(computed.__contains__, asked)):
        raise ValueError(f"The outcome of {check.name} was stored without statistics: nothing was measured.")
    again = _outcome(spec, check, check.resolve(spec.parameters), _Computed(computed))
    return _counted_once(again, document.get("unused_weight"))


def _unused(check: Check, weights: Mapping[str, str | None]) -> str | None:
    """The column of weights that the check does not use."""
    return None if check.weighs else next((weights[name] for name in check.tables if weights.get(name)), None)


def _counted_once(outcome: Outcome, weight: str | None) -> Outcome:
    """The outcome, with a note where rows have weights that were not used."""
    if weight is None or outcome.report is None:
        return outcome
    note = f'Every row counts once: the weights in column "{weight}" are not used by this check.'
    report = replace(outcome.report, notes=(*outcome.report.notes, note))
    return replace(outcome, report=report, unused_weight=weight)


def _prepared(
    spec: RunSpec, roles: Mapping[str, Roles], given: Mapping[type, object] | None
) -> tuple[Check, dict[str, Any]]:
    try:
        check = get_check(spec.check, spec.version)
        parameters = check.resolve(spec.parameters)
    except (UnknownCheck, UnusableParameters) as refusal:
        raise _NotRunnable("errored", f"{type(refusal).__name__}: {refusal}") from None
    for table in check.tables:
        if table not in roles and any(map(is_scanned, check.needs)):
            raise _NotRunnable("inconclusive", f"{check.name} needs the {table} table, and none was given.")
    for kind in check.needs:
        if not is_scanned(kind):
            if given is not None and kind not in given:
                what = getattr(kind, "without", f"{kind.__name__.lower()}, and none were computed")
                raise _NotRunnable("inconclusive", f"{check.name} needs {what}.")
            continue
        needed = dict.fromkeys((*kind.needs_roles, *check.roles))  # type: ignore[attr-defined]  # a Statistic
        for table in check.tables:
            absent = [role for role in needed if not roles[table].has(role)]
            if absent:
                raise _NotRunnable(
                    "inconclusive",
                    f"{check.name} needs a column with the role {listed(absent)}, and the {table} table declares none"
                    f"{_many_or_one(absent, roles[table].task)}.",
                )
    return check, parameters


def _refuse_profiles(check: Check, tables: Mapping[str, TableInput]) -> None:
    for table in check.tables if any(map(is_scanned, check.needs)) else ():
        if table in tables and tables[table].profile is not None and not reads_profile(check, table):
            raise _NotRunnable("inconclusive", f"The {table} table is a stored profile, and this check needs its rows.")


def _many_or_one(absent: Sequence[str], task: str) -> str:
    """What to add where a check asks for one label and the table has many, or the other way round."""
    if task == "multi_label" and {"label", "prediction"} & set(absent):
        return " that is the only one: its task is multi_label"
    return f": its task is {task}, not multi_label" if {"labels", "predictions"} & set(absent) else ""


def _scan_all(
    tables: Mapping[str, TableInput],
    wishes: Mapping[str, Mapping[type, Wish]],
    given: Mapping[type, object],
    seed: int,
    progress: Callable[[int], None] | None,
) -> _Computed:
    found = {("evaluation", kind): statistic for kind, statistic in given.items()}
    missing = {
        name: {kind: wish for kind, wish in of_table.items() if (name, kind) not in found}
        for name, of_table in wishes.items()
    }
    found |= scan_tables(tables, missing, seed=seed, progress=progress, finished=condense_column)
    condense_tables(found)
    return _Computed(found)


def _outcome(spec: RunSpec, check: Check, parameters: dict[str, Any], computed: _Computed) -> Outcome:
    arguments = []
    stored: dict[str, dict[str, Any]] = {}
    for table in check.tables:
        for kind in check.needs:
            statistic = computed.statistics.get((table, kind))
            if isinstance(statistic, Failure):
                verdict: Verdict = "errored" if statistic.is_error else "inconclusive"
                return Outcome(spec, verdict, statistic.sentence, effective=parameters)
    try:
        for table in check.tables:
            for kind in check.needs:
                given: Any = computed.statistics.get((table, kind))
                if given is not None and given.n_rows == 0:
                    raise CannotMeasure(f"There is nothing for {check.name} to read about the {table} table.")
        for table in check.tables:
            for kind in check.needs:
                read = computed.read_by(check, table, kind, parameters)
                arguments.append(read)
                stored.setdefault(table, {})[type(read).__name__] = computed.document(table, read)
        helping = computed.help(check)
        report = check(*arguments, *([] if check.advised_by is None else [helping]), **parameters)
        if not isinstance(report, Report):
            raise TypeError(f"{check.name} returned no Report.")
        if helping is not None and any(finding.would_pass for finding in report.findings):
            stored[check.tables[0]][type(helping).__name__] = plain(helping.to_document())
        sentence = conclusion(report)
    except CannotMeasure as refusal:
        return Outcome(spec, "inconclusive", refusal.sentence, refusal.report, stored, parameters)
    except Exception as broken:
        sentence = f"{check.name} broke: {type(broken).__name__}: {broken}"
        return Outcome(spec, "errored", sentence, None, stored, parameters)
    return Outcome(spec, "failed" if report.findings else "passed", sentence, report, stored, parameters)
