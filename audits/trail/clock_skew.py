"""How far apart are the clock of the machine that acted, in an entry's text, and the trail's, beside it?

On PostgreSQL the trail's clock is the database's; on SQLite it is the acting machine's own, and never runs back.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from audits.trail.models import Entry

# The two may differ by so much before it is worth a word.
SKEW = timedelta(minutes=5)


def acted_at(document: Mapping[str, Any]) -> datetime | None:
    """Return the time that an entry's document says, or None where it says none."""
    try:
        said = datetime.fromisoformat(str(document.get("at")))
    except ValueError:
        return None
    return said if said.tzinfo else None


def newest_skew() -> timedelta:
    """Return by how much the trail's clock was ahead of the acting machine's at the newest entry; 0 without any."""
    newest = Entry.objects.order_by("-index").values_list("recorded_at", "text").first()
    if newest is None:
        return timedelta()
    recorded_at, text = newest
    try:
        document = json.loads(text)
    except ValueError:
        return timedelta()
    said = acted_at(document) if isinstance(document, dict) else None
    return recorded_at - said if said else timedelta()
