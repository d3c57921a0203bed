"""Where does each page of the desk lie, who may enter, and what stands in the sidebar?"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm as DjangoSignInForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from governance.admin import (
    decisions,
    desk_page,
    draft_pages,
    due_pages,
    notice_pages,
    registry_pages,
    report_pages,
    rule_pages,
    trail_pages,
)
from governance.admin.acts import ACTS, paths
from governance.admin.inbox import count_waiting_for
from governance.admin.lists import register_all
from governance.admin.pages import View, account_of, may, render_page, roles_of
from governance.models import Account
from governance.roles import Role, Verb
from governance.selectors.notices import count_unread

# Title, symbol, the name of the page, and the beginnings of the paths under which the item counts as open.
SIDEBAR = (
    ("Promotions", "fact_check", "admin:index", ("/admin/promotions/", "/admin/governance/promotion/")),
    ("Notices", "notifications", "admin:notices", ("/admin/notices/",)),
    ("Due", "schedule", "admin:due", ("/admin/due/", "/admin/conditions/")),
    ("Delegations", "handshake", "admin:delegations", ("/admin/delegations/",)),
    ("Models", "deployed_code", "admin:registry_registeredmodel_changelist", ("/admin/models/", "/admin/registry/reg")),
    ("Versions", "layers", "admin:registry_modelversion_changelist", ("/admin/registry/modelv", "/admin/versions/")),
    ("Check results", "rule", "admin:audits_checkresult_changelist", ("/admin/checks/", "/admin/audits/check")),
    ("Policies", "gavel", "admin:governance_policyversion_changelist", ("/admin/policies/", "/admin/governance/pol")),
    ("Trail", "receipt_long", "admin:trail", ("/admin/trail/", "/admin/audits/entry/")),
    ("Reports", "description", "admin:governance_reportexport_changelist", ("/admin/governance/reportexport/",)),
    ("Accounts", "group", "admin:governance_account_changelist", ("/admin/governance/account/",)),
)
FOR_OVERSIGHT = {"Accounts"}
# What is counted beside an item, and how the number is read out.
BADGES: dict[str, tuple[Callable[[Account], int], str]] = {
    "admin:index": (count_waiting_for, "waiting for you"),
    "admin:notices": (count_unread, "unread"),
}


class SignInForm(AuthenticationForm):
    """Lets in every active person. Who holds no role is told so on a page, not by a refused password."""

    def confirm_login_allowed(self, user: Any) -> None:
        # Django's own form asks this; the admin's between asks besides whether the person is staff.
        DjangoSignInForm.confirm_login_allowed(self, user)


class Desk(UnfoldAdminSite):
    """The admin site. Its rights come from roles; there is no superuser and no form that writes a table."""

    login_form = SignInForm
    password_change_template = "desk/password_change.html"  # noqa: S105 -- a template
    index_title = "Promotions"

    def has_permission(self, request: HttpRequest) -> bool:
        return may(request, Verb.READ)

    def get_urls(self) -> list[URLPattern]:
        model, version = "models/<str:name>/", "versions/<str:name>/<int:number>/"
        promotion = "promotions/<uuid:uid>/"
        ours = [
            # Not behind the roles: who holds none must be able to sign out again.
            path("logout/", never_cache(self.logout), name="logout"),
            path(promotion, self._page(decisions.show_promotion), name="promotion"),
            path(f"{promotion}confirm/", self._page(decisions.confirm_decision), name="confirm_decision"),
            path(f"{promotion}decide/", self._page(decisions.decide), name="decide"),
            path("due/", self._page(due_pages.show_due), name="due"),
            path("delegations/", self._page(due_pages.show_delegations), name="delegations"),
            path("notices/", self._page(notice_pages.show_notices), name="notices"),
            path("notices/<int:number>/read/", self._page(notice_pages.mark_read), name="read_notice"),
            path(version, self._page(registry_pages.show_version), name="version"),
            path(f"{version}report/", self._page(report_pages.export), name="export_report"),
            path("reports/<uuid:uid>/", self._page(report_pages.download), name="download_report"),
            path(model, self._page(registry_pages.show_model), name="model"),
            path("policies/drafts/<uuid:uid>/", self._page(draft_pages.show_draft), name="policy_draft"),
            path("policies/drafts/<uuid:uid>/simulation/", self._page(draft_pages.show_simulation), name="simulation"),
            path("policies/<str:name>/<int:number>/", self._page(rule_pages.show_policy), name="policy"),
            path("checks/<uuid:uid>/", self._page(rule_pages.show_check), name="check"),
            path("trail/", self._page(trail_pages.show_trail), name="trail"),
            path("trail/<int:index>/", self._page(trail_pages.show_entry), name="entry"),
        ]
        acts = [path(address, self._page(view), name=name) for address, view, name in paths(ACTS)]
        return ours + acts + super().get_urls()

    def _page(self, view: View) -> View:
        """Return a view behind the roles, with the site as its second argument."""

        @wraps(view)
        def with_site(request: HttpRequest, **names: Any) -> HttpResponseBase:
            return view(request, self, **names)

        return self.admin_view(with_site)

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return desk_page.show_desk(request, self)

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:index")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sign in; whoever is signed in and holds no role gets a page that says so."""
        if request.method == "GET" and request.user.is_authenticated and not self.has_permission(request):
            return render_page(request, self, "no_role.html", "No role yet", status=403)
        context = {REDIRECT_FIELD_NAME: request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")}
        return super().login(request, {**context, **(extra_context or {})})

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        roles = roles_of(request)
        items = []
        for title, symbol, page, beginnings in SIDEBAR:
            link = reverse(page)
            count, badge_says = BADGES.get(page, (None, ""))
            badge = count(account_of(request)) if count else 0
            items.append(
                {
                    "title": title,
                    "icon": symbol,
                    "link": link,
                    "active": request.path == link or request.path.startswith(beginnings),
                    "has_permission": title not in FOR_OVERSIGHT or bool(roles & {Role.OPERATOR, Role.AUDITOR}),
                    "badge": str(badge) if badge else None,
                    "badge_says": badge_says,
                }
            )
        return [{"title": None, "items": items}]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if isinstance(request.user, Account):
            context["roles_held"] = _roles_in_words(request.user, roles_of(request))
        return context


def _roles_in_words(account: Account, roles: set[Role]) -> str:
    words = [role.value for role in sorted(roles - {Role.REVIEWER})]
    if Role.REVIEWER in roles:
        groups = sorted(group.value for group in account.groups_reviewed_for())
        words.append(f"reviewer for {' and '.join(groups)}")
    return ", ".join(words)


desk = Desk()
register_all(desk)
