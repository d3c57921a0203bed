"""How are witnesses asked for their word on a checkpoint, and what do they remember of us?

All are asked at the same time, and none for longer than the time allowed: a silent witness costs that much and no
more, a lying one is not counted. Threads only talk; proofs are made, and rows read, by the caller's.
"""

import contextlib
import http.client
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from urllib.parse import urlsplit

from audits.trail.notes import Checkpoint, NoteRefused
from audits.trail.witnessing.configured import Witness
from audits.trail.witnessing.protocol import SIZE_TYPE, Submission, read_cosignature, read_size

# More than a note with a hundred signatures needs.
MAX_ANSWER_BYTES = 512 * 1024
MAX_PORTION = 16 * 1024

Prove = Callable[[int, int], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from an address; status 0 when nothing did, and then the body says why."""

    status: int
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a witness made of our checkpoint: a line with its time, or a problem in a sentence."""

    witness: Witness
    line: str = ""
    time: int = 0
    problem: str = ""
    status: int = 0

    @property
    def was_turned_away(self) -> bool:
        """Whether the witness answered, in the protocol's own words, that it remembers something else."""
        return self.status in {409, 422}

    @property
    def has_cosigned(self) -> bool:
        return bool(self.line)


def ask_witnesses(
    witnesses: Sequence[Witness],
    note: str,
    *,
    checkpoint: Checkpoint,
    seen: Mapping[str, int],
    prove: Prove,
    seconds: float,
) -> list[Asked]:
    """Submit a note and return, witness by witness, the line or the problem.

    `seen` are the sizes we believe each witness to remember, by its name; one that remembers a smaller size than
    that, or more than we believe, says so and is asked once more.
    """
    old = {witness: min(seen.get(witness.name, 0), checkpoint.size) for witness in witnesses}
    answers = _submit(old, note, checkpoint, prove, seconds)
    again = {
        witness: size
        for witness, answer in answers.items()
        if (size := _remembered_size(answer)) is not None and size != old[witness] and size <= checkpoint.size
    }
    answers |= _submit(again, note, checkpoint, prove, seconds)
    return [_judged(witness, answers[witness], checkpoint) for witness in witnesses]


def remembered_notes(witnesses: Sequence[Witness], origin: str, *, seconds: float) -> dict[Witness, Answer]:
    """Ask each witness for the newest note of `origin` that it cosigned; a status of 404 says that it has none.

    A service of Countersign's own doors; the witness protocol has no such call, and other witnesses answer 404 too.
    """
    place = f"/checkpoint/{sha256(origin.encode()).hexdigest()}"
    return _at_the_same_time(dict.fromkeys(witnesses, ("GET", place, "")), seconds)


def _submit(
    old: Mapping[Witness, int], note: str, checkpoint: Checkpoint, prove: Prove, seconds: float
) -> dict[Witness, Answer]:
    def body(size: int) -> str:
        proof = prove(size, checkpoint.size) if 0 < size < checkpoint.size else ()
        return Submission(size, tuple(proof), note).text

    return _at_the_same_time(
        {witness: ("POST", "/add-checkpoint", body(size)) for witness, size in old.items()}, seconds
    )


def _remembered_size(answer: Answer) -> int | None:
    return read_size(answer.body) if answer.status == 409 and answer.kind == SIZE_TYPE else None


def _judged(witness: Witness, answer: Answer, checkpoint: Checkpoint) -> Asked:
    if answer.status == 0:
        return Asked(witness, problem=f"{witness.name} did not answer: {answer.body}.")
    if answer.status == 200:
        try:
            return Asked(witness, *read_cosignature(answer.body, checkpoint.text, witness.key))
        except NoteRefused as problem:
            return Asked(witness, problem=f"{witness.name} answered with something that does not count: {problem}")
    size = _remembered_size(answer)
    if size is not None:
        return Asked(
            witness,
            problem=f"{witness.name} says it has seen {size} entries of this trail, we have {checkpoint.size}.",
            status=409,
        )
    said = answer.body.strip().split("\n")[0][:200]
    return Asked(witness, problem=f"{witness.name} answered {answer.status}: {said}", status=answer.status)


class _Call:
    """One request, which another thread can cut off."""

    def __init__(self, witness: Witness, method: str, place: str, body: str, seconds: float) -> None:
        parts = urlsplit(witness.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=seconds)
        self._request = (method, f"{parts.path}{place}", body.encode())
        # Held here: the connection forgets its socket as soon as it has read the head of the answer.
        self._line: socket.socket | None = None

    def __call__(self) -> Answer:
        method, place, body = self._request
        try:
            self._connection.connect()
            self._line = self._connection.sock
            # No redirect is followed: the operator named this address and no other.
            self._connection.request(method, place, body, {"Content-Type": "text/plain; charset=utf-8"})
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.headers.get_content_type(), _read(answer))
        except (OSError, http.client.HTTPException, ValueError) as problem:
            return Answer(0, "", str(problem) or type(problem).__name__)
        finally:
            self._connection.close()

    def cut_off(self) -> None:
        """End a call that takes too long, however busily the other side sends: its thread then reads an end."""
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)


def _read(answer: http.client.HTTPResponse) -> str:
    portions: list[bytes] = []
    while portion := answer.read(MAX_PORTION):
        portions.append(portion)
        if len(portions) * MAX_PORTION > MAX_ANSWER_BYTES:
            raise ValueError(f"the answer is longer than {MAX_ANSWER_BYTES:,} bytes")
    return b"".join(portions).decode()


def _at_the_same_time(requests: Mapping[Witness, tuple[str, str, str]], seconds: float) -> dict[Witness, Answer]:
    if not requests:
        return {}
    calls = {witness: _Call(witness, *request, seconds) for witness, request in requests.items()}
    # Leaving the block waits for the threads: whoever forks afterwards has one thread again.
    with ThreadPoolExecutor(max_workers=min(len(calls), 16)) as pool:
        futures = {witness: pool.submit(call) for witness, call in calls.items()}
        late = wait(futures.values(), timeout=seconds).not_done
        for witness, future in futures.items():
            if future in late and not future.cancel():
                calls[witness].cut_off()
        silence = partial(Answer, 0, "", f"nothing came within {seconds:g} seconds")
        return {witness: silence() if future in late else future.result() for witness, future in futures.items()}
