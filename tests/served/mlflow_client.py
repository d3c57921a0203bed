"""What a team does with its MLflow client, which knows nothing of Countersign: run by itself, it reads only variables.

It runs with MLFLOW_REGISTRY_URI and MLFLOW_TRACKING_TOKEN as docs/how-to/use-with-mlflow.md sets them, in a process of
its own, and prints the version of the client once everything came out as told. Clients from 2.9 on run it.
"""

import hashlib
import os
import sys
from pathlib import Path

import mlflow
import requests
from mlflow.exceptions import RestException
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from mlflow.tracking import MlflowClient

# What a model is called within its run, which 3.x renamed.
CALLED = {"name" if mlflow.__version__ >= "3" else "artifact_path": "model"}
LOW = {"countersign.risk_tier": "minimal", "countersign.intended_use": "Doubles numbers."}


# A format that cannot run code, so that its bytes are taken: LightGBM's text, with one line for us.
WEIGHTS = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=0\nfactor=2\n"


class Times:
    def __init__(self, factor):
        self.factor = factor

    def predict(self, numbers):
        return [self.factor * number for number in numbers]


def _load_pyfunc(path):
    """What MLflow calls to load a model that was logged with `loader_module`."""
    return Times(int(Path(path).read_text().partition("factor=")[2]))


def registering(client):
    client.create_registered_model("churn", tags={"team": "risk"}, description="Who leaves.")
    registered = mlflow.register_model("s3://models/churn/1", "churn")
    assert (str(registered.version), registered.status, registered.current_stage) == ("1", "READY", "None")
    second = client.create_model_version("churn", "s3://models/churn/2", tags={"seed": "7"}, description="Retrained.")
    assert second.source == "s3://models/churn/2"


def describing(client):
    client.set_registered_model_tag("churn", "owner.team", "risk")
    client.set_model_version_tag("churn", "2", "seed", "8")
    client.delete_model_version_tag("churn", "2", "nothing")
    client.update_model_version("churn", "2", description="Retrained on March.")
    client.update_registered_model("churn", description="Who will leave.")
    model, version = client.get_registered_model("churn"), client.get_model_version("churn", "2")
    assert model.tags == {"team": "risk", "owner.team": "risk"}
    assert (version.tags, version.description) == ({"seed": "8"}, "Retrained on March.")
    client.delete_registered_model_tag("churn", "owner.team")
    assert client.get_registered_model("churn").tags == {"team": "risk"}
    client.set_registered_model_tag("churn", "owner.team", "risk")


def searching(client):
    assert [one.name for one in client.search_registered_models("name ILIKE 'CH%' AND tags.team = 'risk'")] == ["churn"]
    assert list(client.search_registered_models("tag.`owner.team` = 'other'")) == []
    found = client.search_model_versions("name = 'churn'", order_by=["version_number ASC"])
    assert [str(one.version) for one in found] == ["1", "2"]
    page = client.search_model_versions("name = 'churn'", max_results=1)
    (rest,) = client.search_model_versions("name = 'churn'", max_results=1, page_token=page.token)
    assert {str(page[0].version), str(rest.version)} == {"1", "2"}


def naming(client):
    client.set_registered_model_alias("churn", "candidate", "2")
    assert str(client.get_model_version_by_alias("churn", "candidate").version) == "2"
    assert client.get_registered_model("churn").aliases == {"candidate": "2"}
    assert client.get_model_version_download_uri("churn", "1") == "s3://models/churn/1"
    for address, number in (("models:/churn@candidate", "2"), ("models:/churn/1", "1"), ("models:/churn/latest", "2")):
        assert where(address) == f"s3://models/churn/{number}"
    assert [str(one.version) for one in client.get_latest_versions("churn")] == ["2"]
    copy = client.copy_model_version("models:/churn/1", "churn-copy")
    assert (copy.source, where("models:/churn-copy/1")) == ("models:/churn/1", "s3://models/churn/1")
    client.delete_registered_model_alias("churn", "candidate")
    refused(lambda: client.get_model_version_by_alias("churn", "candidate"), "INVALID_PARAMETER_VALUE")


def where(address):
    return ModelsArtifactRepository.get_underlying_uri(address)


def logging_and_loading(client):
    """The files stay with the tracking server; the registry is asked where they are."""
    client.create_registered_model("doubling", tags=LOW)
    mlflow.set_experiment("doubling")
    with mlflow.start_run() as run:
        Path("weights.txt").write_text(WEIGHTS)
        mlflow.pyfunc.log_model(
            loader_module="mlflow_client",
            data_path="weights.txt",
            pip_requirements=[],
            registered_model_name="doubling",
            **CALLED,
        )
    again = mlflow.register_model(f"runs:/{run.info.run_id}/model", "doubling")
    assert (str(again.version), again.run_id) == ("2", run.info.run_id)
    logged = client.get_model_version("doubling", "1")
    # A client from 3.0 on names the logged model, and leaves it to the server's own tracking store to know the run.
    assert (logged.run_id or None) == (None if mlflow.__version__ >= "3" else run.info.run_id)
    assert "1" in {str(one.version) for one in client.search_model_versions(f"source_path = '{logged.source}'")}
    client.set_registered_model_alias("doubling", "candidate", "1")
    for address in (
        "models:/doubling@candidate",
        "models:/doubling/1",
        "models:/doubling/2",
        "models:/doubling/latest",
    ):
        assert doubles(address), address
    folder = mlflow.artifacts.download_artifacts(artifact_uri="models:/doubling@candidate")
    assert Path(folder, "MLmodel").exists()


