"""One conversation with a registry, told call by call, and what of the answers must be the same everywhere.

It is held against a real MLflow server (`make test-mlflow`) and against us; `DELIBERATE` lists where we mean to differ.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Send = Callable[[str, str, dict[str, Any]], tuple[int, Any]]

# Why an answer of ours is another one: docs/reference/mlflow.md tells each.
DELIBERATE = {
    "errors-are-json": "An unknown path and a wrong method answer with an error code, not with a page.",
    "aliases-in-searches": "Versions in searches and latest versions carry their aliases.",
    "names-stay-taken": "A name that a model had leads to it after a rename, and no other model gets it.",
    "numbers-go-on": "A name that is deleted and registered again goes on with its numbers.",
    "live-is-not-deleted": "A version in Staging or Production is not deleted, nor its model.",
    "archiving-a-passive-stage": "Archiving is asked for a stage that archives nothing: 400, not 500.",
    "no-way-back": "No version goes back to None, and an archived one comes back through the gate or not at all.",
    "more-keys": "Filters know stages, aliases, digests and times as well.",
    "runs-are-not-looked-up": "There is no tracking server here to ask whether a run holds a source.",
    "sources-are-addresses": "A source is an address of an artifact store, of a known scheme and without a password.",
    "orders-name-twice": "An order that names a key twice is an invalid parameter, not a fault of the server.",
}


@dataclass(frozen=True)
class Call:
    """One call. `differs` names why the answers are not compared, `opens` the version whose bytes we get first."""

    method: str
    path: str
    parameters: dict[str, Any] = field(default_factory=dict)
    differs: str = ""
    opens: str = ""


def models(method: str, path: str, *, differs: str = "", **parameters: Any) -> Call:
    return Call(method, f"registered-models/{path}", parameters, differs)


def versions(method: str, path: str, *, differs: str = "", opens: str = "", **parameters: Any) -> Call:
    return Call(method, f"model-versions/{path}", parameters, differs, opens)


def tag(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value}


LOW = [tag("countersign.risk_tier", "minimal"), tag("countersign.intended_use", "Tests."), tag("team", "risk")]
NO_PROMPTS = "tag.`mlflow.prompt.is_prompt` != 'true'"


def _creating() -> Iterable[Call]:
    yield models("POST", "create", name="credit", tags=LOW, description="Who gets one.")
    yield models("POST", "create", name="credit")
    yield models("POST", "create", name="Iris Classifier", tags=[tag("team", "research"), tag("team", "plants")])
    yield models("POST", "create", name="übung_2")
    yield models("POST", "create")
    yield models("POST", "create", name="")
    yield models("POST", "create", name="  ")
    yield models("POST", "create", name="a/b")
    yield models("POST", "create", name="a:b")
    yield models("POST", "create", name="..")
    yield models("POST", "create", name=7)
    yield models("POST", "create", name=["a"])
    yield models("POST", "create", name="tagged", tags="no list")
    yield models("POST", "create", name="tagged", tags=[tag("k" * 251, "v")])
    yield models("POST", "create", name="tagged", tags=[tag("k", "v" * 100_001)])
    yield models("POST", "create", name="described", description=7)
    yield models("GET", "get", name="credit")
    yield models("GET", "get", name="Iris Classifier")
    yield models("GET", "get", name="übung_2")
    yield models("GET", "get", name="nothing")
    yield models("GET", "get")
    yield models("GET", "get", name="a/b")
    yield models("POST", "get", name="credit", differs="errors-are-json")
    yield models("GET", "nothing-of-the-kind", differs="errors-are-json")
    yield models("PATCH", "update", name="credit", description="Who gets how much.")
    yield models("GET", "get", name="credit")
    yield models("PATCH", "update", name="credit", description="")
    yield models("PATCH", "update", name="credit", description="Again.")
    yield models("PATCH", "update", name="nothing", description="x")
    yield models("PATCH", "update", description="x")
    yield models("PATCH", "update", name="credit", description=["x"])


def _tagging_models() -> Iterable[Call]:
    yield models("POST", "set-tag", name="credit", key="k", value="v")
    yield models("POST", "set-tag", name="credit", key="k", value="w")
    yield models("POST", "set-tag", name="credit", key="with space.and dot", value="x")
    yield models("POST", "set-tag", name="credit", key="empty", value="")
    yield models("GET", "get", name="credit")
    yield models("DELETE", "delete-tag", name="credit", key="empty")
    yield models("DELETE", "delete-tag", name="credit", key="empty")
    yield models("DELETE", "delete-tag", name="credit", key="never")
    yield models("POST", "set-tag", name="nothing", key="k", value="v")
    yield models("POST", "set-tag", name="credit", value="v")
    yield models("POST", "set-tag", name="credit", key="", value="v")
    yield models("POST", "set-tag", key="k", value="v")
    yield models("POST", "set-tag", name="credit", key="k" * 251, value="v")
    yield models("POST", "set-tag", name="credit", key="k", value="v" * 100_001)
    yield models("DELETE", "delete-tag", name="nothing", key="k")
    yield models("DELETE", "delete-tag", name="credit")
    yield models("GET", "get", name="credit")


def _creating_versions() -> Iterable[Call]:
    for n in range(1, 7):
        yield versions(
            "POST",
            "create",
            name="credit",
            source=f"s3://bucket/credit/{n}",
            run_id=f"run{n % 2}",
            tags=[tag("git", f"c{n}"), tag("odd", str(n % 2))],
            description=f"Number {n}.",
        )
    yield versions("POST", "create", name="Iris Classifier", source="gs://flowers/iris", run_link="https://runs/1")
    yield versions("POST", "create", name="Iris Classifier", source="gs://flowers/iris", run_link="https://runs/1")
    yield versions("POST", "create", name="Iris Classifier", source="models:/credit/1")
    yield versions("POST", "create", name="nothing", source="s3://bucket/x")
    yield versions("POST", "create", name="credit")
    yield versions("POST", "create", name="credit", source="")
    yield versions("POST", "create", name="credit", source=7)
    yield versions("POST", "create", source="s3://bucket/x")
    yield versions("POST", "create", name="credit", source="/some/dir")
    yield versions("POST", "create", name="credit", source="some/dir")
    yield versions("POST", "create", name="credit", source="file:///etc/passwd")
    yield versions("POST", "create", name="credit", source="s3://bucket/../../etc")
    yield versions("POST", "create", name="credit", source="https://host/a/../../b")
    yield versions("POST", "create", name="credit", source="https://host/a/%2e%2e/%2e%2e/b")
    yield versions("POST", "create", name="credit", source="mlflow-artifacts:/../../x")
    yield versions("POST", "create", name="credit", source="models:/nothing/1")
    yield versions("POST", "create", name="credit", source="models:/credit/99")
    yield versions("POST", "create", name="credit", source="models:/credit@nobody")
    yield versions("POST", "create", name="credit", source="s3://bucket/x", tags=[tag("k" * 251, "v")])
    yield versions("GET", "get", name="credit", version="1")
    yield versions("GET", "get", name="credit", version="6")
    yield versions("GET", "get", name="Iris Classifier", version="3")
    yield versions("GET", "get", name="credit", version="99")
    yield versions("GET", "get", name="credit", version="0")
    yield versions("GET", "get", name="credit", version="-1")
    yield versions("GET", "get", name="credit", version="one")
    yield versions("GET", "get", name="credit", version="1.0")
    yield versions("GET", "get", name="credit")
    yield versions("GET", "get", version="1")
    yield versions("GET", "get", name="nothing", version="1")
    yield versions("GET", "get-download-uri", name="credit", version="2")
    yield versions("GET", "get-download-uri", name="Iris Classifier", version="3")
    yield versions("GET", "get-download-uri", name="credit", version="99")
    yield versions("GET", "get-download-uri", name="credit", version="x")


def _describing_versions() -> Iterable[Call]:
    yield versions("PATCH", "update", name="credit", version="2", description="Better.")
    yield versions("GET", "get", name="credit", version="2")
    yield versions("PATCH", "update", name="credit", version="2")
    yield versions("PATCH", "update", name="credit", version="99", description="x")
    yield versions("PATCH", "update", name="credit", version="x", description="x")
    yield versions("PATCH", "update", name="credit", description="x")
    yield versions("POST", "set-tag", name="credit", version="2", key="seen", value="yes")
    yield versions("POST", "set-tag", name="credit", version="2", key="git", value="other")
    yield versions("DELETE", "delete-tag", name="credit", version="2", key="odd")
    yield versions("DELETE", "delete-tag", name="credit", version="2", key="odd")
    yield versions("GET", "get", name="credit", version="2")
    yield versions("POST", "set-tag", name="credit", version="99", key="k", value="v")
    yield versions("POST", "set-tag", name="credit", version="x", key="k", value="v")
    yield versions("POST", "set-tag", name="credit", version="2", value="v")
    yield versions("POST", "set-tag", name="credit", version="2", key="k" * 251, value="v")
    yield versions("DELETE", "delete-tag", name="credit", version="99", key="k")
    yield versions("DELETE", "delete-tag", name="credit", version="2")


def _aliases() -> Iterable[Call]:
    yield models("POST", "alias", name="credit", alias="challenger", version="2")
    yield models("POST", "alias", name="credit", alias="challenger", version="3")
    yield models("POST", "alias", name="credit", alias="Best-One_2", version="3")
    yield models("GET", "alias", name="credit", alias="challenger")
    yield models("GET", "alias", name="credit", alias="latest")
    yield models("GET", "get", name="credit")
    yield versions("GET", "get", name="credit", version="3")
    yield models("GET", "alias", name="credit", alias="nobody")
    yield models("GET", "alias", name="nothing", alias="challenger")
    yield models("GET", "alias", name="credit")
    yield models("POST", "alias", name="credit", alias="challenger", version="99")
    yield models("POST", "alias", name="credit", alias="challenger", version="x")
    yield models("POST", "alias", name="credit", alias="challenger")
    yield models("POST", "alias", name="nothing", alias="challenger", version="1")
    yield models("POST", "alias", name="credit", alias="latest", version="1")
    yield models("POST", "alias", name="credit", alias="Latest", version="1")
    yield models("POST", "alias", name="credit", alias="v1", version="1")
    yield models("POST", "alias", name="credit", alias="V12", version="1")
    yield models("POST", "alias", name="credit", alias="a b", version="1")
    yield models("POST", "alias", name="credit", alias="a" * 256, version="1")
    yield models("POST", "alias", name="credit", alias="", version="1")
    yield versions("POST", "create", name="Iris Classifier", source="models:/credit@challenger")
    yield models("DELETE", "alias", name="credit", alias="Best-One_2")
    yield models("DELETE", "alias", name="credit", alias="Best-One_2")
    yield models("DELETE", "alias", name="nothing", alias="challenger")
    yield models("DELETE", "alias", name="credit")
    yield models("GET", "alias", name="credit", alias="Best-One_2")


def _searching_models() -> Iterable[Call]:
    good = (
        {},
        {"filter": NO_PROMPTS},
        {"filter": "name = 'credit'"},
        {"filter": "name != 'credit'"},
        {"filter": "name LIKE '%Class%'"},
        {"filter": "name LIKE '%class%'"},
        {"filter": "name ILIKE '%class%'"},
        {"filter": "name LIKE 'cr_dit'"},
        {"filter": "name IN ('credit', 'other')"},
        {"filter": "name NOT IN ('credit', 'other')"},
        {"filter": "attribute.name = 'credit'"},
        {"filter": "tags.team = 'risk'"},
        {"filter": 'tag.team = "risk"'},
        {"filter": "tag.team != 'risk'"},
        {"filter": "tag.team LIKE 'p%'"},
        {"filter": "tag.team ILIKE 'P%'"},
        {"filter": "tag.`with space.and dot` = 'x'"},
        {"filter": f"name ILIKE '%cred%' AND {NO_PROMPTS}"},
        {"filter": "tag.team = 'risk' AND tag.k = 'w'"},
        {"filter": "tag.team = 'risk' and name = 'credit'"},
        {"order_by": "name DESC"},
        {"order_by": ["last_updated_timestamp ASC", "name DESC"]},
        {"order_by": "timestamp"},
        {"max_results": 2},
        {"max_results": 2, "page_token": "$token"},
    )
    for parameters in good:
        yield models("GET", "search", **parameters)
    bad = (
        {"filter": "name = credit"},
        {"filter": "name"},
        {"filter": "name ="},
        {"filter": "nothing = 'a'"},
        {"filter": "name > 'a'"},
        {"filter": "name = 'a' OR name = 'b'"},
        {"filter": "run.name = 'a'"},
        {"filter": "tag.team IN ('a')"},
        {"filter": "name = 'unclosed"},
        {"filter": "tag.team = 7"},
        {"max_results": 1001},
        {"max_results": "many"},
        {"order_by": "creation_timestamp"},
        {"order_by": "nothing"},
        {"order_by": "name SIDEWAYS"},
        {"page_token": "nonsense"},
    )
    for parameters in bad:
        yield models("GET", "search", **parameters)
    yield models("GET", "search", order_by=["name", "name DESC"], differs="orders-name-twice")


def _searching_versions() -> Iterable[Call]:
    plain = (
        {"filter": "name = 'Iris Classifier'"},
        {"filter": "name = 'nothing'"},
        {"filter": "run_id = 'run1' AND name = 'credit' AND version_number < 3"},
        {"filter": "source_path = 's3://bucket/credit/1'"},
        {"filter": "source_path LIKE 's3://bucket/%/1'"},
        {"filter": "name = 'credit' AND version_number > 4"},
        {"filter": "name = 'credit' AND version_number <= 2", "order_by": "version_number ASC"},
        {"filter": "name = 'credit' AND version_number != 3", "order_by": "version_number"},
        {"filter": "name = 'credit' AND version_number = 2"},
        {"filter": "tag.git = 'c5'"},
        {"filter": "tags.git LIKE 'c%' AND version_number > 4"},
        {"filter": "tag.git != 'c5' AND name = 'credit' AND version_number > 3"},
        {"filter": "tag.seen = 'yes'"},
        {"filter": "run_id IN ('run0') AND version_number > 3", "order_by": "version_number DESC"},
        {"filter": "name IN ('credit') AND version_number = 1"},
        {"filter": "name ILIKE 'IRIS%'", "order_by": "version_number DESC"},
        {"filter": "name = 'Iris Classifier'", "order_by": "creation_timestamp DESC"},
        {"filter": "name = 'Iris Classifier'", "order_by": ["name ASC", "version_number ASC"], "max_results": 2},
        {
            "filter": "name = 'Iris Classifier'",
            "order_by": ["name ASC", "version_number ASC"],
            "max_results": 2,
            "page_token": "$token",
        },
    )
    for parameters in plain:
        yield versions("GET", "search", **parameters)
    yield versions("GET", "search", filter="version_number = 3", order_by="name", differs="aliases-in-searches")
    bad = (
        {"filter": "nothing = 'a'"},
        {"filter": "version_number = 'three'"},
        {"filter": "version_number LIKE '3'"},
        {"filter": "version_number = 1.5"},
        {"filter": "run_id > 'a'"},
        {"filter": "source_path IN ('a')"},
        {"filter": "name = 'a' OR name = 'b'"},
        {"filter": "tag.git > 'a'"},
        {"filter": "(name = 'a')"},
        {"filter": "NOT name = 'a'"},
        {"max_results": 200_001},
        {"max_results": 0},
        {"max_results": -1},
        {"order_by": "run_id"},
        {"page_token": "nonsense"},
    )
    for parameters in bad:
        yield versions("GET", "search", **parameters)
    yield versions("GET", "search", filter="current_stage = 'None'", differs="more-keys")
    yield versions("GET", "search", filter="creation_timestamp > 0", differs="more-keys")


def _stages() -> Iterable[Call]:
    go = {"name": "credit", "archive_existing_versions": False}
    yield models("POST", "get-latest-versions", name="credit", stages=["Production"])
    yield versions("POST", "transition-stage", version="1", stage="Staging", opens="1", **go)
    yield versions("POST", "transition-stage", version="1", stage="staging", **go)
    yield versions("POST", "transition-stage", version="1", stage="Production", **go)
    yield versions("GET", "get", name="credit", version="1")
    yield versions("POST", "transition-stage", version="2", stage="PRODUCTION", opens="2", **go)
    yield versions(
        "POST",
        "transition-stage",
        name="credit",
        version="4",
        stage="Production",
        archive_existing_versions=True,
        opens="4",
    )
    yield versions("GET", "get", name="credit", version="1")
    yield versions("GET", "get", name="credit", version="2")
    yield versions("GET", "get", name="credit", version="4")
    yield versions("POST", "transition-stage", version="5", stage="Archived", **go)
    yield versions("POST", "transition-stage", version="6", stage="None", **go)
    yield models("POST", "get-latest-versions", name="credit", stages=["Production"])
    yield models("POST", "get-latest-versions", name="credit", stages=["archived"])
    yield models("GET", "get-latest-versions", name="credit", stages=["None", "Production"])
    yield models("POST", "get-latest-versions", name="nothing")
    yield models("POST", "get-latest-versions", name="credit", stages=["Nowhere"])
    yield models("POST", "get-latest-versions")
    yield models("GET", "get", name="credit")
    yield versions("POST", "transition-stage", version="5", stage="None", differs="no-way-back", **go)
    yield versions("POST", "transition-stage", version="99", stage="Staging", **go)
    yield versions("POST", "transition-stage", version="x", stage="Staging", **go)
    yield versions("POST", "transition-stage", version="6", stage="Nowhere", **go)
    yield versions("POST", "transition-stage", version="6", **go)
    yield versions(
        "POST", "transition-stage", name="credit", version="6", stage="Staging", archive_existing_versions="y"
    )
    yield versions(
        "POST",
        "transition-stage",
        name="credit",
        version="6",
        stage="Archived",
        archive_existing_versions=True,
        differs="archiving-a-passive-stage",
    )


def _endings() -> Iterable[Call]:
    yield models("POST", "rename", name="übung_2", new_name="exercise")
    yield models("GET", "get", name="exercise")
    yield models("GET", "get", name="übung_2", differs="names-stay-taken")
    yield models("POST", "rename", name="exercise", new_name="credit")
    yield models("POST", "rename", name="nothing", new_name="something")
    yield models("POST", "rename", name="exercise", new_name="")
    yield models("POST", "rename", name="exercise")
    yield models("POST", "rename", name="exercise", new_name="a/b")
    yield versions("DELETE", "delete", name="credit", version="4", differs="live-is-not-deleted")
    yield versions("DELETE", "delete", name="credit", version="3")
    yield versions("DELETE", "delete", name="credit", version="3")
    yield versions("GET", "get", name="credit", version="3")
    yield models("GET", "alias", name="credit", alias="challenger")
    yield versions("DELETE", "delete", name="credit", version="99")
    yield versions("DELETE", "delete", name="credit", version="x")
    yield versions("DELETE", "delete", name="credit")
    yield versions("POST", "create", name="credit", source="s3://bucket/credit/7")
    yield versions("PATCH", "update", name="credit", version="3", description="x")
    yield versions("POST", "set-tag", name="credit", version="3", key="k", value="v")
    yield models("POST", "alias", name="credit", alias="challenger", version="3")
    yield versions("POST", "transition-stage", name="credit", version="3", stage="Staging")
    yield models("DELETE", "delete", name="Iris Classifier")
    yield models("GET", "get", name="Iris Classifier")
    yield models("DELETE", "delete", name="Iris Classifier")
    yield versions("GET", "get", name="Iris Classifier", version="1")
    yield versions("GET", "search", filter="name = 'Iris Classifier'")
    yield models("POST", "create", name="Iris Classifier")
    yield versions("POST", "create", name="Iris Classifier", source="s3://bucket/x", differs="numbers-go-on")
    yield models("DELETE", "delete", name="nothing")
    yield models("DELETE", "delete")
    yield models("GET", "search", filter="name = 'exercise'")
    yield versions("POST", "create", name="credit", source="runs:/abc/model", differs="runs-are-not-looked-up")
    yield versions("POST", "create", name="credit", source="s3://u:p@bucket/x", differs="sources-are-addresses")


SCRIPT: tuple[Call, ...] = (
    *_creating(),
    *_tagging_models(),
    *_creating_versions(),
    *_describing_versions(),
    *_aliases(),
    *_searching_models(),
    *_searching_versions(),
    *_stages(),
    *_endings(),
)

# Times, who did it, and what only one of the two has to tell.
_LEFT_OUT = {
    *("creation_timestamp", "last_updated_timestamp", "user_id", "countersign", "deployment_job_state"),
    *("deployment_job_id", "status_message", "model_params", "model_metrics"),
}


def normalised(status: int, body: Any) -> dict[str, Any]:
    """Return what of an answer must be the same: of a refusal its status and code, of an answer all it says."""
    if status >= 400:
        return {"status": status, "error_code": body.get("error_code") if isinstance(body, dict) else None}
    return {"status": status, "body": _plain(body)}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        plain = [_plain(one) for one in value]
        by_key = all(isinstance(one, dict) and {"key", "value"} == set(one) for one in value)
        return sorted(plain, key=lambda one: one.get("key", "")) if by_key else plain
    if not isinstance(value, dict):
        return value
    named = {name: _plain(one) for name, one in value.items() if name not in _LEFT_OUT}
    if "latest_versions" in named:
        named["latest_versions"] = sorted(named["latest_versions"], key=lambda one: int(one["version"]))
    if "tags" in named and isinstance(named["tags"], list):
        named["tags"] = [one for one in named["tags"] if not one.get("key", "").startswith("countersign.")]
    if "next_page_token" in named:
        named["next_page_token"] = "…"
    return {name: one for name, one in named.items() if one not in ("", [], {}, None) or name == "value"}


def converse(send: Send, before: Callable[[Call], None] = lambda call: None) -> list[dict[str, Any]]:
    """Hold the conversation and return the normalised answers; `before` is told of each call first."""
    token, answers = "", []
    for call in SCRIPT:
        before(call)
        parameters = {name: token if value == "$token" else value for name, value in call.parameters.items()}
        status, body = send(call.method, call.path, parameters)
        if isinstance(body, dict):
            token = body.get("next_page_token", token)
        if call.path.endswith("get-latest-versions") and status == 200:
            # One of each stage, in no order.
            body = {**body, "model_versions": sorted(body.get("model_versions", []), key=lambda one: one["version"])}
        answers.append({"call": f"{call.method} {call.path}", **normalised(status, body)})
    return answers
