"""The page about the trail's format: its example verifies as printed."""

from __future__ import annotations

import re
from pathlib import Path

from audits.trail.canonical import parse_canonical
from audits.trail.merkle import leaf_hash
from audits.trail.notes import Verifier
from audits.trail.proofs import EntryProof

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
