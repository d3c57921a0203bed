"""Which API dialects are there?"""

from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from governance.api.command_line import download
from governance.api.health import health
from governance.api.problems import unknown_path

urlpatterns = [
    path("health", health, name="health"),
    path("countersign.pyz", download, name="command-line"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("v1/", include("governance.api.v1.urls")),
    path("", include("governance.api.mlflow.urls")),
    re_path("", csrf_exempt(unknown_path)),
]
