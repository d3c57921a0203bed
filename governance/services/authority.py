"""Is this actor entitled to what it is about to do?

Asked by every use case, whatever door the request came through; nobody is exempt.
"""

from audits.trail import Actor, ActorKind
from governance.errors import NotEntitled
from governance.models import Account
from governance.roles import ALLOWED, Verb, allows


def authorise(actor: Actor, verb: Verb) -> None:
    """Return when the actor's roles allow the verb.

    Raises: NotEntitled. Processes of the system itself hold no roles: they call use cases that ask for none.
    """
    if actor.kind is not ActorKind.PROCESS:
        account = Account.objects.filter(uid=actor.id, is_active=True).first()
        if account and allows(account.roles(), verb):
            return
    needed = sorted(role.value for role, verbs in ALLOWED.items() if verb in verbs)
    raise NotEntitled(f"This needs the role {' or '.join(needed)}; ask an operator to grant it.", needs=needed)


def authorise_operator_or_shell(actor: Actor, verb: Verb) -> None:
    """As `authorise`, but a management command may do it too: who can run one owns the installation.

    The entry names the command as a process, so that the act does not pass for a person's.
    """
    if actor.kind is ActorKind.PROCESS and actor.id.startswith("command:"):
        return
    authorise(actor, verb)
