"""Which tables of present state does `verify_trail` rebuild from the facts?"""

from collections.abc import Mapping, Sequence
from typing import Any

from audits.trail import Projection
from governance.models import OpenPromotion, Promotion
from registry.selectors import PROJECTIONS as REGISTRY_PROJECTIONS


def _open_promotions() -> Sequence[Mapping[str, Any]]:
    columns = ("promotion_id", "version_id", "target")
    rows = Promotion.objects.filter(closure__isnull=True).values_list("pk", "version_id", "target")
    return [dict(zip(columns, row, strict=True)) for row in rows]


PROJECTIONS = (
    *REGISTRY_PROJECTIONS,
    Projection(
        "The table of open promotions", OpenPromotion, ("promotion_id", "version_id", "target"), _open_promotions
    ),
)
