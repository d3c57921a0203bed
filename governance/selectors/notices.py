"""What was somebody told, and what of it is unread?"""

from django.db.models import QuerySet

from governance.models import Account, Notice


def notices_for(account: Account) -> QuerySet[Notice]:
    """Return everything this person was told, newest first."""
    return account.notices.all()


def count_unread(account: Account) -> int:
    return notices_for(account).filter(read_at__isnull=True).count()
