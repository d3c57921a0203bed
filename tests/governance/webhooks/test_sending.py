"""A message goes to public addresses that were looked at, and a hostile receiver gets no more than its time."""

import ipaddress
import time
from typing import Any

import pytest
from pytest_socket import SocketConnectBlockedError

from governance.webhooks.addresses import AddressRefused, checked_addresses, read_url
from governance.webhooks.sending import KEPT_BYTES, post
from tests.receiver import Receiver

PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
    # The old protocol inside the new one: mapped, 6to4 and the translators' prefixes.
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "2002:a9fe:a9fe::", "64:ff9b::7f00:1"),
    *("64:ff9b:1::a00:1", "2001::1"),
]
PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]


def resolving(*addresses: str) -> Any:
    def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        kinds = [(10 if ":" in address else 2, address) for address in addresses]
        return [(kind, 1, 6, "", (address, port, *((0, 0) if kind == 10 else ()))) for kind, address in kinds]

    return resolve


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="not public"):
        checked_addresses("hooks.example.org", 443, allow_private=False, resolve=resolving(address))
    answer = post("https://hooks.example.org/", headers={}, body=b"", seconds=1, resolve=resolving(address))
    assert (answer.status, "not public" in answer.problem) == (0, True)
    # Whoever names hosts here does not learn what they resolve to.
    assert address not in answer.problem


@pytest.mark.parametrize("address", PUBLIC)
def test_a_name_that_leads_to_public_addresses_is_not(address: str) -> None:
    assert checked_addresses("hooks.example.org", 443, allow_private=False, resolve=resolving(address))


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    resolve = resolving("1.1.1.1", "127.0.0.1")
    with pytest.raises(AddressRefused):
        checked_addresses("hooks.example.org", 443, allow_private=False, resolve=resolve)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "localhost", "a.localhost"]
)
def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(AddressRefused, match="not public"):
        read_url(f"https://{host}/hook", allow_http=False, allow_private=False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.org/", "https"),
        ("ftp://hooks.example.org/", "https"),
        ("file:///etc/passwd", "https"),
        ("hooks.example.org", "https"),
        ("https://", "names a host"),
        ("https://user:word@hooks.example.org/", "Leave user"),
        ("https://hooks.example.org/#there", "Leave user"),
        ("https://hooks.example.org:99999/", "no address"),
        ("https://hooks.example.org:0/", "names a host"),
        ("https://hooks.example.org/a b", "no spaces"),
        ("https://hooks.example.org/\r\nX: y", "no spaces"),
        ("https://hööks.example.org/", "ASCII"),
        ("https://hooks.example.org/" + "a" * 1000, "1000"),
        ("https://[::1", "no address"),
    ],
)
def test_what_is_no_address_for_messages_is_refused(url: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why):
        read_url(url, allow_http=False, allow_private=False)


def test_a_name_that_answers_differently_the_second_time_is_not_asked_a_second_time() -> None:
    """DNS rebinding: public when it is looked at, private when it is connected to."""
    answers = [resolving("93.184.216.34"), resolving("127.0.0.1")]

    def rebinding(host: str, port: int) -> Any:
        return answers.pop(0)(host, port)

    # Nothing outside this machine is reached in tests: the refusal names the address that was dialled.
    with pytest.warns(match=r"93\.184\.216\.34"), pytest.raises(SocketConnectBlockedError):
        post("https://rebind.example.org/", headers={}, body=b"", seconds=1, resolve=rebinding)
    assert len(answers) == 1


def send(receiver: Receiver, path: str = "/hook", seconds: float = 2, **options: Any) -> Any:
    body = b'{"type":"test"}'
    return post(
        receiver.url(path),
        headers={"webhook-id": "m"},
        body=body,
        seconds=seconds,
        **{"allow_http": True, "allow_private": True, **options},
    )


def test_a_message_arrives_with_headers_and_body(receiver: Receiver) -> None:
    answer = send(receiver, "/hook?team=a")
    assert answer.has_arrived
    assert answer.status == 204
    (message,) = receiver.messages
    assert (message.path, message.body, message.id) == ("/hook?team=a", b'{"type":"test"}', "m")
    assert message.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers, receiver.headers = [302], {"Location": receiver.url("/elsewhere")}
    answer = send(receiver)
    assert (answer.status, answer.has_arrived) == (302, False)
    assert "not followed" in answer.problem
    assert [message.path for message in receiver.messages] == ["/hook"]


def test_no_more_of_an_answer_is_read_than_is_kept(receiver: Receiver) -> None:
    receiver.answers, receiver.text = [200], b"a\x00\xff" * 10_000_000
    answer = send(receiver, seconds=5)
    assert answer.status == 200
    assert len(answer.body) == KEPT_BYTES
    assert "\0" not in answer.body


def test_a_receiver_that_sends_a_byte_now_and_then_gets_no_longer_than_others(receiver: Receiver) -> None:
    receiver.drips_seconds = 0.05
    began = time.monotonic()
    answer = send(receiver, seconds=0.5)
    assert time.monotonic() - began < 1.5
    assert (answer.status, answer.problem) == (0, "Nothing came within 0.5 seconds.")


def test_nobody_listens(receiver: Receiver) -> None:
    free = receiver.port
    receiver.stop()
    answer = post(f"http://127.0.0.1:{free}/", headers={}, body=b"", seconds=1, allow_http=True, allow_private=True)
    assert answer.status == 0
    assert "refused" in answer.problem
    assert answer.is_about_the_receiver


def test_a_server_that_speaks_no_tls_is_a_problem_and_not_an_error(receiver: Receiver) -> None:
    answer = post(f"https://127.0.0.1:{receiver.port}/", headers={}, body=b"", seconds=1, allow_private=True)
    assert answer.status == 0
    assert answer.problem
    assert receiver.messages == []


def test_the_lists_above_are_addresses() -> None:
    assert [ipaddress.ip_address(address.partition("%")[0]) for address in (*PRIVATE, *PUBLIC)]
