"""Which calls of the dialect are there? None has a slash at its end."""

from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from governance.api.mlflow import approvals, comments, model_versions, registered_models
from governance.api.mlflow.frame import unknown_call
from governance.api.mlflow.server import ServerInfoDoor
from governance.api.mlflow.webhooks import WebhookDoor, WebhooksDoor, WebhookTestDoor

MODELS = [
    path("create", registered_models.CreateModelDoor.as_view()),
    path("get", registered_models.GetModelDoor.as_view()),
    path("update", registered_models.UpdateModelDoor.as_view()),
    path("rename", registered_models.RenameModelDoor.as_view()),
    path("delete", registered_models.DeleteModelDoor.as_view()),
    path("search", registered_models.SearchModelsDoor.as_view()),
    path("get-latest-versions", registered_models.LatestVersionsDoor.as_view()),
    path("set-tag", registered_models.SetModelTagDoor.as_view()),
    path("delete-tag", registered_models.DeleteModelTagDoor.as_view()),
    path("alias", registered_models.AliasDoor.as_view()),
]
VERSIONS = [
    path("create", model_versions.CreateVersionDoor.as_view()),
    path("get", model_versions.GetVersionDoor.as_view()),
    path("update", model_versions.UpdateVersionDoor.as_view()),
    path("delete", model_versions.DeleteVersionDoor.as_view()),
    path("search", model_versions.SearchVersionsDoor.as_view()),
    path("get-download-uri", model_versions.DownloadAddressDoor.as_view()),
    path("transition-stage", model_versions.TransitionDoor.as_view()),
    path("set-tag", model_versions.SetVersionTagDoor.as_view()),
    path("delete-tag", model_versions.DeleteVersionTagDoor.as_view()),
]
REQUESTS = [
    path("create", approvals.CreateRequestDoor.as_view()),
    path("list", approvals.ListRequestsDoor.as_view()),
    path("approve", approvals.ApproveRequestDoor.as_view()),
    path("reject", approvals.RejectRequestDoor.as_view()),
    path("delete", approvals.CancelRequestDoor.as_view()),
]
COMMENTS = [
    path("create", comments.CreateCommentDoor.as_view()),
    path("update", comments.UpdateCommentDoor.as_view()),
    path("delete", comments.DeleteCommentDoor.as_view()),
]
DATABRICKS = [
    path("model-versions/transition-stage", approvals.TransitionWithCommentDoor.as_view()),
    path("registered-models/get", approvals.GetModelWithPermissionDoor.as_view()),
]

urlpatterns = [
    path("2.0/mlflow/webhooks", WebhooksDoor.as_view()),
    path("2.0/mlflow/webhooks/<str:webhook_id>", WebhookDoor.as_view()),
    path("2.0/mlflow/webhooks/<str:webhook_id>/test", WebhookTestDoor.as_view()),
    path("2.0/mlflow/registered-models/", include(MODELS)),
    path("2.0/mlflow/model-versions/", include(VERSIONS)),
    path("2.0/mlflow/transition-requests/", include(REQUESTS)),
    path("2.0/mlflow/comments/", include(COMMENTS)),
    path("2.0/mlflow/databricks/", include(DATABRICKS)),
    path("3.0/mlflow/server-info", ServerInfoDoor.as_view()),
    re_path(r"^[23]\.0/mlflow(/|$)", csrf_exempt(unknown_call)),
]
