"""How do a model, its bytes and a version of it get to the service?"""

import hashlib
from pathlib import Path
from typing import Any

from governance.cli.answers import OPEN, Answer, CouldNotTell, Line
from governance.cli.deciding import segment, version_link, version_path
from governance.cli.description import Upload, read_description, read_table
from governance.cli.service import CHUNK, Service
from governance.cli.terminal import Screen


def register(service: Service, screen: Screen, *, description: Path) -> Answer:
    """Register what a TOML file describes: the model, its files, and a version of it. Safe to run again."""
    said = read_description(description)
    name = said.model["name"]
    if set(said.model) == {"name"}:
        service.get(f"models/{segment(name)}")
    else:
        service.post("models", said.model)
    body: dict[str, Any] = dict(said.version)
    lines: list[Line] = []
    uploads = [("tables", use, upload) for use, upload in said.tables.items()]
    uploads += [("documents", kind, upload) for kind, upload in said.documents.items()]
    if said.artifact:
        body["artifact"] = _declared(service, screen, "artifact", said.artifact, lines)
    for part, purpose, upload in uploads:
        body.setdefault(part, {})[purpose] = _declared(service, screen, purpose, upload, lines)
    version = service.post(f"models/{segment(name)}/versions", body)
    reference = f"{name}/{version['number']}"
    headline = f"{reference} is registered; its checks are ordered."
    return Answer(OPEN, headline, tuple(lines), version_link(service, version), version)


def upload(
    service: Service,
    screen: Screen,
    *,
    file: Path,
    document: str = "",
    table: Path | None = None,
    is_artifact: bool = False,
    attach: str = "",
    purpose: str = "",
) -> Answer:
    """Send the bytes of a file, say what they are where that is asked for, and attach them to a version."""
    if not file.is_file():
        raise CouldNotTell(f"There is no file {file}.")
    if table:
        said, purpose = read_table(table, file), purpose or "evaluation"
    elif document:
        said, purpose = Upload(file, {"kind": "document", "document": document}), purpose or document
    elif is_artifact:
        said = Upload(file, {"kind": "artifact"})
    elif attach:
        raise CouldNotTell("Say what it is that is attached: --document KIND or --table TOML.")
    else:
        sha256 = _stored(service, screen, file)
        return Answer(OPEN, f"{file.name} is stored as {sha256}.", document={"sha256": sha256})
    if attach and is_artifact:
        raise CouldNotTell("An artifact makes a version of its own: `countersign register` brings it.")
    lines: list[Line] = []
    evidence = _declared(service, screen, purpose or "artifact", said, lines)
    if not attach:
        return Answer(OPEN, f"{file.name} is declared as {evidence}.", tuple(lines), document={"evidence": evidence})
    version = service.post(f"{version_path(service, attach)}/evidence", {"purpose": purpose, "evidence": evidence})
    headline = f"{file.name} is the {purpose} of {version['model']}/{version['number']} now."
    return Answer(OPEN, headline, tuple(lines), version_link(service, version), version)


def _declared(service: Service, screen: Screen, purpose: str, said: Upload, lines: list[Line]) -> str:
    """Return the uid under which a file is declared, stored first if it is not there yet."""
    sha256 = _stored(service, screen, said.path)
    evidence = service.post("evidence", {**said.declaration, "sha256": sha256, "name": said.path.name})
    rows = f", {evidence['row_count']:,} rows" if evidence.get("row_count") is not None else ""
    size = f"{evidence['size']:,} bytes{rows}"
    lines.append(Line("done", purpose, f"{said.path.name}, {evidence['format']}, {size}, sha256 {sha256[:16]}…"))
    return str(evidence["uid"])


def _stored(service: Service, screen: Screen, file: Path) -> str:
    """Return the SHA-256 of a file whose bytes are stored when this returns."""
    digest, size = hashlib.sha256(), file.stat().st_size
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    sha256 = digest.hexdigest()
    if not service.get("evidence", sha256=sha256, limit=1)["items"]:
        service.put(f"blobs/{sha256}", file, lambda sent: screen.progress(f"sending {file.name}", sent, size))
        screen.done()
    return sha256
