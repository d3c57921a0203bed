"""How do bytes get here, and what are they declared to be?"""

import gzip
import hashlib
import uuid
from typing import Any

import pytest
from django.test import override_settings

from audits.evidence import Evidence, is_stored
from audits.trail import Entry
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db


def unique() -> bytes:
    return f"a,b\n1,{uuid.uuid4()}\n".encode()


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def table_of(stored: str, **change: Any) -> dict[str, Any]:
    document = {
        "kind": "table",
        "sha256": stored,
        "name": "evaluation.csv",
        "format": {"format": "csv"},
        "declaration": make.DECLARATION,
    }
    return {**document, **change}


@pytest.mark.parametrize("media_type", ["application/octet-stream", "text/csv", "application/json", "nonsense"])
def test_bytes_are_stored_under_their_digest_whatever_they_are_called(api: Caller, media_type: str) -> None:
    content = unique()
    first = api.put(f"blobs/{sha256_of(content)}", content, content_type=media_type)
    again = api.put(f"blobs/{sha256_of(content)}", content, content_type=media_type)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"sha256": sha256_of(content), "size": len(content)}
    assert is_stored(sha256_of(content))


def test_bytes_that_differ_from_their_digest_are_not_stored(api: Caller) -> None:
    announced = sha256_of(unique())
    answer = api.put(f"blobs/{announced}", b"other bytes", content_type="text/csv")
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_unacceptable")
    assert answer.json()["reason"] == "digest_differs"
    assert not is_stored(announced)


def test_an_upload_of_nothing_is_refused(api: Caller) -> None:
    answer = api.put(f"blobs/{sha256_of(b'')}", b"", content_type="text/csv")
    assert answer.status_code in {411, 422}
    assert not is_stored(sha256_of(b""))


@pytest.mark.parametrize("sha256", ["abc", "A" * 64, "0" * 65, "..", "%00"])
def test_what_is_no_digest_is_refused_before_anything_is_read(api: Caller, sha256: str) -> None:
    assert api.put(f"blobs/{sha256}", b"x", content_type="text/csv").status_code in {404, 422}


def test_an_upload_that_announces_no_length_is_refused(api: Caller) -> None:
    answer = api.put(f"blobs/{sha256_of(b'x')}", b"x", content_type="text/csv", CONTENT_LENGTH="")
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


@override_settings(EVIDENCE_MAX_BYTES=10)
def test_an_upload_above_the_limit_is_refused_before_it_is_read(api: Caller) -> None:
    content = unique()
    answer = api.put(f"blobs/{sha256_of(content)}", content, content_type="text/csv")
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "too_large", 10)


def test_a_table_goes_on_record_with_what_its_columns_mean(api: Caller) -> None:
    answer = api.send("evidence", table_of(api.upload(make.TABLE.encode())))
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert answer["Location"] == f"/api/v1/evidence/{told['uid']}"
    assert (told["kind"], told["row_count"]) == ("table", 240)
    assert {column["name"]: column["type"] for column in told["columns"]}["patient"] == "text"
    assert told["declaration"]["declaration"] == make.DECLARATION
    assert api.get(answer["Location"]).json() == told
    assert Entry.objects.filter(action="table.declared").count() == 1


def test_the_same_declaration_twice_is_one_piece_of_evidence(api: Caller) -> None:
    document = table_of(api.upload(make.TABLE.encode()))
    assert api.send("evidence", document).json() == api.send("evidence", document).json()
    assert Evidence.objects.count() == 1


