"""Be a witness for others, and have a second installation be ours: over real sockets, with its own memory."""

import threading
from hashlib import sha256
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from audits.trail import (
    TrailNotExtended,
    check_outside,
    log_verifier,
    now,
    publish_outside,
    trail_state,
    verify,
    witness_checkpoint,
    witness_verifiers,
)
from audits.trail.anchors.comparison import Kind
from audits.trail.keys import KeyKind, Signer, Verifier
from audits.trail.merkle import Tree, consistency_proof, leaf_hash
from audits.trail.notes import Checkpoint, open_checkpoint, sign_note, verify_cosignature
from audits.trail.witnessing.models import WitnessedCheckpoint
from audits.trail.witnessing.protocol import NotCosigned, Submission
from tests.backup import Backup, signed

pytestmark = pytest.mark.django_db(transaction=True)

LOG = Signer("log.example/acme", KeyKind.ED25519, bytes(range(32)))
TREE = Tree(leaf_hash(bytes([n])) for n in range(40))
OTHER = Tree(leaf_hash(bytes([n, n])) for n in range(40))


@pytest.fixture(autouse=True)
def _knows_the_log(settings: Settings) -> None:
    settings.WITNESSED_LOGS = [LOG.verifier.key_string]


def body(old: int, new: int, tree: Tree = TREE, signer: Signer = LOG) -> bytes:
    proof = consistency_proof(old, new, tree.get_hash) if 0 < old < new else ()
    note = sign_note(Checkpoint(LOG.name, new, tree.root(new)).text, signer)
    return Submission(old, tuple(proof), note).text.encode()


def post(client: Client, content: bytes) -> Any:
    return client.post("/witness/add-checkpoint", content, content_type="text/plain")


def test_a_checkpoint_is_cosigned_with_the_keys_that_are_shown(client: Client) -> None:
    answer = post(client, body(0, 3))
    assert answer.status_code == 200
    text = Checkpoint(LOG.name, 3, TREE.root(3)).text
    shown = client.get("/witness/key").content.decode().splitlines()
    keys = [Verifier.parse(key) for key in shown]
    assert [key.kind for key in keys] == [KeyKind.COSIGNATURE, KeyKind.ML_DSA_44_COSIGNATURE]
    for key, line in zip(keys, answer.content.decode().splitlines(), strict=True):
        assert verify_cosignature(text, line, key) > 0


def test_an_origin_too_long_for_ml_dsa_is_cosigned_by_ed25519_alone(client: Client, settings: Settings) -> None:
    log = Signer("l" * 256, KeyKind.ED25519, bytes(range(32)))
    settings.WITNESSED_LOGS = [log.verifier.key_string]
    note = sign_note(Checkpoint(log.name, 3, TREE.root(3)).text, log)
    answer = post(client, Submission(0, (), note).text.encode())
    assert (answer.status_code, answer.content.count(b"\n")) == (200, 1)


def test_it_needs_no_account_no_token_and_no_form_of_ours() -> None:
    assert post(Client(enforce_csrf_checks=True), body(0, 3)).status_code == 200


def test_the_same_checkpoint_is_cosigned_again_and_remembered_once(client: Client) -> None:
    post(client, body(0, 3))
    assert post(client, body(3, 3)).status_code == 200
    assert WitnessedCheckpoint.objects.count() == 1


@pytest.mark.parametrize(
    ("case", "content", "status"),
    [
        ("malformed", b"hello", 400),
        ("old above new", body(5, 5).replace(b"old 5", b"old 9"), 400),
        ("a stranger's signature", body(3, 5, signer=Signer(LOG.name, KeyKind.ED25519, bytes(32))), 403),
        ("an unknown log", body(3, 5).replace(b"log.example/acme", b"log.example/else"), 404),
        ("another size remembered", body(2, 5), 409),
        ("no proof", b"old 3\n\n" + body(0, 5).partition(b"\n\n")[2], 422),
        ("the same size with another root", body(3, 3, OTHER), 422),
    ],
)
def test_a_refusal_has_the_status_of_the_protocol_and_changes_nothing(
    client: Client, case: str, content: bytes, status: int
) -> None:
    post(client, body(0, 3))
    answer = post(client, content)
    assert answer.status_code == status, case
    if status == 409:
        assert (answer.content, answer["Content-Type"]) == (b"3\n", "text/x.tlog.size")
    assert [row.size for row in WitnessedCheckpoint.objects.all()] == [3]


def test_only_post_adds_and_only_get_shows(client: Client) -> None:
    assert client.get("/witness/add-checkpoint").status_code == 405
    assert client.post("/witness/key").status_code == 405
    assert client.post(f"/witness/checkpoint/{sha256(b'').hexdigest()}").status_code == 405


def test_what_is_remembered_is_shown_as_the_log_sent_it(client: Client) -> None:
    address = f"/witness/checkpoint/{sha256(LOG.name.encode()).hexdigest()}"
    assert client.get(address).status_code == 404
    for old, new in ((0, 3), (3, 7)):
        post(client, body(old, new))
    shown = client.get(address).content.decode()
    assert open_checkpoint(shown, origin=LOG.name, log_keys=[LOG.verifier]).checkpoint.size == 7


