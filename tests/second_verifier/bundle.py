"""The nine steps of "How to check a bundle" in docs/reference/bundle-format.md."""

import re
from hashlib import sha256
from pathlib import Path

from tests.second_verifier import tree
from tests.second_verifier.answer import Answer, Unusable
from tests.second_verifier.container import files_of
from tests.second_verifier.keys import History
from tests.second_verifier.notes import (
    COSIGNATURE,
    ED25519,
    MLDSA,
    Checkpoint,
    Key,
    is_signed,
    opened,
    payload,
    proof,
    unbase64,
)
from tests.second_verifier.texts import LONGEST, entry, is_canonical, loaded

PROOF = re.compile(r"proofs/([0-9]{12,19})\.tlog-proof")
MANIFEST, ENVELOPE = "manifest.json", "manifest.dsse.json"


def check(path: Path, keys: list[str], witnesses: list[str], since: bytes | None, quorum: int = 0) -> Answer:
    """Check the zip or folder at `path` with the log's keys, those of witnesses, and a checkpoint kept from before.

    `quorum`: how many of the witnesses must have seen an entry; 0 when the reader does not ask for a number.
    """
    answer = Answer()
    try:
        given, seeing = _keys(keys, ED25519), _keys(witnesses, COSIGNATURE, MLDSA)
        if quorum and not 0 < quorum <= len({key.name for key in seeing}):
            raise Unusable("more witnesses are asked for than there are keys of")
        _Check(answer, files_of(path), given, seeing, since, quorum).run()
    except Unusable as problem:
        answer.problem = str(problem)
    return answer


def _keys(texts: list[str], *kinds: int) -> list[Key]:
    keys = [Key.read(text) for text in texts]
    if any(key.kind not in kinds for key in keys):
        raise Unusable("a key is of another kind than is asked for")
    return keys


