"""How does a report leave the house, so that taking it away is itself on the record?"""

import hashlib
from io import BytesIO

from django.conf import settings

from audits.evidence import receive
from audits.trail import Actor, new_uid, now, record
from governance.errors import Malformed
from governance.models import ReportExport
from governance.reports import FORMATS, render, without_small_cells
from governance.roles import Verb
from governance.selectors.version_file import version_file
from governance.services._signing import sign_up_to_now
from governance.services.authority import authorise
from registry.models import ModelVersion


def export_report(*, actor: Actor, version: ModelVersion, format_name: str) -> ReportExport:
    """Make the report of a version, keep its bytes under their digest and record who took it.

    The trail is signed up to the present first, so that the report names a checkpoint that covers what it tells.
    Figures that tell of fewer people than EXPORT_SMALLEST_CELL are left out.
    Records: report.exported. Raises: NotEntitled, Malformed, TrailNotWhole.
    """
    authorise(actor, Verb.EXPORT)
    if format_name not in FORMATS:
        raise Malformed(f"A report comes as {', '.join(FORMATS)}, not as {format_name!r}.", field="format")
    sign_up_to_now()
    at = now()
    file = without_small_cells(version_file(version, at=at, requested_by=str(actor)), settings.EXPORT_SMALLEST_CELL)
    content, media_type, file_name = render(file, format_name)
    sha256 = hashlib.sha256(content).hexdigest()
    receive(BytesIO(content), sha256=sha256, length=len(content))
    with record(actor=actor, at=at) as recording:
        export = ReportExport(
            uid=new_uid(),
            version=version,
            format=format_name,
            media_type=media_type,
            file_name=file_name,
            sha256=sha256,
            size=len(content),
            exported_by=str(actor),
            exported_at=at,
        )
        data = {"format": format_name, "sha256": sha256, "report": str(export.uid)}
        return recording.create(export, action="report.exported", subject=version.subject, data=data)
