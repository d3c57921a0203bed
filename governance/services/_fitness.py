"""Does evidence fit what it is handed in for, and does a submission bring what its kind of entry needs?"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from audits.evidence import Evidence, EvidenceKind
from audits.sandbox import FORMATS
from audits.tables import PROFILE
from governance.errors import EvidenceUnfit
from governance.policy_format import document_kinds
from registry.models import EntryType, ModelVersion, RegisteredModel, Task

EVALUATION = "evaluation"
PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Demand:
    """What a version of one kind of entry must bring at its submission."""

    formats: Collection[str]
    brings: str
    tables: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    has_parent: bool = False


_MODEL = "a model artifact (" + ", ".join(FORMATS) + ")"
_NO_ARTIFACT = "a reference (provider, product, version) in the place of an artifact"

DEMANDS: Mapping[str, Demand] = {
    EntryType.TRAINED_MODEL: Demand(FORMATS, _MODEL, tables=(EVALUATION,)),
    EntryType.FINE_TUNE: Demand(FORMATS, _MODEL, tables=(EVALUATION,), has_parent=True),
    EntryType.ADAPTER: Demand(FORMATS, _MODEL, tables=(EVALUATION,), has_parent=True),
    EntryType.PROMPT: Demand(("text",), "an artifact of the format text"),
    EntryType.AGENT: Demand(("json",), "an artifact of the format json"),
    EntryType.FOUNDATION_MODEL: Demand(("reference",), _NO_ARTIFACT, documents=("licence",)),
    EntryType.VENDOR_MODEL: Demand(("reference",), _NO_ARTIFACT, documents=("licence",)),
}


def refuse_unfit_submission(
    model: RegisteredModel,
    artifact: Evidence,
    tables: Mapping[str, Evidence],
    documents: Mapping[str, Evidence],
    parent: ModelVersion | None,
) -> None:
    """Return when a version of this model can be made of these. Raises: EvidenceUnfit with `field`."""
    demand = DEMANDS[model.entry_type]
    entry = f"A version of a {model.entry_type.replace('_', ' ')}"
    refuse_unfit_artifact(model, artifact)
    for purpose, evidence in (*tables.items(), *documents.items()):
        expected = EvidenceKind.TABLE if purpose in tables else EvidenceKind.DOCUMENT
        if evidence.kind != expected:
            raise EvidenceUnfit(
                f"{evidence.name} is declared as a {evidence.kind}, not as a {expected}.", field=purpose
            )
        refuse_unfit(model, purpose, evidence)
    # What a generating model answers does not fit a table that could be declared; its documents speak for it.
    asked = demand.tables if model.task != Task.GENERATION else ()
    for purpose in asked:
        if purpose not in tables:
            raise EvidenceUnfit(f"{entry} needs an {purpose} table: without it nothing can be checked.", field=purpose)
    for kind in demand.documents:
        if kind not in documents:
            raise EvidenceUnfit(f"{entry} needs a {kind.replace('_', ' ')} document.", field=kind)
    if demand.has_parent and parent is None:
        raise EvidenceUnfit(f"{entry} names the version it was made from as its parent.", field="parent")
    if parent is not None and not demand.has_parent:
        raise EvidenceUnfit(f"{entry} has no parent; name what it consumes under upstreams.", field="parent")


def refuse_unfit_artifact(model: RegisteredModel, artifact: Evidence) -> None:
    """Return when an artifact can be a version of this model. Raises: EvidenceUnfit with `field`."""
    demand = DEMANDS[model.entry_type]
    if artifact.kind != EvidenceKind.ARTIFACT:
        raise EvidenceUnfit(f"{artifact.name} is declared as a {artifact.kind}, not as an artifact.", field="artifact")
    if artifact.format not in demand.formats:
        raise EvidenceUnfit(
            f"A version of a {model.entry_type.replace('_', ' ')} needs {demand.brings}; {artifact.name} has the "
            f"format {artifact.format}.",
            field="artifact",
        )


def refuse_unfit(model: RegisteredModel, purpose: str, evidence: Evidence) -> None:
    """Return when a table or a document can serve this purpose for the model. Raises: EvidenceUnfit with `field`."""
    if evidence.kind == EvidenceKind.DOCUMENT:
        declared = evidence.declaration["document"]
        if declared != purpose:
            raise EvidenceUnfit(f"{evidence.name} is declared as {declared}, not as {purpose}.", field=purpose)
        return
    if evidence.kind != EvidenceKind.TABLE:
        raise EvidenceUnfit(
            f"{evidence.name} is declared as an {evidence.kind}; a version has the one it was registered with.",
            field=purpose,
        )
    refuse_unfit_purpose(purpose, evidence.format)
    refuse_unfit_task(model, purpose, evidence.name, evidence.declaration["declaration"]["task"])


def refuse_unfit_purpose(purpose: str, format_name: str) -> None:
    """Return when a table of this format can serve under this name. Raises: EvidenceUnfit with `field`."""
    if not PURPOSE.fullmatch(purpose) or purpose in document_kinds():
        raise EvidenceUnfit(
            f"A table cannot serve as {purpose!r}: a purpose has 1 to 40 lower-case letters, digits or underscores, "
            "begins with a letter and is no kind of document.",
            field="purpose",
        )
    if format_name == PROFILE and purpose == EVALUATION:
        raise EvidenceUnfit(
            f"A stored profile cannot serve as {EVALUATION}: what is evaluated is rows. Give the table itself, or let "
            "the profile serve as what is compared with, such as reference.",
            field="purpose",
        )


def refuse_unfit_task(model: RegisteredModel, purpose: str, name: str, task: str) -> None:
    """Return when a table is declared for the model's task. Raises: EvidenceUnfit with `field`."""
    if task != model.task:
        raise EvidenceUnfit(
            f"{name} is declared for a {task} task, and {model.name} has a {model.task} task.", field=purpose
        )
