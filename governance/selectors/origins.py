"""What was a version in the registry that it came from?"""

from typing import Final

from django.db.models import Prefetch

from registry.models import CurrentAnnotation, ModelVersion

# What something was before it came over. Clients read these tags and cannot set them.
IMPORTED: Final = "countersign.imported_"

_BROUGHT: Final = "brought"
# For lists of versions, so that each line costs no query.
WITH_ORIGIN = Prefetch("noted", CurrentAnnotation.objects.filter(tag__startswith=IMPORTED), to_attr=_BROUGHT)


def origin_of(version: ModelVersion) -> dict[str, str]:
    """Return `from` (an address), `updated_at` and, if it had one, `stage`; nothing for a version registered here."""
    brought = getattr(version, _BROUGHT, None)
    if brought is None:
        brought = version.noted.filter(tag__startswith=IMPORTED)
    return {row.tag.removeprefix(IMPORTED): row.value for row in brought}
