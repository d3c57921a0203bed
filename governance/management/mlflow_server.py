"""What does the registry of an MLflow server hold, as its REST API tells it?"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from audits.errors import DomainError
from governance.services.imports import FoundModel, FoundVersion

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a server is asked for at once, and what one transaction takes.
MODELS_AT_ONCE, VERSIONS_AT_ONCE = 100, 100


class NotReadable(DomainError):
    """The server does not answer, refuses, or is no MLflow server."""

    code, status = "mlflow_server_not_readable", 502


class MlflowServer:
    """The registry behind an address, read page by page. Raises, in every method: NotReadable."""

    def __init__(self, address: str, *, environment: Mapping[str, str]) -> None:
        self.address = address.rstrip("/")
        # The variables of an MLflow client, in its order.
        login, token = environment.get("MLFLOW_TRACKING_USERNAME"), environment.get("MLFLOW_TRACKING_TOKEN")
        auth = (login, environment.get("MLFLOW_TRACKING_PASSWORD", "")) if login else None
        headers = {"Authorization": f"Bearer {token}"} if token and not auth else {}
        try:
            parts = httpx.URL(self.address)
        except httpx.InvalidURL as problem:
            raise NotReadable(f"{address!r} is no address: {problem}.") from None
        if parts.scheme not in {"http", "https"} or not parts.host or parts.userinfo or parts.query or parts.fragment:
            raise NotReadable(
                "An address is http://… or https://…, as clients have it in MLFLOW_TRACKING_URI: without a page of the "
                "server behind it, and without a password, which is given in MLFLOW_TRACKING_PASSWORD."
            )
        self._client = httpx.Client(base_url=f"{self.address}/api/2.0/mlflow/", auth=auth, headers=headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def names(self) -> list[str]:
        """Return the names of all models."""
        rows = self._pages("registered-models/search", "registered_models", max_results=MODELS_AT_ONCE)
        return sorted({_text(model, "name") for page in rows for model in page})

    def model(self, name: str) -> FoundModel:
        """Return a model with its aliases."""
        document = self._get("registered-models/get", name=name).get("registered_model")
        if not isinstance(document, dict):
            raise NotReadable(f"{self.address} does not say what the model {name!r} is.")
        return FoundModel(
            name=_text(document, "name"),
            registered_at=_moment(document, "creation_timestamp"),
            updated_at=_moment(document, "last_updated_timestamp"),
            description=_text(document, "description"),
            tags=_pairs(document),
            aliases={_text(row, "alias"): _whole(row, "version") for row in _rows(document, "aliases")},
        )

    def versions(self, name: str) -> Iterator[list[FoundVersion]]:
        """Yield the versions of a model in pages, lowest number first."""
        # A text of their grammar cannot hold its own quotation mark, but can stand for one with any sign.
        named = "name LIKE '" + name.replace("'", "_") + "'" if "'" in name else f"name = '{name}'"
        pages = self._pages(
            *("model-versions/search", "model_versions"),
            filter=named,
            order_by="version_number ASC",
            max_results=VERSIONS_AT_ONCE,
        )
        for page in pages:
            yield [_version(document) for document in page if document.get("name") == name]

    def _pages(self, path: str, member: str, **asked: Any) -> Iterator[list[dict[str, Any]]]:
        token = ""
        while True:
            answer = self._get(path, **asked, **({"page_token": token} if token else {}))
            yield _rows(answer, member)
            before, token = token, answer.get("next_page_token") or ""
            if not token or token == before:
                return

    def _get(self, path: str, **asked: Any) -> dict[str, Any]:
        try:
            answer = self._client.get(path, params=asked)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as problem:
            raise NotReadable(f"{self.address} does not answer: {problem or type(problem).__name__}.") from None
        try:
            document = answer.json()
        except ValueError:
            document = None
        if answer.status_code in {401, 403}:
            raise NotReadable(
                f"{self.address} does not let this in ({answer.status_code}); set MLFLOW_TRACKING_TOKEN, or "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
            )
        if answer.status_code != 200 or not isinstance(document, dict):
            said = document.get("message", "") if isinstance(document, dict) else ""
            raise NotReadable(
                f"{self.address} answered {answer.status_code} to {path}, not what an MLflow server does. "
                f"{str(said)[:300]}".rstrip()
            )
        return document


def _version(document: Mapping[str, Any]) -> FoundVersion:
    return FoundVersion(
        number=_whole(document, "version"),
        registered_at=_moment(document, "creation_timestamp"),
        updated_at=_moment(document, "last_updated_timestamp"),
        source=_text(document, "source"),
        stage=_text(document, "current_stage") or "None",
        status=_text(document, "status") or "READY",
        description=_text(document, "description"),
        tags=_pairs(document),
        origin={
            "run_id": _text(document, "run_id"),
            "run_link": _text(document, "run_link"),
            "logged_model": _text(document, "model_id"),
        },
    )


def _rows(document: Mapping[str, Any], member: str) -> list[dict[str, Any]]:
    """Return a list of objects, which an MLflow server leaves out when it is empty."""
    rows = document.get(member) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotReadable(f"The server's {member} are no list of objects, as an MLflow server's are.")
    return rows


def _text(document: Mapping[str, Any], member: str) -> str:
    value = document.get(member)
    return "" if value is None else str(value)


def _pairs(document: Mapping[str, Any]) -> dict[str, str]:
    return {_text(row, "key"): _text(row, "value") for row in _rows(document, "tags")}


def _whole(document: Mapping[str, Any], member: str) -> int:
    text = _text(document, member)
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise NotReadable(f"The server says {member} is {text[:40]!r}, which is no number.")
    return int(text)


def _moment(document: Mapping[str, Any], member: str) -> datetime:
    """Return milliseconds as a time. They may come as a text."""
    try:
        return _EPOCH + timedelta(milliseconds=_whole(document, member))
    except OverflowError:
        raise NotReadable(f"The server says {member} is {document[member]}, which is no time.") from None
