"""A search that is worded once finds each time what is asked for this time, within the reach of who asks."""

import base64
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.api.mlflow.objects import models_to_show
from governance.models import Account
from governance.roles import Verb
from registry.models import ModelVersion
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller

TAGS = {
    "a": {"team": "risk", "region": "de"},
    "b": {"team": "risk", "region": "fr"},
    "c": {"team": "retail", "region": "de"},
    "d": {"team": "o'neill % \\", "region": "de"},
    "e": {},
    "prompt": {"team": "risk", "mlflow.prompt.is_prompt": "true"},
}


@pytest.fixture
def world(mlflow: MlflowCaller) -> None:
    for name, tags in TAGS.items():
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        mlflow.ok("POST", "registered-models/create", name=name, tags=pairs)


def found(caller: MlflowCaller, filter_: str = "", **more: Any) -> list[str]:
    asked = {"filter": filter_} if filter_ else {}
    document = caller.ok("GET", "registered-models/search", **asked, **more)
    return [model["name"] for model in document.get("registered_models", [])]


@pytest.mark.usefixtures("world")
def test_the_same_form_with_other_values(mlflow: MlflowCaller) -> None:
    assert found(mlflow) == ["a", "b", "c", "d", "e"]
    assert found(mlflow, "tags.team = 'risk'") == ["a", "b"]
    assert found(mlflow, "tags.team = 'retail'") == ["c"]
    assert found(mlflow, "tags.region = 'de'") == ["a", "c", "d"]
    assert found(mlflow, 'tags.team = "o\'neill % \\"') == ["d"]
    assert found(mlflow, "tags.team != 'risk'") == ["c", "d"]
    assert found(mlflow, "tags.team = 'risk' AND tags.region != 'de'") == ["b"]
    assert found(mlflow, "tags.region = 'de' AND tags.team != 'retail'") == ["a", "d"]
    assert found(mlflow, "tags.team = 'nobody'") == []
    prompts = "tags.team = 'risk' AND tags.`mlflow.prompt.is_prompt` {} 'true'"
    assert (found(mlflow, prompts.format("!=")), found(mlflow, prompts.format("="))) == (["a", "b"], ["prompt"])


@pytest.mark.usefixtures("world")
def test_orders_and_pages_of_a_form(mlflow: MlflowCaller) -> None:
    assert found(mlflow, "tags.region = 'de'", order_by=["name DESC"]) == ["d", "c", "a"]
    seen, token = [], ""
    for _ in range(3):
        more = {"page_token": token} if token else {}
        page = mlflow.ok("GET", "registered-models/search", filter="tags.region = 'de'", max_results=1, **more)
        seen += [model["name"] for model in page["registered_models"]]
        token = page.get("next_page_token", "")
    assert (seen, token) == (["a", "c", "d"], "")


@pytest.mark.parametrize("order_by", [["name"], ["version_number DESC"], ["creation_timestamp", "name DESC"], []])
def test_pages_of_one_make_up_the_whole_whatever_columns_share_their_values(
    mlflow: MlflowCaller, order_by: list[str]
) -> None:
    for name in ("a", "b"):
        mlflow.ok("POST", "registered-models/create", name=name)
        for number in range(3):
            mlflow.ok("POST", "model-versions/create", name=name, source=f"s3://models/{name}/{number}")

    def page(**more: Any) -> tuple[list[tuple[str, str]], str]:
        document = mlflow.ok("GET", "model-versions/search", order_by=order_by, **more)
        listed = [(version["name"], version["version"]) for version in document.get("model_versions", [])]
        return listed, document.get("next_page_token", "")

    whole, seen, token = page()[0], [], ""
    for _ in range(6):
        listed, token = page(max_results=1, **({"page_token": token} if token else {}))
        seen += listed
    assert (seen, token) == (whole, "")
    assert len(set(whole)) == 6


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("place", [[1], [None], ["\0"], ["\ud800"], ["a", "b"], [], [10**30], [True]])
@pytest.mark.parametrize("order_by", [[], ["timestamp"]])
def test_a_token_that_somebody_wrote_is_refused_in_every_column(
    mlflow: MlflowCaller, place: list[Any], order_by: list[str]
) -> None:
    first = mlflow.ok("GET", "registered-models/search", max_results=1, order_by=order_by)["next_page_token"]
    asked, *real = json.loads(base64.urlsafe_b64decode(first))
    for written in ([*real[:-1], *place], [*place, *real[1:]]):
        token = base64.urlsafe_b64encode(json.dumps([asked, *written]).encode()).decode()
        answer = mlflow.refused("GET", "registered-models/search", max_results=1, order_by=order_by, page_token=token)
        assert answer == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.usefixtures("world")
def test_a_form_that_others_asked_for_leads_nobody_beyond_their_reach(mlflow: MlflowCaller, pipeline: Account) -> None:
    assert found(mlflow, "tags.team = 'risk'") == ["a", "b"]
    limited = MlflowCaller(make.token(pipeline, Verb.READ, models=["b"]))
    assert found(limited, "tags.team = 'risk'") == ["b"]
    assert found(limited) == ["b"]


@pytest.mark.usefixtures("world")
def test_how_many_statements_a_request_asks(mlflow: MlflowCaller) -> None:
    """Whoever makes one of them ask for more has to say why here."""
    version = {"name": "a", "source": "s3://models/a"}
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "registered-models/search": ("GET", {"filter": "tags.team = 'risk'"}),
        "registered-models/set-tag": ("POST", {"name": "a", "key": "seen"}),
        "model-versions/create": ("POST", version),
    }
    counts = {}
    for path, (method, given) in asked.items():
        for value in ("1", "2"):
            tag = {"value": value} if path.endswith("tag") else {}
            with CaptureQueriesContext(connection) as queries:
                mlflow.ok(method, path, **given, **tag)
            counts[path] = len(queries)
    # An append is one statement on PostgreSQL, and a question and an insert on SQLite.
    more = 1 if connection.vendor == "sqlite" else 0
    assert counts == {
        "registered-models/search": 6,
        "registered-models/set-tag": 12 + more,
        "model-versions/create": 14 + more,
    }


def test_the_newest_in_a_stage_is_found_without_reading_the_versions() -> None:
    assert ModelVersion._meta.db_table not in str(models_to_show().query)
