"""Of two people who read the same thing, one changes it and the other is told."""

import pytest

from governance.models import Account
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db
CARD = "models/care-programme/versions/1/card"
ALIAS = "models/care-programme/aliases/baseline"


@pytest.fixture
def versions(pipeline: Account) -> None:
    model = make.model(pipeline)
    for seed in (1, 2, 3):
        make.version(pipeline, model, seed)


def test_who_changes_what_somebody_else_has_changed_is_told(api: Caller, versions: None) -> None:
    assert api.send(ALIAS, {"version": 1}).status_code == 201
    seen = api.get(ALIAS)["ETag"]
    assert api.send(ALIAS, {"version": 2}, headers={"If-Match": seen}).status_code == 201
    refused = api.send(ALIAS, {"version": 3}, headers={"If-Match": seen})
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert refused.json()["etag"] == api.get(ALIAS)["ETag"] != seen
    assert api.get(ALIAS).json()["version"]["number"] == 2


def test_who_wants_to_be_the_first_is_told_when_they_are_not(api: Caller, versions: None) -> None:
    first = {"headers": {"If-None-Match": "*"}}
    assert api.send(ALIAS, {"version": 1}, **first).status_code == 201
    assert api.send(ALIAS, {"version": 2}, **first).status_code == 412
    assert api.send("models/care-programme/aliases/other", {"version": 1}, headers={"If-Match": "*"}).status_code == 412


def test_a_card_is_written_read_and_not_overwritten_unseen(api: Caller, versions: None) -> None:
    absent = api.get(CARD)
    assert (absent.status_code, absent.json()["code"]) == (404, "unknown_card")
    text = "# Care programme\n\n## Intended use\n\nOffers of care.\n"
    written = api.send(CARD, {"text": text}, headers={"If-None-Match": "*"})
    assert written.status_code == 201
    read = api.get(CARD)
    assert (read.json()["text"], read.json()["sections"]) == (text, ["Care programme", "Intended use"])
    assert (
        api.get("models/care-programme/versions/1").json()["documents"]["model_card"]["sha256"] == read.json()["sha256"]
    )
    seen = {"headers": {"If-Match": read["ETag"]}}
    assert api.send(CARD, {"text": "# Second\n"}, **seen).status_code == 201
    assert api.send(CARD, {"text": "# Third\n"}, **seen).status_code == 412
    assert api.get(CARD).json()["text"] == "# Second\n"


def test_evidence_is_bound_to_the_version_as_it_was_read(pipeline: Account, api: Caller, versions: None) -> None:
    address = "models/care-programme/versions/1"
    seen = {"headers": {"If-Match": api.get(address)["ETag"]}}
    one, other = (make.document(pipeline, f"# DPIA {n}\n") for n in (1, 2))
    assert api.send(f"{address}/evidence", {"purpose": "dpia", "evidence": str(one.uid)}, **seen).status_code == 200
    assert api.send(f"{address}/evidence", {"purpose": "dpia", "evidence": str(other.uid)}, **seen).status_code == 412


def test_who_has_it_already_gets_no_bytes(api: Caller, versions: None) -> None:
    address = "models/care-programme/versions/1"
    first = api.get(address)
    again = api.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


def test_a_condition_that_nobody_would_look_at_is_refused(api: Caller) -> None:
    answer = api.send("models", {"name": "a", "risk_tier": "high", "task": "binary"}, headers={"If-Match": '"x"'})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "If-Match")
