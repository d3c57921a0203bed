"""How does a person take a report away?"""

from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from audits.errors import DomainError
from audits.evidence import EvidenceDamaged, EvidenceMissing, local_path
from governance.admin.pages import account_of, may
from governance.models import ReportExport
from governance.roles import Verb
from governance.services.exports import export_report
from registry.errors import UnknownVersion
from registry.selectors import get_version

# What was stored is for somebody to open elsewhere: nothing of it runs under our address.
DOWNLOAD_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"


@require_POST
def export(request: HttpRequest, site: AdminSite, name: str, number: int) -> HttpResponseBase:
    """Make the report, put the export on record and send the bytes."""
    try:
        made = export_report(
            actor=account_of(request).actor,
            version=get_version(name, number),
            format_name=request.POST.get("format", ""),
        )
    except UnknownVersion as problem:
        raise Http404(problem.detail) from None
    except DomainError as problem:
        messages.error(request, problem.detail)
        return redirect("admin:version", name=name, number=number)
    return _sent(made)


@require_safe
def download(request: HttpRequest, site: AdminSite, uid: UUID) -> HttpResponseBase:
    """Send the bytes of a report that was exported before; its export is on record already."""
    if not may(request, Verb.EXPORT):
        raise PermissionDenied
    made = ReportExport.objects.filter(uid=uid).first()
    if made is None:
        raise Http404("There is no report with this name.")
    return _sent(made)


def _sent(made: ReportExport) -> HttpResponseBase:
    try:
        with local_path(made.sha256) as path:
            file = path.open("rb")
    except (EvidenceMissing, EvidenceDamaged) as problem:
        return HttpResponse(f"The bytes of this report are not as they were stored: {problem}.", "text/plain", 410)
    response = FileResponse(file, as_attachment=True, filename=made.file_name, content_type=made.media_type)
    response.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
    return response
