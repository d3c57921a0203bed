"""What would a proposed edition of a policy change, and who lets it come into force?"""

from difflib import unified_diff
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from audits.errors import DomainError
from governance.admin.pages import account_of, may, render_page
from governance.models import PolicyDraft, PolicyVersion
from governance.roles import Verb
from governance.selectors.policies import read_text
from governance.selectors.version_file import names_of
from governance.services.policies import approve_policy, refuse_policy, withdraw_policy

ENDS = {
    "approve": (approve_policy, "The policy is in force."),
    "refuse": (refuse_policy, "The proposal is refused."),
    "withdraw": (withdraw_policy, "The proposal is withdrawn."),
}


@require_safe
def show_draft(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """One proposed edition: what it asks, what it changes, and what became of it."""
    draft = PolicyDraft.objects.select_related("closure__edition").filter(uid=uid).first()
    if draft is None:
        raise Http404("There is no such proposal.")
    present = PolicyVersion.objects.filter(name=draft.name).order_by("-number").first()
    closure = getattr(draft, "closure", None)
    names = names_of([draft.authored_by, *([closure.closed_by] if closure else [])])
    is_own = draft.authored_by == str(account_of(request).actor)
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
        may_decide=may(request, Verb.PUBLISH_POLICY) and not closure and not is_own,
        may_withdraw=is_own and not closure,
    )


@require_POST
def end_draft(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponse:
    """Approve, refuse or withdraw through the service."""
    end, done = ENDS.get(request.POST.get("verdict", ""), (None, ""))
    if end is None:
        raise Http404("A proposal is approved, refused or withdrawn.")
    try:
        end(actor=account_of(request).actor, uid=uid)
    except DomainError as problem:
        messages.error(request, problem.detail)
    except IntegrityError:
        messages.error(request, "Somebody else decided at the same moment. Nothing was recorded for you; look again.")
    else:
        messages.success(request, done)
    return redirect("admin:policy_draft", uid=uid)


def _changes(present: PolicyVersion | None, draft: PolicyDraft) -> str:
    """Return the lines that differ from the edition in force."""
    before = present.text.splitlines() if present else []
    lines = unified_diff(before, draft.text.splitlines(), "in force", "proposed", n=2, lineterm="")
    return "\n".join(lines)
