"""What is there to see about a registered model and its versions?"""

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audits.trail import now
from governance.admin import evidence_lines
from governance.admin.acts import ON_ALIASES, ON_PROMOTIONS, ON_VERSIONS, Offered, acts_for
from governance.admin.acts.kinds import find_promotion
from governance.admin.comment_lines import shown_of
from governance.admin.figures import card_of
from governance.admin.pages import account_of, found, may, moment, render_page
from governance.admin.waiver_lines import lines_of
from governance.reports import FORMATS
from governance.roles import Verb
from governance.selectors.certifications import certification_of
from governance.selectors.explanation import explain
from governance.selectors.origins import origin_of
from governance.selectors.version_file import IN_FULL, TOWARDS, names_of, version_file
from governance.selectors.waivers import list_waivers
from registry.models import ModelVersion
from registry.selectors import get_model, get_version
from registry.stages import may_move

ORDER = ("block", "wait", "satisfied")


@require_safe
def show_version(request: HttpRequest, site: AdminSite, name: str, number: int) -> HttpResponse:
    """Why a version may move or not, what this person can do about it, and its figures, evidence and history."""
    version, at = found(get_version, name, number), now()
    towards = request.GET.get("towards", "")
    move = TOWARDS.get(towards, IN_FULL)
    explanation = explain(version, move, at=at)
    file = version_file(version, at=at, requested_by=str(account_of(request).actor))
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
        origin=origin_of(version),
        evidence=evidence_lines.lines_of(file["evidence"]),
        history=[{**line, "at": moment(line["recorded_at"])} for line in file["history"]],
        explanation=explanation,
        towards=move.target,
        at_rest=version.position.stage == move.target and explanation.promotion is None,
        ways=[target for target in TOWARDS if may_move(version.position.stage, target)],
        certification=certification_of(version, at=at),
        waivers=lines_of(request, list_waivers().filter(version=version), at=at),
        comments=shown_of(request, version),
        acts=_acts(request, version),
        formats=list(FORMATS) if may(request, Verb.EXPORT) else [],
    )


def _acts(request: HttpRequest, version: ModelVersion) -> Offered:
    """Return the acts on the version, and those on what was asked for it and is open."""
    acts = acts_for(request, ON_VERSIONS, version)
    asked = [
        find_promotion(uid) for uid in version.promotions.filter(closure__isnull=True).values_list("uid", flat=True)
    ]
    on_what_is_asked = [offer for one in asked for offer in acts_for(request, ON_PROMOTIONS, one).open]
    return Offered([*acts.open, *on_what_is_asked], acts.withheld)


@require_safe
def show_model(request: HttpRequest, site: AdminSite, name: str) -> HttpResponse:
    """The versions of one registered model, and what its aliases point at."""
    model = found(get_model, name)
    all_versions = model.versions.select_related("position", "deletion").order_by("-number")
    versions = list(all_versions.prefetch_related("aliases", "promotions__closure"))
    for version in versions:
        # Spares a query per line: the model of each is this one.
        version.model = model
    aliases = list(model.aliases.select_related("version__position").order_by("alias"))
    for alias in aliases:
        alias.model = model
    rows = [(alias, acts_for(request, ON_ALIASES, alias).open) for alias in aliases]
    rollbacks = list(model.rollbacks.select_related("from_version", "to_version"))
    names = names_of(
        [model.owner] + [one.registered_by for one in versions] + [one.rolled_back_by for one in rollbacks]
    )
    return render_page(
        request,
        site,
        "model.html",
        model.name,
        model=model,
        owner=names[model.owner],
        versions=[(version, names[version.registered_by]) for version in versions],
        aliases=rows,
        rollbacks=[(one, names[one.rolled_back_by]) for one in rollbacks],
    )