def test_a_compressed_table_in_another_format_is_read_as_declared(api: Caller) -> None:
    text = make.TABLE.replace(",", ";").encode("utf-16")
    sha256 = api.upload(gzip.compress(text, mtime=0))
    format_ = {"format": "csv", "delimiter": ";", "encoding": "utf-16"}
    assert api.send("evidence", table_of(sha256, format=format_)).json()["row_count"] == 240


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("patient,label,selected,sex\n", "no_rows"),
        ("patient,label,selected\np1,1,1\n", "missing_column"),
        ("patient,label,label,selected,sex\np1,1,1,1,f\n", "repeated_column"),
        ("patient,label,selected,sex\np1,2,1,f\n", "label_not_binary"),
        ("patient,label,selected,sex\np1,1,1\n", "ragged_row"),
        ("patient,label,selected,sex\np1,1,,f\n", "prediction_missing"),
    ],
)
def test_a_table_no_check_can_use_is_refused_with_file_and_place(api: Caller, table: str, reason: str) -> None:
    answer = api.send("evidence", table_of(api.upload(table.encode())))
    told = answer.json()
    assert (answer.status_code, told["code"], told["reason"]) == (422, "table_unacceptable", reason)
    assert told["file"] == "evaluation.csv"
    assert told["fix"]
    assert {"column", "row", "line"} <= set(told)
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"declaration": {"task": "guess"}}, "unknown_task"),
        ({"declaration": 5}, "declaration_malformed"),
        ({"declaration": {"task": "binary", "columns": {"sex": {"roles": ["sensitive"]}}}}, "favourable_missing"),
        ({"declaration": {**make.DECLARATION, "columns": {"sex": {"roles": ["boss"]}}}}, "unknown_role"),
        ({"format": {"format": "csv", "delimiter": ";;"}}, "bad_delimiter"),
        ({"format": {"format": "csv", "delimiter": '"'}}, "bad_delimiter"),
        ({"format": {"format": "csv", "encoding": "klingon"}}, "unknown_encoding"),
        ({"format": {"format": "csv", "encoding": "bz2"}}, "unknown_encoding"),
        ({"format": {"format": "parquet"}}, "wrong_format"),
    ],
)
def test_a_declaration_nobody_can_follow_is_refused_with_the_reason(api: Caller, change: dict, reason: str) -> None:
    answer = api.send("evidence", table_of(api.upload(make.TABLE.encode()), **change))
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (422, "table_unacceptable", reason)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "hearsay"}, "kind"),
        ({"kind": ["table"]}, "kind"),
        ({"sha256": "abc"}, "sha256"),
        ({"name": ".."}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"format": {"format": "xlsx"}}, "format.format"),
        ({"format": {"format": "csv", "sep": ";"}}, "format.sep"),
        ({"format": "csv"}, "format"),
        ({"rows": 3}, "rows"),
    ],
)
def test_a_malformed_declaration_names_the_field(api: Caller, change: dict, field: str) -> None:
    answer = api.send("evidence", table_of(sha256_of(b"x"), **change))
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_bytes_that_were_never_uploaded_cannot_be_declared(api: Caller) -> None:
    missing = sha256_of(unique())
    answer = api.send("evidence", table_of(missing))
    assert (answer.status_code, answer.json()["code"], answer.json()["sha256"]) == (404, "unknown_bytes", missing)


def test_an_artifact_is_recognised_by_its_content(api: Caller) -> None:
    sha256 = api.upload(make.lightgbm_text(1))
    told = api.send("evidence", {"kind": "artifact", "sha256": sha256, "name": "model.txt"}).json()
    assert (told["kind"], told["format"], told["row_count"], told["columns"]) == ("artifact", "lightgbm", None, [])


@pytest.mark.parametrize("content", [b"\x80\x04\x95cposix\nsystem\n.", b"no model at all"])
def test_a_pickle_or_an_unknown_format_is_refused(api: Caller, content: bytes) -> None:
    sha256 = api.upload(content)
    answer = api.send("evidence", {"kind": "artifact", "sha256": sha256, "name": "model.pkl"})
    assert (answer.status_code, answer.json()["code"]) == (422, "artifact_unacceptable")
    assert not Evidence.objects.exists()


def test_evidence_is_listed_by_kind_and_digest(api: Caller, pipeline) -> None:
    table, artifact = make.table(pipeline), make.artifact(pipeline)
    both = api.get("evidence").json()["items"]
    assert [item["uid"] for item in both] == [str(artifact.uid), str(table.uid)]
    assert len(api.get("evidence?kind=table").json()["items"]) == 1
    assert len(api.get(f"evidence?sha256={table.sha256}").json()["items"]) == 1
    assert api.get("evidence?sha256=abc").status_code == 422


def test_a_document_is_declared_with_its_headings(api: Caller) -> None:
    body = {"kind": "document", "sha256": api.upload(make.DPIA.encode()), "name": "dpia.md", "document": "dpia"}
    answer = api.send("evidence", body)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["kind"], told["format"], told["row_count"]) == ("document", "text", None)
    assert told["declaration"] == {"document": "dpia", "sections": ["Data protection", "Purpose", "Risks"]}
    assert api.send("evidence", body).json() == told
    assert api.get("evidence?kind=document").json()["items"] == [told]


@pytest.mark.parametrize(
    ("content", "change", "code"),
    [
        (b" ", {}, "document_unacceptable"),
        (b"# a", {"document": "poem"}, "malformed"),
        (b"# a", {"attested_by": "Example Labs"}, "malformed"),
        (b"# a", {"sections": ["a"]}, "malformed"),
        (b"# a", {"kind": "artifact", "format": "text"}, "malformed"),
        (b"# a", {"kind": "artifact", "format": "json", "document": None}, "artifact_unacceptable"),
        (b"{}", {"kind": "artifact", "format": "reference", "document": None}, "artifact_unacceptable"),
        (b"{}", {"kind": "artifact", "format": "onnx", "document": None}, "malformed"),
    ],
)
def test_a_document_or_definition_that_will_not_do_is_refused(
    api: Caller, content: bytes, change: dict[str, Any], code: str
) -> None:
    body = {"kind": "document", "sha256": api.upload(content), "name": "it.md", "document": "dpia", **change}
    answer = api.send("evidence", {name: value for name, value in body.items() if value is not None})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not Evidence.objects.exists()


def test_a_prompt_and_a_reference_are_artifacts_that_say_what_they_are(api: Caller) -> None:
    prompt = {"kind": "artifact", "sha256": api.upload(b"Answer kindly."), "name": "prompt.txt", "format": "text"}
    told = api.send("evidence", prompt).json()
    assert (told["format"], told["declaration"]) == ("text", {"definition": "text"})
