"""Fill a trail with a million entries that are as whole as recorded ones, in a minute: by COPY, hashed here."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import connection

from audits.trail.actor_proofs import key_in_force, parts
from audits.trail.canonical import parse_canonical
from audits.trail.clock import timestamp
from audits.trail.merkle import leaf_hash
from audits.trail.models import Head
from audits.trail.numbering import GENESIS

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
SUBJECTS = 5000
COLUMNS = "id, index, recorded_at, actor, action, subject, subject_number, text, leaf_hash, chain_hash, proof"


def fill(size: int) -> int:
    """Append `size` entries to an empty trail on PostgreSQL; return the bytes of their texts."""
    assert Head.objects.get(id=1).size == 0, "only an empty trail is filled"
    chain_hash, moment, texts = GENESIS, "", 0
    key = key_in_force()
    with connection.cursor() as cursor:
        # Like a restore, without the indexes' order of insertion being paid for twice.
        with cursor.cursor.copy(f"COPY audits_entry ({COLUMNS}) FROM STDIN") as copy:
            for index, (uid, moment, subject, number, text) in enumerate(_texts(size)):
                encoded = text.encode()
                leaf = leaf_hash(encoded)
                chain_hash = sha256(chain_hash + leaf).digest()
                texts += len(encoded)
                written = parts(text)
                assert written
                proof = key.prove(*written)
                line = (
                    f"{uid}\t{index}\t{moment}\tprocess:pipeline-7\tapproval.given\t{subject}\t{number}\t{text}\t"
                    f"\\\\x{leaf.hex()}\t\\\\x{chain_hash.hex()}\t\\\\x{proof.hex()}\n"
                )
                copy.write(line)
        cursor.execute(
            "UPDATE audits_head SET size = %s, chain_hash = %s, recorded_at = %s WHERE id = 1",
            [size, chain_hash, moment],
        )
        cursor.execute("ANALYZE audits_entry")
    return texts


def _texts(size: int) -> Iterator[tuple[str, str, str, int, str]]:
    """Yield id, time, subject, number within it and canonical text of each entry."""
    chance = random.Random(20261121)
    last: dict[int, tuple[int, str]] = {}
    digest = sha256(b"artifact").hexdigest()
    reason = "The figures are within their limits, the finding on age is waived until the end of the quarter."
    for index in range(size):
        moment = timestamp(BEGINNING + timedelta(milliseconds=20 * index))
        uid = f"019b7698-{index >> 16:04x}-7000-8000-{index:012x}"
        about = chance.randrange(SUBJECTS)
        subject = f"version/credit-scoring-{about}/3"
        number, previous = last.get(about, (0, ""))
        # Keys in their canonical order, no spaces: what canonical_json would write, and checked against it below.
        text = (
            f'{{"action":"approval.given","actor":"process:pipeline-7","at":"{moment}","data":{{"artifact_sha256":'
            f'"{digest}","policy_sha256":"{digest}","reason":"{reason}","verdict":"approved"}},"id":"{uid}",'
            f'"log":"{settings.TRAIL_ORIGIN}","number":{number + 1},"previous":"{previous}","row":null,'
            f'"subject":"{subject}","v":1}}'
        )
        if index % 10_000 == 0:
            parse_canonical(text.encode())
        last[about] = (number + 1, leaf_hash(text.encode()).hex())
        yield uid, moment, subject, number + 1, text
