"""How long does an act take, how many are there in a second, and what does one cost the server?"""

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import quantiles
from urllib.parse import urlsplit

from tests.benchmarks.api.calls import Act, Request
from tests.benchmarks.api.servers import Server


@dataclass(frozen=True, slots=True)
class Load:
    """One run: acts a second, seconds of an act (median, 99th of a hundred), CPU seconds of the server an act."""

    rate: float
    p50: float
    p99: float
    cpu: float


class Client:
    """One connection that stays open, as that of an MLflow client does."""

    def __init__(self, server: Server) -> None:
        parts = urlsplit(server.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=300)
        self._headers: Mapping[str, str] = {
            "Content-Type": "application/json",
            "User-Agent": "mlflow-python-client/3.17.2",
            **server.headers,
        }

    def send(self, request: Request) -> bytes:
        body = None if request.body is None else json.dumps(request.body)
        self._connection.request(request.method, request.path, body, dict(self._headers))
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{request.method} {request.path}: {response.status} {content[:300]!r}")
        return content


def run(server: Server, act: Act, *, clients: int, seconds: float, first: int, at_least: int = 5) -> Load:
    """Do an act again and again from several clients; the n-th act is `act(n)`, from `first` on, each n once."""
    lock, counter, durations, failures = threading.Lock(), iter(range(first, first + 10**9)), [], []
    end = time.monotonic() + seconds

    def work() -> None:
        client = Client(server)
        try:
            while time.monotonic() < end or len(durations) < at_least:
                with lock:
                    n = next(counter)
                began = time.perf_counter()
                for request in act(n):
                    client.send(request)
                durations.append(time.perf_counter() - began)
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    cpu, began = server.cpu_seconds(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, cpu = time.monotonic() - began, server.cpu_seconds() - cpu
    if failures:
        raise failures[0]
    cuts = quantiles(durations, n=100, method="inclusive")
    return Load(len(durations) / took, cuts[49], cuts[98], cpu / len(durations))
