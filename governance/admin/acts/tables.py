"""Giving a version a table: from this page, or one that was declared before."""

import json
from typing import Any

from django import forms

from audits.errors import DomainError
from audits.evidence import Evidence, EvidenceKind
from audits.tables import FORMATS, PROFILE, TASKS, TableFormat, UnusableTable
from governance.admin.acts.act import Act, Done
from governance.admin.acts.attachments import gone, lapse
from governance.admin.acts.forms import ActForm
from governance.admin.acts.kinds import VERSION
from governance.admin.evidence_lines import size_of_table
from governance.models import Account
from governance.roles import Verb
from governance.selectors.profiles import over_profiles
from governance.services.attachments import attach_evidence, attach_table
from registry.models import ModelVersion, Task

TABLES_OFFERED = 100
FORMAT_WORDS = {
    "csv": "CSV: delimited text",
    "jsonl": "JSON lines",
    "parquet": "Parquet",
    "arrow": "Arrow or Feather",
    PROFILE: "Profile: written by profile_table in the place of a reference's rows",
}
# A single character that cannot be typed into a field of a page.
TAB = "tab"


def purpose_field() -> forms.CharField:
    return forms.CharField(
        label="What it serves as",
        help_text="The name under which policies read it, such as evaluation, reference or live.",
        max_length=40,
        initial="evaluation",
    )


