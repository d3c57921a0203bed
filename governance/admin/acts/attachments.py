"""Handing in evidence about a version that exists: a document from this page, or a table that was declared."""

from typing import Any

from django import forms

from audits.evidence import Evidence, EvidenceKind
from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm
from governance.admin.acts.kinds import VERSION
from governance.models import Account, ApprovalVerdict
from governance.policy_format import document_kinds
from governance.roles import Verb
from governance.services.attachments import attach_document, attach_evidence
from registry.models import ModelVersion
from registry.stages import Stage

TABLES_OFFERED = 100


class DocumentForm(ActForm):
    """A file, and what it is."""

    kind = forms.ChoiceField(label="What the document is")
    file = forms.FileField(
        label="File", help_text="Of a UTF-8 text, such as Markdown, the headings are read; of anything else nothing."
    )
    attested_by = forms.CharField(
        label="Who attests it",
        help_text="Of an external evaluation: the organisation that stands for it.",
        required=False,
        max_length=200,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("kind", [(kind, kind.replace("_", " ")) for kind in document_kinds()])


def _gone(account: Account, version: ModelVersion) -> str:
    return "It is retired; its evidence does not change any more." if version.position.stage == Stage.RETIRED else ""


def _lapse(version: ModelVersion) -> tuple[str, ...]:
    given = version.promotions.filter(
        closure__isnull=True, approvals__lapse__isnull=True, approvals__verdict=ApprovalVerdict.APPROVE
    )
    if not given.exists():
        return ()
    return ("An open promotion of it has approvals: they lapse, because the evidence is no longer what was seen.",)


def _attach_document(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    file = said["file"]
    attach_document(
        actor=account.actor,
        version=version,
        kind=said["kind"],
        name=file.name,
        file=file,
        attested_by=said["attested_by"],
    )
    return Done(f"{file.name} belongs to the evidence of {version} now.", VERSION.page(version))


ATTACH_DOCUMENT = Act(
    name="attach-document",
    on=VERSION,
    verb=Verb.REGISTER,
    label="Hand in a document",
    title=lambda version: f"Hand in a document about {version}",
    follows=lambda version: (
        f"The file is stored by its digest and joins the evidence of {version}, in the place of an earlier document "
        "of the same kind. Open promotions of the version are judged anew at once.",
        *_lapse(version),
    ),
    stays="Bytes and digest stay stored. A newer document can take its place, none is taken away.",
    form=DocumentForm,
    why_not=_gone,
    perform=_attach_document,
)


class TableForm(ActForm):
    """One of the tables that pipelines have declared, and what for."""

    evidence = forms.ChoiceField(label="Table", help_text="Declared over the API, newest first.")
    purpose = forms.CharField(
        label="What it serves as",
        help_text="The name under which policies read it, such as evaluation or reference.",
        max_length=40,
        initial="evaluation",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("evidence", [(str(row.uid), _told(row)) for row in tables_for(self.about)])

    def said(self) -> dict[str, Any]:
        return {
            "evidence": Evidence.objects.get(uid=self.cleaned_data["evidence"]),
            "purpose": self.cleaned_data["purpose"],
        }


def tables_for(version: ModelVersion) -> list[Evidence]:
    """Return the newest declared tables that are for the task of the version's model."""
    rows = Evidence.objects.filter(kind=EvidenceKind.TABLE).order_by("-id")[:TABLES_OFFERED]
    return [row for row in rows if row.declaration["declaration"]["task"] == version.model.task]


def _told(row: Evidence) -> str:
    return f"{row.name}, {row.row_count:,} rows, {row.sha256[:12]}…"


def _no_table(account: Account, version: ModelVersion) -> str:
    if gone := _gone(account, version):
        return gone
    return "" if tables_for(version) else f"No table for a {version.model.task} task has been declared."


def _attach_table(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    attach_evidence(actor=account.actor, version=version, **said)
    return Done(f"{said['evidence'].name} serves as {said['purpose']} of {version} now.", VERSION.page(version))


ATTACH_TABLE = Act(
    name="attach-table",
    on=VERSION,
    verb=Verb.REGISTER,
    label="Attach a table",
    title=lambda version: f"Attach a table to {version}",
    follows=lambda version: (
        f"The table joins the evidence of {version}, in the place of what served that purpose. "
        "The checks that read it are ordered over it, and open promotions are judged anew at once.",
        *_lapse(version),
    ),
    stays="Figures over the earlier table stay on record and count no more.",
    form=TableForm,
    why_not=_no_table,
    perform=_attach_table,
)
