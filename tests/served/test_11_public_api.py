"""The whole story by the public API alone: nobody here has a database, a shell or a page, but for the first operator.

The operator's account and token come from the shell, as on any new installation. Everything else is HTTP: accounts,
roles, tokens, a file in pieces, a version, its checks, the gate, an approval by a second person who signs in with a
password, admission, a step back, and the report.
"""

import hashlib
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.installation import Installation, Served

PASSWORD = "a long and winding road"
COLUMNS = {
    "label": {"roles": ["label"]},
    "prediction": {"roles": ["prediction"]},
}


class Api:
    """One caller; every POST carries a key, and every refusal is a failure unless it is asked for."""

    def __init__(self, url: str, token: str) -> None:
        self.client = httpx.Client(base_url=f"{url}/api/v1/", timeout=60, trust_env=False)
        self.client.headers["Authorization"] = f"Bearer {token}"
        # A connection for each request: nothing stays open when a story ends.
        self.client.headers["Connection"] = "close"

    def get(self, path: str, **query: str) -> Any:
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, document: Any = None, status: int = 201) -> Any:
        answer = self.client.post(path, json=document or {}, headers={"Idempotency-Key": str(uuid.uuid4())})
        assert answer.status_code == status, answer.text
        return answer.json()

    def upload(self, content: bytes, piece: int = 100_000) -> str:
        sha256, size = hashlib.sha256(content).hexdigest(), len(content)
        upload = self.post("uploads", {"sha256": sha256, "size": size})
        for first in range(upload["offset"], size, piece):
            part = content[first : first + piece]
            said = {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{size}"}
            answer = self.client.put(f"uploads/{upload['uid']}", content=part, headers=said)
            assert answer.status_code == 200, answer.text
        assert answer.json()["is_stored"]
        return sha256


def operators_token(installation: Installation) -> str:
    scopes = ("administer", "issue_tokens", "read", "register", "promote", "roll_back", "export")
    said = installation.in_turn(
        ["create_account", "omar", "--name", "Omar Op", "--no-password"],
        *(["grant_role", "omar", role] for role in ("operator", "contributor")),
        ["issue_token", "omar", "--name", "first", *(word for scope in scopes for word in ("--scope", scope))],
    )
    return said.splitlines()[-1]


def token_of_a_person(url: str, login: str, scopes: list[str]) -> str:
    """Sign in with the password and issue a token for oneself."""
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as browser:
        browser.get("/admin/login/")
        form = {"username": login, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        signed_in = browser.post("/admin/login/", data=form, headers={"Referer": url})
        assert signed_in.status_code == 302, signed_in.text
        headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": url}
        answer = browser.post("/api/v1/tokens", json={"name": "mine", "scopes": scopes, "days": 1}, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])


def table(seed: int) -> bytes:
    rows = [f"{n % 2},{(n + (n % 10 == seed)) % 2}" for n in range(2000)]
    return "\n".join(["label,prediction", *rows, ""]).encode()


def artifact(seed: int) -> bytes:
    lines = ("tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0", "max_feature_idx=0")
    return "\n".join((*lines, f"seed={seed}", "")).encode() + b"#" * 150_000


def submitted(pipeline: Api, seed: int) -> str:
    """Send an artifact and a table, register the version, wait for its checks, and return its address."""
    declared = {"kind": "table", "sha256": pipeline.upload(table(seed)), "name": "evaluation.csv"}
    declaration = {"task": "binary", "favourable": 1, "columns": COLUMNS}
    rows = pipeline.post("evidence", {**declared, "format": {"format": "csv"}, "declaration": declaration})
    model = {"kind": "artifact", "sha256": pipeline.upload(artifact(seed)), "name": "model.txt"}
    version = {"artifact": pipeline.post("evidence", model)["uid"], "tables": {"evaluation": rows["uid"]}}
    address = f"models/ward-plan/versions/{pipeline.post('models/ward-plan/versions', version)['number']}"
    for _ in range(300):
        runs = pipeline.get(f"{address}/checks")["items"]
        if all(run["state"] == "completed" for run in runs):
            break
        time.sleep(0.3)
    assert {run["verdict"] for run in runs} == {"passed"}, [run["sentence"] for run in runs]
    return address


def promoted(pipeline: Api, rita: Api, number: int) -> None:
    asked = {"model": "ward-plan", "version": number, "target": "production"}
    promotion = pipeline.post("promotions", asked)
    assert promotion["outcome"] == "waiting", promotion
    word = {"verdict": "approve", "group": "risk", "reason": "Read.", "seen": promotion["content"]}
    assert rita.post(f"promotions/{promotion['uid']}/approvals", word)["outcome"] == "promoted"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Served]:
    with Installation.migrated(tmp_path).serve() as served:
        yield served


def test_from_an_empty_installation_to_the_report(empty: Served) -> None:
    url = empty.address.rstrip("/")
    omar = Api(url, operators_token(empty.installation))

    # Accounts, roles, and tokens that carry no more than they must.
    account = omar.post("accounts", {"login": "ward-training", "display_name": "Ward training"})
    omar.post(f"accounts/{account['uid']}/roles", {"role": "contributor"})
    scopes = {"scopes": ["read", "register", "promote"], "models": ["ward-*"]}
    pipeline = Api(url, omar.post("tokens", {"name": "ci", "account": "ward-training", **scopes})["token"])
    person = {"login": "rosa", "display_name": "Rosa Risk", "kind": "person", "password": PASSWORD}
    omar.post(f"accounts/{omar.post('accounts', person)['uid']}/roles", {"role": "reviewer", "group": "risk"})
    rosa = Api(url, token_of_a_person(url, "rosa", ["read", "review"]))

    # A version whose checks pass, and an approval by somebody else.
    pipeline.post("models", {"name": "ward-plan", "risk_tier": "minimal", "task": "binary"})
    refused = pipeline.post("models", {"name": "other", "risk_tier": "minimal", "task": "binary"}, status=403)
    assert refused["code"] == "scope_missing"
    first = submitted(pipeline, 1)
    assert pipeline.get(f"{first}/gate", target="production")["outcome"] == "wait"
    promoted(pipeline, rosa, 1)
    digest = pipeline.get(first)["artifact_sha256"]
    asked = {"sha256": digest, "target": "production", "model": "ward-plan"}
    assert pipeline.get("admission", **asked)["allowed"] is True

    # A second one takes its place, is found wanting, and the first comes back.
    second = submitted(pipeline, 2)
    promoted(pipeline, rosa, 2)
    assert pipeline.get("models/ward-plan/aliases")["items"] == [{"alias": "champion", "version": 2}]
    before = pipeline.get(first)["since"]
    omar.post("models/ward-plan/aliases/champion/rollback", {"reason": "Complaints from the ward."})
    assert [pipeline.get(address)["stage"] for address in (first, second)] == ["production", "suspended"]
    then = pipeline.get("models/ward-plan/aliases", at=before)
    assert then["items"] == [{"alias": "champion", "version": 2}]

    # What a regulator takes away.
    report = omar.post(f"{first}/reports", {"format": "html"})
    content = omar.client.get(f"reports/{report['uid']}/content")
    assert hashlib.sha256(content.content).hexdigest() == report["sha256"]
    actions = [entry["action"] for entry in omar.get("trail/entries", limit="200")["items"]]
    for action in ("token.issued", "version.registered", "approval.given", "version.rolled_back", "report.exported"):
        assert action in actions
