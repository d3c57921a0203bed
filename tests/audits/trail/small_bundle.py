"""Bundles made by hand, without a database, so that every byte of them is known."""

import io
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from audits.offline import verify
from audits.trail.bundle import BundleWriter
from audits.trail.canonical import canonical_json
from audits.trail.keys import KeyKind, Signer, Verifier
from audits.trail.merkle import Tree, consistency_proof, inclusion_proof, leaf_hash
from audits.trail.notes import Checkpoint, cosignature_line, sign_note
from audits.trail.proofs import EntryProof
from tests import second_verifier

ORIGIN = "log.example/acme"
LOG = Signer(ORIGIN, KeyKind.ED25519, bytes(range(32)))
WITNESS = Signer("witness.example/w1", KeyKind.COSIGNATURE, bytes(range(1, 33)))
FOREIGN = Signer(ORIGIN, KeyKind.ED25519, bytes(range(2, 34)))
DATA = {"note": 'ä "\\\t\u2028', "nested": [1, None, {"is": True}]}
SUBJECTS = ("model/a", "version/a/1", "model/b")


def entries(
    count: int,
    origin: str = ORIGIN,
    subjects: Sequence[str] = SUBJECTS,
    about_keys: Mapping[int, tuple[str, Mapping[str, Any]]] | None = None,
    data: Mapping[str, Any] = DATA,
) -> list[bytes]:
    """Return the texts of a trail in which the subjects take turns; `about_keys`: action and data by place."""
    about_keys = about_keys or {}
    last: dict[str, tuple[int, str]] = {}
    texts = []
    for index in range(count):
        subject = "trail/keys" if index in about_keys else subjects[index % len(subjects)]
        action, said = about_keys.get(index, ("model.registered", data))
        number, previous = last.get(subject, (0, ""))
        document = {
            "action": action,
            "actor": "person:7",
            "at": f"2026-01-01T00:00:00.{index:06}Z",
            "data": dict(said),
            "id": f"{index:032x}",
            "log": origin,
            "number": number + 1,
            "previous": previous,
            "row": None,
            "subject": subject,
            "v": 1,
        }
        text = canonical_json(document)
        last[subject] = (number + 1, leaf_hash(text).hex())
        texts.append(text)
    return texts


def tree_of(texts: Iterable[bytes]) -> Tree:
    return Tree(leaf_hash(text) for text in texts)


def checkpoint(
    texts: Sequence[bytes],
    size: int | None = None,
    *,
    signer: Signer = LOG,
    witness: Signer | None = None,
    witnesses: Sequence[Signer] = (),
) -> str:
    size = len(texts) if size is None else size
    text = Checkpoint(signer.name, size, tree_of(texts[:size]).root()).text
    seen_by = [*witnesses, *([witness] if witness else [])]
    return sign_note(text, signer) + "".join(cosignature_line(text, one, at=1_767_225_600) for one in seen_by)


def bundle(
    texts: Sequence[bytes],
    *,
    written: Sequence[bytes] | None = None,
    subjects: Sequence[str] | None = None,
    earlier: Sequence[str] = (),
    signer: Signer = LOG,
    note: str | None = None,
    hashes: Sequence[bytes] | None = None,
    extra: Mapping[str, bytes] | None = None,
    left_out: int | None = None,
    asked: Sequence[str] | None = None,
    proof_note: str | None = None,
) -> bytes:
    """Return a bundle over the trail of `texts`; `written`, `hashes` and those from `left_out` on let its maker lie."""
    tree = tree_of(texts)
    note = note or checkpoint(texts, signer=signer)
    file = io.BytesIO()
    writer = BundleWriter(file)
    writer.add("README.txt", [b"Read me.\n"])
    writer.add("checkpoint", [note.encode()])
    chosen = [at for at, text in enumerate(texts) if subjects is None or json.loads(text)["subject"] in subjects]
    chosen = [at for at in chosen if at != left_out]
    held = [texts[at] for at in chosen] if written is None else written
    writer.add("consistency.json", [canonical_json([_step(one, tree) for one in earlier], max_bytes=None)])
    writer.add("events.jsonl", [text + b"\n" for text in held])
    if subjects is None:
        writer.add("leaf-hashes.bin", hashes or [tree.get_hash(0, at) for at in range(tree.size)])
    for at in chosen if subjects is not None else ():
        proof = EntryProof(at, tuple(inclusion_proof(at, tree.size, tree.get_hash)), proof_note or note)
        writer.add(f"proofs/{at:012}.tlog-proof", [proof.text.encode()])
    for name, content in (extra or {}).items():
        writer.add(name, [content])
    counted = {one: sum(json.loads(text)["subject"] == one for text in texts) for one in subjects or ()}
    listed = [
        {"subject": subject, "entries": count} for subject, count in counted.items() if subject in (asked or counted)
    ]
    predicate = {
        "origin": ORIGIN,
        "key": signer.verifier.key_string,
        "checkpoint": {"size": tree.size, "root": tree.root().hex()},
        "subjects": None if subjects is None else listed,
    }
    writer.close(predicate, signer)
    return file.getvalue()


def _step(note: str, tree: Tree) -> dict[str, Any]:
    size = int(note.split("\n")[1])
    hashes = consistency_proof(size, tree.size, tree.get_hash)
    return {"checkpoint": note, "hashes": [b64encode(one).decode() for one in hashes]}


def verdict(path: Path, *options: str, keys: Sequence[Signer] = (LOG,), witnesses: Sequence[Signer] = ()) -> Any:
    """Return what the verifier answers a program; the second verifier says the same of every bundle."""
    told = io.StringIO()
    given = [part for key in keys for part in ("--key", key.verifier.key_string)]
    given += [part for key in witnesses for part in ("--witness", key.verifier.key_string)]
    with redirect_stdout(told):
        status = verify.main([str(path), "--json", *given, *options])
    answer = json.loads(told.getvalue())
    assert answer["exit"] == status
    if path.is_dir() or path.read_bytes()[:2] in (b"PK", b""):
        kept = Path(options[options.index("--since") + 1]).read_bytes() if "--since" in options else None
        texts = [[signer.verifier.key_string for signer in signers] for signers in (keys, witnesses)]
        quorum = int(options[options.index("--quorum") + 1]) if "--quorum" in options else 0
        second = second_verifier.check(path, *texts, kept, quorum)
        ours = {second_verifier.Flaw(one["code"], one["index"], one["file"]) for one in answer.get("flaws", ())}
        assert (second.exit, set(second.flaws)) == (answer["exit"], ours), (second, answer)
        assert second.flaws or second.vouched == answer.get("vouched", 0)
    return answer


def codes(answer: Any) -> list[str]:
    return [flaw["code"] for flaw in answer["flaws"]]


def changed(texts: Sequence[bytes], at: int) -> list[bytes]:
    return [text.replace(b"person:7", b"person:8") if index == at else text for index, text in enumerate(texts)]


def by_library(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Say the same as the verifier's own arithmetic, fifty times as fast."""
    return Verifier("x", KeyKind.ED25519, public_key).is_signature(signature, message)


TEXTS = entries(7)