def test_clients_that_race_cannot_roll_it_back() -> None:
    """Eight at a time climb from what they last heard; every word given is on one line of growing trees."""
    logs = {LOG.name: [LOG.verifier]}
    barrier, given, broken = threading.Barrier(8), [], []

    def climb(step: int) -> None:
        old = 0
        try:
            barrier.wait()
            while old + step < TREE.size:
                new = old + step
                try:
                    witness_checkpoint(body(old, new), logs=logs, at=now())
                except NotCosigned as refused:
                    if refused.status != 409:
                        raise
                    old = int(refused.body)
                else:
                    given.append((old, new))
                    old = new
        except Exception as problem:
            broken.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=climb, args=(step,)) for step in (1, 1, 2, 2, 3, 3, 5, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert sorted(given) == [(row.old_size, row.size) for row in WitnessedCheckpoint.objects.order_by("size")]
    remembered = sorted(given)
    assert [old for old, _ in remembered[1:]] == [new for _, new in remembered[:-1]], "one future, no way back"


def test_the_database_itself_refuses_a_second_future() -> None:
    logs = {LOG.name: [LOG.verifier]}
    witness_checkpoint(body(0, 3), logs=logs, at=now())
    kept = WitnessedCheckpoint.objects.get()
    kept.pk, kept.size = None, 4
    with pytest.raises(Exception, match=r"one_future_per_log|append-only|UNIQUE"):
        kept.save(force_insert=True)


# A second Countersign is our witness. It runs in this process on its own sockets; its memory survives our restore.


@pytest.fixture(params=["Ed25519", "ML-DSA-44"])
def second(request: pytest.FixtureRequest, live_server: LiveServer, settings: Settings, tmp_path: Any) -> Verifier:
    settings.TRAIL_PROOFS_DIR = tmp_path
    settings.WITNESSED_LOGS = [log_verifier().key_string]
    key = next(key for key in witness_verifiers() if key.kind.algorithm == request.param)
    settings.WITNESSES = [f"{key.key_string} {live_server.url}/witness"]
    return key


def test_a_second_installation_witnesses_our_trail_as_it_grows(second: Verifier) -> None:
    for entries in (3, 4, 1):
        size = signed(entries)
        found = publish_outside()
        assert (found.cosigned_by, found.problems) == ([second.label], [])
        assert trail_state()["witnessed_size"] == size
    signed(2)
    assert trail_state()["unwitnessed"] == 2
    assert [one.checkpoint.size for one in check_outside().agreeing] == [8]


def test_a_witness_asked_by_both_its_keys_counts_once(second: Verifier, settings: Settings) -> None:
    address = settings.WITNESSES[0].partition(" ")[2]
    settings.WITNESSES = [f"{key.key_string} {address}" for key in witness_verifiers()]
    for _ in range(2):
        size = signed(2)
        found = publish_outside()
        assert (sorted(found.cosigned_by), found.problems) == (sorted(key.label for key in witness_verifiers()), [])
        assert trail_state()["witnessed_size"] == size
    settings.WITNESS_QUORUM = 2
    assert trail_state()["witnessed_size"] == 0


def test_it_finds_an_old_backup_restored(second: Verifier) -> None:
    signed(3)
    publish_outside()
    backup = Backup()
    signed(4)
    publish_outside()
    backup.restore()
    with pytest.raises(TrailNotExtended, match=r"holds 3 entries .* over 7\. It is an older copy"):
        check_outside()
    assert verify().is_whole, "nothing inside the database gives it away"


@pytest.mark.parametrize(("entries", "kind"), [(2, Kind.OLD_COPY), (4, Kind.FORK), (9, Kind.FORK)])
def test_it_finds_a_fork_after_a_restore_when_it_is_asked_to_cosign_it(
    second: Verifier, entries: int, kind: Kind
) -> None:
    signed(3)
    publish_outside()
    backup = Backup()
    signed(4, "true")
    publish_outside()
    backup.restore()
    signed(entries, "forged")
    with pytest.raises(TrailNotExtended) as caught:
        publish_outside()
    assert caught.value.disagreement.kind is kind
    text = caught.value.path.read_text()
    assert text.count(f"— {log_verifier().name} ") == 2, "both signed trees are in the file"
    assert trail_state()["witnessed_size"] == 3


def test_a_witness_cannot_stop_us_with_a_bare_number(second: Verifier, settings: Settings) -> None:
    """It says that it has seen more, and shows a note that we never signed."""
    signed(3)
    publish_outside()
    stranger = Signer(settings.TRAIL_ORIGIN, KeyKind.ED25519, bytes(32))
    WitnessedCheckpoint.objects.create(
        origin=settings.TRAIL_ORIGIN,
        origin_sha256=sha256(settings.TRAIL_ORIGIN.encode()).hexdigest(),
        old_size=3,
        size=30,
        root=OTHER.root(30),
        note=sign_note(Checkpoint(settings.TRAIL_ORIGIN, 30, OTHER.root(30)).text, stranger),
        seen_at=now(),
    )
    signed(1)
    found = publish_outside()
    assert found.cosigned_by == []
    assert any("has seen 30 entries" in problem for problem in found.problems)
    assert any("shows a note that is not ours" in problem for problem in found.problems)
    assert trail_state()["signed_size"] == 4
