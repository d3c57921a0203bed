"""How does a pipeline hand in a model?"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from audits.evidence import (
    DEFINITIONS,
    Evidence,
    EvidenceMissing,
    Readable,
    UnusableDefinition,
    UploadRefused,
    declare_artifact,
    declare_document,
    declare_table,
    inspect_definition,
    local_path,
    receive,
)
from audits.runs import order_runs
from audits.sandbox import ModelRefused, check_artifact_format
from audits.tables import TableFormat
from audits.trail import Actor, now, record
from governance.dispatch import ring_on_commit
from governance.errors import (
    ArtifactUnacceptable,
    EvidenceUnfit,
    Malformed,
    UploadUnacceptable,
)
from governance.models import Account
from governance.roles import Verb
from governance.selectors.policies import rules_about
from governance.selectors.requirements import orders_for
from governance.services._documents import facts_of_document, unknown_bytes
from governance.services._fitness import refuse_unfit_submission
from governance.services._tables import read_table
from governance.services.authority import authorise
from registry import services as registry
from registry.errors import VersionRetired
from registry.models import EntryType, ModelVersion, RegisteredModel, VersionStage
from registry.selectors import find_version, get_model
from registry.stages import Stage

MOST_TAGS, LONGEST_TAG = 20, 200
MOST_UPSTREAMS = 100


def register_model(
    *,
    actor: Actor,
    name: str,
    risk_tier: str,
    task: str,
    description: str = "",
    intended_use: str = "",
    entry_type: str = EntryType.TRAINED_MODEL,
    tags: Mapping[str, str] | None = None,
) -> RegisteredModel:
    """Name a line of versions, of one type of entry. Tags are texts by name that policies can ask for.

    Records: model.registered. Raises: NotEntitled, Malformed, NameTaken.
    """
    authorise(actor, Verb.REGISTER)
    if not registry.NAME.fullmatch(name):
        raise Malformed(
            "A name has 1 to 120 lower-case letters, digits, dots, dashes or underscores and begins and ends with a "
            "letter or digit.",
            field="name",
        )
    refuse_malformed_entry(entry_type, tags or {})
    with record(actor=actor, at=now()) as recording:
        return registry.register_model(
            recording=recording,
            name=name,
            risk_tier=risk_tier,
            task=task,
            description=description,
            intended_use=intended_use,
            entry_type=entry_type,
            tags=tags,
        )


def refuse_malformed_entry(entry_type: str, tags: Mapping[str, str]) -> None:
    """Raises: Malformed when there is no such entry type, or a tag is none that policies can ask for."""
    if entry_type not in EntryType.values:
        raise Malformed(
            f"There is no entry type {entry_type!r}; use {', '.join(EntryType.values)}.", field="entry_type"
        )
    if len(tags) > MOST_TAGS:
        raise Malformed(f"A model has at most {MOST_TAGS} tags.", field="tags")
    for name, value in tags.items():
        if not registry.NAME.fullmatch(name) or not 1 <= len(value) <= LONGEST_TAG or not value.isprintable():
            raise Malformed(
                f"The tag {name[:60]!r} will not do: its name is written like a model's, its value is one line of 1 to "
                f"{LONGEST_TAG} characters.",
                field="tags",
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
    parsed, facts = read_table(sha256=sha256, name=name, fmt=fmt, declaration=declaration)
    with record(actor=actor, at=now()) as recording:
        return declare_table(recording=recording, sha256=sha256, name=name, fmt=fmt, declaration=parsed, facts=facts)


def declare_artifact_evidence(*, actor: Actor, sha256: str, name: str, format_name: str = "") -> Evidence:
    """Put a stored artifact on record, without opening it as a model.

    A model is recognised by its content. A prompt (`text`), an agent (`json`) and a `reference` to somebody else's
    model say what they are with `format_name`, and are read as such.
    Records: artifact.declared.
    Raises: NotEntitled, UnknownBlob, ArtifactUnacceptable (a pickle, an unknown format, no such definition).
    Idempotent: by bytes and format.
    """
    authorise(actor, Verb.REGISTER)
    if format_name and format_name not in DEFINITIONS:
        raise Malformed(
            f"Only {', '.join(DEFINITIONS)} are declared; a model is recognised by its content.", field="format"
        )
    definition = None
    try:
        with local_path(sha256) as path:
            if format_name:
                definition = inspect_definition(path, format_name)
            else:
                format_name = check_artifact_format(path)
    except EvidenceMissing:
        raise unknown_bytes(sha256) from None
    except (ModelRefused, UnusableDefinition) as problem:
        raise ArtifactUnacceptable(str(problem), reason=problem.code, file=name) from None
    with record(actor=actor, at=now()) as recording:
        return declare_artifact(
            recording=recording, sha256=sha256, name=name, format_name=format_name, definition=definition
        )


def declare_document_evidence(*, actor: Actor, sha256: str, name: str, kind: str, attested_by: str = "") -> Evidence:
    """Put a stored document on record; of a UTF-8 text the headings are read, of anything else nothing.

    `attested_by` names the organisation that stands for an external evaluation.
    Records: document.declared. Raises: NotEntitled, UnknownBlob, Malformed, DocumentUnacceptable.
    Idempotent: by bytes, kind and who attests it.
    """
    authorise(actor, Verb.REGISTER)
    facts = facts_of_document(sha256=sha256, name=name, kind=kind, attested_by=attested_by)
    with record(actor=actor, at=now()) as recording:
        return declare_document(
            recording=recording, sha256=sha256, name=name, kind=kind, facts=facts, attested_by=attested_by
        )


def submit_version(
    *,
    actor: Actor,
    model_name: str,
    artifact: Evidence,
    tables: Mapping[str, Evidence],
    documents: Mapping[str, Evidence] | None = None,
    source: str = "",
    notes: str = "",
    trained_by: str = "",
    parent: ModelVersion | None = None,
    upstreams: Sequence[ModelVersion] = (),
) -> ModelVersion:
    """Register a version and order the checks that the policies about its model ask for.

    What it must bring depends on the model's type of entry. `trained_by` is the actor (kind:id) who owns the training
    run, `parent` what a fine-tune or an adapter was made from, `upstreams` the versions whose output it consumes; an
    adapter runs on its parent and therefore consumes it.
    Records: version.registered, version.moved, evidence.attached per document, dependency.recorded per upstream,
    check_run.ordered for each check.
    Raises: NotEntitled, UnknownModel, EvidenceUnfit, Malformed, VersionRetired, VersionDeleted.
    Idempotent: by model and artifact with the same particulars.
    """
    authorise(actor, Verb.REGISTER)
    model = get_model(model_name)
    documents = documents or {}
    refuse_unfit_submission(model, artifact, tables, documents, parent)
    if parent is not None and model.entry_type == EntryType.ADAPTER:
        upstreams = [*upstreams, parent]
    consumed = {upstream.pk: upstream for upstream in upstreams}
    _refuse_unfit_people_and_versions(trained_by, [*consumed.values(), *([parent] if parent else [])])
    with record(actor=actor, at=now()) as recording:
        known = find_version(model=model, artifact_sha256=artifact.sha256)
        if known:
            return _same_version(known, tables, documents, trained_by, parent, set(consumed))
        version = registry.register_version(
            recording=recording,
            model=model,
            artifact=artifact,
            tables=dict(tables),
            documents=dict(documents),
            source=source,
            notes=notes,
            trained_by=trained_by,
            parent=parent,
            upstreams=list(consumed.values()),
        )
        orders = {order.identity: order for order in orders_for(rules_about(model), version).values()}
        batch = order_runs(recording=recording, orders=list(orders.values()), subject=version.subject)
        ring_on_commit(batch)
    return version


def _refuse_unfit_people_and_versions(trained_by: str, built_on: Sequence[ModelVersion]) -> None:
    if trained_by and trained_by not in {str(account.actor) for account in _accounts(trained_by)}:
        raise Malformed(f"No account is {trained_by[:60]!r}; give kind:id as the trail has it.", field="trained_by")
    if len(built_on) > MOST_UPSTREAMS:
        raise Malformed(f"A version consumes at most {MOST_UPSTREAMS} others.", field="upstreams")
    gone = VersionStage.objects.filter(version__in=built_on, stage=Stage.RETIRED).first()
    if gone:
        raise VersionRetired(f"{gone.version} is retired; nothing new is built on it.")


def _accounts(actor: str) -> Iterable[Account]:
    try:
        return Account.objects.filter(uid=UUID(actor.partition(":")[2]))
    except ValueError:
        return []


def _same_version(
    known: ModelVersion,
    tables: Mapping[str, Evidence],
    documents: Mapping[str, Evidence],
    trained_by: str,
    parent: ModelVersion | None,
    upstreams: set[int],
) -> ModelVersion:
    """Return the version there is when it was handed in with the same particulars, whatever joined it since."""
    handed_in = {row.reference["uid"] for row in known.attachments.all()}
    is_same = (
        {purpose: reference["uid"] for purpose, reference in known.evidence.items()}
        == {purpose: str(table.uid) for purpose, table in tables.items()}
        and {str(document.uid) for document in documents.values()} <= handed_in
        and (known.trained_by, known.parent_id) == (trained_by, parent.pk if parent else None)
        and set(known.dependencies.values_list("upstream_id", flat=True)) == upstreams
    )
    if is_same:
        return known
    raise EvidenceUnfit(
        f"This artifact is {known} already, with other evidence or particulars. What a version was registered with "
        "does not change: train again, attach evidence to it, or ask for the promotion of the version there is.",
        version=known.number,
    )
