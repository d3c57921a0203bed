"""Each command against the real door: what it prints, and the status with which it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits.trail import log_verifier
from governance.cli.program import main
from governance.models import Account
from governance.roles import Group, Verb
from registry.models import RegisteredModel
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def pipeline() -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def people() -> tuple[Account, Account]:
    return make.reviewer("rita-risk", Group.RISK), make.reviewer("carl-compliance", Group.COMPLIANCE)


@pytest.fixture
def model(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline)


@pytest.fixture
def run(
    live_server: Any, pipeline: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command with a pipeline's token, and return its status and the document it answers with."""
    monkeypatch.setenv("COUNTERSIGN_TOKEN", make.token(pipeline, Verb.READ, Verb.REGISTER, Verb.PROMOTE))
    monkeypatch.setenv("COUNTERSIGN_KEY", log_verifier().key_string)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def ran(command: str, *arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main([command, *arguments, "--url", live_server.url, "--json"])
        document = json.loads(capsys.readouterr().out)
        assert document["exit"] == status
        return status, document

    return ran


def test_what_is_registered_twice_is_there_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_bytes(make.lightgbm_text(1))
    (tmp_path / "rows.csv").write_text(make.TABLE)
    (tmp_path / "card.md").write_text("# Intended use\n\nBeds.\n")
    columns = "".join(f"{name} = {json.dumps(said['roles'])}\n" for name, said in make.DECLARATION["columns"].items())
    (tmp_path / "countersign.toml").write_text(
        '[model]\nname = "beds"\nrisk_tier = "high"\ntask = "binary"\nintended_use = "Planning."\n'
        '[version]\nartifact = "model.txt"\n[version.documents]\nmodel_card = "card.md"\n'
        '[version.tables.evaluation]\nfile = "rows.csv"\ntask = "binary"\nfavourable = 1\n'
        f"[version.tables.evaluation.columns]\n{columns}"
    )
    description = str(tmp_path / "countersign.toml")
    for _ in range(2):
        status, version = run("register", description)
        assert (status, version["model"], version["number"]) == (0, "beds", 1)
    assert set(version["documents"]) == {"model_card"}
    assert run("check", "beds")[0] == 2
    assert run("check", "beds", "--wait", "--timeout", "0")[0] == 2


def test_a_file_is_stored_declared_and_attached(
    run: Run, pipeline: Account, model: RegisteredModel, tmp_path: Path
) -> None:
    make.version(pipeline, model)
    (tmp_path / "dpia.md").write_text(make.DPIA)
    file = str(tmp_path / "dpia.md")
    assert run("upload", file)[1]["sha256"]
    assert run("upload", file, "--document", "dpia")[1]["evidence"]
    status, version = run("upload", file, "--document", "dpia", "--attach", "care-programme/1")
    assert (status, set(version["documents"])) == (0, {"dpia"})
    for kind in (["--artifact"], []):
        assert run("upload", file, *kind, "--attach", "care-programme/1")[0] == 2
    assert run("upload", str(tmp_path / "gone.md"))[0] == 2


@pytest.mark.parametrize(
    ("verdict", "checked", "gated", "without_people"),
    [(None, 2, 2, 2), ("passed", 0, 1, 0), ("failed", 1, 1, 1), ("inconclusive", 1, 1, 1), ("errored", 1, 1, 1)],
)
def test_the_gate_is_open_closed_or_not_to_be_told(
    run: Run,
    pipeline: Account,
    model: RegisteredModel,
    verdict: str | None,
    checked: int,
    gated: int,
    without_people: int,
) -> None:
    version = make.version(pipeline, model)
    if verdict:
        make.completed(version, performance_accuracy=verdict)
    assert run("check", "care-programme")[0] == checked
    assert run("gate", "care-programme/1")[0] == gated
    assert run("gate", "care-programme", "--without-approvals")[0] == without_people


def test_what_broke_off_is_ordered_again(run: Run, pipeline: Account, model: RegisteredModel) -> None:
    version = make.version(pipeline, model)
    make.completed(version, performance_accuracy="errored")
    assert run("check", "care-programme/1")[0] == 1
    status, document = run("check", "care-programme/1", "--again")
    assert (status, {check["state"] for check in document["checks"]}) == (2, {"completed", "waiting"})
    make.completed(version)
    assert run("check", "care-programme/1", "--again")[0] == 0, "nothing is left to order, and that is no failure"


def test_a_promotion_is_asked_for_and_waits_for_people(
    run: Run, pipeline: Account, people: tuple[Account, Account], model: RegisteredModel
) -> None:
    version = make.version(pipeline, model)
    make.completed(version)
    status, asked = run("promote", "care-programme/1", "--reason", "Better on sex.")
    assert (status, asked["outcome"], asked["reason"]) == (2, "waiting", "Better on sex.")
    assert run("promote", "care-programme/1", "--wait", "--timeout", "0")[0] == 2
    make.approved(people, version.promotions.get())
    assert run("check", "care-programme@champion")[0] == 0
    status, asked = run("promote", "care-programme/1", "--rollout", "canary", "--percent", "10")
    assert status == 2, asked


def test_what_the_gate_blocks_ends_with_one(
    live_server: Any, run: Run, pipeline: Account, model: RegisteredModel, capsys: pytest.CaptureFixture[str]
) -> None:
    make.completed(make.version(pipeline, model), performance_accuracy="failed")
    status, asked = run("promote", "care-programme/1")
    assert (status, asked["outcome"]) == (1, "blocked")
    main(["promote", "care-programme/1", "--url", live_server.url])
    assert reverse("admin:promotion", args=[asked["uid"]]) in capsys.readouterr().out


def test_what_is_live_is_admitted_and_the_statement_kept(
    run: Run, pipeline: Account, people: tuple[Account, Account], model: RegisteredModel, tmp_path: Path
) -> None:
    version = make.live(pipeline, people, model)
    (tmp_path / "model.txt").write_bytes(make.lightgbm_text(1))
    file, kept = str(tmp_path / "model.txt"), str(tmp_path / "statement.json")
    assert run("admit", file, "--alias", "champion", "--save", kept)[0] == 0
    assert run("admit", version.artifact_sha256, "--alias", "champion", "--statement", kept)[0] == 0
    assert run("admit", file, "--alias", "challenger", "--statement", kept)[0] == 1
    assert run("admit", "0" * 64)[0] == 1
    assert run("admit", str(tmp_path / "gone.txt"))[0] == 2
    assert run("admit", file, "--key", "nonsense")[0] == 2
    assert run("admit", file, "--statement", file)[0] == 2


@pytest.mark.parametrize(
    "name", ["gone", "gone/1", "gone@champion", "care-programme/one", "care-programme", "a/b/c", "", "x/", "x@"]
)
def test_a_version_that_is_not_there_is_said_to_be_missing(run: Run, model: RegisteredModel, name: str) -> None:
    status, document = run("gate", name)
    assert (status, bool(document["problem"])) == (2, True)


def test_a_person_reads_a_table_and_the_job_gets_a_summary(
    live_server: Any,
    run: Run,
    pipeline: Account,
    model: RegisteredModel,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make.completed(make.version(pipeline, model), performance_accuracy="failed")
    summary = str(tmp_path / "summary.md")
    assert main(["gate", "care-programme", "--url", live_server.url, "--summary", summary]) == 1
    told = capsys.readouterr().out
    assert "Closed: care-programme/1 to production." in told
    assert "approval:risk" in told
    assert reverse("admin:version", args=["care-programme", 1]) in told
    assert Path(summary).read_text().startswith("### ❌ Closed")
    # The answer counts, whether somebody can keep the summary or not.
    assert main(["gate", "care-programme", "--url", live_server.url, "--summary", str(tmp_path)]) == 1
    assert "The answer stands" in capsys.readouterr().err


def test_without_address_token_or_key_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("COUNTERSIGN_URL", "COUNTERSIGN_TOKEN", "COUNTERSIGN_KEY", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["gate", "loans"]) == 2
    assert "COUNTERSIGN_URL" in capsys.readouterr().err
    assert main(["admit", "0" * 64, "--statement", "x"]) == 2
    assert "COUNTERSIGN_KEY" in capsys.readouterr().err


def test_a_checkpoint_is_verified_as_the_offline_verifier_does(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text("nonsense\n")
    assert main(["verify", str(tmp_path / "checkpoint")]) == 2


def test_the_archive_is_the_same_bytes_and_needs_no_token() -> None:
    first, second = (Client().get("/api/countersign.pyz") for _ in range(2))
    assert first.status_code == 200
    assert first.content == second.content
    assert first.content.startswith(b"#!/usr/bin/env python3\nPK")
    assert Client().post("/api/countersign.pyz").status_code == 405
