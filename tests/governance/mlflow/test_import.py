"""A real MLflow server's registry comes over, as far as nobody has to approve it, and coming twice adds nothing.

The answers are a real server's, recorded by `make test-mlflow`.
"""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from audits.trail import Entry, now, verify
from governance.models import Account
from governance.roles import Role
from governance.selectors.history import versions_then
from governance.selectors.projections import PROJECTIONS
from registry.models import CurrentAlias, ModelVersion, RegisteredModel
from registry.selectors import get_model, get_version
from registry.stages import Stage
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller
from tests.governance.mlflow.registry_elsewhere import Elsewhere, answering

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with answering() as it:
        yield it


def bring_over(address: str, *options: str) -> tuple[str, int]:
    """Run the command, and return what it says and its exit status."""
    out = io.StringIO()
    try:
        call_command("import_mlflow", address, *options, stdout=out)
    except CommandError as problem:
        return f"{out.getvalue()}{problem}", problem.returncode
    return out.getvalue(), 0


def test_what_stood_there_stands_here_with_its_numbers_words_and_times(
    elsewhere: Elsewhere, mlflow: MlflowCaller
) -> None:
    _, status = bring_over(elsewhere.address)
    assert status == 3
    assert list(get_model("churn").versions.values_list("number", flat=True)) == [1, 3, 4, 6]
    theirs = elsewhere.answers["/api/2.0/mlflow/registered-models/get?name=churn"]["registered_model"]
    ours = mlflow.ok("GET", "registered-models/get", name="churn")["registered_model"]
    assert {key: ours[key] for key in ("description", "creation_timestamp")} == {
        "description": "Who leaves.",
        "creation_timestamp": theirs["creation_timestamp"],
    }
    assert {"key": "team", "value": "risk"} in ours["tags"]
    assert ours["countersign"]["risk_tier"] == "limited"
    third = mlflow.ok("GET", "model-versions/get", name="churn", version="3")["model_version"]
    there = next(one for one in theirs["latest_versions"] if one["version"] == "3")
    for member in ("source", "run_link", "creation_timestamp", "description"):
        assert third[member] == there[member]
    assert third["tags"] == [{"key": "seed", "value": "3"}]
    assert get_model("many").versions.count() == 103
    assert get_model('it\'s "quoted" 100%').versions.count() == 1
    assert verify(projections=PROJECTIONS).is_whole
    assert {entry.actor for entry in Entry.objects.filter(subject__startswith="version/churn")} == {
        "process:command:import_mlflow"
    }


def test_nothing_becomes_live_without_a_gate(elsewhere: Elsewhere, mlflow: MlflowCaller, client: Client) -> None:
    said, _ = bring_over(elsewhere.address)
    stages = {number: get_version("churn", number).position.stage for number in (1, 3, 4, 6)}
    assert stages == {1: Stage.RETIRED, 3: Stage.DEVELOPMENT, 4: Stage.DEVELOPMENT, 6: Stage.DEVELOPMENT}
    aliases = CurrentAlias.objects.filter(model__name="churn").values_list("alias", "version__number")
    assert dict(aliases) == {"candidate": 6, "older": 1}
    for told in (
        "to be asked for: version churn 3: It stood in Production there",
        "to be asked for: version churn 4: It stood in Staging there",
        "to be asked for: alias churn@champion: It pointed at version 3 there",
    ):
        assert told in said
    # What it was there is on record, is shown and found at every door, and cannot be set by a client.
    shown = mlflow.ok("GET", "model-versions/get", name="churn", version="3")["model_version"]
    assert shown["countersign"]["imported"] | {"updated_at": ""} == {
        "from": elsewhere.address,
        "stage": "Production",
        "updated_at": "",
    }
    found = mlflow.ok("GET", "model-versions/search", filter="tags.`countersign.imported_stage` = 'Production'")
    assert [one["version"] for one in found["model_versions"]] == ["3"]
    (first, *_, last) = mlflow.ok("GET", "/api/v1/models/churn/versions?order_by=time")["items"]
    alone = mlflow.ok("GET", "/api/v1/models/churn/versions/3")
    assert (alone["imported"]["from"], alone["imported"]["stage"]) == (elsewhere.address, "Production")
    assert (first["imported"]["stage"], "stage" in last["imported"]) == ("Archived", False)
    client.force_login(make.account("ana", Role.AUDITOR))
    assert "where it stood in Production" in client.get("/admin/versions/churn/3/").content.decode()
    asked = {"name": "churn", "version": "3", "key": "countersign.imported_stage"}
    assert mlflow.refused("POST", "model-versions/set-tag", **asked, value="None")[0] == 400
    assert mlflow.refused("DELETE", "model-versions/delete-tag", **asked)[0] == 400
    assert mlflow.refused("POST", "registered-models/alias", name="churn", alias="champion", version="3")[0] == 409


def test_what_cannot_be_kept_is_told_line_by_line(elsewhere: Elsewhere) -> None:
    # A server lists no prompts among its models, at least not a new one.
    prompt = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    elsewhere.answers["/api/2.0/mlflow/registered-models/get?name=empty"]["registered_model"]["tags"] = [prompt]
    said, status = bring_over(elsewhere.address)
    left = [line.split(": ")[1] for line in said.splitlines() if line.startswith("left out: ") and line.count(": ") > 1]
    assert left == ["tag churn 6", "model empty", "model 'two\\nlines'", "model unknown-tier"]
    assert "left out: 3 models, 1 tags" in said
    assert not RegisteredModel.objects.filter(name__in=["empty", "unknown-tier"]).exists()
    assert said.endswith("Not everything came over: 4 left out, told above.")
    assert status == 3


