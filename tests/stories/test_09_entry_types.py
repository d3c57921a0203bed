"""Each type of entry brings its own evidence: a vendor's model is a reference with papers, an adapter has a parent."""

from typing import Any

import pytest

from audits.evidence import Evidence
from audits.runs import CheckRun
from audits.trail import now
from governance.errors import EvidenceUnfit, Malformed
from governance.models import Account
from governance.roles import Group, Role
from governance.selectors.version_file import version_file
from governance.services.approvals import approve_promotion
from governance.services.attachments import attach_evidence
from governance.services.exports import export_report
from governance.services.promotions import request_promotion
from governance.services.submissions import submit_version
from registry.errors import NameTaken
from registry.models import EntryType, ModelVersion, RegisteredModel
from registry.selectors import get_version
from registry.stages import Stage
from tests import make
from tests.stories.waiting import WITH_DPIA, reasons_of

pytestmark = pytest.mark.django_db

VENDOR = """\
policy: vendor
title: Bought models to production
applies_to: {target: production, entry_type: [vendor_model, foundation_model]}
requirements: []
documents:
  - {id: licence, title: The licence allows the use, kind: licence}
  - {id: evaluation, title: Somebody else evaluated it, kind: external_evaluation, sections: [Results]}
approvals:
  - {group: legal, count: 1}
"""
PROSE = "# Results\n\nIt does what it says.\n"


@pytest.fixture
def pipeline(db: None) -> Account:
    return make.contributor()


def submitted(by: Account, model: RegisteredModel, artifact: Evidence, **more: Any) -> ModelVersion:
    return submit_version(actor=by.actor, model_name=model.name, artifact=artifact, **{"tables": {}, **more})


def test_a_vendors_model_goes_live_by_its_papers(pipeline: Account) -> None:
    make.policy(VENDOR)
    lena = make.reviewer("lena", Group.LEGAL)
    model = make.model(pipeline, "letters", "limited", task="generation", entry_type="vendor_model")
    version = submitted(
        pipeline,
        model,
        make.reference(pipeline),
        documents={"licence": make.document(pipeline, "Terms of use.", "licence")},
    )
    assert version.artifact_format == "reference"
    assert not CheckRun.objects.exists()
    promotion = request_promotion(actor=pipeline.actor, version=version, target=Stage.PRODUCTION)
    assert reasons_of(promotion)["evaluation"] == "not_run"
    attested = make.document(pipeline, PROSE, "external_evaluation", attested_by="Example Labs")
    attach_evidence(actor=pipeline.actor, version=version, purpose="external_evaluation", evidence=attested)
    approve_promotion(actor=lena.actor, uid=promotion.uid, group=Group.LEGAL, reason="The terms allow it.")
    live = get_version("letters", 1)
    assert live.position.stage == Stage.PRODUCTION
    listed = {line["purpose"]: line["name"] for line in version_file(live, at=now())["evidence"]}
    assert listed == {
        "artifact": "it.reference",
        "licence": "licence.md",
        "external_evaluation": "external_evaluation.md",
    }
    assert export_report(actor=lena.actor, version=live, format_name="html").size


def test_a_check_over_a_table_that_a_version_does_not_have_is_not_run(pipeline: Account) -> None:
    make.policy(make.POLICY.replace("risk_tier: [high], ", ""))
    model = make.model(pipeline, "letters", "limited", task="generation", entry_type="prompt")
    version = submitted(pipeline, model, make.definition(pipeline, "Answer kindly.", "text"))
    promotion = request_promotion(actor=pipeline.actor, version=version, target=Stage.PRODUCTION)
    assert reasons_of(promotion)["accuracy"] == "not_run"
    assert not CheckRun.objects.exists()


def test_an_adapter_consumes_its_parent_and_a_fine_tune_descends_from_it(pipeline: Account) -> None:
    make.policy()
    trainer = make.account("tom", Role.CONTRIBUTOR)
    base = make.version(pipeline, make.model(pipeline, "base"))
    tables = {"evaluation": make.table(pipeline)}
    adapter = submitted(
        pipeline,
        make.model(pipeline, "adapted", entry_type="adapter"),
        make.artifact(pipeline, 2),
        tables=tables,
        parent=base,
        trained_by=str(trainer.actor),
    )
    tuned = submitted(
        pipeline,
        make.model(pipeline, "tuned", entry_type="fine_tune"),
        make.artifact(pipeline, 3),
        tables=tables,
        parent=base,
    )
    assert {adapter, tuned} == set(base.descendants.all())
    assert [row.version for row in base.dependents.all()] == [adapter]
    assert (adapter.trained_by, tuned.trained_by) == (str(trainer.actor), "")


def artifact_of(by: Account, format_name: str) -> Evidence:
    texts = {"text": "Answer kindly.", "json": '{"tools": ["search"]}'}
    if format_name in texts:
        return make.definition(by, texts[format_name], format_name)
    return make.reference(by) if format_name == "reference" else make.artifact(by)


FITTING = {
    EntryType.TRAINED_MODEL: "lightgbm",
    EntryType.FINE_TUNE: "lightgbm",
    EntryType.ADAPTER: "lightgbm",
    EntryType.PROMPT: "text",
    EntryType.AGENT: "json",
    EntryType.FOUNDATION_MODEL: "reference",
    EntryType.VENDOR_MODEL: "reference",
}


