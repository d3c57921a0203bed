"""How is a person told? A message beside the entry, never in its place."""

from collections.abc import Iterable
from datetime import datetime

from governance.models import Account, Notice


def tell(people: Iterable[str], sentence: str, *, about: str, at: datetime) -> None:
    """Leave a sentence for each of these actors that is a person. Runs in the transaction of what it tells about."""
    uids = {actor.split(":", 1)[1] for actor in people if actor.startswith("person:")}
    accounts = Account.objects.filter(uid__in=uids, is_active=True)
    Notice.objects.bulk_create(
        Notice(account=account, sentence=sentence[:500], about=about, created_at=at) for account in accounts
    )