def test_a_source_of_one_machine_is_left_out_and_the_number_stays_free(elsewhere: Elsewhere) -> None:
    (path,) = [path for path in elsewhere.answers if "model-versions/search" in path and "of-one-machine" in path]
    elsewhere.answers[path]["model_versions"][0]["source"] = "/home/me/model"
    said, _ = bring_over(elsewhere.address)
    assert "left out: version of-one-machine 1: This source is not taken" in said
    assert not get_model("of-one-machine").versions.exists()


def test_a_second_run_changes_nothing_and_says_so(elsewhere: Elsewhere) -> None:
    bring_over(elsewhere.address)
    before = Entry.objects.count()
    said, status = bring_over(elsewhere.address)
    assert Entry.objects.count() == before
    assert "Nothing has changed." in said
    assert "here already: 5 models, 109 versions, 2 aliases" in said
    assert status == 3


def test_what_was_changed_here_meanwhile_stays(elsewhere: Elsewhere, operator: Account) -> None:
    bring_over(elsewhere.address)
    client = MlflowCaller(make.token(operator, *("read", "register", "promote", "administer")))  # type: ignore[arg-type]
    client.ok("POST", "registered-models/alias", name="churn", alias="candidate", version="4")
    client.ok("PATCH", "registered-models/update", name="churn", description="Another.")
    client.ok("DELETE", "registered-models/delete", name="empty")
    said, _ = bring_over(elsewhere.address)
    assert "here already: alias churn@candidate: was moved here since, and stays so" in said
    assert "here already: model empty: was deleted here, and stays so" in said
    assert client.ok("GET", "registered-models/get", name="churn")["registered_model"]["description"] == "Another."


@pytest.mark.parametrize("half", [False, True])
def test_a_run_that_broke_off_is_continued(elsewhere: Elsewhere, half: bool) -> None:
    # Between the two pages of the largest model, or in the middle of the second.
    elsewhere.after, elsewhere.half = 11, half
    said, status = bring_over(elsewhere.address)
    assert status == 1
    assert f"{elsewhere.address} does not answer" in said
    assert "run this again to go on" in said
    before = ModelVersion.objects.count()
    elsewhere.after = None
    bring_over(elsewhere.address)
    assert 0 < before < ModelVersion.objects.count() == 109


def test_a_dry_run_tells_the_same_and_writes_nothing(elsewhere: Elsewhere) -> None:
    rehearsed, status = bring_over(elsewhere.address, "--dry-run")
    assert not Entry.objects.exists()
    assert not RegisteredModel.objects.exists()
    told, done = bring_over(elsewhere.address)
    assert rehearsed.replace("A dry run: nothing was written.\n", "") == told
    assert status == done == 3


def test_a_name_that_is_taken_here_is_left_alone(elsewhere: Elsewhere, mlflow: MlflowCaller) -> None:
    mlflow.ok("POST", "registered-models/create", name="churn")
    said, _ = bring_over(elsewhere.address)
    assert "left out: model churn: Another model is called so here" in said
    assert not get_model("churn").versions.exists()


def test_before_it_came_a_version_was_not_here(elsewhere: Elsewhere) -> None:
    before = now()
    bring_over(elsewhere.address)
    version = get_version("churn", 3)
    assert version.registered_at < before
    assert not versions_then(before).exists()
    assert versions_then(now()).count() == 109


def test_the_token_of_an_mlflow_client_is_sent(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    bring_over(elsewhere.address)
    assert set(elsewhere.headers) == {"Bearer secret"}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:1", "does not answer"),
        ("ftp://mlflow", "An address is http"),
        ("http://me:secret@mlflow", "without a password"),
        ("nonsense", "An address is http"),
        ("http://127.0.0.1:1/#/models/churn", "without a page of the server"),
    ],
)
def test_what_is_no_server_is_told_in_a_sentence(address: str, told: str) -> None:
    said, status = bring_over(address)
    assert told in said
    assert status == 1


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b"You are not authenticated.", "does not let this in (401); set MLFLOW_TRACKING_TOKEN"),
        (403, b'{"error_code": "PERMISSION_DENIED", "message": "No."}', "does not let this in (403)"),
        (
            404,
            b"<html>Nothing here</html>",
            "answered 404 to registered-models/search, not what an MLflow server does.",
        ),
        (302, b"", "answered 302"),
        (200, b"<html>Welcome</html>", "answered 200"),
        (
            500,
            b'{"error_code": "INTERNAL_ERROR", "message": "Out of memory."}',
            "answered 500 to registered-models/sea",
        ),
        (200, b'{"registered_models": "none"}', "registered_models are no list of objects"),
        (200, b'{"registered_models": [7]}', "registered_models are no list of objects"),
        (200, b'{"registered_models": [{"name": "churn"}]}', "does not say what the model 'churn' is"),
    ],
)
def test_what_answers_otherwise_than_mlflow_is_told_in_a_sentence(
    elsewhere: Elsewhere, status: int, body: bytes, told: str
) -> None:
    elsewhere.instead = status, body
    said, returned = bring_over(elsewhere.address)
    assert told in said
    assert returned == 1
    assert not Entry.objects.exists()


def test_a_copy_of_an_imported_version_is_not_imported(elsewhere: Elsewhere, mlflow: MlflowCaller) -> None:
    bring_over(elsewhere.address)
    original: dict[str, Any] = mlflow.ok("GET", "model-versions/get", name="churn", version="3")["model_version"]
    asked = {"name": "empty", "source": "models:/churn/3", "tags": original["tags"]}
    copy = mlflow.ok("POST", "model-versions/create", **asked)["model_version"]
    assert "imported" not in copy["countersign"]
