"""Is this actor entitled to what it is about to do?

Asked by every use case, whatever door the request came through; nobody is exempt.
"""

from typing import Final

from django.db.models import UUIDField

from audits.prepared import Given, Prepared
from audits.trail import Actor, ActorKind, now
from governance.errors import NotEntitled
from governance.models import Account, RoleGrant
from governance.roles import ALLOWED, Role, Verb, allows
from governance.selectors.delegations import delegations_held

# What a delegation lets its holder do while it runs: speak for another, and read what to speak about.
DELEGATED: Final = frozenset({Verb.READ, Verb.REVIEW})
_HELD = Prepared(
    lambda: RoleGrant.objects.filter(
        account__uid=Given("uid", UUIDField()), account__is_active=True, revocation__isnull=True
    ).values_list("role")
)


def authorise(actor: Actor, verb: Verb) -> None:
    """Return when the actor's roles, or a delegation to it, allow the verb.

    Raises: NotEntitled. Processes of the system itself hold no roles: they call use cases that ask for none.
    """
    if actor.kind is not ActorKind.PROCESS:
        if allows({Role(role) for (role,) in _HELD.all(uid=actor.id)}, verb):
            return
        account = Account.objects.filter(uid=actor.id, is_active=True).first() if verb in DELEGATED else None
        if account and is_allowed(account, verb):
            return
    needed = sorted(role.value for role, verbs in ALLOWED.items() if verb in verbs)
    raise NotEntitled(f"This needs the role {' or '.join(needed)}; ask an operator to grant it.", needs=needed)


def is_allowed(account: Account, verb: Verb) -> bool:
    """Return whether the roles of an account, or a delegation to it, allow a verb now."""
    if allows(account.roles(), verb):
        return True
    return verb in DELEGATED and delegations_held(account, at=now()).exists()


def authorise_operator_or_shell(actor: Actor, verb: Verb) -> None:
    """As `authorise`, but a management command may do it too: who can run one owns the installation.

    The entry names the command as a process, so that the act does not pass for a person's.
    """
    if actor.kind is ActorKind.PROCESS and actor.id.startswith("command:"):
        return
    authorise(actor, verb)
