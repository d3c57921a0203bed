"""What somebody who owns the database can do to the trail: rewrite it from some entry on, and sign what comes out."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection

from audits.trail import Checkpoint, Entry, TrailTile, canonical_json, integrate, new_uid, now, root_at, timestamp
from audits.trail.actor_proofs import key_in_force, parts
from audits.trail.digests import row_digest
from audits.trail.merkle import leaf_hash
from audits.trail.models import Head, TreeState
from audits.trail.notes import Checkpoint as CheckpointText
from audits.trail.notes import sign_note
from audits.trail.numbering import GENESIS, Draft
from audits.trail.signing import log_signer
from tests.conftest import triggers_lifted


@dataclass
class Page:
    """An entry as its forger sees it: the document can be changed, all the rest follows from it."""

    id: UUID
    recorded_at: datetime
    document: dict[str, Any]
    proof: bytes | None = None


Rewrite = Callable[[list[Page], int], None]


def forge(*statements: str) -> None:
    """Run statements as somebody who has lifted the triggers, and puts them back."""
    with triggers_lifted(), connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rewrite_trail(change: Rewrite, at: int, *, sign: bool) -> None:
    """Change the trail around entry `at` and recompute every value that needs no key: the numbers and links within
    subjects, leaf hashes, chain, head, tree and tiles. With `sign`, hold the keys: prove each entry and sign each
    checkpoint anew as well.
    """
    pages = [
        Page(entry.id, entry.recorded_at, json.loads(entry.text), entry.proof)
        for entry in Entry.objects.order_by("index")
    ]
    bound = {(page.document["row"] or {}).get("key"): page.document["row"] for page in pages}
    change(pages, at)
    with triggers_lifted(), connection.constraint_checks_disabled():
        for model, key in _rows_without(bound.values(), pages):
            apps.get_model(model)._base_manager.filter(pk=key)._raw_delete("default")  # type: ignore[attr-defined]
        Entry.objects.all()._raw_delete("default")  # type: ignore[attr-defined]
        entries = Entry.objects.bulk_create(_recomputed(pages, prove=sign))
        Head.objects.filter(id=1).update(size=len(entries), chain_hash=entries[-1].chain_hash)
        TrailTile.objects.all()._raw_delete("default")  # type: ignore[attr-defined]
        TreeState.objects.filter(id=1).update(size=0, frontier=b"")
        integrate()
        if sign:
            _sign_again(len(entries))


def _rows_without(bound: Iterable[dict[str, str] | None], pages: list[Page]) -> list[tuple[str, str]]:
    kept = [page.document["row"] for page in pages]
    return [(row["of"], row["key"]) for row in bound if row and row not in kept]


def _recomputed(pages: list[Page], *, prove: bool) -> list[Entry]:
    chain_hash = GENESIS
    last: dict[str, tuple[int, bytes]] = {}
    entries = []
    for index, page in enumerate(pages):
        document, subject = page.document, page.document["subject"]
        number, previous = last.get(subject, (0, b""))
        document |= {"number": number + 1, "previous": previous.hex(), "id": str(page.id)}
        text = canonical_json(document, max_bytes=None)
        leaf = leaf_hash(text)
        chain_hash = hashlib.sha256(chain_hash + leaf).digest()
        last[subject] = number + 1, leaf
        entries.append(
            Entry(
                id=page.id,
                index=index,
                recorded_at=page.recorded_at,
                actor=document["actor"],
                action=document["action"],
                subject=subject,
                subject_number=number + 1,
                text=text.decode(),
                leaf_hash=leaf,
                chain_hash=chain_hash,
                proof=_proof(text.decode()) if prove else page.proof,
            )
        )
    return entries


def _proof(text: str) -> bytes:
    written = parts(text)
    assert written
    return key_in_force().prove(*written)


def _sign_again(size: int) -> None:
    signed = [(one.size, one.signed_at) for one in Checkpoint.objects.filter(size__lte=size)]
    Checkpoint.objects.all()._raw_delete("default")  # type: ignore[attr-defined]
    for covered, at in signed:
        root = root_at(covered)
        note = sign_note(CheckpointText(settings.TRAIL_ORIGIN, covered, root).text, log_signer(size=covered))
        Checkpoint.objects.create(size=covered, root=root, note=note, signed_at=at)


# What can be done to a list of pages.


def edit(pages: list[Page], at: int) -> None:
    pages[at].document["data"] = {"word": "forged"}


def rebind(pages: list[Page], at: int) -> None:
    """Let the first entry before `at` that explains a row say what is in the row now."""
    row = next(page.document["row"] for page in reversed(pages[:at]) if page.document["row"])
    row["sha256"] = row_digest(apps.get_model(row["of"])._base_manager.get(pk=row["key"]))


def delete(pages: list[Page], at: int) -> None:
    del pages[at]


def delete_first(pages: list[Page], at: int) -> None:
    del pages[0]


def cut(pages: list[Page], at: int) -> None:
    del pages[at:]


def insert(pages: list[Page], at: int) -> None:
    made_up = pages[at].document | {"subject": "test/forged", "data": {"word": "forged"}}
    pages.insert(at, Page(new_uid(), pages[at].recorded_at, made_up))


def swap(pages: list[Page], at: int) -> None:
    """Swap two entries, and give each the time of its new place."""
    first, second = pages[at], pages[at + 1]
    pages[at], pages[at + 1] = second, first
    first.recorded_at, second.recorded_at = second.recorded_at, first.recorded_at


def add(pages: list[Page], at: int) -> None:
    """Say at the end that somebody approved something."""
    made_up = {"action": "approval.given", "actor": "person:else", "row": None, "subject": "test/forged", "data": {}}
    pages.append(Page(new_uid(), pages[-1].recorded_at, pages[at].document | made_up))


def forged_draft(proof: bytes | None = None) -> Draft:
    """The same as somebody brings it who has the application's database role, or the whole application."""
    uid, at = new_uid(), timestamp(now())
    head = f'{{"action":"approval.given","actor":"person:else","at":"{at}","data":{{}},"id":"{uid}",'
    head += f'"log":"{settings.TRAIL_ORIGIN}","number":'
    return Draft(uid, "approval.given", "test/a", head, '","row":null,"subject":"test/a","v":1}', proof)


def other_tenant(pages: list[Page], at: int) -> None:
    pages[at].document["log"] = "other.example/trail"