class _Check:
    def __init__(self, answer: Answer, files: dict[str, bytes], keys: list[Key], witnesses: list[Key], since, quorum):
        self.answer, self.files, self.witnesses, self.quorum = answer, files, witnesses, quorum
        if ENVELOPE not in files or MANIFEST not in files:
            raise Unusable("there is no signed manifest")
        envelope = loaded(files[ENVELOPE])
        raw = payload(envelope)
        self.manifest = _manifest(raw)
        self.predicate = self.manifest["predicate"]
        if not keys:
            answer.reservations.append("no key was given")
        brought = _keys([self.predicate["key"]], ED25519)
        size = self.predicate["checkpoint"]["size"]
        self.history = history = History(self.predicate["origin"], size, keys or brought)
        self._follow()
        signing = [key for key in history.may_sign(size) if key in history.proved]
        self.signed = is_signed(envelope, signing) and is_canonical(files[ENVELOPE])
        if history.doubted:
            answer.reservations.append("a key was revoked, and the one in force was not given")
        self.raw, self.kept = raw, since
        self.roots: dict[int, bytes] = {}

    def run(self) -> None:
        if not self.signed:
            self.answer.add("manifest_not_signed", file=ENVELOPE)
        self._digests()
        if not {"checkpoint", "events.jsonl"} <= self.files.keys() or not self._opened():
            return
        said, now = self.predicate["checkpoint"], self.checkpoint
        if (said["size"], bytes.fromhex(said["root"]), self.predicate["origin"]) != (now.size, now.root, now.origin):
            self.answer.add("file_changed", file="checkpoint")
            return
        self._earlier()
        self._whole() if self.predicate["subjects"] is None else self._subjects()
        self._remembered()
        if self.answer.vouched < now.size:
            self.answer.reservations.append("the last entries are vouched for by the signer alone")

    def _digests(self) -> None:
        if self.files[MANIFEST] != self.raw:
            self.answer.add("file_changed", file=MANIFEST)
        listed = {each["name"]: each["digest"]["sha256"] for each in self.manifest["subject"]}
        there = {name: sha256(content).hexdigest() for name, content in self.files.items()}
        for name in sorted({*listed, *there, "checkpoint", "events.jsonl"} - {MANIFEST, ENVELOPE}):
            if name not in there:
                self.answer.add("file_missing", file=name)
            elif name not in listed:
                self.answer.add("file_added", file=name)
            elif there[name] != listed[name]:
                self.answer.add("file_changed", file=name)

    def _opened(self) -> bool:
        try:
            self.checkpoint = self._open(self.files["checkpoint"], "checkpoint")
        except Unusable:
            self.answer.add("checkpoint_not_signed", file="checkpoint")
            return False
        self._vouch(self._is_witnessed(self.checkpoint), self.checkpoint.size)
        self.since = None if self.kept is None else self._open(self.kept, "")
        return True

    def _follow(self) -> None:
        """Read the entries about keys, where a bundle about subjects has their places in the names of proofs."""
        if "events.jsonl" not in self.files:
            return
        names = sorted(name for name in self.files if name.startswith("proofs/"))
        for at, text in enumerate(self._texts()):
            named = PROOF.fullmatch(names[at]) if at < len(names) else None
            if self.predicate["subjects"] is None:
                self.history.read(at, text)
            elif named:
                self.history.read(int(named[1]), text)
        for index in self.history.untrue:
            self.answer.add("key_entry_untrue", index)

    def _open(self, note: bytes, file: str) -> Checkpoint:
        checkpoint = opened(note, self.history.proved, self.witnesses)
        if not checkpoint.by & {*self.history.may_sign(checkpoint.size)}:
            self.answer.add("checkpoint_key_not_in_force", file=file)
        return checkpoint

    def _is_witnessed(self, checkpoint: Checkpoint) -> bool:
        return len(checkpoint.cosigned) >= max(self.quorum, 1)

    def _vouch(self, is_vouched: bool, size: int) -> None:
        if is_vouched:
            self.answer.vouched = max(self.answer.vouched, size)

    def _earlier(self) -> None:
        """Follow the proofs from earlier checkpoints; those that no proved key opens are passed over."""
        now = self.checkpoint
        try:
            for each in loaded(self.files.get("consistency.json", b"[]")):  # type: ignore[attr-defined]
                note, path = each["checkpoint"].encode(), [unbase64(value) for value in each["hashes"]]
                try:
                    earlier = self._open(note, "consistency.json")
                except Unusable:
                    continue
                if not tree.continues(earlier.size, earlier.root, now.size, now.root, path):
                    raise Unusable("the trail does not continue an earlier checkpoint")
                self.roots[earlier.size] = earlier.root
                self._vouch(self._is_witnessed(earlier), earlier.size)
        except (Unusable, KeyError, TypeError, AttributeError):
            self.answer.add("consistency_refused", file="consistency.json")

    def _texts(self) -> list[bytes]:
        raw = self.files["events.jsonl"]
        texts = raw.removesuffix(b"\n").split(b"\n") if raw else []
        if any(len(text) > LONGEST for text in texts):
            raise Unusable("a line is longer than an entry can be")
        return texts

    def _whole(self) -> None:
        texts, size = self._texts(), self.checkpoint.size
        found = [tree.leaf(text) for text in texts]
        blob = self.files.get("leaf-hashes.bin", b"".join(found))
        listed = [blob[at : at + 32] for at in range(0, len(blob), 32)]
        is_signed = len(found) == size and tree.root(found) == self.checkpoint.root
        changed = [at for at in range(len(found)) if listed[at : at + 1] != found[at : at + 1]]
        end = len(texts)
        if self.since and self.since.size <= size == end and (is_signed or not changed):
            self.roots[self.since.size] = tree.root(found[: self.since.size])
        if is_signed and listed != found:
            self.answer.add("hashes_differ", file="leaf-hashes.bin")
            return
        if len(found) != size and changed:
            self.answer.add("entry_missing" if len(found) < size else "entry_inserted", changed[0])
            end = changed[0]
        elif len(found) != size:
            self.answer.add("trail_shorter_than_checkpoint" if len(found) < size else "entry_inserted", size)
        else:
            for at in changed:
                self.answer.add("text_changed", at)
            if not is_signed and not changed:
                self.answer.add("checkpoint_differs", size)
        had = [*(each for each in listed if len(each) == 32), *found[len(blob) // 32 :]]
        self._entries([(at, texts[at], had[at]) for at in range(end)])

    def _subjects(self) -> None:
        names = sorted(name for name in self.files if name.startswith("proofs/"))
        placed = []
        for at, text in enumerate(self._texts()):
            name = names[at] if at < len(names) else "proofs/"
            try:
                index, path, note = proof(self.files.get(name, b""))
                if note != self.files["checkpoint"] or name != f"proofs/{index:012}.tlog-proof":
                    raise Unusable("a proof is under another checkpoint, or under a wrong name")
            except Unusable:
                self.answer.add("proof_refused", file=name)
                continue
            leaf = tree.leaf(text)
            if tree.included(leaf, index, self.checkpoint.size, path) != self.checkpoint.root:
                self.answer.add("text_changed", index)
            placed.append((index, text, leaf))
        counts = {each["subject"]: each["entries"] for each in self.predicate["subjects"]}
        last = self._entries(placed, counts)
        for subject, count in counts.items():
            if last.get(subject, 0) != count:
                self.answer.add("entries_left_out")

    def _entries(self, placed: list[tuple[int, bytes, bytes]], wanted: dict[str, int] | None = None) -> dict[str, int]:
        """Check index, text and leaf hash of entries in order; return the last number of each subject."""
        numbers: dict[str, int] = {}
        hashes: dict[str, str] = {}
        for index, text, leaf in placed:
            try:
                read = entry(text)
            except Unusable:
                self.answer.add("text_not_canonical", index)
                continue
            subject = read["subject"]
            if read["log"] != self.checkpoint.origin or (wanted is not None and subject not in wanted):
                self.answer.add("entry_foreign", index)
            if read["number"] != numbers.get(subject, 0) + 1:
                self.answer.add("column_differs", index)
            elif read["previous"] != hashes.get(subject, ""):
                self.answer.add("previous_differs", index)
            numbers[subject], hashes[subject] = read["number"], leaf.hex()
        return numbers

    def _remembered(self) -> None:
        self.roots[self.checkpoint.size] = self.checkpoint.root
        if self.since is None or self.since.size == 0:
            return
        size = self.since.size
        if size > self.checkpoint.size:
            self.answer.add("trail_shorter_than_checkpoint", size)
        elif size in self.roots and self.roots[size] != self.since.root:
            differs = any(flaw.code == "checkpoint_differs" for flaw in self.answer.flaws)
            self.answer.add("checkpoint_differs" if differs else "trail_forked", size)
        elif size not in self.roots and not self.answer.flaws:
            raise Unusable("the bundle holds no proof from the remembered checkpoint")
        late = all(self.history.revoked.get(key, size + 1) <= size for key in self.since.by)
        if self.roots.get(size) == self.since.root and late and not self.since.cosigned:
            self.answer.reservations.append("only a revoked key signed what is remembered")
        else:
            counts = not self.quorum or self._is_witnessed(self.since)
            self._vouch(counts and self.roots.get(size) == self.since.root, size)


def _manifest(raw: bytes) -> dict:
    """The statement in the envelope, with all members that the check needs in their types."""
    value = loaded(raw)
    try:
        claims = value["predicate"]  # type: ignore[index]
        counts = {each["subject"]: each["entries"] for each in claims["subjects"] or ()}
        digests = {each["name"]: each["digest"]["sha256"] for each in value["subject"]}  # type: ignore[index]
        strings = [claims["origin"], claims["key"], *counts, *digests, *digests.values()]
        numbers = [claims["checkpoint"]["size"], *counts.values()]
        bytes.fromhex(claims["checkpoint"]["root"])
        kinds = value["_type"], value["predicateType"]  # type: ignore[index]
    except (KeyError, TypeError, ValueError) as reason:
        raise Unusable("the manifest is malformed") from reason
    if not all(isinstance(each, str) for each in strings) or not all(type(each) is int for each in numbers):
        raise Unusable("the manifest is malformed")
    if kinds != ("https://in-toto.io/Statement/v1", "urn:countersign:bundle:v1"):
        raise Unusable("the manifest is of another kind")
    return value  # type: ignore[return-value]
