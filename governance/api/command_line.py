"""Where does a pipeline get the command line? One archive that Python runs as it is, the same bytes every time.

It holds `governance/cli`, the offline verifier, and the file that starts them; it needs Python 3.11 and httpx.
"""

import io
import zipfile
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

PACKAGES = ("audits", "audits/offline", "governance", "governance/cli")
START = "governance/cli/__main__.py"
EPOCH = (1980, 1, 1, 0, 0, 0)


@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """Answer with `countersign.pyz`. No token: it is the program, and holds nothing of an installation."""
    headers = {"Content-Disposition": 'attachment; filename="countersign.pyz"'}
    return HttpResponse(archive(), content_type="application/zip", headers=headers)


@cache
def archive() -> bytes:
    """Return the archive (a zip application, PEP 441)."""
    files: dict[str, Path] = {}
    for package in PACKAGES:
        # Of the two floors only the sentence at their door, so that the packages below them can be imported.
        pattern = "*.py" if "/" in package else "__init__.py"
        files |= {f"{package}/{path.name}": path for path in sorted((settings.BASE_DIR / package).glob(pattern))}
    content = {name: path.read_bytes() for name, path in files.items()}
    content["__main__.py"] = content[START]
    packed = io.BytesIO()
    packed.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(content):
            member = zipfile.ZipInfo(name, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            file.writestr(member, content[name])
    return packed.getvalue()