def doubles(address):
    return mlflow.pyfunc.load_model(address).predict([1, 2]) == [2, 4]


def asking_the_gate(client):
    for ask in (
        lambda: client.set_registered_model_alias("churn", "champion", "2"),
        lambda: client.transition_model_version_stage("churn", "2", "Production"),
    ):
        told = refused(ask, "INVALID_STATE_TRANSITION")
        assert "artifact_unknown" in {one["code"] for one in told["requirements"]}
        assert all(one["sentence"] in told["message"] for one in told["requirements"])
        assert told["link"].endswith("/api/v1/promotions/" + told["promotion"])
    version = client.get_model_version("churn", "2")
    assert (version.status, version.current_stage, list(version.aliases)) == ("READY", "None", [])


def opening_the_gate(client):
    """For a model of small consequences all that is missing is its bytes; then the same lines go through."""
    ask = lambda: client.transition_model_version_stage("doubling", "1", "Staging")  # noqa: E731
    assert {one["code"] for one in refused(ask, "INVALID_STATE_TRANSITION")["requirements"]} == {"artifact_unknown"}
    show_the_bytes("doubling", "1")
    assert ask().current_stage == "Staging"
    assert doubles("models:/doubling/Staging")
    client.set_registered_model_alias("doubling", "champion", "1")
    assert client.get_model_version_by_alias("doubling", "champion").current_stage == "Production"
    assert doubles("models:/doubling@champion")
    assert doubles("models:/doubling/Production")
    (live,) = client.get_latest_versions("doubling", ["Production"])
    assert str(live.version) == "1"
    told = refused(lambda: client.transition_model_version_stage("doubling", "1", "None"), "INVALID_STATE_TRANSITION")
    assert "no version goes back" in told["message"]


def show_the_bytes(name, number):
    """Upload what the version consists of and bind it, as the how-to does with curl."""
    path = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{name}/{number}/data/weights.txt")
    content = Path(path).read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    said = {"kind": "artifact", "sha256": sha256, "name": "weights.txt"}
    api("PUT", f"blobs/{sha256}", data=content)
    artifact = api("POST", "evidence", json=said)["uid"]
    api("POST", f"models/{name}/versions/{number}/artifact", json={"artifact": artifact})


def api(method, path, **body):
    headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
    answer = requests.request(
        method, f"{os.environ['MLFLOW_REGISTRY_URI']}/api/v1/{path}", headers=headers, timeout=60, **body
    )
    assert answer.ok, answer.text
    return answer.json()


def listening(client):
    """Webhooks came with 3.3; older clients have none."""
    from mlflow.entities.webhook import WebhookStatus

    made = client.create_webhook(
        "w", "https://hooks.example.org/x", ["registered_model.created", "model_version_alias.created"], secret="s3cr3t"
    )
    assert [one.webhook_id for one in client.list_webhooks()] == [made.webhook_id]
    changed = client.update_webhook(made.webhook_id, description="x", status=WebhookStatus.DISABLED)
    assert (changed.description, changed.status) == ("x", WebhookStatus.DISABLED)
    assert client.get_webhook(made.webhook_id).description == "x"
    client.delete_webhook(made.webhook_id)
    refused(lambda: client.get_webhook(made.webhook_id), "RESOURCE_DOES_NOT_EXIST")


def tidying(client):
    assert client.transition_model_version_stage("doubling", "2", "Archived").current_stage == "Archived"
    client.rename_registered_model("churn-copy", "churn-by-hand")
    assert client.get_registered_model("churn-by-hand").name == "churn-by-hand"
    client.delete_model_version("churn-by-hand", "1")
    client.delete_registered_model("churn-by-hand")
    refused(lambda: client.get_registered_model("churn-by-hand"), "RESOURCE_DOES_NOT_EXIST")


def refused(ask, code):
    """Return the body of the refusal, which a client keeps whole."""
    told = None
    try:
        ask()
    except RestException as refusal:
        told = refusal.json
    assert (told or {}).get("error_code") == code, told
    return told


if __name__ == "__main__":
    it = MlflowClient()
    for chapter in (registering, describing, searching, naming, asking_the_gate, logging_and_loading, opening_the_gate):
        chapter(it)
    refused(lambda: it.get_registered_model("nothing"), "RESOURCE_DOES_NOT_EXIST")
    refused(lambda: tidying(it), "PERMISSION_DENIED")
    # What an operator does, with an operator's token.
    os.environ["MLFLOW_TRACKING_TOKEN"] = os.environ["OPERATOR_TOKEN"]
    tidying(it)
    if hasattr(it, "create_webhook"):
        listening(it)
    sys.stdout.write(mlflow.__version__)
