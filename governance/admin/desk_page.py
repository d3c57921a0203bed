"""What does a person see after signing in?"""

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from governance.admin.inbox import inbox_of
from governance.admin.pages import account_of, may, render_page
from governance.roles import Verb


@require_safe
def show_desk(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The promotions, grouped by who must act."""
    account = account_of(request)
    return render_page(
        request,
        site,
        "inbox.html",
        "Promotions",
        inbox=inbox_of(account),
        reviews=may(request, Verb.REVIEW),
    )
