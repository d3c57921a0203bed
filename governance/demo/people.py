"""Who plays in the demo, and with which keys?"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from audits.trail import Actor
from governance.models import Account, AccountKind
from governance.roles import Group, Role, Verb
from governance.services.accounts import create_account, grant_role
from governance.services.policies import publish_shipped_policy
from governance.services.tokens import issue_token

COMMAND = Actor.process("command:demo")
POLICY = Path(__file__).parent / "high-risk.yaml"
DAYS = 30


@dataclass(frozen=True, slots=True)
class Player:
    """One account of the demo; `token` and `password` are made for this installation and kept in its directory."""

    login: str
    name: str
    does: str
    token: str
    password: str


_CAST: tuple[tuple[str, str, str, AccountKind, Role, Group | None, tuple[Verb, ...]], ...] = (
    (
        "pipeline",
        "Training pipeline",
        "registers versions and asks for promotions; has a token and cannot sign in",
        AccountKind.PIPELINE,
        Role.CONTRIBUTOR,
        None,
        (Verb.READ, Verb.COMMENT, Verb.REGISTER, Verb.PROMOTE),
    ),
    (
        "dora",
        "Dora Achebe",
        "trains models: hands in documents and tables, asks for promotions",
        AccountKind.PERSON,
        Role.CONTRIBUTOR,
        None,
        (Verb.READ, Verb.COMMENT, Verb.REGISTER, Verb.PROMOTE),
    ),
    (
        "rita",
        "Rita Okafor",
        "reviews for risk",
        AccountKind.PERSON,
        Role.REVIEWER,
        Group.RISK,
        (Verb.READ, Verb.COMMENT, Verb.REVIEW),
    ),
    (
        "carl",
        "Carl Lindqvist",
        "reviews for compliance",
        AccountKind.PERSON,
        Role.REVIEWER,
        Group.COMPLIANCE,
        (Verb.READ, Verb.COMMENT, Verb.REVIEW),
    ),
    (
        "ana",
        "Ana Duarte",
        "audits: reads everything, changes nothing",
        AccountKind.PERSON,
        Role.AUDITOR,
        None,
        (Verb.READ, Verb.EXPORT),
    ),
    (
        "olga",
        "Olga Brandt",
        "operates: policies, accounts, rollback",
        AccountKind.PERSON,
        Role.OPERATOR,
        None,
        (Verb.READ, Verb.COMMENT, Verb.ROLL_BACK),
    ),
)


def prepare_cast(keys: Path) -> dict[str, Player]:
    """Create the accounts with roles, tokens and passwords, publish the demo's policy and keep the keys in a file.

    A second call reads the file again. It is readable by its owner only: the demo belongs on one's own machine.
    """
    if keys.exists():
        return {player["login"]: Player(**player) for player in json.loads(keys.read_text())}
    cast = {}
    for login, name, does, kind, role, group, scopes in _CAST:
        is_person = kind == AccountKind.PERSON
        password = f"demo-{secrets.token_urlsafe(9)}" if is_person else ""
        account = _account(login, name, kind, password)
        grant_role(actor=COMMAND, account=account, role=role, group=group)
        _, token = issue_token(actor=COMMAND, account=account, name="demo", scopes=scopes, days=DAYS)
        cast[login] = Player(login, name, does, token, password)
    publish_shipped_policy(actor=COMMAND, text=POLICY.read_text())
    with os.fdopen(os.open(keys, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump([asdict(player) for player in cast.values()], file, indent=2)
    return cast


def _account(login: str, name: str, kind: AccountKind, password: str) -> Account:
    return create_account(
        actor=COMMAND, login=login, display_name=name, kind=kind, password=password if password else None
    )
