"""One row, at least, of every governed table: the world that the matrix of ways to write is held against."""

from datetime import timedelta
from time import sleep

from django.apps import apps

from audits.trail import Recorded, now
from governance.models import BreakGlassVerdict, TriggerKind
from governance.roles import Group, Role, Verb
from governance.services.annotations import annotate_model, delete_model, rename_model
from governance.services.approvals import approve_promotion
from governance.services.attachments import attach_evidence
from governance.services.bindings import bind_artifact
from governance.services.bundles import export_bundle
from governance.services.certifications import raise_trigger
from governance.services.comments import revise_comment, withdraw_comment, write_comment
from governance.services.conditions import Demand, fulfil_condition
from governance.services.deadlines import note_deadlines
from governance.services.delegations import delegate_review, recuse, revoke_delegation
from governance.services.emergencies import confirm_break_glass, invoke_break_glass, review_break_glass
from governance.services.registrations import register_named_model, register_sourced_version
from governance.services.retirements import delete_version
from governance.services.submissions import submit_version
from governance.services.tokens import rotate_token
from governance.services.waivers import grant_waiver, revoke_waiver
from governance.services.webhooks import create_webhook
from registry.selectors import get_model
from registry.stages import Stage
from tests import make, world

LONG = timedelta(days=30)


def recorded_models() -> list[type[Recorded]]:
    """Return every model whose rows cannot exist without an entry."""
    return [model for model in apps.get_models() if issubclass(model, Recorded)]


def build() -> None:
    """Let everything happen once that leaves a row."""
    world.build()
    asker = make.contributor("asker")
    rita, carl = make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)
    lena, olga = make.reviewer("lena", Group.LEGAL), make.account("olga", Role.OPERATOR)
    programme = make.model(asker, "everything")
    first, second, third = (make.version(asker, programme, seed) for seed in (11, 12, 13))

    # An approval on a condition, which is met, and which lapses with other evidence.
    make.completed(first)
    asked = make.promotion(asker, first)
    demand = Demand(text="Watch it closely.", owner=olga, due_at=now() + LONG)
    approval = approve_promotion(actor=rita.actor, uid=asked.uid, group=Group.RISK, reason="Read.", conditions=[demand])
    other_rita = make.reviewer("other-rita", Group.RISK)
    fulfil_condition(actor=other_rita.actor, uid=approval.conditions.get().uid, note="Seen.")
    recuse(actor=carl.actor, uid=asked.uid, reason="A friend's.")
    other = make.table(asker, f"{make.TABLE}other,1,1,female\n")
    attach_evidence(actor=asker.actor, version=first, purpose="evaluation", evidence=other)

    # Something said, in other words, and taken back.
    comment = write_comment(actor=rita.actor, version=first, text="Of last year.")
    revise_comment(actor=rita.actor, uid=comment.uid, text="Of the year before.")
    withdraw_comment(actor=rita.actor, uid=comment.uid)

    # A delegation that ends early, a waiver that does, and one that runs out.
    lent = delegate_review(actor=rita.actor, delegate=lena, group=Group.RISK, ends_at=now() + LONG)
    revoke_delegation(actor=rita.actor, uid=lent.uid)
    make.completed(second, performance_accuracy="failed")
    for lasts in (LONG, timedelta(milliseconds=30)):
        waiver = grant_waiver(
            actor=lena.actor,
            version=second,
            target=Stage.PRODUCTION,
            policy="high-risk",
            requirement="accuracy",
            reason="Known to be low.",
            compensating_control="Somebody reads every case.",
            expires_at=now() + lasts,
        )
        if lasts is LONG:
            revoke_waiver(actor=lena.actor, uid=waiver.uid)
    sleep(0.05)
    note_deadlines(actor=make.WORKER, at=now())

    # An emergency, looked back at; one that depends on it becomes due when something happens to it.
    emergency = make.promotion(asker, second)
    invoke_break_glass(actor=olga.actor, uid=emergency.uid, reason="People wait.")
    confirm_break_glass(actor=rita.actor, uid=emergency.uid)
    review_break_glass(actor=lena.actor, uid=emergency.uid, verdict=BreakGlassVerdict.JUSTIFIED, reason="They had to.")
    raise_trigger(actor=rita.actor, version=second, kind=TriggerKind.INCIDENT, reason="One.")
    submit_version(
        actor=asker.actor,
        model_name=programme.name,
        artifact=make.artifact(asker, 14),
        tables={"evaluation": make.table(asker)},
        upstreams=[second],
    )
    delete_version(actor=olga.actor, version=third, reason="A mistake.")
    # What a client of another registry does: a source alone becomes a version, and its bytes become known later.
    client = register_named_model(actor=asker.actor, name="Told Elsewhere", tags={"team": "risk"})
    sourced = register_sourced_version(actor=asker.actor, model_name=client.name, source="s3://bucket/model")
    bind_artifact(actor=asker.actor, version=sourced, artifact=make.artifact(asker, 15))
    rename_model(actor=olga.actor, model=client, name="Told Here")
    delete_model(actor=olga.actor, model=get_model("Told Here"), reason="A mistake.")
    kept = register_named_model(actor=asker.actor, name="Kept", tags={"team": "risk"})
    annotate_model(actor=asker.actor, model=kept, description="Described.")
    export_bundle(actor=make.COMMAND)
    make.token(asker, Verb.READ)
    rotate_token(actor=asker.actor, token=asker.tokens.get(), grace=timedelta(hours=1))
    create_webhook(actor=olga.actor, name="ci", url="https://hooks.example.org/", events=["*"])
