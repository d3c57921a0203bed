"""How is one message sent, so that neither a slow nor a hostile receiver can do harm?

One POST to an address that was looked at, no redirect followed, no proxy asked, within a time that covers everything,
and no more of the answer read than is kept.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from governance.webhooks.addresses import (
    AddressRefused,
    Resolve,
    Resolved,
    checked_addresses,
    read_url,
    resolve_by_system,
)

# What is kept of an answer, in bytes; the rest is not read.
KEPT_BYTES: Final = 1000
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 when nothing did, and then `problem` says why."""

    status: int
    body: str = ""
    problem: str = ""
    milliseconds: int = 0

    @property
    def has_arrived(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_about_the_receiver(self) -> bool:
        """Whether the receiver is not well, as opposed to not wanting this one message."""
        return self.status in {0, 408, 429} or self.status >= 500


def post(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    seconds: float,
    allow_http: bool = False,
    allow_private: bool = False,
    resolve: Resolve = resolve_by_system,
) -> Answer:
    """Send one message and return what came of it, within `seconds` and the time that resolving the name takes."""
    began = time.monotonic()

    def answer(status: int, body: str = "", problem: str = "") -> Answer:
        return Answer(status, body, problem, round(1000 * (time.monotonic() - began)))

    line = _Line()
    try:
        parts = read_url(url, allow_http=allow_http, allow_private=allow_private)
        host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
        addresses = checked_addresses(host, port, allow_private=allow_private, resolve=resolve)
        with line.cut_off_at(began + seconds):
            line.connect(addresses, until=began + seconds)
            if parts.scheme == "https":
                line.encrypt(host)
            connection = http.client.HTTPConnection(host, port)
            connection.sock = line.socket
            place = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", place, body, {**headers, "Host": parts.netloc, "Connection": "close"})
            reply = connection.getresponse()
            text = reply.read(KEPT_BYTES).decode("utf-8", "replace").replace("\0", "\ufffd")
        if line.is_cut_off:
            raise TimeoutError
        return answer(reply.status, text, _redirected(reply))
    except AddressRefused as problem:
        return answer(0, problem=str(problem))
    except (OSError, http.client.HTTPException, ValueError) as problem:
        if line.is_cut_off or isinstance(problem, TimeoutError):
            return answer(0, problem=f"Nothing came within {seconds:g} seconds.")
        return answer(0, problem=str(problem)[:300] or type(problem).__name__)
    finally:
        line.close()


class _Line:
    """A connection that another thread can end: each wait for a byte has an end, many of them together have not."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.is_cut_off = False

    def connect(self, addresses: Resolved, *, until: float) -> None:
        """Connect to the first of the addresses that takes us. Raises: OSError, the last one's."""
        problem: OSError = TimeoutError()
        for family, kind, protocol, _, address in addresses:
            patience = until - time.monotonic()
            if patience <= 0:
                break
            self.socket = socket.socket(family, kind, protocol)
            self.socket.settimeout(patience)
            try:
                self.socket.connect(address)
            except OSError as refusal:
                problem = refusal
                self.close()
            else:
                return
        raise problem

    def encrypt(self, host: str) -> None:
        """Go on under TLS; the name, not the address, is what the certificate must be for."""
        assert self.socket is not None  # noqa: S101 -- tells mypy, checks nothing
        # Shaken hands after it is known here, so that a slow handshake is cut off too.
        line = ssl.create_default_context().wrap_socket(
            self.socket, server_hostname=host, do_handshake_on_connect=False
        )
        self.socket = line
        line.do_handshake()

    @contextlib.contextmanager
    def cut_off_at(self, moment: float) -> Iterator[None]:
        watch = threading.Timer(max(0.0, moment - time.monotonic()), self._cut_off)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            watch.join()

    def _cut_off(self) -> None:
        self.is_cut_off = True
        line = self.socket
        if line is not None:
            with contextlib.suppress(OSError):
                # The plain one: that of TLS would pull its state away under the thread that reads.
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def _redirected(reply: http.client.HTTPResponse) -> str:
    return "A redirect is not followed: change the address." if 300 <= reply.status < 400 else ""
