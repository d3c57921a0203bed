"""A witness remembers one tree of a log for ever, and a log counts only the word that a witness really gave."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django.fixtures import Settings

from audits.trail import publish_outside, trail_state
from audits.trail.checkpoints import log_signer, log_verifier, newest_checkpoint
from audits.trail.keys import KeyKind, Signer, Verifier
from audits.trail.merkle import Tree, consistency_proof, leaf_hash
from audits.trail.notes import Checkpoint, cosignature_line, open_checkpoint, sign_note
from audits.trail.witnessing.asking import Asked, ask_witnesses
from audits.trail.witnessing.configured import Witness, configured_witnesses, quorum_of, witnessed_logs
from audits.trail.witnessing.models import Cosignature
from audits.trail.witnessing.protocol import (
    NOTHING_SEEN,
    SIZE_TYPE,
    NotCosigned,
    Seen,
    Submission,
    open_submission,
    read_cosignature,
    read_size,
    require_extension,
)
from tests.backup import signed

# RFC 8032 section 7.1, tests 1 and 2: published seeds.
LOG = Signer(
    "log.example/acme",
    KeyKind.ED25519,
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
)
WITNESS = Signer(
    "witness.example/w1",
    KeyKind.COSIGNATURE,
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
)
STRANGER = Signer(LOG.name, KeyKind.ED25519, bytes(32))
NAMESAKE = Signer(WITNESS.name, KeyKind.COSIGNATURE, bytes(32))
LOGS = {LOG.name: [LOG.verifier]}
TREE = Tree(leaf_hash(bytes([n])) for n in range(20))
OTHER = Tree(leaf_hash(bytes([n, n])) for n in range(20))


def checkpoint(size: int, tree: Tree = TREE, origin: str = LOG.name) -> Checkpoint:
    return Checkpoint(origin, size, tree.root(size))


def note(size: int, tree: Tree = TREE, signer: Signer = LOG) -> str:
    return sign_note(checkpoint(size, tree).text, signer)


def submission(old: int, new: int, tree: Tree = TREE, signer: Signer = LOG) -> Submission:
    proof = consistency_proof(old, new, tree.get_hash) if 0 < old < new else ()
    return Submission(old, tuple(proof), note(new, tree, signer))


def seen(size: int, tree: Tree = TREE) -> Seen:
    return Seen(size, tree.root(size)) if size else NOTHING_SEEN


def refusal(act: Callable[[], Any]) -> NotCosigned:
    with pytest.raises(NotCosigned) as caught:
        act()
    return caught.value


# The text.


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 7), (7, 7), (3, 7), (8, 16), (1, 20)])
def test_a_submission_is_read_as_it_was_written(old: int, new: int) -> None:
    written = submission(old, new)
    assert Submission.parse(written.text.encode()) == written
    assert written.origin == LOG.name


@pytest.mark.parametrize(
    ("case", "body"),
    [
        ("nothing", b""),
        ("no UTF-8", b"old 0\n\n\xff"),
        ("no checkpoint", b"old 0\n\n"),
        ("no blank line", b"old 0\nlog.example\n"),
        ("no old size", b"new 0\n\nlog.example\n"),
        ("a zero in front", b"old 01\n\nlog.example\n"),
        ("a sign", b"old +1\n\nlog.example\n"),
        ("foreign digits", "old ٣\n\nlog.example\n".encode()),
        ("a size of 64 bits", b"old 18446744073709551616\n\nlog.example\n"),
        ("a hash of 31 bytes", b"old 1\n" + b"AAAA" * 10 + b"AA==\n\nlog.example\n"),
        ("no base64", b"old 1\n" + b"!" * 44 + b"\n\nlog.example\n"),
        ("loose base64", b"old 1\n" + b"A" * 42 + b"B=\n\nlog.example\n"),
        ("64 lines of proof", b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\nlog.example\n"),
    ],
)
def test_a_malformed_submission_is_a_bad_request(case: str, body: bytes) -> None:
    assert refusal(lambda: Submission.parse(body)).status == 400, case


# The table of answers.


def judge(made: Submission, remembered: Seen) -> None:
    checkpoint, _ = open_submission(made, LOGS)
    require_extension(made, checkpoint, remembered)


@pytest.mark.parametrize(
    ("case", "made", "remembered", "status"),
    [
        ("another log", Submission(0, (), sign_note(checkpoint(3, origin="else").text, LOG)), seen(0), 404),
        ("a stranger's key of the same name", submission(0, 3, signer=STRANGER), seen(0), 403),
        ("a signature of another text", Submission(0, (), note(3).replace("\n3\n", "\n4\n")), seen(0), 403),
        ("old size above the new one", Submission(5, (), note(3)), seen(5), 400),
        ("old size above, and not remembered either", Submission(5, (), note(3)), seen(0), 400),
        ("nothing remembered, something claimed", submission(3, 7), seen(0), 409),
        ("more remembered than claimed", submission(3, 7), seen(5), 409),
        ("less remembered than claimed", submission(5, 7), seen(3), 409),
        ("asked from nothing, although something is remembered", submission(0, 7), seen(3), 409),
        ("a proof from nothing", Submission(0, (bytes(32),), note(3)), seen(0), 422),
        ("no proof", Submission(3, (), note(7)), seen(3), 422),
        ("a proof of another tree", submission(3, 7, OTHER), seen(3), 422),
        ("the same size, another root", Submission(7, (), note(7, OTHER)), seen(7), 422),
        ("the same size, with a needless hash", Submission(7, (bytes(32),), note(7)), seen(7), 422),
    ],
)
def test_what_a_witness_turns_away(case: str, made: Submission, remembered: Seen, status: int) -> None:
    refused = refusal(lambda: judge(made, remembered))
    assert refused.status == status, case
    if status == 409:
        assert (refused.body, refused.content_type) == (f"{remembered.size}\n", SIZE_TYPE)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 7), (7, 7), (3, 7), (8, 16), (1, 20)])
def test_what_extends_the_remembered_tree_is_accepted(old: int, new: int) -> None:
    judge(submission(old, new), seen(old))


def test_an_empty_tree_has_the_empty_root() -> None:
    text = note(3).replace("\n3\n", "\n0\n").partition("\n\n")[0] + "\n"
    wrong = Submission(0, (), sign_note(text, LOG))
    assert refusal(lambda: judge(wrong, seen(0))).status == 422


def test_a_signed_text_that_is_no_checkpoint_is_a_bad_request() -> None:
    wrong = Submission(0, (), sign_note(f"{LOG.name}\nthree\n", LOG))
    assert refusal(lambda: judge(wrong, seen(0))).status == 400


def test_every_hash_of_a_proof_counts() -> None:
    good = submission(5, 20)
    for place in range(len(good.proof)):
        proof = [*good.proof]
        proof[place] = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        assert refusal(lambda proof=proof: judge(Submission(5, tuple(proof), good.note), seen(5))).status == 422


# What a log makes of an answer.


def test_the_line_of_the_witness_is_picked_out_of_the_answer() -> None:
    text = checkpoint(7).text
    line = cosignature_line(text, WITNESS, at=1767225600)
    stranger = cosignature_line(text, Signer("other.example", KeyKind.COSIGNATURE, bytes(32)), at=1)
    assert read_cosignature(stranger + line, text, WITNESS.verifier) == (line, 1767225600)


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        ("nothing", ""),
        ("words", "thank you\n"),
        ("another tree", cosignature_line(checkpoint(7, OTHER).text, WITNESS, at=1)),
        ("another size", cosignature_line(checkpoint(6).text, WITNESS, at=1)),
        ("a stranger of the same name", cosignature_line(checkpoint(7).text, NAMESAKE, at=1)),
        ("the log's own signature", note(7).splitlines()[-1]),
    ],
)  # fmt: skip
def test_a_word_over_anything_else_does_not_count(case: str, answer: str) -> None:
    with pytest.raises(ValueError, match=r"witness\.example/w1|cosignature"):
        read_cosignature(answer, checkpoint(7).text, WITNESS.verifier)


@pytest.mark.parametrize(
    ("body", "size"), [("7\n", 7), ("0\n", 0), ("7", 7), ("07\n", None), ("", None), ("-1\n", None), ("9" * 19, None)]
)
def test_a_remembered_size_is_a_plain_number(body: str, size: int | None) -> None:
    assert read_size(body) == size


# Asking over the network. These witnesses are no code of ours: they are there to misbehave.


@contextmanager
def listening(answer: Callable[[BaseHTTPRequestHandler, str], None]) -> Iterator[Witness]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["Content-Length"])).decode())

        def do_GET(self) -> None:
            send(self, 404, "none\n")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Witness(WITNESS.verifier, f"http://127.0.0.1:{server.server_port}/w")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, status: int, body: str, kind: str = "text/plain; charset=utf-8") -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body.encode())))
    handler.end_headers()
    handler.wfile.write(body.encode())


def ask(*witnesses: Witness, size: int = 7, believed: int = 0, seconds: float = 2.0) -> list[Asked]:
    return ask_witnesses(
        witnesses,
        note(size),
        checkpoint=checkpoint(size),
        seen={witness.name: believed for witness in witnesses},
        prove=lambda old, new: consistency_proof(old, new, TREE.get_hash),
        seconds=seconds,
    )


def remembering(size: int) -> Callable[[BaseHTTPRequestHandler, str], None]:
    def answer(handler: BaseHTTPRequestHandler, body: str) -> None:
        made = Submission.parse(body.encode())
        try:
            judge(made, seen(size))
        except NotCosigned as refused:
            send(handler, refused.status, refused.body, refused.content_type)
            return
        text = made.note.partition("\n\n")[0] + "\n"
        send(handler, 200, cosignature_line(text, WITNESS, at=99))

    return answer


@pytest.mark.parametrize(("remembered", "believed"), [(0, 0), (3, 3), (7, 7), (0, 3), (5, 3), (3, 5), (7, 0)])
def test_a_witness_is_met_where_it_stands(remembered: int, believed: int) -> None:
    """Whatever we believed it to remember: it says so, and is given the proof from there."""
    with listening(remembering(remembered)) as witness:
        asked = ask(witness, believed=believed)[0]
    assert asked.has_cosigned, asked.problem
    assert asked.time == 99


def test_a_witness_that_has_seen_more_than_we_have_is_heard() -> None:
    with listening(remembering(9)) as witness:
        asked = ask(witness)[0]
    assert not asked.has_cosigned
    assert asked.was_turned_away
    assert "has seen 9 entries of this trail, we have 7" in asked.problem


def drip(handler: BaseHTTPRequestHandler, body: str) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


LIE = cosignature_line(checkpoint(7, OTHER).text, WITNESS, at=1)


@pytest.mark.parametrize(
    ("case", "answer", "said"),
    [
        ("lies", lambda h, b: send(h, 200, LIE), "does not count"),
        ("talks", lambda h, b: send(h, 200, "yes, fine\n"), "does not count"),
        ("never ends", lambda h, b: send(h, 200, "x" * 600_000), "longer than"),
        ("sends elsewhere", lambda h, b: send(h, 302, "over there\n"), "answered 302"),
        ("breaks", lambda h, b: send(h, 500, "oops\n"), "answered 500: oops"),
        ("knows us not", lambda h, b: send(h, 404, "unknown\n"), "answered 404"),
        ("is no text", lambda h, b: (h.wfile.write(b"\x00\x01"), h.wfile.flush()), "did not answer"),
        ("hangs up", lambda h, b: h.connection.shutdown(socket.SHUT_RDWR), "did not answer"),
        ("counts up", lambda h, b: send(h, 409, "5\n" if b.startswith("old 0") else "6\n", SIZE_TYPE), "has seen 6"),
    ],
)  # fmt: skip
def test_a_witness_that_misbehaves_is_not_counted(
    case: str, answer: Callable[[BaseHTTPRequestHandler, str], None], said: str
) -> None:
    with listening(answer) as witness:
        asked = ask(witness)[0]
    assert not asked.has_cosigned, case
    assert said in asked.problem


@pytest.mark.parametrize("slow", [drip, lambda handler, body: time.sleep(1.5)], ids=["drips", "is silent"])
def test_a_slow_witness_costs_the_time_allowed_and_the_others_are_heard(
    slow: Callable[[BaseHTTPRequestHandler, str], None],
) -> None:
    with listening(slow) as late, listening(remembering(0)) as quick:
        began = time.monotonic()
        asked = ask(late, quick, seconds=0.4)
        took = time.monotonic() - began
    assert [one.has_cosigned for one in asked] == [False, True]
    assert "did not answer" in asked[0].problem
    assert took < 1.2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_a_witness_that_is_not_there_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    asked = ask(Witness(WITNESS.verifier, f"http://127.0.0.1:{port}"))[0]
    assert "did not answer" in asked.problem


# What is kept and counted.


@pytest.mark.parametrize(
    ("sizes", "quorum", "witnessed"),
    [([], 1, 0), ([5], 1, 5), ([5, 9], 1, 9), ([5, 9], 2, 5), ([5, 9, 0], 2, 5), ([5, 9], 3, 0), ([5], 0, 0)],
)
def test_witnessed_is_what_enough_of_them_have_seen(
    sizes: Sequence[int], quorum: int, witnessed: int, settings: Settings
) -> None:
    settings.WITNESS_QUORUM = quorum
    assert quorum_of(sizes) == witnessed


def ours(at: str) -> str:
    return f"{WITNESS.verifier.key_string} {at}"


@pytest.mark.django_db(transaction=True)
class TestCounting:
    def test_a_cosignature_is_kept_and_handed_on_with_the_checkpoint(self, settings: Settings) -> None:
        size = signed(3)

        def cosign(handler: BaseHTTPRequestHandler, body: str) -> None:
            text = Submission.parse(body.encode()).note.partition("\n\n")[0] + "\n"
            send(handler, 200, cosignature_line(text, WITNESS, at=1767225600))

        with listening(cosign) as witness:
            settings.WITNESSES = [ours(witness.url)]
            assert publish_outside().cosigned_by == [witness.name]
            assert publish_outside().cosigned_by == [witness.name], "nobody is asked twice"
        state = trail_state()
        assert (state["witnessed_size"], state["unwitnessed"]) == (size, 0)
        read = open_checkpoint(
            state["checkpoint"],
            origin=settings.TRAIL_ORIGIN,
            log_keys=[log_verifier()],
            witness_keys=[WITNESS.verifier],
        )
        assert [one.time for one in read.cosignatures] == [1767225600]
        assert Cosignature.objects.count() == 1

    def test_without_its_witness_a_checkpoint_stands_and_the_tail_says_so(self, settings: Settings) -> None:
        settings.WITNESSES = [ours("http://127.0.0.1:9")]
        size = signed(3)
        found = publish_outside()
        assert found.cosigned_by == []
        assert "did not answer" in found.problems[0]
        state = trail_state()
        assert (state["signed_size"], state["witnessed_size"], state["unwitnessed"]) == (size, 0, size)

    def test_a_line_written_into_the_table_counts_for_nothing(self, settings: Settings) -> None:
        settings.WITNESSES = [ours("http://127.0.0.1:9")]
        signed(2)
        line = cosignature_line(checkpoint(2).text, WITNESS, at=1)
        Cosignature.objects.create(checkpoint=newest_checkpoint(), witness=WITNESS.verifier.label, line=line, time=1)
        assert trail_state()["witnessed_size"] == 0

    def test_the_word_of_a_witness_cannot_be_changed(self, settings: Settings) -> None:
        signed(1)
        Cosignature.objects.create(checkpoint=newest_checkpoint(), witness="w", line="l", time=1)
        for statement in ("UPDATE audits_cosignature SET line = 'else'", "DELETE FROM audits_cosignature"):
            with pytest.raises(Exception, match="append-only"), connection.cursor() as cursor:
                cursor.execute(statement)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'<key> <address>'"),
        (WITNESS.verifier.key_string, "'<key> <address>'"),
        (f"{WITNESS.verifier.key_string} ftp://witness.example", "http or https"),
        (f"{LOG.verifier.key_string} https://witness.example", "the key of a log, not of a witness"),
        ("nonsense https://witness.example", "key string"),
    ],
)
def test_a_witness_that_is_misnamed_is_refused(text: str, said: str, settings: Settings) -> None:
    settings.WITNESSES = [text]
    with pytest.raises(ImproperlyConfigured, match=said):
        configured_witnesses()


def test_a_log_may_have_two_keys_while_it_changes_them(settings: Settings) -> None:
    settings.WITNESSED_LOGS = [LOG.verifier.key_string, STRANGER.verifier.key_string]
    assert witnessed_logs() == {LOG.name: [LOG.verifier, STRANGER.verifier]}


@pytest.mark.django_db
def test_the_key_of_our_trail_and_the_one_we_witness_with_are_two(settings: Settings) -> None:
    assert log_signer().seed != settings.WITNESS_KEY_SEED
    assert isinstance(log_verifier(), Verifier)
