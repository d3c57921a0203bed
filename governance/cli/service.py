"""How does the command line speak to the service?

Whatever may be lost on the way is sent again: a POST under one `Idempotency-Key`, so that it happens once, and bytes
under their own digest.
"""

import re
import time
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from governance.cli.answers import CouldNotTell

ADDRESS = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[\w./~-]*)?")
# What a header may carry; a token with anything else was copied wrongly, and shall not be repeated in a job's log.
TOKEN = re.compile(r"[\x21-\x7e]+")
ATTEMPTS = 5
# 409 only with the codes by which the service asks for the same request again.
PASSING = {429, 502, 503, 504}
AGAIN = {"conflict", "idempotent_request_in_progress"}
LONGEST_WAIT = 30.0
CHUNK = 2**20


def _nobody(sentence: str) -> None:
    """Nobody wants to be told."""


class Refused(Exception):
    """The service said no, and why: a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.code: str = problem.get("code", "")
        super().__init__(problem.get("detail") or problem.get("title") or f"The service answered {status}.")

    def __str__(self) -> str:
        fields = self.problem.get("errors")
        # One field stands in the detail already.
        if not isinstance(fields, list) or len(fields) < 2:
            return str(self.args[0])
        return "\n".join(f"{one['field']}: {one['detail']}" for one in fields)


class Service:
    """One installation, and the token by which it knows us. `tell` is told when something has to be sent again.

    Raises: CouldNotTell for what is no address or no token.
    """

    def __init__(self, url: str, token: str, tell: Callable[[str], None] = _nobody) -> None:
        self.url = url.rstrip("/")
        if not ADDRESS.fullmatch(self.url):
            raise CouldNotTell(f"{url!r} is no address; give one such as https://host.example.")
        if not TOKEN.fullmatch(token):
            raise CouldNotTell("COUNTERSIGN_TOKEN holds no token: a space, a line end or another letter is in it.")
        self._tell = tell
        self._client = httpx.Client(
            base_url=f"{self.url}/api/v1/",
            headers={"Authorization": f"Bearer {token}", "User-Agent": "countersign-cli"},
            timeout=httpx.Timeout(30, read=120),
        )

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """Return the document at an address. Raises: Refused, CouldNotTell."""
        return self._answered(lambda: self._client.get(path, params=query))

    def items(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do something once, however often the connection breaks. Raises: Refused, CouldNotTell."""
        headers = {"Idempotency-Key": str(uuid4())}
        return self._answered(lambda: self._client.post(path, json=body, headers=headers))

    def put(self, path: str, file: Path, on_progress: Callable[[int], None]) -> dict[str, Any]:
        """Send the bytes of a file; `on_progress` is told how many have gone. Raises: Refused, CouldNotTell."""
        headers = {"Content-Length": str(file.stat().st_size), "Content-Type": "application/octet-stream"}
        return self._answered(lambda: self._client.put(path, content=_read(file, on_progress), headers=headers))

    def _answered(self, send: Callable[[], httpx.Response]) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = send()
            except httpx.TransportError as problem:
                if attempt == ATTEMPTS:
                    raise CouldNotTell(f"{self.url} does not answer: {problem}. Is the address right?") from problem
                if attempt == 1:
                    self._tell(f"{self.url} does not answer: {problem}. Trying again …")
                time.sleep(_pause(attempt))
                continue
            document = _document(response)
            if response.is_success and document is not None:
                return document
            refused = Refused(response.status_code, document or {})
            if attempt < ATTEMPTS and (response.status_code in PASSING or refused.code in AGAIN):
                time.sleep(_pause(attempt, response.headers.get("Retry-After", "")))
                continue
            if response.is_success or response.is_redirect or document is None:
                raise CouldNotTell(
                    f"{response.url} answered {response.status_code} and no JSON: is this the address of a Countersign?"
                )
            raise refused
        raise AssertionError("the last attempt returns or raises")


def _read(file: Path, on_progress: Callable[[int], None]) -> Iterator[bytes]:
    sent = 0
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
            sent += len(chunk)
            on_progress(sent)


def _document(response: httpx.Response) -> dict[str, Any] | None:
    kind = Message()
    kind["Content-Type"] = response.headers.get("Content-Type", "")
    if kind.get_content_type() not in {"application/json", "application/problem+json"}:
        return None
    try:
        document = response.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _pause(attempt: int, retry_after: str = "") -> float:
    """Return how many seconds to wait before the next attempt: what the service asks for, else 0.5, 1, 2, 4."""
    return min(float(retry_after) if retry_after.isdecimal() else 0.5 * 2 ** (attempt - 1), LONGEST_WAIT)
