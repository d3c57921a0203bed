"""Documents count as evidence: a DPIA joins a version that waits for it, and what was approved before is so no more."""

from typing import Any

import pytest

from audits.evidence import Evidence
from audits.runs import CheckRun
from audits.trail import Entry, verify
from governance.errors import EvidenceUnfit, Malformed, NotEntitled
from governance.models import Account, Notice
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.services.approvals import approve_promotion
from governance.services.attachments import attach_evidence
from governance.services.retirements import delete_version, retire_version
from governance.services.submissions import submit_version
from registry.errors import VersionDeleted, VersionRetired
from registry.models import ModelVersion, RegisteredModel
from registry.selectors import get_version
from registry.stages import Stage
from tests import make
from tests.stories.waiting import WITH_DPIA, reasons_of

pytestmark = pytest.mark.django_db

PROSE = "# Results\n\nIt does what it says.\n"


@pytest.fixture
def pipeline(db: None) -> Account:
    return make.contributor()


def submitted(by: Account, model: RegisteredModel, artifact: Evidence, **more: Any) -> ModelVersion:
    return submit_version(actor=by.actor, model_name=model.name, artifact=artifact, **{"tables": {}, **more})


def test_a_promotion_waits_for_a_document_and_goes_on_when_it_is_attached(pipeline: Account) -> None:
    make.policy(WITH_DPIA)
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    assert reasons_of(promotion)["dpia"] == "not_run"

    incomplete = make.document(pipeline, "# Purpose\n\nOffers of care.\n")
    attach_evidence(actor=pipeline.actor, version=version, purpose="dpia", evidence=incomplete)
    assert reasons_of(promotion)["dpia"] == "failed"

    attach_evidence(actor=pipeline.actor, version=version, purpose="dpia", evidence=make.document(pipeline))
    assert reasons_of(promotion)["dpia"] == "passed"
    # No table changed, so nothing is measured a second time.
    assert CheckRun.objects.filter(subject=version.subject).count() == 2

    for person, group in (
        (make.reviewer("rita", Group.RISK), Group.RISK),
        (make.reviewer("c", *Group), Group.COMPLIANCE),
    ):
        approve_promotion(actor=person.actor, uid=promotion.uid, group=group, reason="Read.")
    assert get_version("care-programme", 1).position.stage == Stage.PRODUCTION
    assert verify(projections=PROJECTIONS).flaws == []


def test_evidence_that_changes_under_an_approval_lapses_it_and_the_approver_is_told(pipeline: Account) -> None:
    make.policy()
    rita = make.reviewer("rita", Group.RISK)
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    approval = approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    assert reasons_of(promotion)["approval:risk"] == "approved"

    attach_evidence(actor=pipeline.actor, version=version, purpose="dpia", evidence=make.document(pipeline))

    assert approval.lapse.because == "evidence"
    assert Entry.objects.filter(action="approval.lapsed", subject=promotion.subject).count() == 1
    assert "lapsed: evidence changed" in Notice.objects.get(account=rita).sentence
    assert reasons_of(promotion)["approval:risk"] == "approval_missing"


def test_another_evaluation_table_is_measured_anew_and_the_old_figures_count_no_more(pipeline: Account) -> None:
    make.policy()
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    assert reasons_of(promotion)["accuracy"] == "passed"

    other = make.table(pipeline, make.TABLE.replace("p0,", "p1000,"))
    attach_evidence(actor=pipeline.actor, version=version, purpose="evaluation", evidence=other)

    assert reasons_of(promotion)["accuracy"] == "running"
    assert get_version("care-programme", 1).tables["evaluation"]["uid"] == str(other.uid)
    make.completed(version, performance_accuracy="failed")
    assert reasons_of(promotion)["accuracy"] == "failed"


