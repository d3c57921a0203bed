"""How does a person say that a notice was read?"""

from audits.trail import Actor, now
from governance.errors import UnknownNotice
from governance.models import Notice
from governance.roles import Verb
from governance.services.authority import authorise


def read_notice(*, actor: Actor, number: int) -> Notice:
    """Mark a notice of one's own as read. Nothing hangs on it, so it leaves no entry.

    Raises: NotEntitled, UnknownNotice (also for somebody else's). Idempotent: the first reading counts.
    """
    authorise(actor, Verb.READ)
    mine = Notice.objects.filter(pk=number, account__uid=actor.id)
    mine.filter(read_at__isnull=True).update(read_at=now())
    notice = mine.first()
    if notice is None:
        raise UnknownNotice(f"You have no notice {number}.")
    return notice
