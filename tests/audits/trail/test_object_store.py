"""What a lock is worth: whoever holds every right of ours to the bucket cannot make it forget a checkpoint."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pytest_django.fixtures import Settings

from audits.trail import TrailNotExtended, check_outside, publish_outside
from audits.trail.anchors.anchor import AnchorFailed, file_name
from audits.trail.anchors.comparison import Kind
from audits.trail.anchors.configured import configured_anchors
from tests.audits.trail.object_store import BUCKET, locked_bucket
from tests.backup import Backup, signed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path) -> Iterator[Any]:
    settings.TRAIL_PROOFS_DIR = tmp_path / "proofs"
    settings.ANCHORS = [f"s3:{BUCKET}/trails/ours"]
    with locked_bucket() as made:
        yield made


def test_a_note_under_the_lock_can_be_covered_and_marked_as_deleted_and_is_found_all_the_same(bucket: Any) -> None:
    signed(3)
    backup = Backup()
    signed(4)
    assert publish_outside(at_once=True).kept_by == [f"s3:{BUCKET}/trails/ours"]
    key = f"trails/ours/{file_name(7)}"
    (kept,) = bucket.object_versions.filter(Prefix=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        kept.delete()
    # Versions are told apart by the second.
    time.sleep(1.1)
    bucket.put_object(Key=key, Body=b"nothing to see here")
    bucket.Object(key).delete()
    assert list(bucket.objects.all()) == [], "to a reader of the newest versions it is gone"
    assert [one.checkpoint.size for one in check_outside().agreeing] == [7]
    backup.restore()
    with pytest.raises(TrailNotExtended) as caught:
        check_outside()
    assert caught.value.disagreement.kind is Kind.OLD_COPY


def test_what_stands_beside_ours_in_the_bucket_is_passed_over(bucket: Any) -> None:
    bucket.put_object(Key=file_name(9), Body=b"outside our folder")
    bucket.put_object(Key="trails/ours/readme", Body=b"not a note")
    assert configured_anchors()[0].sizes() == []
    signed(2)
    publish_outside(at_once=True)
    assert configured_anchors()[0].sizes() == [2]


def test_a_bucket_that_cannot_be_used_is_said_plainly(bucket: Any, settings: Settings) -> None:
    settings.ANCHORS = ["s3:no-such-bucket"]
    anchor = configured_anchors()[0]
    for act in (anchor.sizes, lambda: anchor.keep("a note", 1), lambda: anchor.read(1)):
        with pytest.raises(AnchorFailed, match=r"s3:no-such-bucket cannot be .*NoSuchBucket.*AWS_"):
            act()
    settings.ANCHORS = [f"s3:{BUCKET}"]
    with pytest.raises(AnchorFailed, match="is not there"):
        configured_anchors()[0].read(1)


def test_a_store_that_is_not_there_keeps_nobody_waiting(
    bucket: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    signed(1)
    began = time.monotonic()
    found = publish_outside(at_once=True)
    assert found.kept_by == []
    assert all("cannot be" in problem for problem in found.problems)
    assert time.monotonic() - began < 10
