"""What was I told, and what of it have I not read?"""

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from audits.errors import DomainError
from governance.admin.pages import account_of, address_of, render_page
from governance.selectors.notices import notices_for
from governance.services.notices import read_notice

SHOWN = 200


@require_safe
def show_notices(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The newest notices of whoever is signed in, the unread ones first."""
    mine = notices_for(account_of(request))
    return render_page(
        request,
        site,
        "notices.html",
        "Notices",
        unread=[(notice, address_of(notice.about)) for notice in mine.filter(read_at__isnull=True)[:SHOWN]],
        read=[(notice, address_of(notice.about)) for notice in mine.filter(read_at__isnull=False)[:SHOWN]],
    )


@require_POST
def mark_read(request: HttpRequest, site: AdminSite, number: int) -> HttpResponse:
    """Mark one notice as read through the service."""
    try:
        read_notice(actor=account_of(request).actor, number=number)
    except DomainError as problem:
        messages.error(request, problem.detail)
    return redirect("admin:notices")
