"""Which address of version 1 leads to which use case?"""

from django.urls import path

from governance.api import converters as _converters  # noqa: F401 - registers the kinds of steps used here
from governance.api.v1.accounts import AccountDoor, AccountsDoor, RoleRevocationDoor, RolesDoor
from governance.api.v1.admission import AdmissionDoor
from governance.api.v1.aliases import AliasDoor, AliasesDoor, AliasWithdrawalDoor, RollbackDoor
from governance.api.v1.annotations import (
    ModelAnnotationsDoor,
    ModelDeletionDoor,
    RenamingDoor,
    VersionAnnotationsDoor,
)
from governance.api.v1.bindings import VersionArtifactDoor
from governance.api.v1.bundles import BundleContentDoor, BundleDoor, BundlesDoor
from governance.api.v1.cards import CardDoor
from governance.api.v1.certifications import CertificationDoor, CertificationsDoor, TriggersDoor
from governance.api.v1.checks import CheckRunDoor, VersionChecksDoor
from governance.api.v1.comments import CommentDoor, CommentRevisionDoor, CommentsDoor, CommentWithdrawalDoor
from governance.api.v1.conditions import ConditionDoor, ConditionsDoor, FulfilmentDoor
from governance.api.v1.delegations import DelegationDoor, DelegationsDoor, RevocationDoor
from governance.api.v1.drafts import (
    PolicyApprovalDoor,
    PolicyDraftDoor,
    PolicyDraftsDoor,
    PolicyRefusalDoor,
    PolicyWithdrawalDoor,
)
from governance.api.v1.emergencies import BreakGlassConfirmationDoor, BreakGlassDoor, BreakGlassReviewDoor
from governance.api.v1.evidence import BlobDoor, EvidenceDoor, EvidenceListDoor
from governance.api.v1.explanations import ExplanationDoor, SimulationDoor
from governance.api.v1.models import ModelDoor, ModelsDoor
from governance.api.v1.moves import MovesDoor
from governance.api.v1.notices import NoticesDoor, ReadingDoor
from governance.api.v1.policies import PoliciesDoor, PolicyDoor
from governance.api.v1.promotions import ApprovalsDoor, PromotionDoor, PromotionsDoor, RecusalDoor, WithdrawalDoor
from governance.api.v1.reports import ReportContentDoor, ReportDoor, ReportsDoor
from governance.api.v1.retirements import DeletionDoor, RetirementDoor, SuspensionDoor
from governance.api.v1.tokens import TokenDoor, TokenRevocationDoor, TokenRotationDoor, TokensDoor
from governance.api.v1.trail import (
    CheckpointDoor,
    ConsistencyDoor,
    EntriesDoor,
    EntryProofDoor,
    InclusionDoor,
    TrailDoor,
)
from governance.api.v1.uploads import UploadDoor, UploadsDoor
from governance.api.v1.versions import (
    GateDoor,
    VersionDoor,
    VersionEvidenceDoor,
    VersionsDoor,
)
from governance.api.v1.waivers import WaiverDoor, WaiverRevocationDoor, WaiversDoor
from governance.api.v1.webhooks import (
    RedeliveryDoor,
    WebhookChangeDoor,
    WebhookDeletionDoor,
    WebhookDeliveriesDoor,
    WebhookDeliveryDoor,
    WebhookDoor,
    WebhooksDoor,
    WebhookSecretDoor,
    WebhookTestDoor,
)
from governance.api.v1.whoami import WhoamiDoor

