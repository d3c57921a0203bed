"""What are acts at the desk done to, and where is each of them read?"""

from uuid import UUID

from django.urls import reverse

from audits.trail import now
from governance.admin.acts.act import Kind
from governance.errors import UnknownPromotion
from governance.models import (
    Comment,
    Condition,
    Delegation,
    OpenPromotion,
    PolicyDraft,
    PolicyVersion,
    Promotion,
    Waiver,
)
from governance.selectors import comments, conditions, delegations, waivers
from governance.selectors.policies import get_draft, get_edition
from registry.errors import UnknownModel
from registry.models import CurrentAlias, ModelVersion, RegisteredModel
from registry.selectors import get_model, get_version


def _state_of_version(version: ModelVersion) -> str:
    position = version.position
    return f"{position.stage}/{position.rollout}/{position.percent}/{version.evidence_sha256}"


VERSION: Kind[ModelVersion] = Kind(
    name="version",
    path="versions/<str:name>/<int:number>/",
    find=get_version,
    parts=lambda version: {"name": version.model.name, "number": version.number},
    page=lambda version: reverse("admin:version", args=[version.model.name, version.number]),
    state=_state_of_version,
)


def find_promotion(uid: UUID) -> Promotion:
    """Return a promotion with what its acts look at. Raises: UnknownPromotion."""
    rows = Promotion.objects.select_related(
        "version__model", "version__position", "closure", "break_glass__confirmation", "break_glass__review"
    )
    found = rows.prefetch_related("decisions", "approvals", "version__attachments").filter(uid=uid).first()
    if found is None:
        raise UnknownPromotion(f"There is no promotion {uid}.")
    return found


def page_of_promotion(promotion: Promotion) -> str:
    return reverse("admin:promotion", args=[promotion.uid])


def _state_of_promotion(promotion: Promotion) -> str:
    answers = max((decision.number for decision in promotion.decisions.all()), default=0)
    closed = "closed" if hasattr(promotion, "closure") else "open"
    glass = getattr(promotion, "break_glass", None)
    broken = [glass is not None, hasattr(glass, "confirmation"), hasattr(glass, "review")]
    return f"{closed}/{answers}/{sum(broken)}"


PROMOTION: Kind[Promotion] = Kind(
    name="promotion",
    path="promotions/<uuid:uid>/",
    find=find_promotion,
    parts=lambda promotion: {"uid": promotion.uid},
    page=page_of_promotion,
    state=_state_of_promotion,
)


def _page_of_waiver(waiver: Waiver) -> str:
    """Return the page of the promotion that it is for, or of the version when none is open."""
    row = OpenPromotion.objects.filter(version=waiver.version, target=waiver.target).select_related("promotion").first()
    return page_of_promotion(row.promotion) if row else VERSION.page(waiver.version)


WAIVER: Kind[Waiver] = Kind(
    name="waiver",
    path="waivers/<uuid:uid>/",
    find=waivers.get_waiver,
    parts=lambda waiver: {"uid": waiver.uid},
    page=_page_of_waiver,
    state=lambda waiver: waivers.state_of(waiver, at=now()),
)

CONDITION: Kind[Condition] = Kind(
    name="condition",
    path="conditions/<uuid:uid>/",
    find=conditions.get_condition,
    parts=lambda condition: {"uid": condition.uid},
    page=lambda condition: page_of_promotion(condition.approval.promotion),
    state=lambda condition: conditions.state_of(condition, at=now()).value,
)


def _state_of_comment(comment: Comment) -> str:
    return "withdrawn" if hasattr(comment, "withdrawal") else f"{len(comments.wordings_of(comment))} wordings"


COMMENT: Kind[Comment] = Kind(
    name="comment",
    path="comments/<uuid:uid>/",
    find=comments.get_comment,
    parts=lambda comment: {"uid": comment.uid},
    page=lambda comment: VERSION.page(comment.version),
    state=_state_of_comment,
)

DELEGATION: Kind[Delegation] = Kind(
    name="delegation",
    path="delegations/<uuid:uid>/",
    find=delegations.get_delegation,
    parts=lambda delegation: {"uid": delegation.uid},
    page=lambda delegation: reverse("admin:delegations"),
    state=lambda delegation: delegations.state_of(delegation, at=now()).value,
)

# One's own rights: there is nothing to find.
MYSELF: Kind[None] = Kind(
    name="myself",
    path="delegations/",
    find=lambda: None,
    parts=lambda nothing: {},
    page=lambda nothing: reverse("admin:delegations"),
    state=lambda nothing: "",
)


def _find_alias(name: str, alias: str) -> CurrentAlias:
    model: RegisteredModel = get_model(name)
    found = model.aliases.select_related("model", "version__position").filter(alias=alias).first()
    if found is None:
        raise UnknownModel(f"No alias {alias!r} of {name} points at a version.")
    return found


ALIAS: Kind[CurrentAlias] = Kind(
    name="alias",
    path="models/<str:name>/aliases/<str:alias>/",
    find=_find_alias,
    parts=lambda row: {"name": row.model.name, "alias": row.alias},
    page=lambda row: reverse("admin:model", args=[row.model.name]),
    state=lambda row: f"{row.version_id}/{row.version.position.stage}",
)


DRAFT: Kind[PolicyDraft] = Kind(
    name="draft",
    path="policies/drafts/<uuid:uid>/",
    find=get_draft,
    parts=lambda draft: {"uid": draft.uid},
    page=lambda draft: reverse("admin:policy_draft", args=[draft.uid]),
    state=lambda draft: "closed" if hasattr(draft, "closure") else draft.sha256,
)

# The rules as a whole, to which another can be added: there is nothing to find.
RULES: Kind[None] = Kind(
    name="rules",
    path="policies/",
    find=lambda: None,
    parts=lambda nothing: {},
    page=lambda nothing: reverse("admin:governance_policyversion_changelist"),
    state=lambda nothing: "",
)


def _state_of_edition(edition: PolicyVersion) -> str:
    return f"{PolicyVersion.objects.filter(name=edition.name, number__gt=edition.number).count()} newer"


EDITION: Kind[PolicyVersion] = Kind(
    name="edition",
    path="policies/<str:name>/<int:number>/",
    find=get_edition,
    parts=lambda edition: {"name": edition.name, "number": edition.number},
    page=lambda edition: reverse("admin:policy", args=[edition.name, edition.number]),
    state=_state_of_edition,
)
