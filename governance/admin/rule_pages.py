"""What does one edition of a policy say, and what did one check find?"""

import json
from uuid import UUID

from django.contrib.admin import AdminSite
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audits.runs import CheckRun
from governance.admin.acts import ON_EDITIONS, acts_for
from governance.admin.figures import card_of
from governance.admin.pages import address_of, found, render_page
from governance.models import PolicyVersion, Promotion
from governance.selectors.policies import get_edition, read_edition
from governance.selectors.requirements import result_of
from governance.selectors.version_file import names_of

STATES = {"passed": "satisfied", "failed": "block", "inconclusive": "block", "errored": "block"}


@require_safe
def show_policy(request: HttpRequest, site: AdminSite, name: str, number: int) -> HttpResponse:
    """One edition of a policy: what it asks, and its text."""
    edition = found(get_edition, name, number)
    editions = list(PolicyVersion.objects.filter(name=name).order_by("-number"))
    names = names_of([edition.published_by, *filter(None, [edition.authored_by])])
    return render_page(
        request,
        site,
        "policy.html",
        f"{edition.title}, edition {edition.number}",
        edition=edition,
        policy=read_edition(edition).policy,
        editions=editions,
        is_in_force=editions[0].pk == edition.pk,
        published_by=names[edition.published_by],
        authored_by=names.get(edition.authored_by, ""),
        promotions=_judged_by(edition),
        acts=acts_for(request, ON_EDITIONS, edition),
    )


def _judged_by(edition: PolicyVersion) -> QuerySet[Promotion]:
    """Return the newest promotions of which some decision names the edition."""
    decided = Promotion.objects.filter(decisions__policies__contains=edition.sha256).distinct()
    return decided.select_related("version__model", "closure")[:20]


@require_safe
def show_check(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """One check run: what was ordered over which inputs, and what came out."""
    run = CheckRun.objects.select_related("result").filter(uid=uid).first()
    if run is None:
        raise Http404("There is no such check run.")
    result = result_of(run)
    report = result.report if result else {}
    line = {
        "id": str(run.uid),
        "title": run.check_name,
        "check": run.check_name,
        "check_version": run.check_version,
        "parameters": run.parameters,
        "blocking": True,
        "controls": [],
        "state": STATES[result.verdict] if result else "wait",
        "outcome": result.verdict if result else "running",
        "sentence": report.get("sentence", "The check is under way."),
        "measurements": report.get("measurements", []),
        "findings": report.get("findings", []),
        "notes": report.get("notes", []),
        "completed_at": result.completed_at.isoformat() if result else None,
        "run_uid": None,
    }
    return render_page(
        request,
        site,
        "check.html",
        f"{run.check_name} for {run.subject}",
        run=run,
        result=result,
        card=card_of(line),
        address=address_of(run.subject),
        inputs=json.dumps(run.inputs, indent=2, sort_keys=True),
        statistics=json.dumps(report.get("statistics", {}), indent=2, sort_keys=True)[:20000],
    )
