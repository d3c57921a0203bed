"""What a pipeline hands in is stored whole or not at all."""

import hashlib
import io
import pickle

import pytest

from audits.evidence import Evidence, is_stored
from audits.runs import CheckRun, Job
from audits.trail import Entry
from governance.errors import (
    ArtifactUnacceptable,
    EvidenceUnfit,
    Malformed,
    NotEntitled,
    TableUnacceptable,
    UnknownBlob,
    UploadUnacceptable,
)
from governance.models import Account
from governance.roles import Group, Role
from governance.services import submissions
from registry.errors import NameTaken
from registry.models import ModelVersion
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline() -> Account:
    make.policy()
    return make.contributor()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "announced", "length", "reason"),
    [
        (b"half of it", digest(b"half of it and the rest"), 23, "upload_cut_short"),
        (b"altered", digest(b"original"), 7, "digest_differs"),
        (b"", digest(b""), 0, "upload_empty"),
    ],
)
def test_bytes_that_are_not_those_announced_are_refused_and_not_kept(
    pipeline: Account, content: bytes, announced: str, length: int, reason: str
) -> None:
    with pytest.raises(UploadUnacceptable) as caught:
        submissions.receive_bytes(actor=pipeline.actor, stream=io.BytesIO(content), sha256=announced, length=length)
    assert caught.value.context["reason"] == reason
    assert not is_stored(announced)
    assert not is_stored(digest(content))


def test_an_upload_larger_than_allowed_is_refused(pipeline: Account, settings: object) -> None:
    settings.EVIDENCE_MAX_BYTES = 10  # type: ignore[attr-defined]
    with pytest.raises(UploadUnacceptable, match="larger than 10 bytes"):
        make.stored(pipeline, b"eleven bytes")


def test_the_same_bytes_twice_are_stored_once(pipeline: Account) -> None:
    assert make.stored(pipeline, b"once") == make.stored(pipeline, b"once")


def test_a_pickle_is_refused_and_never_opened(pipeline: Account) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, ("raise SystemExit",))

    sha256 = make.stored(pipeline, pickle.dumps(Evil()))
    with pytest.raises(ArtifactUnacceptable, match="pickle"):
        submissions.declare_artifact_evidence(actor=pipeline.actor, sha256=sha256, name="model.skops")
    assert not Evidence.objects.exists()


def test_bytes_that_never_arrived_cannot_be_declared(pipeline: Account) -> None:
    with pytest.raises(UnknownBlob):
        submissions.declare_artifact_evidence(actor=pipeline.actor, sha256="0" * 64, name="model.onnx")


def test_a_table_that_cannot_be_used_names_file_column_and_row(pipeline: Account) -> None:
    text = make.TABLE.replace("p3,1,1,female", "p3,maybe,1,female")
    with pytest.raises(TableUnacceptable) as caught:
        make.table(pipeline, text)
    context = caught.value.context
    assert (context["file"], context["column"], context["row"]) == ("evaluation.csv", "label", 4)
    assert not Evidence.objects.exists()


def test_a_submission_orders_the_checks_of_its_policy_in_one_batch(pipeline: Account) -> None:
    version = make.version(pipeline, make.model(pipeline))
    runs = CheckRun.objects.filter(subject=version.subject)
    assert {run.check_name for run in runs} == {"fairness.impact_ratio", "performance.accuracy"}
    assert Job.objects.count() == 1
    assert runs[0].inputs["artifact"]["sha256"] == version.artifact_sha256


def test_the_same_submission_twice_is_one_version(pipeline: Account) -> None:
    model = make.model(pipeline)
    assert make.version(pipeline, model) == make.version(pipeline, model)
    assert ModelVersion.objects.count() == 1


def test_the_same_artifact_with_other_evidence_is_refused(pipeline: Account) -> None:
    model = make.model(pipeline)
    make.version(pipeline, model)
    with pytest.raises(EvidenceUnfit, match="care-programme 1 already"):
        make.version(pipeline, model, text=make.TABLE.replace("p0,", "p1000,"))


def test_an_artifact_is_no_table_and_a_table_no_artifact(pipeline: Account) -> None:
    model, table, artifact = make.model(pipeline), make.table(pipeline), make.artifact(pipeline)
    with pytest.raises(EvidenceUnfit, match="not as an artifact"):
        submissions.submit_version(
            actor=pipeline.actor, model_name=model.name, artifact=table, tables={"evaluation": table}
        )
    with pytest.raises(EvidenceUnfit, match="not as a table"):
        submissions.submit_version(
            actor=pipeline.actor, model_name=model.name, artifact=artifact, tables={"evaluation": artifact}
        )
    with pytest.raises(EvidenceUnfit, match="needs an evaluation table"):
        submissions.submit_version(actor=pipeline.actor, model_name=model.name, artifact=artifact, tables={})


def test_a_model_of_several_labels_takes_a_table_of_them_and_no_other(pipeline: Account) -> None:
    model = make.model(pipeline, "weather", task="multi_label")
    columns = {
        "rain": {"roles": ["label"]},
        "snow": {"roles": ["label"]},
        "rain_said": {"roles": ["prediction"], "of": "rain"},
        "snow_said": {"roles": ["prediction"], "of": "snow"},
    }
    text = "snow,rain,rain_said,snow_said\n0,1,1,0\n"
    table = make.table(pipeline, text, {"task": "multi_label", "columns": columns})
    submitted = {"actor": pipeline.actor, "model_name": model.name, "artifact": make.artifact(pipeline)}
    with pytest.raises(EvidenceUnfit, match="declared for a binary task, and weather has a multi_label task"):
        submissions.submit_version(**submitted, tables={"evaluation": make.table(pipeline)})
    version = submissions.submit_version(**submitted, tables={"evaluation": table})
    assert CheckRun.objects.filter(subject=version.subject).exists()
    assert table.declaration["declaration"]["columns"]["rain_said"] == {"roles": ["prediction"], "of": "rain"}


@pytest.mark.parametrize("name", ["", "Upper", "a b", "../etc", "-a", "a-", "ü", "a" * 121])
def test_an_unusable_name_is_refused(pipeline: Account, name: str) -> None:
    with pytest.raises(Malformed):
        make.model(pipeline, name)


def test_a_name_belongs_to_whoever_registered_it_first(pipeline: Account) -> None:
    make.model(pipeline)
    with pytest.raises(NameTaken):
        make.model(make.contributor("another"))


@pytest.mark.parametrize(
    "account",
    [
        lambda: make.account("ana", Role.AUDITOR),
        lambda: make.reviewer("rita", Group.RISK),
        lambda: make.account("olga", Role.OPERATOR),
        lambda: make.account("nobody"),
    ],
)
def test_only_contributors_hand_models_in(account: object) -> None:
    with pytest.raises(NotEntitled):
        make.model(account())  # type: ignore[operator]
    assert not Entry.objects.filter(action="model.registered").exists()
