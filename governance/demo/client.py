"""How does a pipeline speak to Countersign? By HTTP and nothing else: the standard library is enough."""

import hashlib
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Refused(Exception):
    """The service said no; `problem` is its problem+json document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")


class Client:
    """One caller with one token."""

    def __init__(self, url: str, token: str) -> None:
        self.base, self.token = f"{url.rstrip('/')}/api/v1", token

    def get(self, path: str) -> Any:
        return json.loads(self._send("GET", path).decode())

    def download(self, path: str) -> bytes:
        return self._send("GET", path)

    def post(self, path: str, document: Mapping[str, Any]) -> Any:
        """Post a document; the key makes it safe to send the same request again after a lost answer."""
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        return json.loads(self._send("POST", path, body, headers).decode())

    def upload(self, file: Path) -> str:
        """Send a file under its digest, straight from disk, and return the digest."""
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
            self._send("PUT", f"/blobs/{sha256}", content, headers)
        return sha256

    def _send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
            self.base + path,
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as answer:
            content = answer.read()
            try:
                problem = json.loads(content)
            except ValueError:
                problem = {"detail": content.decode(errors="replace")[:500]}
            raise Refused(answer.code, problem) from None
