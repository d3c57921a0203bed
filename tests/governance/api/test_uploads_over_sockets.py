"""What happens to an upload on a real connection, above all to one that breaks off?"""

import hashlib
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from audits.evidence import is_stored
from governance.roles import Verb
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = b"id,label\n" + b"".join(f"{n},{n % 2}\n".encode() for n in range(200_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def token() -> str:
    return make.token(make.contributor(), Verb.REGISTER)


def request(token: str, sha256: str, length: int | None, extra: str = "") -> bytes:
    announced = "" if length is None else f"Content-Length: {length}\r\n"
    return (
        f"PUT /api/v1/blobs/{sha256} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"{announced}{extra}Connection: close\r\n\r\n"
    ).encode()


@pytest.fixture
def connected(live_server) -> Iterator[socket.socket]:
    parts = urlsplit(live_server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        yield connection


def answer(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def left_over() -> set[Path]:
    return {path for path in Path(settings.FILE_UPLOAD_TEMP_DIR).rglob("*") if path.is_file()}


def test_a_whole_upload_arrives(connected: socket.socket, token: str) -> None:
    connected.sendall(request(token, SHA256, len(CONTENT)) + CONTENT)
    assert answer(connected).startswith((b"HTTP/1.1 201", b"HTTP/1.0 201"))
    assert is_stored(SHA256)


@pytest.mark.parametrize("half_closed", [True, False])
def test_an_upload_that_breaks_off_leaves_nothing(connected: socket.socket, token: str, half_closed: bool) -> None:
    before = left_over()  # others' uploads, which may go on
    content = CONTENT + str(half_closed).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    connected.sendall(request(token, sha256, len(content)) + content[: len(content) // 2])
    if half_closed:
        connected.shutdown(socket.SHUT_WR)
        told = answer(connected)
        assert b" 422 " in told.splitlines()[0]
        assert b'"reason":"upload_cut_short"' in told
    else:
        connected.close()
        time.sleep(0.5)
    assert not is_stored(sha256)
    assert left_over() == before


def test_an_upload_without_a_length_is_refused(connected: socket.socket, token: str) -> None:
    sha256 = hashlib.sha256(b"chunk").hexdigest()
    head = request(token, sha256, None, "Transfer-Encoding: chunked\r\n")
    connected.sendall(head + b"5\r\nchunk\r\n0\r\n\r\n")
    assert b" 411 " in answer(connected).splitlines()[0]
    assert not is_stored(sha256)


def test_a_large_upload_is_never_whole_in_memory(connected: socket.socket, token: str) -> None:
    size, chunk = 300 * 1024 * 1024, bytes(1024 * 1024)
    digest = hashlib.sha256()
    for _ in range(size // len(chunk)):
        digest.update(chunk)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    connected.sendall(request(token, digest.hexdigest(), size))
    for _ in range(size // len(chunk)):
        connected.sendall(chunk)
    assert b" 201 " in answer(connected).splitlines()[0]
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 50 * 1024
