"""Which address leads to which door?"""

from django.urls import include, path
from django.views.generic import RedirectView

from governance.admin import desk
from governance.api import witness
from governance.api.metrics import MetricsDoor

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("admin/", desk.urls),
    path("api/", include("governance.api.urls")),
    path("trail/", include("governance.api.log")),
    path("metrics", MetricsDoor.as_view(), name="metrics"),
    path("witness/add-checkpoint", witness.add_checkpoint, name="witness-add-checkpoint"),
    path("witness/checkpoint/<str:origin_sha256>", witness.checkpoint, name="witness-checkpoint"),
    path("witness/key", witness.key, name="witness-key"),
]

handler400 = "governance.api.faults.bad_request"
handler500 = "governance.api.faults.server_error"