class HandInForm(ActForm):
    """A file, how it is written, and what its columns mean; nothing of it is guessed."""

    file = forms.FileField(label="File")
    format = forms.ChoiceField(label="How it is written")
    delimiter = forms.CharField(
        label="Delimiter", help_text="Of a CSV: one character, or the word tab.", initial=",", strip=False, max_length=4
    )
    encoding = forms.CharField(
        label="Encoding",
        help_text="Of a CSV or JSON lines, such as utf-8 or windows-1252.",
        initial="utf-8",
        max_length=40,
    )
    purpose = purpose_field()
    declaration = forms.CharField(
        label="What its columns mean",
        help_text="Each column that matters, with its roles: label, prediction, score, sensitive, feature, id and so "
        "on. Columns that are not named are not used. Of a profile the roles feature, prediction and score count.",
        widget=forms.Textarea(attrs={"rows": 14, "class": "cs-code", "spellcheck": "false"}),
        max_length=1_000_000,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("format", [(name, FORMAT_WORDS[name]) for name in FORMATS])
        self.fields["declaration"].initial = declaration_to_begin_with(self.about)

    def clean_declaration(self) -> Any:
        try:
            return json.loads(self.cleaned_data["declaration"])
        except json.JSONDecodeError as problem:
            raise forms.ValidationError(
                f"This is no JSON document: line {problem.lineno}, column {problem.colno}: {problem.msg}."
            ) from None
        except RecursionError:
            raise forms.ValidationError("This is nested too deeply; list the columns one beside the other.") from None

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if {"format", "delimiter", "encoding"} <= set(said):
            delimiter = "\t" if said["delimiter"].strip() == TAB else said["delimiter"]
            try:
                said["fmt"] = TableFormat(said["format"], delimiter, said["encoding"])
            except UnusableTable as problem:
                self.add_error("encoding" if problem.code == "unknown_encoding" else "delimiter", str(problem))
        return said

    def said(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {"name": said["file"].name, **{key: said[key] for key in ("file", "fmt", "purpose", "declaration")}}

    def refuse(self, problem: DomainError) -> None:
        """Name the file first: the sentence tells the column and the row in it."""
        if named := problem.context.get("file"):
            self.add_error(None, f"{named}: {problem.detail}")
        else:
            super().refuse(problem)


def declaration_to_begin_with(version: ModelVersion) -> str:
    """Return the declaration of the version's own evaluation table, or of made-up columns where it has none."""
    known = version.tables.get("evaluation")
    row = Evidence.objects.filter(uid=known["uid"]).first() if known else None
    return _in_lines(row.declaration["declaration"] if row else _example(version.model.task))


def _example(task: str) -> dict[str, Any]:
    columns = {"happened": {"roles": ["label"]}, "said": {"roles": ["prediction"]}, "sex": {"roles": ["sensitive"]}}
    if task == Task.MULTI_LABEL:
        columns["said"] = {"roles": ["prediction"], "of": "happened"}  # type: ignore[dict-item]
    return {"task": task, **({"favourable": 1} if task == Task.BINARY else {}), "columns": columns}


def _in_lines(declaration: dict[str, Any]) -> str:
    """Return a declaration with a line for each column."""
    columns = [f"    {json.dumps(name)}: {json.dumps(said)}" for name, said in declaration["columns"].items()]
    others = [f"  {json.dumps(key)}: {json.dumps(said)}" for key, said in declaration.items() if key != "columns"]
    return "{\n" + ",\n".join([*others, '  "columns": {\n' + ",\n".join(columns) + "\n  }"]) + "\n}"


def told_of_profiles(version: ModelVersion) -> list[str]:
    """Return, in sentences, which checks a stored profile would serve and which it leaves without an answer."""
    sentences = []
    for purpose, found in sorted(over_profiles(version.model).items()):
        measured, without = ", ".join(sorted(found.measured)), ", ".join(sorted(found.needing_rows))
        told = f"With a stored profile as {purpose}, {measured or 'no check'} can be measured."
        sentences.append(f"{told} These need its rows and would be inconclusive: {without}." if without else told)
    return sentences


def _no_table_can_be(account: Account, version: ModelVersion) -> str:
    if why := gone(account, version):
        return why
    task = version.model.task
    return "" if task in TASKS else f"No table can be declared for a {task} task: its documents speak for it."


def _hand_in(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    attached = attach_table(actor=account.actor, version=version, **said)
    row = Evidence.objects.get(uid=attached.reference["uid"])
    return Done(f"{row.name} ({_size(row)}) serves as {said['purpose']} of {version} now.", VERSION.page(version))


def _size(row: Evidence) -> str:
    return size_of_table(rows=row.row_count or 0, columns=len(row.columns), is_profile=row.format == PROFILE)


def _joins(version: ModelVersion) -> tuple[str, ...]:
    return (
        f"The table joins the evidence of {version}, in the place of what served that purpose. "
        "The checks that read it are ordered over it, and open promotions are judged anew at once.",
        *told_of_profiles(version),
        *lapse(version),
    )


_STAYS = "Figures over the earlier table stay on record and count no more."

HAND_IN_TABLE = Act(
    name="hand-in-table",
    on=VERSION,
    verb=Verb.REGISTER,
    label="Hand in a table",
    title=lambda version: f"Hand in a table about {version}",
    follows=lambda version: (
        "The file is read from end to end; what no check could use is refused with its column and row.",
        *_joins(version),
    ),
    stays=_STAYS,
    form=HandInForm,
    why_not=_no_table_can_be,
    perform=_hand_in,
)


class TableForm(ActForm):
    """One of the tables that were declared before, and what for."""

    evidence = forms.ChoiceField(label="Table", help_text="Declared over the API or handed in here, newest first.")
    purpose = purpose_field()

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
    return f"{row.name}: {_size(row)}, {row.sha256[:12]}…"


def _no_table(account: Account, version: ModelVersion) -> str:
    if why := gone(account, version):
        return why
    return "" if tables_for(version) else f"No table for a {version.model.task} task has been declared."


def _attach(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    attach_evidence(actor=account.actor, version=version, **said)
    return Done(f"{said['evidence'].name} serves as {said['purpose']} of {version} now.", VERSION.page(version))


ATTACH_TABLE = Act(
    name="attach-table",
    on=VERSION,
    verb=Verb.REGISTER,
    label="Attach a declared table",
    title=lambda version: f"Attach a table to {version}",
    follows=_joins,
    stays=_STAYS,
    form=TableForm,
    why_not=_no_table,
    perform=_attach,
)
