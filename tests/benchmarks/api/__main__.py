"""`make bench-api`: the requests of an MLflow client, sent to us and to a real MLflow server, in one table."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.benchmarks.api import calls
from tests.benchmarks.api.calls import Act
from tests.benchmarks.api.load import Client, Load, run
from tests.benchmarks.api.servers import ROOT, Server, countersign, mlflow
from tests.benchmarks.board import Row, at_most, finish
from tests.benchmarks.environments import python_of
from tests.benchmarks.trail.clusters import NoServer, cluster, postmaster

MODELS, VERSIONS = 100, 3
ROUNDS, SECONDS = 3, 3.0
# The largest share of MLflow's CPU that an act may cost, where that is promised.
ACTS: dict[str, tuple[Callable[[int], Act], float | None]] = {
    "get a version": (calls.get_version, 0.5),
    "get by alias": (calls.get_by_alias, 0.5),
    "search by tag": (calls.search_by_tag, 0.5),
    "set a tag": (calls.set_tag, None),
    "create a version": (calls.create_version, None),
}


@contextmanager
def clusters() -> Iterator[tuple[str, str]]:
    """Yield the addresses of two PostgreSQL databases, each on a server of its own."""
    with cluster(in_memory=False) as one, cluster(in_memory=False) as other:
        yield one, other


@contextmanager
def pair(engine: str, program: Path) -> Iterator[tuple[Server, Server]]:
    """Start both on the same kind of database."""
    if engine == "SQLite":
        with countersign("") as ours, mlflow(program, "") as theirs:
            yield ours, theirs
    else:
        with (
            clusters() as (one, other),
            countersign(one, postmaster(one)) as ours,
            mlflow(program, other, postmaster(other)) as theirs,
        ):
            yield ours, theirs


def compared(engine: str, ours: Server, theirs: Server) -> list[Row]:
    """Return the rows of the small registry: rates and times have to be ahead, CPU where that is promised."""
    for server in (ours, theirs):
        client = Client(server)
        for request in calls.filling(MODELS, VERSIONS):
            client.send(request)
    rows: list[Row] = []
    for clients in (1, 8):
        for name, (make, share) in ACTS.items():
            act = make(MODELS)
            measured: tuple[list[Load], list[Load]] = ([], [])
            for turn in range(ROUNDS + 1):
                sides = list(zip((ours, theirs), measured, strict=True))
                for server, loads in sides[:: 1 if turn % 2 else -1]:
                    load = run(server, act, clients=clients, seconds=SECONDS, first=(clients * 100 + turn) * 10**6)
                    if turn:  # the first round warms up
                        loads.append(load)
            rows += rows_about(f"{engine}, {_clients(clients)}: {name}", *measured, share=share)
    return rows


def rows_about(what: str, ours: list[Load], theirs: list[Load], *, share: float | None) -> list[Row]:
    """Return the rows of one act: medians of the rounds, and the goals of their ratios."""

    def of(loads: list[Load], field: str) -> float:
        return median(getattr(load, field) for load in loads)

    rate, other = of(ours, "rate"), of(theirs, "rate")
    rows = [
        Row("A1", what, f"{rate:,.0f} /s", f"{other:,.0f} /s", f"{rate / other:.2f} ×", "> 1 ×", rate > other),
    ]
    for field, name, goal in (("p50", "median", 1.0), ("p99", "99 %", 1.0), ("cpu", "CPU", share)):
        mine, other = of(ours, field) * 1000, of(theirs, field) * 1000
        ratio = mine / other
        told = Row("A1", f"- {name}", f"{mine:.2f} ms", f"{other:.2f} ms", f"{ratio:.2f} ×")
        if goal is not None:
            sign, met = ("<", ratio < goal) if goal == 1 else ("≤", ratio <= goal)
            told = Row(*[told.id, told.what, told.ours, told.peer, told.ratio], f"{sign} {goal:g} ×", met)
        rows.append(told)
    return rows


def creating(engine: str, ours: Server, theirs: Server) -> list[Row]:
    """Return the row of the slowest creations of versions by eight clients at once."""
    act = calls.create_version(MODELS)
    mine = run(ours, act, clients=8, seconds=2 * SECONDS, first=10**9)
    other = run(theirs, act, clients=8, seconds=2 * SECONDS, first=10**9)
    what = f"{engine}, 8 clients create versions, 99 % of them within"
    peer = f"{other.p99 * 1000:,.0f} ms"
    return [at_most("A2", what, mine.p99 * 1000, 300, "ms", peer=peer, ratio=f"{mine.p99 / other.p99:.2f} ×")]


def _clients(number: int) -> str:
    return f"{number} client{'s' if number > 1 else ''}"


def large(program: Path) -> list[Row]:
    """Return the rows of a model with 50,000 versions: how many times our time goes into MLflow's."""
    rows = []
    with clusters() as (one, other), countersign(one) as ours, mlflow(program, other) as theirs:
        for server in (ours, theirs):
            client = Client(server)
            for request in calls.of_large():
                client.send(request)
        settings = {"DATABASE_URL": one, "DJANGO_SETTINGS_MODULE": "tests.benchmarks.governance.settings"}
        filled = [sys.executable, "-m", "tests.benchmarks.api.filling", other]
        subprocess.run(filled, cwd=ROOT, env={**os.environ, **settings}, check=True)
        for name, act, goal in (
            ("set alias", calls.set_alias, 40),
            ("get model", calls.get_model, 20),
            ("latest versions", calls.latest_versions, 40),
        ):
            mine = run(ours, act, clients=1, seconds=SECONDS, first=0)
            peer = run(theirs, act, clients=1, seconds=SECONDS, first=0)
            what = f"PostgreSQL, {calls.LARGE_VERSIONS:,} versions: {name}, median"
            times = peer.p50 / mine.p50
            told = (f"{mine.p50 * 1000:.2f} ms", f"{peer.p50 * 1000:,.0f} ms", f"{times:,.0f} × faster")
            rows.append(Row("A3", what, *told, f"≥ {goal} × faster", times >= goal))
    return rows


def main() -> int:
    program = peer()
    rows: list[Row] = []
    for engine in ("SQLite", "PostgreSQL"):
        sys.stderr.write(f"  small registry, {engine} …\n")
        with pair(engine, program) as (ours, theirs):
            rows += compared(engine, ours, theirs)
            if engine == "SQLite":
                rows += creating(engine, ours, theirs)
    sys.stderr.write("  large model …\n")
    return finish([*rows, *large(program)])


def peer() -> Path:
    """Return MLflow's program, installed when it is not there. Raises: SystemExit, with the reason it cannot be."""
    python = python_of(Path(__file__).with_name("mlflow.txt"), ROOT / ".countersign" / "benchmarks")
    if isinstance(python, str):
        raise SystemExit(f"MLflow cannot be installed: {python}")
    return python.with_name("mlflow")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoServer as problem:
        sys.exit(str(problem))
