"""What would a proposed edition of a policy change, and who lets it come into force?"""

from collections import Counter
from difflib import unified_diff
from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audits.trail import now
from governance.admin.acts import ON_DRAFTS, acts_for
from governance.admin.pages import found, render_page
from governance.models import PolicyDraft, PolicyVersion
from governance.selectors.policies import find_newest_edition, get_draft, read_text
from governance.selectors.simulation import simulate
from governance.selectors.version_file import names_of

# As many as somebody reads; the API and `simulate_policy` tell all of them.
MOST_CHANGES = 200


@require_safe
def show_draft(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """One proposed edition: what it asks, what it changes, and what became of it."""
    draft = found(get_draft, uid)
    present = find_newest_edition(draft.name)
    closure = getattr(draft, "closure", None)
    names = names_of([draft.authored_by, *([closure.closed_by] if closure else [])])
    return render_page(
        request,
        site,
        "draft.html",
        f"{draft.title}, proposed",
        draft=draft,
        closure=closure,
        policy=read_text(draft.text),
        present=present,
        changes="" if closure else _changes(present, draft),
        author=names[draft.authored_by],
        closed_by=names[closure.closed_by] if closure else "",
        acts=acts_for(request, ON_DRAFTS, draft),
    )


@require_safe
def show_simulation(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """About which versions the gate would say something else if the proposed edition came into force; judged now."""
    draft = found(get_draft, uid)
    simulation = simulate(read_text(draft.text), at=now())
    ways = Counter((change.before, change.after) for change in simulation.changes)
    return render_page(
        request,
        site,
        "simulation.html",
        f"What {draft.name} would change",
        draft=draft,
        simulation=simulation,
        ways=sorted(ways.items()),
        changes=simulation.changes[:MOST_CHANGES],
        left_out=max(0, len(simulation.changes) - MOST_CHANGES),
    )


def _changes(present: PolicyVersion | None, draft: PolicyDraft) -> str:
    """Return the lines that differ from the edition in force."""
    before = present.text.splitlines() if present else []
    lines = unified_diff(before, draft.text.splitlines(), "in force", "proposed", n=2, lineterm="")
    return "\n".join(lines)
