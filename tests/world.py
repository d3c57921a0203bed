"""One of everything that leaves entries and rows: a year of use in a second.

Only through services that every edition has had, so that it can be recorded with the code of an earlier one.
"""

from zlib import crc32

from audits.trail import Actor, now, publish_checkpoint, record
from governance.models import AccessToken, Account, RoleGrant
from governance.roles import Group, Role, Verb
from governance.services import accounts, tokens
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.exports import export_report
from governance.services.promotions import withdraw_promotion
from governance.services.rollbacks import roll_back
from registry.models import ModelVersion
from tests import make

# Whatever a dump, a driver or a shell might take for something else.
ODD_WORDS = (
    "it's",
    'a "quote"',
    "back\\slash",
    "\\x00",
    "100 %s",
    "naïve Ω 漢字 🐘",
    "line\nline\ttab",
    "$1 {0} \\N",
    "",
)


def notes(many: int, name: str) -> None:
    """Record acts without rows, with every odd word, in one transaction."""
    with record(actor=Actor.process("command:test"), at=now()) as trail:
        for number in range(many):
            data = {"word": ODD_WORDS[number % len(ODD_WORDS)], "number": number}
            trail.note(action="report.exported", subject=f"test/{name}-{number % 7}", data=data)


def live_through(name: str) -> None:
    """Let a model called `name` be registered, promoted, refused and rolled back by people of its own.

    A policy for high-risk models MUST be in force.
    """
    pipeline = make.contributor(f"{name}-pipeline")
    rita = make.reviewer(f"{name}-rita", Group.RISK)
    carl = make.reviewer(f"{name}-carl", Group.COMPLIANCE)
    olga = make.account(f"{name}-olga", Role.OPERATOR, Role.AUDITOR)
    programme = make.model(pipeline, name)

    def version(seed: int, **verdicts: str) -> ModelVersion:
        # Bytes of its own: of two processes that declare the same ones at once, one is asked to try again.
        text = f"{make.TABLE}{name},0,0,female\n"
        made = make.version(pipeline, programme, crc32(name.encode()) + seed, text)
        make.completed(made, **verdicts)
        return made

    first, second, third = version(1), version(2), version(3, fairness_impact_ratio="failed")
    for live in (first, second):
        uid = make.promotion(pipeline, live).uid
        approve_promotion(actor=rita.actor, uid=uid, group=Group.RISK, reason=ODD_WORDS[5])
        approve_promotion(actor=carl.actor, uid=uid, group=Group.COMPLIANCE, reason=ODD_WORDS[1])
    roll_back(actor=olga.actor, model=programme, alias="champion", reason=ODD_WORDS[6])
    refuse_promotion(
        actor=rita.actor, uid=make.promotion(pipeline, third).uid, group=Group.RISK, reason="The youngest, again."
    )
    withdraw_promotion(actor=pipeline.actor, uid=make.promotion(pipeline, third, alias="challenger").uid)
    export_report(actor=olga.actor, version=first, format_name="json")
    make.token(pipeline, Verb.READ)
    tokens.revoke_token(actor=make.COMMAND, token=AccessToken.objects.get(account=pipeline))
    accounts.revoke_role(actor=make.COMMAND, grant=RoleGrant.objects.get(account=carl))


def build() -> Account:
    """Let two models live, and sign in between; the last entries are left unsigned. Return who may still record."""
    make.policy()
    live_through("first")
    publish_checkpoint()
    # More entries than one tile holds.
    notes(300, "busy")
    publish_checkpoint()
    live_through("second")
    publish_checkpoint()
    notes(3, "late")
    return make.contributor("late-pipeline")
