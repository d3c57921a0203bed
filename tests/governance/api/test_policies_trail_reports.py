"""Rules, the trail and reports, through the doors."""

import hashlib
import json

import pytest

from audits.trail import Entry, publish_checkpoint
from governance.models import Account, PolicyDraft
from governance.roles import Role
from registry.models import ModelVersion
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(pipeline: Account) -> ModelVersion:
    made = make.version(pipeline, make.model(pipeline))
    make.completed(made)
    return made


@pytest.fixture
def auditor(db: None, calling) -> Caller:
    return calling(make.account("audrey", Role.AUDITOR))


def test_a_policy_is_proposed_as_json_or_as_its_own_text_and_approved_by_another(operator: Account, calling) -> None:
    api, other = calling(operator), calling(make.account("otto", Role.OPERATOR))
    first = api.send("policies", {"text": make.POLICY})
    assert (first.status_code, first["Location"]) == (201, f"/api/v1/policies/drafts/{first.json()['uid']}")
    same = api.post("policies", make.POLICY.encode(), content_type="text/yaml; charset=utf-8")
    assert same.json() == first.json() == api.get(first["Location"]).json()
    assert (first.json()["state"], first.json()["authored_by"]["name"]) == ("open", "Olga")
    assert api.send(f"{first['Location']}/approval").json()["code"] == "own_submission"
    approved = other.send(f"{first['Location']}/approval")
    assert (approved.status_code, approved.json()["state"], approved.json()["edition"]) == (201, "published", 1)
    assert other.send(f"{first['Location']}/refusal").json()["code"] == "policy_draft_closed"
    assert api.send("policies", {"text": make.POLICY}).json()["code"] == "already_in_force"
    text = make.POLICY.replace("0.8", "0.9")
    second = api.send("policies", {"text": text, "reason": "Stricter."})
    refused = other.send(f"{second['Location']}/refusal").json()
    assert (refused["reason"], refused["state"], refused["edition"]) == ("Stricter.", "refused", None)
    third = api.post("policies", text.encode(), content_type="text/yaml")
    assert api.send(f"{third['Location']}/withdrawal").json()["closed_by"]["name"] == "Olga"
    make.policy(text)
    editions = api.get("policies?name=high-risk").json()["items"]
    authors = [(one["authored_by"]["name"], one["published_by"]["name"]) for one in editions]
    assert authors == [("Policy Author", "Policy Approver"), ("Olga", "Otto")]


def test_proposals_are_listed_by_state_and_name(operator: Account, calling) -> None:
    api = calling(operator)
    uids = [
        api.send("policies", {"text": make.POLICY.replace("0.8", f"0.{number}")}).json()["uid"] for number in (7, 8, 9)
    ]
    api.send(f"policies/drafts/{uids[1]}/withdrawal")
    listed = {
        state: [one["uid"] for one in api.get(f"policies/drafts?name=high-risk&state={state}").json()["items"]]
        for state in ("open", "withdrawn", "published")
    }
    assert listed == {"open": [uids[2], uids[0]], "withdrawn": [uids[1]], "published": []}
    assert api.get("policies/drafts?name=other").json()["items"] == []


def test_a_policy_is_simulated_by_text_or_by_proposal(operator: Account, version: ModelVersion, calling) -> None:
    api = calling(operator)
    text = make.POLICY.replace("min_ratio: 0.8", "min_ratio: 0.9")
    by_text = api.send("policies/simulation", {"text": text})
    draft = api.send("policies", {"text": text}).json()["uid"]
    assert by_text.json() == api.send("policies/simulation", {"draft": draft}).json()
    told = by_text.json()
    assert (told["replaces"], told["judged"], told["changed"]) == (1, 1, 1)
    change = told["changes"][0]
    assert (change["before"], change["after"]) == ("allow", "wait")
    assert [one["after"]["code"] for one in change["differences"]] == ["not_run"]
    assert api.send("policies/simulation", {"text": text, "draft": draft}).status_code == 422
    assert api.send("policies/simulation", {}).json()["code"] == "malformed"
    assert api.send("policies/simulation", {"text": "policy: ["}).json()["code"] == "policy_malformed"


def test_a_version_explains_what_blocks_it_and_who_unblocks_it(auditor: Caller, rita: Account, version) -> None:
    told = auditor.get(f"models/{version.model.name}/versions/{version.number}/explanation?target=production").json()
    assert (told["outcome"], told["promotion"], told["policies"][0]["name"]) == ("wait", None, "high-risk")
    assert [one["reason"]["code"] for one in told["passes"]] == ["passed", "passed"]
    risk = next(one for one in told["blocks"] if one["reason"]["requirement"] == "approval:risk")
    assert risk["who"] == [{"role": "reviewer", "group": "risk", "number": 1, "may_act": 1}]
    assert risk["how"] == "Reviewers for risk read what the gate shows and approve it."


def test_editions_are_listed_newest_first_without_their_texts(operator: Account, calling) -> None:
    make.policy()
    make.policy(make.POLICY.replace("0.8", "0.9"))
    api = calling(operator)
    listed = api.get("policies?name=high-risk").json()["items"]
    assert [edition["number"] for edition in listed] == [2, 1]
    assert "text" not in listed[0]


