"""What goes wrong on the way is tried again where that is safe, and said where it is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.cli import service as client
from governance.cli.answers import CouldNotTell
from governance.cli.service import Refused, Service
from tests.governance.cli.conftest import PROBLEM, Other


@pytest.fixture
def service(other: Other) -> Iterator[Service]:
    with Service(f"http://127.0.0.1:{other.server_port}/", "csn_secret") as made:
        yield made


def test_a_post_is_sent_again_under_the_same_key_until_it_is_answered(other: Other, service: Service) -> None:
    other.will_hang_up()
    other.will_answer(503, {"detail": "Later."}, PROBLEM, Retry_After="1")
    other.will_answer(409, {"code": "conflict", "detail": "Again."}, PROBLEM)
    other.will_answer(201, {"uid": "7"})
    assert service.post("promotions", {"model": "loans"}) == {"uid": "7"}
    assert {path for _, path, _, _ in other.asked} == {"/api/v1/promotions"}
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in other.asked}) == 1
    assert {headers["Authorization"] for _, _, headers, _ in other.asked} == {"Bearer csn_secret"}


def test_a_refusal_is_said_once_with_what_to_do(other: Other, service: Service) -> None:
    one = {"field": "name", "detail": "Say it."}
    for errors, told in (
        ([], "It will not do."),
        ([one], "It will not do."),
        ([one, {"field": "task", "detail": "Choose one."}], "name: Say it.\ntask: Choose one."),
    ):
        other.will_answer(422, {"code": "malformed", "detail": "It will not do.", "errors": errors}, PROBLEM)
        with pytest.raises(Refused) as refused:
            service.post("models", {})
        assert str(refused.value) == told
    assert len(other.asked) == 3


def test_whoever_waits_for_a_service_that_is_away_is_told_once(other: Other) -> None:
    told: list[str] = []
    other.will_hang_up()
    other.will_hang_up()
    other.will_answer(200, {"n": 1})
    with Service(f"http://127.0.0.1:{other.server_port}", "t", told.append) as service:
        assert service.get("whoami") == {"n": 1}
    assert len(told) == 1
    assert "Trying again" in told[0]


@pytest.mark.parametrize("token", ["", "csn_1 csn_2", "csn_secret\n", "csn_geheim\u00fc"])
def test_what_is_no_token_is_neither_sent_nor_repeated(other: Other, token: str) -> None:
    with pytest.raises(CouldNotTell, match="COUNTERSIGN_TOKEN") as refused:
        Service(f"http://127.0.0.1:{other.server_port}", token)
    assert not token or token not in str(refused.value)


def test_bytes_are_sent_from_their_beginning_again(other: Other, service: Service, tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_bytes(b"x" * (2 * client.CHUNK + 1))
    other.will_hang_up()
    other.will_answer(201, {"size": 1})
    told: list[int] = []
    service.put("blobs/abc", tmp_path / "model.txt", told.append)
    assert [len(body) for _, _, _, body in other.asked] == [2 * client.CHUNK + 1] * 2
    assert told == [client.CHUNK, 2 * client.CHUNK, 2 * client.CHUNK + 1] * 2


def test_a_list_is_read_page_by_page(other: Other, service: Service) -> None:
    other.will_answer(200, {"items": [{"n": 1}, {"n": 2}], "next": "abc"})
    other.will_answer(200, {"items": [{"n": 3}], "next": None})
    assert [item["n"] for item in service.items("models", owner="me")] == [1, 2, 3]
    assert [path for _, path, _, _ in other.asked] == [
        "/api/v1/models?limit=200&owner=me",
        "/api/v1/models?limit=200&owner=me&cursor=abc",
    ]


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (200, b"<html>", "text/html"),
        (200, b"{", "application/json"),
        (200, [1], "application/json"),
        (404, b"nothing here", "text/plain"),
        (302, {}, "application/json"),
    ],
)
def test_what_is_no_countersign_is_not_taken_for_one(
    other: Other, service: Service, status: int, document: Any, kind: str
) -> None:
    other.will_answer(status, document, kind)
    with pytest.raises(CouldNotTell, match="is this the address of a Countersign"):
        service.get("whoami")


@pytest.mark.parametrize(
    ("url", "problem"),
    [("http://127.0.0.1:9", "does not answer"), ("nowhere", "is no address"), ("http://[", "is no address")],
)
def test_an_address_at_which_nobody_answers_is_named(monkeypatch: pytest.MonkeyPatch, url: str, problem: str) -> None:
    monkeypatch.setattr(client, "ATTEMPTS", 1)
    with pytest.raises(CouldNotTell, match=problem), Service(url, "t") as service:
        service.get("whoami")
