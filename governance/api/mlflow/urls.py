"""Which calls of the dialect are there? None has a slash at its end."""

from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from governance.api.mlflow.frame import unknown_call
from governance.api.mlflow.server import ServerInfoDoor
from governance.api.mlflow.webhooks import WebhookDoor, WebhooksDoor, WebhookTestDoor

urlpatterns = [
    path("2.0/mlflow/webhooks", WebhooksDoor.as_view()),
    path("2.0/mlflow/webhooks/<str:webhook_id>", WebhookDoor.as_view()),
    path("2.0/mlflow/webhooks/<str:webhook_id>/test", WebhookTestDoor.as_view()),
    path("3.0/mlflow/server-info", ServerInfoDoor.as_view()),
    re_path(r"^[23]\.0/mlflow(/|$)", csrf_exempt(unknown_call)),
]