@pytest.mark.parametrize(
    "text",
    [
        "policy: [",
        "[]",
        "5",
        "",
        "policy: x\n",
        make.POLICY.replace("fairness.impact_ratio", "fairness.luck"),
        make.POLICY.replace("min_ratio: 0.8", "min_ratio: high"),
        make.POLICY.replace("min_ratio: 0.8", "min_ratio: .nan"),
        make.POLICY.replace("min_ratio: 0.8", "min_ratio: .inf"),
        make.POLICY.replace("min_ratio: 0.8", "min_ratio: 2020-01-01"),
        make.POLICY.replace("min_ratio: 0.8", "min_ratio: !!python/name:os.system"),
        make.POLICY.replace("min_ratio: 0.8", "? [a, b] : c"),
        make.POLICY.replace("min_ratio: 0.8", "5: 0.8"),
        make.POLICY.replace("version: 1", "version: 99999999999999999999"),
        make.POLICY.replace("High-risk models to production", "&a [*a]"),
        "title: &a [*a]",
        make.POLICY.replace("min_ratio: 0.8", "min_ratio: 2020-13-45"),
        make.POLICY.replace("min_ratio: 0.8", "min_ratio: !!timestamp soon"),
        make.POLICY.replace("min_ratio: 0.8", 'min_ratio: !!int ""'),
        "policy: &a " + "[" * 3000 + "]" * 3000,
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        )
        + "title: *i\n",
    ],
)
def test_a_policy_nobody_can_follow_is_refused(operator: Account, calling, text: str) -> None:
    answer = calling(operator).send("policies", {"text": text})
    assert answer.status_code == 422, answer.content
    assert answer.json()["code"] in {"policy_malformed", "malformed"}
    assert not PolicyDraft.objects.exists()


def test_every_error_of_a_policy_comes_with_its_place(operator: Account, calling) -> None:
    text = make.POLICY.replace("count: 1", "count: 0").replace("version: 1", "version: none")
    errors = calling(operator).send("policies", {"text": text}).json()["errors"]
    assert len(errors) == 4
    assert all(error["line"] > 1 and error["column"] and error["detail"] for error in errors)


def test_a_policy_that_is_not_text_is_refused(operator: Account, calling) -> None:
    answer = calling(operator).post("policies", b"\xff\xfe", content_type="text/yaml")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


def test_a_contributor_publishes_no_policy(api: Caller) -> None:
    assert api.send("policies", {"text": make.POLICY}).status_code == 403


def test_the_trail_tells_what_is_signed_and_gives_the_note(auditor: Caller, version: ModelVersion) -> None:
    assert auditor.get("trail/checkpoint").json()["code"] == "no_checkpoint"
    checkpoint = publish_checkpoint()
    assert checkpoint is not None
    told = auditor.get("trail").json()
    assert (told["size"], told["signed_size"]) == (Entry.objects.count(), Entry.objects.count())
    note = auditor.get("trail/checkpoint")
    assert (note["Content-Type"], note.content.decode()) == ("text/plain; charset=utf-8", checkpoint.note)


def test_entries_are_found_by_subject_action_and_actor(
    auditor: Caller, pipeline: Account, version: ModelVersion
) -> None:
    of_version = auditor.get(f"trail/entries?subject={version.subject}&limit=200").json()["items"]
    assert {entry["subject"] for entry in of_version} == {version.subject}
    first = of_version[0]
    assert (first["action"], first["actor"]["name"]) == ("version.registered", "Training Pipeline")
    assert first["sentence"] == "An artifact and its evidence, or a source alone, became a version."
    leaf = hashlib.sha256(b"\0" + first["text"].encode()).hexdigest()
    assert first["leaf_hash"] == leaf
    assert json.loads(first["text"])["action"] == "version.registered"
    by_action = auditor.get("trail/entries?action=check_run.ordered").json()["items"]
    assert len(by_action) == 2
    by_actor = auditor.get(f"trail/entries?actor={pipeline.actor}").json()["items"]
    assert {entry["actor"]["id"] for entry in by_actor} == {str(pipeline.actor)}


def test_every_page_of_a_list_follows_the_one_before(auditor: Caller, version: ModelVersion) -> None:
    everything = [entry["index"] for entry in auditor.get("trail/entries?limit=200").json()["items"]]
    walked, cursor = [], ""
    while cursor is not None:
        page = auditor.get(f"trail/entries?limit=3{cursor and f'&cursor={cursor}'}").json()
        assert 1 <= len(page["items"]) <= 3
        walked += [entry["index"] for entry in page["items"]]
        cursor = page["next"]
    assert walked == everything == list(range(Entry.objects.count()))


@pytest.mark.parametrize("format_name", ["json", "html", "csv", "pdf"])
def test_a_report_is_made_recorded_and_downloaded_whole(
    auditor: Caller, version: ModelVersion, format_name: str
) -> None:
    answer = auditor.send("models/care-programme/versions/1/reports", {"format": format_name})
    told = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/reports/{told['uid']}")
    assert auditor.get(answer["Location"]).json() == told
    assert Entry.objects.filter(action="report.exported").count() == 1

    content = auditor.get(f"reports/{told['uid']}/content")
    body = b"".join(content.streaming_content)
    assert (len(body), hashlib.sha256(body).hexdigest()) == (told["size"], told["sha256"])
    assert content["Content-Type"] == told["media_type"]
    assert content["Content-Disposition"] == f'attachment; filename="{told["file_name"]}"'
    assert content["X-Content-Type-Options"] == "nosniff"
    assert content["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_report_in_an_unknown_form_or_about_nothing_is_refused(auditor: Caller, version: ModelVersion) -> None:
    path = "models/care-programme/versions/1/reports"
    assert auditor.send(path, {"format": "docx"}).status_code == 422
    assert auditor.send("models/care-programme/versions/9/reports", {"format": "pdf"}).status_code == 404
    assert auditor.get("reports/00000000-0000-0000-0000-000000000000/content").json()["code"] == "unknown_report"


def test_a_pipeline_takes_no_report_away(api: Caller, version: ModelVersion) -> None:
    assert api.send("models/care-programme/versions/1/reports", {"format": "pdf"}).status_code == 403
