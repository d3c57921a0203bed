"""How does evidence join a version that exists already?"""

import hashlib
from collections.abc import Callable
from typing import IO

from audits.evidence import Evidence, UploadRefused, declare_document, declare_table, receive
from audits.runs import order_runs
from audits.tables import TableFormat
from audits.trail import Actor, Recording, now, record
from governance.dispatch import ring_on_commit
from governance.errors import UploadUnacceptable
from governance.roles import Verb
from governance.selectors.policies import rules_about
from governance.selectors.requirements import newest_runs, orders_for
from governance.services._documents import facts_of_document, refuse_unfit_kind
from governance.services._fitness import refuse_unfit, refuse_unfit_purpose, refuse_unfit_task
from governance.services._settlement import settle_what_is_open
from governance.services._tables import read_table
from governance.services.authority import authorise
from registry import services as registry
from registry.errors import VersionRetired
from registry.models import EvidenceAttachment, ModelVersion, VersionStage
from registry.stages import Stage

CHUNK = 1024 * 1024


def attach_evidence(
    *,
    actor: Actor,
    version: ModelVersion,
    purpose: str,
    evidence: Evidence,
    still: Callable[[], None] | None = None,
) -> EvidenceAttachment:
    """Add a table or a document to a version's evidence, in the place of what served that purpose before.

    The checks that policies ask for over the new evidence are ordered, and the version's open promotions hear of it
    at once: approvals given over the evidence of before lapse.
    `still` is asked when the model is locked, and raises when the evidence is not as the caller has seen it.
    Records: evidence.attached, check_run.ordered for each check, and what settling each open promotion records.
    Raises: NotEntitled, EvidenceUnfit, VersionRetired, VersionDeleted.
    Idempotent: while the same evidence is the newest of its purpose.
    Locks: the model, then the version's open promotions.
    """
    authorise(actor, Verb.REGISTER)
    refuse_unfit(version.model, purpose, evidence)
    with record(actor=actor, at=now()) as recording:
        current = _lock(version, still)
        return _attach(recording, current, purpose, evidence)


def attach_document(
    *,
    actor: Actor,
    version: ModelVersion,
    kind: str,
    name: str,
    file: IO[bytes],
    attested_by: str = "",
    still: Callable[[], None] | None = None,
) -> EvidenceAttachment:
    """Store a document, put it on record and add it to a version's evidence: what a pipeline does in three steps.

    `file` is read from its beginning, twice. `still` as for `attach_evidence`.
    Records: document.declared, and as `attach_evidence`.
    Raises: as `attach_evidence`; UploadUnacceptable, DocumentUnacceptable, Malformed.
    Idempotent and locks: as `attach_evidence`.
    """
    authorise(actor, Verb.REGISTER)
    refuse_unfit_kind(kind, attested_by)
    sha256 = _stored(file)
    facts = facts_of_document(sha256=sha256, name=name, kind=kind, attested_by=attested_by)
    with record(actor=actor, at=now()) as recording:
        current = _lock(version, still)
        evidence = declare_document(
            recording=recording, sha256=sha256, name=name, kind=kind, facts=facts, attested_by=attested_by
        )
        return _attach(recording, current, kind, evidence)


def attach_table(
    *,
    actor: Actor,
    version: ModelVersion,
    purpose: str,
    name: str,
    file: IO[bytes],
    fmt: TableFormat,
    declaration: object,
    still: Callable[[], None] | None = None,
) -> EvidenceAttachment:
    """Store a table, put it on record with what its columns mean, and add it to a version's evidence.

    `file` is read from its beginning, twice, and the stored table once more. `still` as for `attach_evidence`.
    Records: table.declared, and as `attach_evidence`.
    Raises: as `attach_evidence`; UploadUnacceptable, TableUnacceptable.
    Idempotent and locks: as `attach_evidence`.
    """
    authorise(actor, Verb.REGISTER)
    refuse_unfit_purpose(purpose, fmt.format)
    sha256 = _stored(file)
    parsed, facts = read_table(sha256=sha256, name=name, fmt=fmt, declaration=declaration)
    refuse_unfit_task(version.model, purpose, name, parsed.task)
    with record(actor=actor, at=now()) as recording:
        current = _lock(version, still)
        evidence = declare_table(
            recording=recording, sha256=sha256, name=name, fmt=fmt, declaration=parsed, facts=facts
        )
        return _attach(recording, current, purpose, evidence)


def _stored(file: IO[bytes]) -> str:
    """Store the bytes of a file and return their digest. Raises: UploadUnacceptable."""
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    file.seek(0)
    try:
        receive(file, sha256=digest.hexdigest(), length=None)
    except UploadRefused as problem:
        raise UploadUnacceptable(str(problem), reason=problem.code) from None
    return digest.hexdigest()


def _lock(version: ModelVersion, still: Callable[[], None] | None) -> ModelVersion:
    """Lock the model and return the version as it is now. Raises: VersionDeleted, VersionRetired, what `still` does."""
    registry.lock_versions(version.model_id)
    if still:
        still()
    registry.refuse_deleted(version, "its evidence does not change any more")
    if VersionStage.objects.get(version=version).stage == Stage.RETIRED:
        raise VersionRetired(f"{version} is retired; its evidence does not change any more.")
    return ModelVersion.objects.select_related("model").get(pk=version.pk)


def _attach(recording: Recording, version: ModelVersion, purpose: str, evidence: Evidence) -> EvidenceAttachment:
    known = _newest(version, purpose, evidence)
    if known:
        return known
    row = registry.attach_evidence(recording=recording, version=version, purpose=purpose, evidence=evidence)
    hear_of_news(recording=recording, version=version)
    return row


def hear_of_news(*, recording: Recording, version: ModelVersion) -> None:
    """Order the checks over what a version consists of now, and settle its open promotions."""
    current = ModelVersion.objects.select_related("model", "binding").get(pk=version.pk)
    _order(recording, current)
    settle_what_is_open(recording=recording, version=version)


def _newest(version: ModelVersion, purpose: str, evidence: Evidence) -> EvidenceAttachment | None:
    rows = [row for row in version.attachments.all() if (row.kind, row.purpose) == (evidence.kind, purpose)]
    return rows[-1] if rows and rows[-1].reference["uid"] == str(evidence.uid) else None


def _order(recording: Recording, version: ModelVersion) -> None:
    """Order what the policies ask for over exactly this evidence, as far as it was never ordered over it."""
    rules = rules_about(version.model)
    ordered = newest_runs(rules, version)
    orders = {order.identity: order for key, order in orders_for(rules, version).items() if key not in ordered}
    ring_on_commit(order_runs(recording=recording, orders=list(orders.values()), subject=version.subject))
