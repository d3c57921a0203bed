"""The eight steps of "How to check a bundle" in docs/reference/bundle-format.md."""

from hashlib import sha256
from pathlib import Path

from tests.second_verifier import tree
from tests.second_verifier.answer import Answer, Unusable
from tests.second_verifier.container import files_of
from tests.second_verifier.notes import Checkpoint, Key, opened, payload, proof, unbase64
from tests.second_verifier.texts import document, entry

MANIFEST, ENVELOPE = "manifest.json", "manifest.dsse.json"


def check(path: Path, keys: list[str], witnesses: list[str] = [], since: bytes | None = None) -> Answer:  # noqa: B006
    """Check the zip at `path` with the log's keys, those of witnesses, and a checkpoint kept from before."""
    answer = Answer()
    try:
        _Check(answer, files_of(path.read_bytes()), keys, [Key.read(text) for text in witnesses], since).run()
    except Unusable as problem:
        answer.problem = str(problem)
    return answer


class _Check:
    def __init__(self, answer: Answer, files: dict[str, bytes], keys: list[str], witnesses: list[Key], since):
        self.answer, self.files, self.witnesses = answer, files, witnesses
        if ENVELOPE not in files:
            raise Unusable("there is no envelope")
        envelope = document(files[ENVELOPE])
        raw, _ = payload(envelope, [])
        self.manifest = _manifest(raw)
        self.predicate = self.manifest["predicate"]
        if not keys:
            answer.reservations.append("no key was given")
        self.keys = [Key.read(text) for text in keys or [self.predicate["key"]]]
        _, self.signed = payload(envelope, self.keys)
        self.raw = raw
        self.since = self._remembered(since)

    def _remembered(self, since: bytes | None) -> Checkpoint | None:
        if since is None:
            return None
        remembered = opened(since, self.keys, self.witnesses)
        if remembered.origin != self.predicate["origin"]:
            raise Unusable("the remembered checkpoint is of another trail")
        return remembered

    def run(self) -> None:
        if not self.signed:
            self.answer.add("manifest_not_signed", file=ENVELOPE)
            return
        self._digests()
        checkpoint = self._checkpoint()
        if checkpoint is None:
            return
        self.checkpoint = checkpoint
        self.known = self._consistency()
        texts = self._texts()
        placed = self._whole(texts) if self.predicate["subjects"] is None else self._subjects(texts)
        self._entries(placed)
        self._vouched()

    def _digests(self) -> None:
        if self.files.get(MANIFEST) != self.raw:
            self.answer.add("file_changed" if MANIFEST in self.files else "file_missing", file=MANIFEST)
        listed = {each["name"]: each["digest"]["sha256"] for each in self.manifest["subject"]}
        for name, digest in listed.items():
            if name not in self.files:
                self.answer.add("file_missing", file=name)
            elif sha256(self.files[name]).hexdigest() != digest:
                self.answer.add("file_changed", file=name)
        for name in self.files.keys() - listed.keys() - {MANIFEST, ENVELOPE}:
            self.answer.add("file_added", file=name)

    def _checkpoint(self) -> Checkpoint | None:
        if "checkpoint" not in self.files:
            return None
        try:
            checkpoint = opened(self.files["checkpoint"], self.keys, self.witnesses)
        except Unusable:
            self.answer.add("checkpoint_not_signed", file="checkpoint")
            return None
        said = self.predicate["checkpoint"]
        found = {"size": checkpoint.size, "root": checkpoint.root.hex()}
        if said != found or checkpoint.origin != self.predicate["origin"]:
            self.answer.add("checkpoint_differs", file="checkpoint")
            return None
        return checkpoint

    def _consistency(self) -> list[Checkpoint]:
        """The earlier checkpoints that the trail continues."""
        name, known, before = "consistency.json", [self.checkpoint], 0
        if name not in self.files:
            return known
        try:
            for each in document(self.files[name]):  # type: ignore[attr-defined]
                earlier = opened(each["checkpoint"].encode(), self.keys, self.witnesses)
                path = [unbase64(value) for value in each["hashes"]]
                now = self.checkpoint
                if not before < earlier.size or earlier.origin != now.origin:
                    raise Unusable("the earlier checkpoints are out of order, or of another trail")
                if not tree.continues(earlier.size, earlier.root, now.size, now.root, path):
                    raise Unusable("the trail does not continue an earlier checkpoint")
                before = earlier.size
                known.append(earlier)
        except (Unusable, KeyError, TypeError, AttributeError):
            self.answer.add("consistency_refused", file=name)
        return known

    def _texts(self) -> list[bytes]:
        return (
            self.files.get("events.jsonl", b"").removesuffix(b"\n").split(b"\n")
            if self.files.get("events.jsonl")
            else []
        )

    def _whole(self, texts: list[bytes]) -> list[tuple[int, bytes]]:
        blob = self.files.get("leaf-hashes.bin", b"")
        listed = [blob[at : at + 32] for at in range(0, len(blob), 32)]
        found = [tree.leaf(text) for text in texts]
        signed = self.checkpoint
        truth = next((each for each in (found, listed) if self._leads_to(each, signed)), None)
        if truth is None:
            if len(found) < signed.size:
                self.answer.add("trail_shorter_than_checkpoint", len(found))
            else:
                self.answer.add("checkpoint_differs")
        elif truth is found:
            if listed != found:
                self.answer.add("hashes_differ", file="leaf-hashes.bin")
        else:
            self._compare(found, listed)
        if self.since is not None:
            self._compare_since(truth)
        return list(enumerate(texts))

    def _leads_to(self, leaves: list[bytes], signed: Checkpoint) -> bool:
        return len(leaves) == signed.size and tree.root(leaves) == signed.root

    def _compare(self, found: list[bytes], listed: list[bytes]) -> None:
        differing = [at for at, (one, other) in enumerate(zip(found, listed, strict=False)) if one != other]
        first = differing[0] if differing else min(len(found), len(listed))
        if len(found) == len(listed):
            for at in differing:
                self.answer.add("text_changed", at)
        elif len(found) > len(listed):
            self.answer.add("entry_inserted", first)
        elif not differing:
            self.answer.add("trail_shorter_than_checkpoint", first)
        else:
            self.answer.add("entry_missing", first)

    def _compare_since(self, truth: list[bytes] | None) -> None:
        if self.since.size > self.checkpoint.size:
            self.answer.add("trail_shorter_than_checkpoint", self.checkpoint.size)
        elif truth is not None and tree.root(truth[: self.since.size]) != self.since.root:
            self.answer.add("trail_forked")
        elif truth is not None:
            self.known.append(self.since)

    def _subjects(self, texts: list[bytes]) -> list[tuple[int, bytes]]:
        """Each text with the index that its proof gives it."""
        names = sorted(name for name in self.files if name.startswith("proofs/"))
        proofs = [self._proof(name) for name in names]
        placed = []
        rest = list(texts)
        for at, each in enumerate(proofs):
            if each is None:
                if rest:
                    rest.pop(0)
                continue
            index, hashes = each
            if rest and self._follows(rest[0], index, hashes):
                placed.append((index, rest.pop(0)))
            elif len(rest) < len(proofs) - at:
                self.answer.add("entry_missing", index)
            elif len(rest) > len(proofs) - at:
                self.answer.add("entry_inserted", index)
                rest.pop(0)
            else:
                self.answer.add("text_changed", index)
                placed.append((index, rest.pop(0)))
        if rest:
            self.answer.add("proof_refused", file="proofs")
        if self.since is not None:
            self._find_since()
        return placed

    def _proof(self, name: str) -> tuple[int, list[bytes]] | None:
        try:
            index, hashes, note = proof(self.files[name])
            if note != self.files["checkpoint"] or name != f"proofs/{index:012}.tlog-proof":
                raise Unusable("a proof is under another checkpoint, or under a wrong name")
        except Unusable:
            self.answer.add("proof_refused", file=name)
            return None
        return index, hashes

    def _follows(self, text: bytes, index: int, hashes: list[bytes]) -> bool:
        return tree.included(tree.leaf(text), index, self.checkpoint.size, hashes) == self.checkpoint.root

    def _find_since(self) -> None:
        if self.since.size > self.checkpoint.size:
            self.answer.add("trail_shorter_than_checkpoint", self.checkpoint.size)
            return
        same = [each for each in self.known if each.size == self.since.size]
        if not same:
            raise Unusable("the bundle holds no proof from the remembered checkpoint")
        if same[0].root != self.since.root:
            self.answer.add("trail_forked")
        else:
            self.known.append(self.since)

    def _entries(self, placed: list[tuple[int, bytes]]) -> None:
        asked = self.predicate["subjects"]
        wanted = None if asked is None else {each["subject"]: each["entries"] for each in asked}
        last: dict[str, tuple[int, str]] = {}
        ids: set[str] = set()
        for index, text in placed:
            try:
                read = entry(text)
            except Unusable:
                self.answer.add("text_not_canonical", index)
                continue
            subject = read["subject"]
            if read["log"] != self.checkpoint.origin or (wanted is not None and subject not in wanted):
                self.answer.add("entry_foreign", index)
            number, previous = last.get(subject, (0, ""))
            if read["number"] != number + 1 or read["id"] in ids:
                self.answer.add("column_differs", index)
            if read["previous"] != previous:
                self.answer.add("previous_differs", index)
            last[subject] = (read["number"], tree.leaf(text).hex())
            ids.add(read["id"])
        for subject, count in (wanted or {}).items():
            if last.get(subject, (0, ""))[0] != count:
                self.answer.add("entries_left_out")

    def _vouched(self) -> None:
        remembered = [self.since.size] if self.since in self.known else []
        self.answer.vouched = max([*remembered, *(each.size for each in self.known if each.cosigned)], default=0)
        if self.answer.vouched < self.checkpoint.size:
            self.answer.reservations.append("the last entries are vouched for by the signer alone")


def _manifest(raw: bytes) -> dict:
    value = document(raw)
    try:
        kinds = value["_type"], value["predicateType"]  # type: ignore[index]
        value["predicate"]["origin"], value["predicate"]["checkpoint"], value["predicate"]["subjects"]  # type: ignore[index]
    except (KeyError, TypeError) as reason:
        raise Unusable("the manifest is malformed") from reason
    if kinds != ("https://in-toto.io/Statement/v1", "urn:countersign:bundle:v1"):
        raise Unusable("the manifest is of another kind")
    return value
