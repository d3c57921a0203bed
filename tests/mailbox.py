"""A mail server on this machine, for one mailbox: it takes what it is sent and keeps it, byte for byte."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """Where it listens, and the messages as they came over the line."""

    url: str = ""
    messages: list[bytes] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Speak as much of RFC 5321 as a sender needs."""
    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 ready")
            while line := self.rfile.readline():
                word = line.split()[0].upper()
                if word == b"DATA":
                    self.say("354 go on")
                    box.messages.append(b"".join(iter(self.line_of_message, b"")))
                elif word == b"QUIT":
                    return self.say("221 bye")
                self.say("250 fine")

        def line_of_message(self) -> bytes:
            line = self.rfile.readline()
            return b"" if line == b".\r\n" else line.removeprefix(b".")

        def say(self, sentence: str) -> None:
            self.wfile.write(f"{sentence}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        box.url = "smtp://{}:{}".format(*server.server_address)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield box
        server.shutdown()
