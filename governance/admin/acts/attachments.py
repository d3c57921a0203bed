"""Handing in a document about a version that exists."""

from typing import Any

from django import forms

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm
from governance.admin.acts.kinds import VERSION
from governance.models import Account, ApprovalVerdict
from governance.policy_format import document_kinds
from governance.roles import Verb
from governance.services.attachments import attach_document
from registry.models import ModelVersion
from registry.stages import Stage


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


def gone(account: Account, version: ModelVersion) -> str:
    """Return why nothing joins the evidence of this version any more, if so."""
    return "It is retired; its evidence does not change any more." if version.position.stage == Stage.RETIRED else ""


def lapse(version: ModelVersion) -> tuple[str, ...]:
    """Return what new evidence does to approvals that were given, in a sentence if there are any."""
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
        *lapse(version),
    ),
    stays="Bytes and digest stay stored. A newer document can take its place, none is taken away.",
    form=DocumentForm,
    why_not=gone,
    perform=_attach_document,
)