urlpatterns = [
    path("admission", AdmissionDoor.as_view(), name="admission"),
    path("models", ModelsDoor.as_view(), name="models"),
    path("models/<segment:name>", ModelDoor.as_view(), name="model"),
    path("models/<segment:name>/annotations", ModelAnnotationsDoor.as_view(), name="model-annotations"),
    path("models/<segment:name>/renaming", RenamingDoor.as_view(), name="renaming"),
    path("models/<segment:name>/deletion", ModelDeletionDoor.as_view(), name="model-deletion"),
    path("models/<segment:name>/versions", VersionsDoor.as_view(), name="versions"),
    path("models/<segment:name>/versions/<number:number>", VersionDoor.as_view(), name="version"),
    path("models/<segment:name>/versions/<number:number>/checks", VersionChecksDoor.as_view(), name="version-checks"),
    path(
        "models/<segment:name>/versions/<number:number>/certification",
        CertificationDoor.as_view(),
        name="certification",
    ),
    path("models/<segment:name>/versions/<number:number>/triggers", TriggersDoor.as_view(), name="triggers"),
    path("models/<segment:name>/versions/<number:number>/comments", CommentsDoor.as_view(), name="comments"),
    path("comments/<uuid:uid>", CommentDoor.as_view(), name="comment"),
    path("comments/<uuid:uid>/revision", CommentRevisionDoor.as_view(), name="comment-revision"),
    path("comments/<uuid:uid>/withdrawal", CommentWithdrawalDoor.as_view(), name="comment-withdrawal"),
    path("certifications", CertificationsDoor.as_view(), name="certifications"),
    path("models/<segment:name>/versions/<number:number>/artifact", VersionArtifactDoor.as_view(), name="artifact"),
    path("models/<segment:name>/versions/<number:number>/evidence", VersionEvidenceDoor.as_view(), name="attachments"),
    path("models/<segment:name>/versions/<number:number>/gate", GateDoor.as_view(), name="gate"),
    path("models/<segment:name>/versions/<number:number>/explanation", ExplanationDoor.as_view(), name="explanation"),
    path("models/<segment:name>/versions/<number:number>/reports", ReportsDoor.as_view(), name="reports"),
    path("models/<segment:name>/versions/<number:number>/suspension", SuspensionDoor.as_view(), name="suspension"),
    path("models/<segment:name>/versions/<number:number>/retirement", RetirementDoor.as_view(), name="retirement"),
    path("models/<segment:name>/versions/<number:number>/deletion", DeletionDoor.as_view(), name="deletion"),
    path("models/<segment:name>/versions/<number:number>/card", CardDoor.as_view(), name="card"),
    path(
        "models/<segment:name>/versions/<number:number>/annotations",
        VersionAnnotationsDoor.as_view(),
        name="version-annotations",
    ),
    path("models/<segment:name>/versions/<number:number>/moves", MovesDoor.as_view(), name="moves"),
    path("models/<segment:name>/aliases", AliasesDoor.as_view(), name="aliases"),
    path("models/<segment:name>/aliases/<segment:alias>", AliasDoor.as_view(), name="alias"),
    path(
        "models/<segment:name>/aliases/<segment:alias>/withdrawal",
        AliasWithdrawalDoor.as_view(),
        name="alias-withdrawal",
    ),
    path("models/<segment:name>/aliases/<segment:alias>/rollback", RollbackDoor.as_view(), name="rollback"),
    path("blobs/<segment:sha256>", BlobDoor.as_view(), name="blob"),
    path("uploads", UploadsDoor.as_view(), name="uploads"),
    path("uploads/<uuid:uid>", UploadDoor.as_view(), name="upload"),
    path("evidence", EvidenceListDoor.as_view(), name="evidence-list"),
    path("evidence/<uuid:uid>", EvidenceDoor.as_view(), name="evidence"),
    path("check-runs/<uuid:uid>", CheckRunDoor.as_view(), name="check-run"),
    path("promotions", PromotionsDoor.as_view(), name="promotions"),
    path("promotions/<uuid:uid>", PromotionDoor.as_view(), name="promotion"),
    path("promotions/<uuid:uid>/approvals", ApprovalsDoor.as_view(), name="approvals"),
    path("promotions/<uuid:uid>/recusal", RecusalDoor.as_view(), name="recusal"),
    path("promotions/<uuid:uid>/withdrawal", WithdrawalDoor.as_view(), name="withdrawal"),
    path("promotions/<uuid:uid>/break-glass", BreakGlassDoor.as_view(), name="break-glass"),
    path(
        "promotions/<uuid:uid>/break-glass/confirmation",
        BreakGlassConfirmationDoor.as_view(),
        name="break-glass-confirmation",
    ),
    path("promotions/<uuid:uid>/break-glass/review", BreakGlassReviewDoor.as_view(), name="break-glass-review"),
    path("waivers", WaiversDoor.as_view(), name="waivers"),
    path("waivers/<uuid:uid>", WaiverDoor.as_view(), name="waiver"),
    path("waivers/<uuid:uid>/revocation", WaiverRevocationDoor.as_view(), name="waiver-revocation"),
    path("notices", NoticesDoor.as_view(), name="notices"),
    path("notices/<number:notice>/reading", ReadingDoor.as_view(), name="notice-reading"),
    path("conditions", ConditionsDoor.as_view(), name="conditions"),
    path("conditions/<uuid:uid>", ConditionDoor.as_view(), name="condition"),
    path("conditions/<uuid:uid>/fulfilment", FulfilmentDoor.as_view(), name="fulfilment"),
    path("delegations", DelegationsDoor.as_view(), name="delegations"),
    path("delegations/<uuid:uid>", DelegationDoor.as_view(), name="delegation"),
    path("delegations/<uuid:uid>/revocation", RevocationDoor.as_view(), name="delegation-revocation"),
    path("policies", PoliciesDoor.as_view(), name="policies"),
    path("policies/simulation", SimulationDoor.as_view(), name="policy-simulation"),
    path("policies/drafts", PolicyDraftsDoor.as_view(), name="policy-drafts"),
    path("policies/drafts/<uuid:uid>", PolicyDraftDoor.as_view(), name="policy-draft"),
    path("policies/drafts/<uuid:uid>/approval", PolicyApprovalDoor.as_view(), name="policy-approval"),
    path("policies/drafts/<uuid:uid>/refusal", PolicyRefusalDoor.as_view(), name="policy-refusal"),
    path("policies/drafts/<uuid:uid>/withdrawal", PolicyWithdrawalDoor.as_view(), name="policy-withdrawal"),
    path("policies/<segment:name>/<number:number>", PolicyDoor.as_view(), name="policy"),
    path("trail", TrailDoor.as_view(), name="trail"),
    path("trail/checkpoint", CheckpointDoor.as_view(), name="checkpoint"),
    path("trail/entries", EntriesDoor.as_view(), name="entries"),
    path("trail/entries/<place:index>/proof", EntryProofDoor.as_view(), name="entry-proof"),
    path("trail/proofs/inclusion", InclusionDoor.as_view(), name="inclusion"),
    path("trail/proofs/consistency", ConsistencyDoor.as_view(), name="consistency"),
    path("trail/bundles", BundlesDoor.as_view(), name="bundles"),
    path("trail/bundles/<uuid:uid>", BundleDoor.as_view(), name="bundle"),
    path("trail/bundles/<uuid:uid>/content", BundleContentDoor.as_view(), name="bundle-content"),
    path("reports/<uuid:uid>", ReportDoor.as_view(), name="report"),
    path("reports/<uuid:uid>/content", ReportContentDoor.as_view(), name="report-content"),
    path("accounts", AccountsDoor.as_view(), name="accounts"),
    path("accounts/<uuid:uid>", AccountDoor.as_view(), name="account"),
    path("accounts/<uuid:uid>/roles", RolesDoor.as_view(), name="roles"),
    path("accounts/<uuid:uid>/roles/revocation", RoleRevocationDoor.as_view(), name="role-revocation"),
    path("tokens", TokensDoor.as_view(), name="tokens"),
    path("tokens/<segment:prefix>", TokenDoor.as_view(), name="token"),
    path("tokens/<segment:prefix>/rotation", TokenRotationDoor.as_view(), name="token-rotation"),
    path("tokens/<segment:prefix>/revocation", TokenRevocationDoor.as_view(), name="token-revocation"),
    path("webhooks", WebhooksDoor.as_view(), name="webhooks"),
    path("webhooks/<uuid:uid>", WebhookDoor.as_view(), name="webhook"),
    path("webhooks/<uuid:uid>/changes", WebhookChangeDoor.as_view(), name="webhook-changes"),
    path("webhooks/<uuid:uid>/secret", WebhookSecretDoor.as_view(), name="webhook-secret"),
    path("webhooks/<uuid:uid>/deletion", WebhookDeletionDoor.as_view(), name="webhook-deletion"),
    path("webhooks/<uuid:uid>/test", WebhookTestDoor.as_view(), name="webhook-test"),
    path("webhooks/<uuid:uid>/deliveries", WebhookDeliveriesDoor.as_view(), name="webhook-deliveries"),
    path("webhooks/deliveries/<uuid:uid>", WebhookDeliveryDoor.as_view(), name="webhook-delivery"),
    path("webhooks/deliveries/<uuid:uid>/redelivery", RedeliveryDoor.as_view(), name="webhook-redelivery"),
    path("whoami", WhoamiDoor.as_view(), name="whoami"),
]
