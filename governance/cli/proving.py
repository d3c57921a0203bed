"""May this file be deployed, by a statement that is checked here and not believed?"""

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from governance.cli.answers import CLOSED, OPEN, Answer, CouldNotTell, Line
from governance.cli.service import Service
from governance.cli.statement import StatementRefused, read_admission

SHA256 = re.compile(r"[0-9a-f]{64}")


def admit(
    service: Service | None, *, what: str, target: str, alias: str, key: str, statement: Path | None, save: Path | None
) -> Answer:
    """Tell whether a file (or a digest) may be deployed, by what the service signs or by a statement kept earlier."""
    sha256 = what if SHA256.fullmatch(what) else _digest_of(Path(what))
    if statement:
        envelope, document = _kept(statement), {}
    elif service:
        query = {"sha256": sha256, "target": target, **({"alias": alias} if alias else {})}
        document = service.get("admission", **query)
        lines = tuple(Line("block", one["requirement"] or one["code"], one["sentence"]) for one in document["reasons"])
        if not document["attestation"]:
            return Answer(CLOSED, f"Refused: {sha256}.", lines, document=document)
        envelope = document["attestation"]
    else:
        raise CouldNotTell("Give --url to ask, or --statement with a statement kept earlier.")
    try:
        said = read_admission(envelope, key=key, sha256=sha256, target=target, alias=alias, now=datetime.now(UTC))
    except StatementRefused as problem:
        return Answer(CLOSED, f"Refused: {sha256}. {problem}", document={"allowed": False, "problem": str(problem)})
    if save:
        save.write_text(json.dumps(envelope) + "\n", "utf-8")
    share = f", canary of {said.percent} percent" if said.percent else ""
    headline = f"Admitted: {said.version} to {target}, {said.rollout or 'full'}{share}."
    lines = (Line("admitted", "until", f"{said.valid_until:%Y-%m-%d %H:%M:%S} UTC"),)
    lines += tuple(Line("admitted", "level", level) for level in said.levels)
    return Answer(OPEN, headline, lines, document=document or {"allowed": True, "attestation": envelope})


def _digest_of(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        raise CouldNotTell(f"{file} cannot be read: {problem.strerror}.") from problem


def _kept(statement: Path) -> dict[str, Any]:
    try:
        envelope = json.loads(statement.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise CouldNotTell(f"{statement} holds no statement: {problem}.") from problem
    if not isinstance(envelope, dict):
        raise CouldNotTell(f"{statement} holds no statement: it is no JSON object.")
    return envelope
