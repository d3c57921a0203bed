"""What a team does with its MLflow client, which knows nothing of Countersign: run by itself, it reads only variables.

It runs with MLFLOW_REGISTRY_URI and MLFLOW_TRACKING_TOKEN as docs/how-to/use-with-mlflow.md sets them, in a process of
its own, and prints the version of the client once everything came out as told.
"""

import sys

import mlflow
from mlflow.exceptions import RestException
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from mlflow.tracking import MlflowClient


class Doubling(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * number for number in model_input]


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
    assert [str(one.version) for one in client.get_latest_versions("churn")] == ["2"]


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
    assert client.get_model_version_download_uri("churn", "1") == "s3://models/churn/1"
    for address, number in (("models:/churn@candidate", "2"), ("models:/churn/1", "1"), ("models:/churn/latest", "2")):
        assert where(address) == f"s3://models/churn/{number}"
    client.delete_registered_model_alias("churn", "candidate")
    refused(lambda: client.get_model_version_by_alias("churn", "candidate"), "INVALID_PARAMETER_VALUE")


def where(address):
    return ModelsArtifactRepository.get_underlying_uri(address)


def logging_and_loading(client):
    """The files stay with the tracking server, here a folder; the registry is asked where they are."""
    mlflow.set_experiment("churn")
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model", python_model=Doubling(), pip_requirements=[], registered_model_name="doubling"
        )
    client.set_registered_model_alias("doubling", "candidate", "1")
    for address in ("models:/doubling@candidate", "models:/doubling/1"):
        assert mlflow.pyfunc.load_model(address).unwrap_python_model().predict(None, [1, 2]) == [2, 4]


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
    for chapter in (registering, describing, searching, naming, asking_the_gate, logging_and_loading):
        chapter(it)
    refused(lambda: it.get_registered_model("nothing"), "RESOURCE_DOES_NOT_EXIST")
    sys.stdout.write(mlflow.__version__)
