"""How does the file of a version become the sections of a report? Pure: the same file, the same report."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from governance import charts
from governance.charts import plain
from governance.reports.cover import cover, missing, missing_section, short
from governance.reports.requirement import requirement_blocks
from governance.reports.sections import (
    Block,
    Bullets,
    Facts,
    Paragraph,
    Report,
    Section,
    Subheading,
    Table,
)
from governance.reports.words import DECISIONS, NOT_RECORDED, moment, spoken, stamp, terms_used

Document = Mapping[str, Any]


def build(file: Document) -> Report:
    """The report about one model version, cover first, every text safe to print."""
    model, version = file.get("model") or {}, file.get("version") or {}
    name, number = short(plain(model.get("name") or "unnamed model"), 60), plain(version.get("number") or "?")
    parts: list[tuple[str, str, Iterable[Block]]] = [
        ("missing", "What is missing", missing_section(missing(file))),
        ("model", "The model and its version", _model(model, version)),
        ("evidence", "Evidence by digest", _evidence(file.get("evidence") or ())),
        ("policy", "The policies", _policies(file.get("policies") or ())),
        ("requirements", "Requirements and figures", _requirements(file.get("requirements") or ())),
        ("promotions", "Promotions, decisions and signatures", _promotions(file.get("promotions") or ())),
        ("history", "History", _history(file.get("history") or ())),
        ("trail", "The trail and how to verify it", _trail(file.get("trail") or {})),
    ]
    sections: list[Section] = []
    for id, title, blocks in parts:
        number_of = len(sections) + 1
        built = tuple(_numbered(blocks, number_of))
        if built:
            sections.append(Section(id, number_of, title, built))
    sections.insert(0, Section("cover", 0, "Summary", tuple(cover(file, sections))))
    terms = terms_used(_texts(sections))
    if terms:
        words = Section("words", len(sections), "Words used in this report", (Facts(tuple(terms)),))
        sections.append(words)
    return Report(
        title=f"Report on {name}, version {number}",
        subtitle=f"Evidence, policy, decisions and history of one model version, kept by "
        f"{plain(file.get('origin') or NOT_RECORDED)}",
        generated_at=str(file.get("generated_at") or ""),
        generator=plain(file.get("generator") or "Countersign"),
        stem=_stem(model.get("name"), version.get("number"), file.get("generated_at")),
        sections=tuple(sections),
        file=file,
    )


def _model(model: Document, version: Document) -> Iterator[Block]:
    yield Facts(
        (
            ("Registered model", plain(model.get("name") or NOT_RECORDED)),
            ("Owner", plain(model.get("owner") or NOT_RECORDED)),
            ("Risk tier", spoken(model.get("risk_tier") or NOT_RECORDED)),
            ("Task", spoken(model.get("task") or NOT_RECORDED)),
            ("Description", plain(model.get("description") or NOT_RECORDED)),
            ("Intended use", plain(model.get("intended_use") or NOT_RECORDED)),
        )
    )
    yield Subheading("The version")
    yield Facts(
        (
            ("Version", plain(version.get("number") or NOT_RECORDED)),
            ("Stage", spoken(version.get("stage") or NOT_RECORDED)),
            ("Aliases", ", ".join(map(plain, version.get("aliases") or ())) or "none"),
            ("Registered by", plain(version.get("registered_by") or NOT_RECORDED)),
            ("Registered", moment(version.get("registered_at"))),
            ("Source", plain(version.get("source") or NOT_RECORDED)),
            ("Artifact format", plain(version.get("artifact_format") or NOT_RECORDED)),
            ("Artifact SHA-256", plain(version.get("artifact_sha256") or NOT_RECORDED)),
        ),
        code=("Artifact SHA-256",),
    )


def _evidence(evidence: Iterable[Document]) -> Iterator[Block]:
    yield Paragraph(
        "Each piece of evidence is named by the SHA-256 digest of its bytes. "
        "Whoever holds the bytes can compute the digest again and compare."
    )
    found = False
    for piece in evidence:
        found = True
        yield Subheading(f"{spoken(piece.get('purpose')).capitalize()}: {plain(piece.get('name'))}")
        yield Facts(
            (
                ("SHA-256", plain(piece.get("sha256") or NOT_RECORDED)),
                ("Size", charts.counted(piece["size"], "bytes") if piece.get("size") else NOT_RECORDED),
                ("Rows", _rows(piece)),
            ),
            code=("SHA-256",),
        )
        if piece.get("columns"):
            yield Table(
                f"Columns of {plain(piece.get('name'))}",
                ("Column", "Type", "Roles"),
                tuple(
                    (
                        plain(c.get("name")),
                        plain(c.get("type")),
                        ", ".join(map(plain, c.get("roles") or ())) or "none",
                    )
                    for c in piece["columns"]
                ),
                (2, 1, 2),
            )
    if not found:
        yield Paragraph("No evidence is recorded for this version.", "lead")


def _rows(piece: Document) -> str:
    if (rows := piece.get("rows")) is None:
        return "not a table"
    return (
        f"{charts.counted(rows, 'rows')}, as a stored profile of them"
        if piece.get("is_profile")
        else charts.counted(rows, "rows")
    )


def _policies(policies: Iterable[Document]) -> Iterator[Block]:
    listed = list(policies)
    if not listed:
        yield Paragraph("No policy applies to this version, so nothing may be promoted.", "lead")
        return
    yield Paragraph(
        "The requirements, their limits and the approvals asked for are the choice of the policies' authors. "
        "Every policy that guards a move must be satisfied."
    )
    for policy in listed:
        yield from _policy(policy)


def _policy(policy: Document) -> Iterator[Block]:
    yield Subheading(plain(policy.get("title") or policy.get("name") or NOT_RECORDED))
    yield Facts(
        (
            ("Policy", plain(policy.get("name") or NOT_RECORDED)),
            ("Title", plain(policy.get("title") or NOT_RECORDED)),
            ("Edition", plain(policy.get("number") or NOT_RECORDED)),
            ("SHA-256 of the text", plain(policy.get("sha256") or NOT_RECORDED)),
        ),
        code=("SHA-256 of the text",),
    )
    yield Paragraph("The text in force was:")
    yield Paragraph(plain(policy.get("text") or NOT_RECORDED, lines=True), "code")


def _requirements(requirements: Iterable[Document]) -> Iterator[Block]:
    listed = list(requirements)
    if not listed:
        yield Paragraph("No policy lists a requirement for this version.", "lead")
    for index, requirement in enumerate(listed, start=1):
        yield from requirement_blocks(f"{{}}.{index}", requirement)


def _promotions(promotions: Iterable[Document]) -> Iterator[Block]:
    listed = list(promotions)
    if not listed:
        yield Paragraph("No promotion has been asked for.", "lead")
    for index, promotion in enumerate(listed, start=1):
        target, state = plain(promotion.get("target")), spoken(promotion.get("state"))
        yield Subheading(f"{{}}.{index} To {target}: {state}")
        yield Facts(
            (
                ("Asked for by", plain(promotion.get("requested_by") or NOT_RECORDED)),
                ("Asked for", moment(promotion.get("requested_at"))),
                ("Promotion", plain(promotion.get("uid") or NOT_RECORDED)),
            )
        )
        decisions = tuple(_decision_rows(promotion.get("decisions") or ()))
        if decisions:
            yield Table(
                "Gate decisions and their reasons",
                ("Decided (UTC)", "Decision", "Requirement", "Reason"),
                decisions,
                (0, 0, 3, 6),
            )
        else:
            yield Paragraph("The gate has not decided on this request.")
        signatures = tuple(
            (
                _signer(a),
                plain(a.get("group") or NOT_RECORDED),
                _signed(a),
                plain(a.get("reason") or "none given"),
                stamp(a.get("at")),
            )
            for a in promotion.get("approvals") or ()
        )
        if signatures:
            yield Table(
                "Approvals and refusals",
                ("Signed by", "For", "Meaning", "Reason", "Signed (UTC)"),
                signatures,
                (3, 3, 3, 5, 0),
            )
            yield from _conditions(promotion.get("approvals") or ())
        else:
            yield Paragraph("Nobody has signed this request.")


def _decision_rows(decisions: Iterable[Document]) -> Iterator[tuple[str, ...]]:
    for decision in decisions:
        outcome = str(decision.get("outcome"))
        shown = outcome if outcome in DECISIONS else spoken(outcome)
        reasons = decision.get("reasons") or ({"sentence": "No reason was recorded."},)
        for reason in reasons:
            yield (
                stamp(decision.get("at")),
                shown,
                plain(reason.get("requirement") or "the request itself"),
                plain(reason.get("sentence") or spoken(reason.get("code"))),
            )


def _signer(approval: Document) -> str:
    by, behalf = plain(approval.get("by") or NOT_RECORDED), approval.get("on_behalf_of")
    return f"{by} for {plain(behalf)}" if behalf else by


def _signed(approval: Document) -> str:
    """What the signature means, how it was given, and whether it counts no more."""
    verdict, meaning = str(approval.get("verdict")), approval.get("meaning")
    if verdict.startswith("refus"):
        said = "✗ refusal"
    elif meaning:
        said = f"✓ {spoken(meaning)}"
    else:
        said = "✓ approval" if verdict.startswith("approv") else f"✓ {spoken(verdict)}"
    if approval.get("reauthenticated_at"):
        said += ", password given again"
    if lapsed := approval.get("lapsed"):
        said += f"; lapsed, {plain(lapsed)} changed"
    return said


def _conditions(approvals: Iterable[Document]) -> Iterator[Block]:
    rows = tuple(
        (
            plain(condition.get("text")),
            plain(condition.get("owner") or NOT_RECORDED),
            stamp(condition.get("due_at")),
            spoken(condition.get("state")),
        )
        for approval in approvals
        for condition in approval.get("conditions") or ()
    )
    if rows:
        yield Table("Conditions of the approvals", ("Condition", "Owner", "Due (UTC)", "State"), rows, (6, 3, 0, 0))


def _history(history: Iterable[Document]) -> Iterator[Block]:
    lines = list(history)
    if not lines:
        yield Paragraph("No history is recorded for this version.", "lead")
        return
    yield Paragraph(
        f"The trail holds {charts.counted(len(lines), 'entries')} about this version, from entry "
        f"{plain(lines[0].get('index'))} to entry {plain(lines[-1].get('index'))}. "
        "Refused and failed attempts are listed like everything else."
    )
    yield Table(
        "Entries about this version",
        ("Entry", "Recorded (UTC)", "Actor", "Action", "What happened"),
        tuple(
            (
                plain(line.get("index")),
                stamp(line.get("recorded_at")),
                plain(line.get("actor")),
                plain(line.get("action")),
                plain(line.get("sentence")),
            )
            for line in lines
        ),
        (0, 0, 4, 4, 7),
    )


def _trail(trail: Document) -> Iterator[Block]:
    size, witnessed = trail.get("size"), trail.get("witnessed_size")
    tail = trail.get("unwitnessed")
    if tail is None and size is not None:
        tail = size - (witnessed or 0)
    yield Facts(
        (
            ("Origin", plain(trail.get("origin") or NOT_RECORDED)),
            ("Entries covered", charts.counted(size, "entries") if size is not None else NOT_RECORDED),
            ("Root", plain(trail.get("root") or NOT_RECORDED)),
            ("Key fingerprint", plain(trail.get("key_fingerprint") or NOT_RECORDED)),
            ("Witnessed", charts.counted(witnessed or 0, "entries")),
            ("Unwitnessed tail", charts.counted(tail, "entries") if tail is not None else NOT_RECORDED),
        ),
        code=("Root", "Key fingerprint"),
    )
    if witnessed:
        yield Paragraph(
            f"Entries 0 to {charts.counted(witnessed - 1)} lie under a checkpoint that "
            "a witness outside the service has kept. "
            f"The last {charts.counted(tail or 0, 'entries')} are signed by the service's own key only."
        )
    else:
        yield Paragraph(
            "No witness outside the service has kept a checkpoint: every entry is signed by the service's own key only."
        )
    if trail.get("checkpoint"):
        yield Paragraph("The checkpoint, a signed note in the published C2SP format:")
        yield Paragraph(plain(trail["checkpoint"], lines=True).rstrip("\n"), "code")
    yield Subheading("How to verify in three steps")
    yield Bullets(
        (
            "Ask the operator for the fingerprint of the key over another channel, and compare it with the one above.",
            "Check the signature of the checkpoint with that key; the note's second and third line must be "
            "the size and the root above.",
            "Ask for the entries listed under History with their inclusion proofs, hash them again and "
            "compare with the root. "
            "On the service itself, python manage.py verify_trail does so for every entry.",
        ),
        numbered=True,
    )
    yield Paragraph(
        "What this does not show: whoever controls the database, the key and every kept checkpoint can "
        "rewrite everything; whoever controls the database and the key can rewrite the unwitnessed tail; "
        "and a false statement that was truthfully recorded stays false. "
        "What never reached the service is not in this report.",
        "note",
    )


def _numbered(blocks: Iterable[Block], number: int) -> Iterator[Block]:
    for block in blocks:
        if isinstance(block, Subheading) and block.text.startswith("{}."):
            yield Subheading(f"{number}{block.text[2:]}")
        else:
            yield block


def _texts(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        for block in section.blocks:
            for value in vars(block).values():
                yield from _strings(value)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _strings(item)


def _stem(name: object, number: object, generated_at: object) -> str:
    """A file name that every system and every header accepts, whatever the model is called."""
    folded = unicodedata.normalize("NFKD", str(name or "")).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", folded.lower()).strip("-")[:60] or "model"
    version = re.sub(r"[^0-9A-Za-z]+", "", str(number or "0"))[:12]
    day = re.match(r"\d{4}-\d{2}-\d{2}", str(generated_at or ""))
    return f"countersign-{slug}-v{version}" + (f"-{day.group()}" if day else "")