@pytest.mark.parametrize("entry_type", EntryType.values)
@pytest.mark.parametrize("missing", ["", "artifact", "evaluation", "licence", "parent"])
def test_each_type_of_entry_asks_for_its_own_evidence(pipeline: Account, entry_type: str, missing: str) -> None:
    """The whole table: what is missing is told by its field, and what is not asked for may be missing."""
    make.policy()
    loads = FITTING[entry_type] == "lightgbm"
    descends = entry_type in {EntryType.FINE_TUNE, EntryType.ADAPTER}
    needed = {
        "artifact": True,
        "evaluation": loads,
        "licence": FITTING[entry_type] == "reference",
        "parent": descends,
        "": False,
    }
    model = make.model(pipeline, "it", entry_type=entry_type)
    parent = make.version(pipeline, make.model(pipeline, "base")) if descends and missing != "parent" else None
    wrong = "text" if loads else "lightgbm"
    artifact = artifact_of(pipeline, wrong if missing == "artifact" else FITTING[entry_type])
    tables = {} if missing == "evaluation" else {"evaluation": make.table(pipeline)}
    documents = {} if missing == "licence" else {"licence": make.document(pipeline, "Terms.", "licence")}
    if not needed[missing]:
        assert submitted(pipeline, model, artifact, tables=tables, documents=documents, parent=parent).number == 1
        return
    with pytest.raises(EvidenceUnfit) as caught:
        submitted(pipeline, model, artifact, tables=tables, documents=documents, parent=parent)
    assert caught.value.context["field"] == missing
    assert not model.versions.exists()


def test_of_a_fine_tune_that_generates_no_table_is_asked_for(pipeline: Account) -> None:
    make.policy()
    base = submitted(
        pipeline,
        make.model(pipeline, "base", task="generation", entry_type="foundation_model"),
        make.reference(pipeline),
        documents={"licence": make.document(pipeline, "Terms.", "licence")},
    )
    model = make.model(pipeline, "tuned", task="generation", entry_type="fine_tune")
    assert submitted(pipeline, model, make.artifact(pipeline), parent=base).parent == base


def test_what_descends_from_nothing_has_no_parent(pipeline: Account) -> None:
    make.policy()
    base = make.version(pipeline, make.model(pipeline, "base"))
    with pytest.raises(EvidenceUnfit, match="upstreams"):
        submitted(
            pipeline,
            make.model(pipeline),
            make.artifact(pipeline, 2),
            tables={"evaluation": make.table(pipeline)},
            parent=base,
        )


def test_the_same_artifact_with_other_particulars_is_refused(pipeline: Account) -> None:
    make.policy()
    base = make.version(pipeline, make.model(pipeline, "base"))
    model = make.model(pipeline)
    whole = {
        "artifact": make.artifact(pipeline, 2),
        "tables": {"evaluation": make.table(pipeline)},
        "documents": {"dpia": make.document(pipeline)},
        "upstreams": [base],
        "trained_by": str(pipeline.actor),
    }
    version = submitted(pipeline, model, **whole)
    assert submitted(pipeline, model, **whole) == version
    for change in ({"upstreams": []}, {"trained_by": ""}, {"documents": {"dpia": make.document(pipeline, "# Other")}}):
        with pytest.raises(EvidenceUnfit, match="other evidence or particulars"):
            submitted(pipeline, model, **{**whole, **change})
    assert model.versions.count() == 1


@pytest.mark.parametrize(
    "somebody", ["tom", "person:", "person:00000000-0000-7000-8000-000000000000", "process:worker"]
)
def test_a_training_owner_has_an_account(pipeline: Account, somebody: str) -> None:
    make.policy()
    tables = {"evaluation": make.table(pipeline)}
    with pytest.raises(Malformed):
        submitted(pipeline, make.model(pipeline), make.artifact(pipeline), tables=tables, trained_by=somebody)


@pytest.mark.parametrize(
    ("particulars", "field"),
    [
        ({"entry_type": "oracle"}, "entry_type"),
        ({"tags": {"Team": "a"}}, "tags"),
        ({"tags": {"team": ""}}, "tags"),
        ({"tags": {"team": "a\nb"}}, "tags"),
        ({"tags": {"team": "a" * 201}}, "tags"),
        ({"tags": {f"t{n}": "a" for n in range(21)}}, "tags"),
    ],
)
def test_a_model_of_no_type_or_with_unusable_tags_is_refused(
    pipeline: Account, particulars: dict[str, Any], field: str
) -> None:
    with pytest.raises(Malformed) as caught:
        make.model(pipeline, **particulars)
    assert caught.value.context["field"] == field
    assert not RegisteredModel.objects.exists()


def test_type_and_tags_are_particulars_that_do_not_change(pipeline: Account) -> None:
    make.model(pipeline, tags={"team": "care"})
    with pytest.raises(NameTaken):
        make.model(pipeline, tags={"team": "other"})
    with pytest.raises(NameTaken):
        make.model(pipeline, tags={"team": "care"}, entry_type="agent")


def test_a_policy_for_a_tag_guards_only_models_that_carry_it(pipeline: Account) -> None:
    make.policy()
    make.policy(
        WITH_DPIA.replace("policy: high-risk", "policy: patients").replace(
            "{risk_tier: [high],", "{tags: {data: health},"
        )
    )
    plain = make.version(pipeline, make.model(pipeline, "plain"))
    tagged = make.version(pipeline, make.model(pipeline, "tagged", tags={"data": "health"}), seed=2)
    assert "dpia" not in reasons_of(make.promotion(pipeline, plain))
    assert "dpia" in reasons_of(make.promotion(pipeline, tagged))
