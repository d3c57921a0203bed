"""How does a pipeline hand in a model?"""

from typing import Any

from audits.evidence import (
    Evidence,
    EvidenceKind,
    EvidenceMissing,
    Readable,
    UploadRefused,
    declare_artifact,
    declare_table,
    local_path,
    receive,
)
from audits.runs import order_runs
from audits.sandbox import ModelRefused, check_artifact_format
from audits.tables import TableFormat, UnusableTable, inspect_table, parse_declaration
from audits.trail import Actor, now, record
from governance.dispatch import ring_on_commit
from governance.errors import (
    ArtifactUnacceptable,
    EvidenceUnfit,
    Malformed,
    TableUnacceptable,
    UnknownBlob,
    UploadUnacceptable,
)
from governance.roles import Verb
from governance.selectors.policies import rules_about
from governance.selectors.requirements import orders_for
from governance.services.authority import authorise
from registry import services as registry
from registry.models import ModelVersion, RegisteredModel
from registry.selectors import find_version, get_model

TABLE_PURPOSES = ("evaluation", "reference")


def register_model(
    *, actor: Actor, name: str, risk_tier: str, task: str, description: str = "", intended_use: str = ""
) -> RegisteredModel:
    """Name a line of versions. Records: model.registered. Raises: NotEntitled, Malformed, NameTaken."""
    authorise(actor, Verb.REGISTER)
    if not registry.NAME.fullmatch(name):
        raise Malformed(
            "A name has 1 to 120 lower-case letters, digits, dots, dashes or underscores and begins and ends with a "
            "letter or digit.",
            field="name",
        )
    with record(actor=actor, at=now()) as recording:
        return registry.register_model(
            recording=recording,
            name=name,
            risk_tier=risk_tier,
            task=task,
            description=description,
            intended_use=intended_use,
        )


def receive_bytes(*, actor: Actor, stream: Readable, sha256: str, length: int | None) -> int:
    """Store bytes under their digest; they are no evidence yet, so nothing is recorded. Returns the size in bytes.

    Raises: NotEntitled, UploadUnacceptable. Idempotent: by digest.
    """
    authorise(actor, Verb.REGISTER)
    try:
        return receive(stream, sha256=sha256, length=length)
    except UploadRefused as problem:
        raise UploadUnacceptable(str(problem), reason=problem.code) from None


def declare_table_evidence(*, actor: Actor, sha256: str, name: str, fmt: TableFormat, declaration: object) -> Evidence:
    """Read a stored table from end to end and put it on record with what its columns mean.

    Records: table.declared. Raises: NotEntitled, UnknownBlob, TableUnacceptable with file, column, row and line.
    Idempotent: by bytes and declaration.
    """
    authorise(actor, Verb.REGISTER)
    try:
        parsed = parse_declaration(declaration)
        with local_path(sha256) as path:
            facts = inspect_table(path, fmt, parsed)
    except EvidenceMissing:
        raise _unknown_bytes(sha256) from None
    except UnusableTable as problem:
        raise TableUnacceptable(
            str(problem),
            reason=problem.code,
            file=name,
            column=problem.column,
            row=problem.row,
            line=problem.line,
            fix=problem.fix,
        ) from None
    with record(actor=actor, at=now()) as recording:
        return declare_table(recording=recording, sha256=sha256, name=name, fmt=fmt, declaration=parsed, facts=facts)


def declare_artifact_evidence(*, actor: Actor, sha256: str, name: str) -> Evidence:
    """Recognise a stored artifact by its content, without opening it as a model, and put it on record.

    Records: artifact.declared. Raises: NotEntitled, UnknownBlob, ArtifactUnacceptable (a pickle, an unknown format).
    Idempotent: by bytes.
    """
    authorise(actor, Verb.REGISTER)
    try:
        with local_path(sha256) as path:
            format_name = check_artifact_format(path)
    except EvidenceMissing:
        raise _unknown_bytes(sha256) from None
    except ModelRefused as problem:
        raise ArtifactUnacceptable(str(problem), reason=problem.code, file=name) from None
    with record(actor=actor, at=now()) as recording:
        return declare_artifact(recording=recording, sha256=sha256, name=name, format_name=format_name)


def _unknown_bytes(sha256: str) -> UnknownBlob:
    return UnknownBlob(f"No bytes with the digest {sha256} are stored; upload them first.", sha256=sha256)


def submit_version(
    *,
    actor: Actor,
    model_name: str,
    artifact: Evidence,
    tables: dict[str, Evidence],
    source: str = "",
    notes: str = "",
) -> ModelVersion:
    """Register a version and order the checks that the policies of its risk tier ask for.

    Records: version.registered, version.moved, check_run.ordered for each check.
    Raises: NotEntitled, UnknownModel, EvidenceUnfit. Idempotent: by model and artifact with the same evidence.
    """
    authorise(actor, Verb.REGISTER)
    model = get_model(model_name)
    _refuse_unfit(model, artifact, tables)
    with record(actor=actor, at=now()) as recording:
        known = find_version(model=model, artifact_sha256=artifact.sha256)
        if known:
            return _same_version(known, tables)
        version = registry.register_version(
            recording=recording, model=model, artifact=artifact, tables=tables, source=source, notes=notes
        )
        orders = {order.identity: order for order in orders_for(rules_about(model), version).values()}
        batch = order_runs(recording=recording, orders=list(orders.values()), subject=version.subject)
        ring_on_commit(batch)
    return version


def _refuse_unfit(model: RegisteredModel, artifact: Evidence, tables: dict[str, Evidence]) -> None:
    if artifact.kind != EvidenceKind.ARTIFACT:
        raise EvidenceUnfit(f"{artifact.name} is declared as a {artifact.kind}, not as an artifact.", field="artifact")
    for purpose, table in tables.items():
        if purpose not in TABLE_PURPOSES:
            raise EvidenceUnfit(f"Tables serve as {' or '.join(TABLE_PURPOSES)}, not as {purpose!r}.", field=purpose)
        if table.kind != EvidenceKind.TABLE:
            raise EvidenceUnfit(f"{table.name} is declared as a {table.kind}, not as a table.", field=purpose)
        task = table.declaration["declaration"]["task"]
        if task != model.task:
            raise EvidenceUnfit(
                f"{table.name} is declared for a {task} task, and {model.name} has a {model.task} task.",
                field=purpose,
            )
    if "evaluation" not in tables:
        raise EvidenceUnfit(
            "A version needs an evaluation table: without it nothing can be checked.", field="evaluation"
        )


def _same_version(known: ModelVersion, tables: dict[str, Evidence]) -> ModelVersion:
    given: dict[str, Any] = {
        purpose: {"sha256": table.sha256, "declaration_sha256": table.declaration_sha256}
        for purpose, table in tables.items()
    }
    if known.inputs["tables"] == given:
        return known
    raise EvidenceUnfit(
        f"This artifact is {known} already, with other evidence. A version's evidence does not change: "
        "train again, or ask for the promotion of the version there is.",
        version=known.number,
    )
