"""Every example of the API's page runs, and every operation has one."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from audits.runs import CheckRun
from audits.trail import now, publish_checkpoint
from governance.api import errors
from governance.models import Condition, Promotion, WebhookDelivery
from governance.roles import Group, Role, Verb
from governance.services.approvals import approve_promotion
from governance.services.attachments import attach_evidence
from governance.services.bundles import export_bundle
from governance.services.comments import write_comment
from governance.services.conditions import Demand
from governance.services.delegations import delegate_review
from governance.services.emergencies import confirm_break_glass, invoke_break_glass
from governance.services.exports import export_report
from governance.services.policies import propose_policy
from governance.services.registrations import register_named_model, register_sourced_version
from governance.services.waivers import revoke_waiver
from governance.services.webhook_deliveries import deliver_webhook
from governance.services.webhooks import create_webhook
from registry.selectors import get_version
from tests import make
from tests.backup import Backup
from tests.governance.api.test_openapi import OTHER_CODES, operations, snapshot
from tests.receiver import Receiver, receiving

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "api.md"
BLOCK = re.compile(r"^```sh( prelude)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRELUDE = next(text for prelude, text in BLOCK.findall(PAGE.read_text()) if prelude)
SHORTER = make.TABLE.removesuffix(make.TABLE.splitlines(keepends=True)[-1])
EXAMPLES = [text for prelude, text in BLOCK.findall(PAGE.read_text()) if not prelude]


@contextmanager
def reachable() -> Iterator[Receiver]:
    """A receiver that we send to, although it is on this machine."""
    with override_settings(WEBHOOK_HTTP=True, WEBHOOK_PRIVATE=True), receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[dict[str, str], Backup]]:
    """What the examples are about, built once, and the database as it was then."""
    with django_db_blocker.unblock(), reachable() as receiver:
        yield build(receiver), Backup()


@pytest.fixture
def world(built: tuple[dict[str, str], Backup], live_server: Any, tmp_path: Path) -> dict[str, str]:
    """Whatever another example did is undone."""
    told, backup = built
    backup.restore()
    lay_out(tmp_path)
    return {**told, "URL": live_server.url}


def lay_out(folder: Path) -> None:
    """Put the files there that the examples send."""
    (folder / "evaluation.csv").write_text(make.TABLE)
    (folder / "model.txt").write_bytes(make.lightgbm_text(9))
    (folder / "dpia.md").write_text(make.DPIA)
    (folder / "policy.yaml").write_text(make.POLICY.replace("0.8", "0.85"))


def build(receiver: Receiver) -> dict[str, str]:
    """Two versions that went live one after the other, one whose promotion is open, one that may be asked for."""
    make.policy()
    pipeline = make.contributor()
    rita, carl = make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)
    dora = make.account("dora")
    model = make.model(pipeline)
    next_month = now() + timedelta(days=30)
    demands = [Demand("Measure again.", carl, next_month)]
    for seed in (1, 2):
        version = make.version(pipeline, model, seed)
        make.completed(version)
        uid = make.promotion(pipeline, version).uid
        approve_promotion(actor=rita.actor, uid=uid, group=Group.RISK, reason="Figures read.", conditions=demands)
        approve_promotion(actor=carl.actor, uid=uid, group=Group.COMPLIANCE, reason="Texts read.")
    report = export_report(actor=rita.actor, version=version, format_name="json")
    # The table changed, and the check over the new one broke off.
    attach_evidence(actor=pipeline.actor, version=version, purpose="evaluation", evidence=make.table(pipeline, SHORTER))
    make.completed(version, performance_accuracy="errored")
    waiting = make.promotion(pipeline, make.version(pipeline, model, 3))
    make.version(pipeline, model, 4)
    register_named_model(actor=pipeline.actor, name="churn")
    register_sourced_version(actor=pipeline.actor, model_name="churn", source="s3://models/churn/1")
    revoked = make.waiver(rita, waiting.version)
    revoke_waiver(actor=carl.actor, uid=revoked.uid)
    notice = rita.notices.get()
    waiver = make.waiver(make.reviewer("rolf", Group.RISK), waiting.version)
    publish_checkpoint()
    olga, other = make.account("olga", Role.OPERATOR), make.account("omar", Role.OPERATOR)
    texts = [make.POLICY.replace("0.8", limit) for limit in ("0.81", "0.82")]
    emergencies = []
    for seed in (11, 12):
        uid = make.promotion(pipeline, make.version(pipeline, model, seed), alias="emergency").uid
        invoke_break_glass(actor=olga.actor, uid=uid, reason="Nothing is served.")
        emergencies.append(uid)
    confirm_break_glass(actor=other.actor, uid=uid)
    proposal = propose_policy(actor=other.actor, text=texts[0])
    own_proposal = propose_policy(actor=olga.actor, text=texts[1])
    webhook, _ = create_webhook(actor=olga.actor, name="ci", url=receiver.url(), events=["webhook.created"])
    deliver_webhook(uid=webhook.webhook)
    return {
        "PATH": os.environ["PATH"],
        "TOKEN": make.token(
            *(pipeline, Verb.READ, Verb.COMMENT, Verb.REGISTER, Verb.PROMOTE),
            *(Verb.TRIGGER, Verb.ISSUE_TOKENS),
        ),
        "PREFIX": make.token(pipeline, Verb.READ).split("_")[1],
        "ACCOUNT": str(dora.uid),
        "REVIEWER": make.token(rita, Verb.READ, Verb.REVIEW, Verb.WAIVE, Verb.EXPORT, Verb.BREAK_GLASS),
        "OPERATOR": make.token(
            *(olga, Verb.READ, Verb.ROLL_BACK, Verb.PUBLISH_POLICY),
            *(Verb.SUSPEND, Verb.ADMINISTER, Verb.BREAK_GLASS),
        ),
        "ARTIFACT": str(make.artifact(pipeline, 5).uid),
        "TABLE": str(make.table(pipeline).uid),
        "DOCUMENT": str(make.document(pipeline).uid),
        "RUN": str(CheckRun.objects.earliest("pk").uid),
        "PROPOSAL": str(proposal.uid),
        "OWN_PROPOSAL": str(own_proposal.uid),
        "PROMOTION": str(waiting.uid),
        "WAIVER": str(waiver.uid),
        "NOTICE": str(notice.pk),
        "NEXT_MONTH": next_month.isoformat(),
        "CONDITION": str(Condition.objects.latest("pk").uid),
        "DELEGATION": str(delegate_review(actor=rita.actor, delegate=dora, group=Group.RISK, ends_at=next_month).uid),
        "SHA256": version.artifact_sha256,
        "EMERGENCY": str(emergencies[0]),
        "PASSED": str(emergencies[1]),
        "AUDITING": make.token(carl, Verb.BREAK_GLASS),
        "COMMENT": str(write_comment(actor=pipeline.actor, version=version, text="Of last year.").uid),
        "REPORT": str(report.uid),
        "WEBHOOK": str(webhook.webhook),
        "DELIVERED": str(WebhookDelivery.objects.get().uid),
        "BUNDLE": str(export_bundle(actor=rita.actor).uid),
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=[text.splitlines()[0][:60] for text in EXAMPLES])
def test_the_example_runs(example: str, world: dict[str, str], tmp_path: Path) -> None:
    script = f"set -euo pipefail\n{PRELUDE}\n{example}"
    done = subprocess.run(
        ["bash", "-c", script], env=world, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert Promotion.objects.count() >= 3


def test_a_vendors_model_is_registered_as_the_way_to_do_it_says(world: dict[str, str], tmp_path: Path) -> None:
    page = PAGE.parents[1] / "how-to" / "register-a-vendor-model.md"
    script = "set -euo pipefail\n" + "\n".join(text for _, text in BLOCK.findall(page.read_text()))
    done = subprocess.run(
        ["bash", "-c", script], env=world, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    version = get_version("letters", 1)
    assert set(version.documents) == {"licence", "external_evaluation"}
    assert version.artifact_format == "reference"


def test_webhooks_are_set_as_the_way_to_do_it_says(world: dict[str, str], tmp_path: Path) -> None:
    page = PAGE.parents[1] / "how-to" / "receive-webhooks.md"
    script = "\n".join(["set -euo pipefail", PRELUDE, *(text for _, text in BLOCK.findall(page.read_text()))])
    done = subprocess.run(
        ["bash", "-c", script], env=world, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_code_of_the_door_is_on_the_page() -> None:
    codes = {item.code for item in vars(errors).values() if isinstance(item, type)} | OTHER_CODES | {"server_error"}
    missing = {code for code in codes - {"refused", "not_entitled"} if f"`{code}`" not in PAGE.read_text()}
    assert missing == set()


def test_every_operation_has_an_example() -> None:
    told = "\n".join(EXAMPLES)
    for name in operations(snapshot()):
        method, path = name.split(" ")
        words = r"post " if method == "POST" else r"call .*"
        address = re.sub(r"\\\{[a-z0-9]+\\\}", r"[^/ ]+", re.escape(path.removeprefix("/api/v1/")))
        is_policy = name == "POST /api/v1/policies"
        assert is_policy or re.search(rf"{words}\S*{address}(?:[\s\"'?]|$)", told), name
