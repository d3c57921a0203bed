"""A server that answers what a test tells it to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from governance.cli import service as client

PROBLEM = "application/problem+json"


class Other(ThreadingHTTPServer):
    """A server that answers from a list, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, str, bytes, dict[str, str]] | threading.Event | None] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    def will_answer(self, status: int, document: Any, kind: str = "application/json", **headers: str) -> None:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers.append((status, kind, content, headers))

    def will_hang_up(self) -> None:
        self.answers.append(None)

    def will_be_silent_until(self, event: threading.Event) -> None:
        self.answers.append(event)


class Handler(BaseHTTPRequestHandler):
    server: Other

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        answer = self.server.answers.pop(0)
        if isinstance(answer, threading.Event):
            answer.wait(60)
        if answer is None or isinstance(answer, threading.Event):
            self.close_connection = True
            return
        status, kind, content, headers = answer
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[Other]:
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.01)
    with Other() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
