"""What is there to see about a registered model and its versions, and how does an operator roll back?"""

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from audits.errors import DomainError
from audits.trail import now
from governance.admin.figures import card_of
from governance.admin.pages import account_of, may, moment, render_page
from governance.reports import FORMATS
from governance.roles import Verb
from governance.selectors.explanation import explain
from governance.selectors.version_file import IN_FULL, names_of, version_file
from governance.services.rollbacks import roll_back
from registry.errors import UnknownModel, UnknownVersion
from registry.models import ModelVersion, RegisteredModel
from registry.selectors import find_in_production, get_model, get_version
from registry.stages import Stage

CHANGED = "The alias has moved since you opened the page. Nothing was recorded; look again before you roll back."
ORDER = ("block", "wait", "satisfied")


class RollbackForm(forms.Form):
    """Which alias goes back, from where, and why."""

    alias = forms.CharField(widget=forms.HiddenInput)
    present = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why it must go back",
        help_text="One sentence or more. It stays on the record.",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why in a sentence: the reason is part of the record."},
    )


@require_safe
def show_version(request: HttpRequest, site: AdminSite, name: str, number: int) -> HttpResponse:
    """The figures, the evidence and the history of one version."""
    version = _version(name, number)
    file = version_file(version, at=now(), requested_by=str(account_of(request).actor))
    cards = sorted((card_of(line) for line in file["requirements"]), key=lambda card: ORDER.index(card.state))
    promotions = [
        {**line, "at": moment(line["requested_at"]), "last": line["decisions"][-1] if line["decisions"] else None}
        for line in file["promotions"]
    ]
    return render_page(
        request,
        site,
        "version.html",
        f"{version}",
        version=version,
        file=file,
        cards=cards,
        promotions=promotions,
        registered_at=moment(file["version"]["registered_at"]),
        evidence=file["evidence"],
        history=[{**line, "at": moment(line["recorded_at"])} for line in file["history"]],
        explanation=explain(version, IN_FULL, at=now()),
        formats=list(FORMATS) if may(request, Verb.EXPORT) else [],
    )


@require_safe
def show_model(request: HttpRequest, site: AdminSite, name: str) -> HttpResponse:
    """The versions of one registered model, and what its aliases point at."""
    return _model_page(request, site, _model(name), form=None)


@require_POST
def confirm_rollback(request: HttpRequest, site: AdminSite, name: str) -> HttpResponse:
    """Show what is about to go back. Records nothing."""
    model = _model(name)
    form = RollbackForm(request.POST)
    if not form.is_valid():
        return _model_page(request, site, model, form=form, status=422)
    if not _still_stands(model, form):
        messages.error(request, CHANGED)
        return redirect("admin:model", name=name)
    return render_page(
        request,
        site,
        "confirm_rollback.html",
        f"Roll back {model}@{form.cleaned_data['alias']}",
        model=model,
        form=form,
        word=form.cleaned_data,
    )


@require_POST
def perform_rollback(request: HttpRequest, site: AdminSite, name: str) -> HttpResponse:
    """Roll back through the service, if the alias still points where the page said."""
    model = _model(name)
    form = RollbackForm(request.POST)
    if not form.is_valid() or not _still_stands(model, form):
        messages.error(request, CHANGED)
        return redirect("admin:model", name=name)
    word = form.cleaned_data
    try:
        done = roll_back(actor=account_of(request).actor, model=model, alias=word["alias"], reason=word["reason"])
    except DomainError as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(
            request,
            f"{model}@{done.alias} points at version {done.to_version.number} again; "
            f"version {done.from_version.number} is suspended.",
        )
    return redirect("admin:model", name=name)


def _still_stands(model: RegisteredModel, form: RollbackForm) -> bool:
    present = find_in_production(model=model, alias=form.cleaned_data["alias"])
    return present is not None and present.number == form.cleaned_data["present"]


def _model_page(
    request: HttpRequest, site: AdminSite, model: RegisteredModel, *, form: RollbackForm | None, status: int = 200
) -> HttpResponse:
    versions = list(
        model.versions.select_related("position").prefetch_related("aliases", "promotions__closure").order_by("-number")
    )
    for version in versions:
        # Spares a query per line: the model of each is this one.
        version.model = model
    aliases = list(model.aliases.select_related("version__position").order_by("alias"))
    may_roll_back = may(request, Verb.ROLL_BACK)
    rows = [(alias, _form_for(alias.alias, alias.version, form) if may_roll_back else None) for alias in aliases]
    rollbacks = list(model.rollbacks.select_related("from_version", "to_version"))
    names = names_of(
        [model.owner] + [one.registered_by for one in versions] + [one.rolled_back_by for one in rollbacks]
    )
    return render_page(
        request,
        site,
        "model.html",
        model.name,
        status=status,
        model=model,
        owner=names[model.owner],
        versions=[(version, names[version.registered_by]) for version in versions],
        aliases=rows,
        rollbacks=[(one, names[one.rolled_back_by]) for one in rollbacks],
    )


def _form_for(alias: str, version: ModelVersion, given: RollbackForm | None) -> RollbackForm | None:
    if version.position.stage != Stage.PRODUCTION:
        return None
    if given is not None and given.data.get("alias") == alias:
        return given
    return RollbackForm(initial={"alias": alias, "present": version.number}, auto_id=f"{alias}-%s")


def _model(name: str) -> RegisteredModel:
    try:
        return get_model(name)
    except UnknownModel as problem:
        raise Http404(problem.detail) from None


def _version(name: str, number: int) -> ModelVersion:
    try:
        return get_version(name, number)
    except UnknownVersion as problem:
        raise Http404(problem.detail) from None