def test_a_policy_reads_a_table_under_the_purpose_it_names(pipeline: Account) -> None:
    make.policy(
        make.POLICY.replace(
            "check: performance.accuracy, version: 1", "check: performance.accuracy, version: 1, evidence: holdout"
        )
    )
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    promotion = make.promotion(pipeline, version)
    assert reasons_of(promotion)["accuracy"] == "not_run"
    holdout = make.table(pipeline, make.TABLE.replace("p0,", "p1000,"))
    attach_evidence(actor=pipeline.actor, version=version, purpose="holdout", evidence=holdout)
    assert reasons_of(promotion)["accuracy"] == "running"


def test_the_same_evidence_twice_joins_once(pipeline: Account) -> None:
    make.policy()
    version = make.version(pipeline, make.model(pipeline))
    dpia = make.document(pipeline)
    first = attach_evidence(actor=pipeline.actor, version=version, purpose="dpia", evidence=dpia)
    entries = Entry.objects.count()
    assert attach_evidence(actor=pipeline.actor, version=version, purpose="dpia", evidence=dpia) == first
    assert Entry.objects.count() == entries
    assert make.version(pipeline, version.model) == version  # and the submission, sent again, is the same version


@pytest.mark.parametrize(
    ("purpose", "build", "field"),
    [
        ("licence", lambda by: make.document(by), "licence"),
        ("dpia", lambda by: make.table(by), "purpose"),
        ("Hold out", lambda by: make.table(by), "purpose"),
        ("evaluation", lambda by: make.artifact(by, 7), "evaluation"),
    ],
)
def test_evidence_that_does_not_fit_its_purpose_is_refused(
    pipeline: Account, purpose: str, build: Any, field: str
) -> None:
    make.policy()
    version = make.version(pipeline, make.model(pipeline))
    with pytest.raises(EvidenceUnfit) as caught:
        attach_evidence(actor=pipeline.actor, version=version, purpose=purpose, evidence=build(pipeline))
    assert caught.value.context["field"] == field
    assert not version.attachments.exists()


def test_a_retired_or_deleted_version_gets_no_evidence_and_no_descendants(pipeline: Account) -> None:
    make.policy()
    model = make.model(pipeline)
    version = make.version(pipeline, model)
    dpia = make.document(pipeline)
    operator = make.account("olga", Role.OPERATOR)
    retire_version(actor=operator.actor, version=version, reason="No longer needed.")
    with pytest.raises(VersionRetired):
        attach_evidence(actor=pipeline.actor, version=version, purpose="dpia", evidence=dpia)
    with pytest.raises(VersionRetired):
        submitted(
            pipeline,
            model,
            make.artifact(pipeline, 2),
            tables={"evaluation": make.table(pipeline)},
            upstreams=[version],
        )
    delete_version(actor=operator.actor, version=version, reason="Registered by mistake.")
    with pytest.raises(VersionDeleted):
        attach_evidence(actor=pipeline.actor, version=version, purpose="dpia", evidence=dpia)
    with pytest.raises(VersionDeleted, match="care-programme 1"):
        make.version(pipeline, model)


def test_only_a_contributor_attaches(pipeline: Account) -> None:
    make.policy()
    version, dpia = make.version(pipeline, make.model(pipeline)), make.document(pipeline)
    for person in (
        make.reviewer("rita", Group.RISK),
        make.account("ana", Role.AUDITOR),
        make.account("o", Role.OPERATOR),
    ):
        with pytest.raises(NotEntitled):
            attach_evidence(actor=person.actor, version=version, purpose="dpia", evidence=dpia)


def test_a_document_is_of_a_known_kind_and_only_an_outside_evaluation_is_attested(pipeline: Account) -> None:
    with pytest.raises(Malformed, match="document kind"):
        make.document(pipeline, kind="poem")
    with pytest.raises(Malformed, match="attested"):
        make.document(pipeline, kind="dpia", attested_by="Example Labs")
    attested = make.document(pipeline, PROSE, kind="external_evaluation", attested_by="Example Labs")
    assert attested.declaration == {
        "document": "external_evaluation",
        "sections": ["Results"],
        "attested_by": "Example Labs",
    }
