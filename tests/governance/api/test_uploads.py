"""A large file comes in pieces, and what a broken connection left is gone on with."""

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from audits.evidence import is_stored
from audits.trail import now
from governance.models import Account, Upload
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db
SIZE = 300_000


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path


@pytest.fixture
def content() -> bytes:
    return os.urandom(SIZE)


def begun(api: Caller, content: bytes, **change: Any) -> str:
    body = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), **change}
    answer = api.send("uploads", body)
    assert answer.status_code == 201, answer.content
    return str(answer["Location"])


def put(api: Caller, address: str, piece: bytes, first: int, size: int = SIZE) -> Any:
    headers = {"Content-Range": f"bytes {first}-{first + len(piece) - 1}/{size}"}
    return api.put(address, piece, content_type="application/octet-stream", headers=headers)


def lying_about() -> list[Path]:
    return list((Path(settings.FILE_UPLOAD_TEMP_DIR) / "uploads").glob("*"))


def test_pieces_become_the_whole_when_the_last_has_come(api: Caller, content: bytes) -> None:
    address, sha256 = begun(api, content), hashlib.sha256(content).hexdigest()
    for first in range(0, SIZE, 70_000):
        assert not is_stored(sha256)
        piece = content[first : first + 70_000]
        answer = put(api, address, piece, first)
        assert (answer.status_code, answer.json()["offset"]) == (200, first + len(piece))
    assert answer.json()["is_stored"] is True
    assert is_stored(sha256)
    assert lying_about() == []
    assert put(api, address, content[:1], 0).json()["offset"] == SIZE  # a lost answer, asked for again


def test_after_a_break_the_client_asks_and_goes_on(api: Caller, content: bytes) -> None:
    address = begun(api, content)
    put(api, address, content[:1000], 0)
    assert begun(api, content) == address
    offset = api.get(address).json()["offset"]
    assert offset == 1000
    assert put(api, address, content[offset:], offset).json()["is_stored"] is True


@pytest.mark.parametrize(("first", "length"), [(0, 10), (999, 10), (1001, 10), (1000, SIZE)])
def test_bytes_that_do_not_follow_are_refused_and_change_nothing(
    api: Caller, content: bytes, first: int, length: int
) -> None:
    address = begun(api, content)
    put(api, address, content[:1000], 0)
    answer = put(api, address, b"x" * length, first)
    assert (answer.status_code, answer.json()["code"], answer.json()["offset"]) == (409, "upload_offset", 1000)
    assert api.get(address).json()["offset"] == 1000


def test_other_bytes_than_announced_are_thrown_away(api: Caller, content: bytes) -> None:
    address = begun(api, content)
    answer = put(api, address, os.urandom(SIZE), 0)
    assert (answer.status_code, answer.json()["reason"]) == (422, "digest_differs")
    assert api.get(address).status_code == 404
    assert not is_stored(hashlib.sha256(content).hexdigest())
    assert lying_about() == []


@pytest.mark.parametrize("said", ["", "bytes 0-9/10", "bytes 0-8/300000", "bytes */300000", "bytes 9-0/300000"])
def test_a_piece_says_which_bytes_it_is(api: Caller, content: bytes, said: str) -> None:
    headers = {"Content-Range": said} if said else {}
    answer = api.put(begun(api, content), content[:10], content_type="application/octet-stream", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Content-Range")


def test_what_was_left_unfinished_is_thrown_away(api: Caller, content: bytes) -> None:
    address = begun(api, content)
    put(api, address, content[:10], 0)
    Upload.objects.update(expires_at=now() - timedelta(seconds=1))
    assert (api.get(address).status_code, api.get(address).json()["code"]) == (404, "unknown_upload")
    begun(api, b"another")
    assert Upload.objects.count() == len(lying_about()) == 1


def test_an_upload_is_its_accounts_alone(pipeline: Account, api: Caller, calling, content: bytes) -> None:
    address = begun(api, content)
    assert calling(make.contributor("other")).get(address).status_code == 404


def test_more_than_may_be_stored_is_refused_before_it_is_sent(api: Caller, settings: Any) -> None:
    settings.EVIDENCE_MAX_BYTES = 10
    answer = api.send("uploads", {"sha256": "0" * 64, "size": 11})
    assert (answer.status_code, answer.json()["reason"]) == (422, "upload_too_large")
