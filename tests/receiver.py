"""A program that webhooks are sent to: it writes down what it gets, and answers as it is told.

`python -m tests.receiver FILE` runs one in a process of its own, which writes each message as a line of JSON.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Message:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


class Receiver:
    """Listens on this machine; `answers` are used up one after the other, then everything is taken with 204."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        self.text = b""
        self.drips_seconds = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the sender died half-way, and its signature would not fit
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.take(Message(self.path, headers, body))
                receiver.answer(self)

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def take(self, message: Message) -> None:
        self.messages.append(message)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        status = self.answers.pop(0) if self.answers else 204
        try:
            if self.drips_seconds:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for number in range(1000):
                    handler.wfile.write(b"x-%d: y\r\n" % number)
                    time.sleep(self.drips_seconds)
            handler.send_response(status)
            for name, value in self.headers.items():
                handler.send_header(name, value)
            if status != 204:
                handler.send_header("Content-Length", str(len(self.text)))
            handler.end_headers()
            if status != 204:
                handler.wfile.write(self.text)
        except OSError:
            pass  # the sender has had enough

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stop()
        thread.join()


class Notebook(Receiver):
    """Writes every message down before it answers, so that what was answered is in the file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file.open("a", buffering=1)
        self._lock = threading.Lock()

    def take(self, message: Message) -> None:
        line = json.dumps({"headers": message.headers, "body": message.body.decode()})
        with self._lock:
            self._file.write(f"{line}\n")


if __name__ == "__main__":
    notebook = Notebook(Path(sys.argv[1]))
    sys.stdout.write(f"{notebook.port}\n")
    sys.stdout.flush()
    notebook.serve()
