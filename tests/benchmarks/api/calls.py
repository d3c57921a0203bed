"""What does an unmodified MLflow client send? Most acts ask for the model first, and are two requests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

BASE = "/api/2.0/mlflow"
LARGE, LARGE_VERSIONS = "large", 50_000
IS_PROMPT = "tag.`mlflow.prompt.is_prompt` != 'true'"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    body: dict[str, Any] | None = None


Act = Callable[[int], list[Request]]  # the requests of the n-th act


def _get(path: str, **query: str | int) -> Request:
    return Request("GET", f"{BASE}/{path}?{urlencode(query)}")


def _post(path: str, **body: Any) -> Request:
    return Request("POST", f"{BASE}/{path}", body)


def get_version(models: int) -> Act:
    return lambda n: [_get("model-versions/get", name=f"model-{n % models}", version=1)]


def get_by_alias(models: int) -> Act:
    return lambda n: [_get("registered-models/alias", name=f"model-{n % models}", alias="baseline")]


def search_by_tag(models: int) -> Act:
    query = {"max_results": 100}
    return lambda n: [_get("registered-models/search", filter=f"tags.team = 'team-{n % 10}' AND {IS_PROMPT}", **query)]


def set_tag(models: int) -> Act:
    return lambda n: [
        _get("registered-models/get", name=(name := f"model-{n % models}")),
        _post("registered-models/set-tag", name=name, key="seen", value=str(n)),
    ]


def create_version(models: int) -> Act:
    return lambda n: [
        _post("model-versions/create", name=f"model-{n % models}", source=f"s3://models/{n}", run_id=f"{n:032x}")
    ]


def set_alias(n: int) -> list[Request]:
    return [
        _get("registered-models/get", name=LARGE),
        _post("registered-models/alias", name=LARGE, alias="baseline", version=str(LARGE_VERSIONS - n % 10)),
    ]


def get_model(n: int) -> list[Request]:
    return [_get("registered-models/get", name=LARGE)]


def latest_versions(n: int) -> list[Request]:
    return [
        _get("registered-models/get", name=LARGE),
        _post("registered-models/get-latest-versions", name=LARGE, stages=[]),
    ]


def of_large() -> list[Request]:
    """Return the requests that make the large model and its first version."""
    return [
        _post("registered-models/create", name=LARGE),
        _post("model-versions/create", name=LARGE, source="s3://models/1", run_id=f"{1:032x}"),
    ]


def filling(models: int, versions: int) -> list[Request]:
    """Return the requests that fill an empty registry: models with a tag, versions, and a free alias."""
    requests = []
    for n in range(models):
        name, tags = f"model-{n}", [{"key": "team", "value": f"team-{n % 10}"}]
        requests.append(_post("registered-models/create", name=name, tags=tags))
        requests += [
            _post("model-versions/create", name=name, source=f"s3://models/{n}/{v}", run_id=f"{n:016x}{v:016x}")
            for v in range(versions)
        ]
        requests.append(_post("registered-models/alias", name=name, alias="baseline", version="1"))
    return requests
