"""The page about the trail's format: its example verifies as printed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from audits.trail import ActorKind, Entry
from audits.trail.canonical import parse_canonical
from audits.trail.merkle import leaf_hash
from audits.trail.notes import Verifier
from audits.trail.proofs import EntryProof
from governance.roles import Role
from tests import make

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "trail-format.md").read_text()


def test_the_example_on_the_page_verifies_as_printed() -> None:
    entry = re.findall(r"```json\n(.*)\n```", PAGE)[0].encode()
    proof = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[0]
    log_key, witness_key = re.findall(r"`(\S+\+[0-9a-f]{8}\+\S+)`", PAGE)
    parse_canonical(entry)
    assert f"`{leaf_hash(entry).hex()}`" in PAGE
    signed = EntryProof.parse(proof).verify(
        entry,
        origin="log.example/tenant/acme",
        log_keys=[Verifier.parse(log_key)],
        witness_keys=[Verifier.parse(witness_key)],
    )
    assert (signed.checkpoint.size, signed.cosignatures[0].time) == (3, 1767225600)


def table_after(heading: str) -> dict[str, str]:
    """Return key and type from the first table after a line."""
    table = PAGE.split(heading, 1)[1].split("|---|---|---|\n", 1)[1].split("\n\n", 1)[0]
    return {row.split("|")[1].strip(" `"): row.split("|")[2].strip() for row in table.splitlines()}


JSON_TYPES = {"string": str, "integer": int, "object": dict, "object or null": dict}


@pytest.mark.django_db
def test_the_tables_name_every_key_of_an_entry_and_its_type() -> None:
    make.account("audrey", Role.AUDITOR)
    entry = json.loads(Entry.objects.exclude(action="account.created").get().text)
    keys, row_keys = table_after("### Keys of an entry"), table_after("`row` has exactly these keys:")
    assert list(keys) == list(entry)
    assert list(row_keys) == list(entry["row"])
    for key, kind in keys.items():
        assert isinstance(entry[key], JSON_TYPES[kind]), key
    assert all(isinstance(value, str) for value in entry["row"].values())


def test_every_kind_of_actor_is_on_the_page() -> None:
    assert all(f"`{kind}:`" in PAGE for kind in ActorKind)
