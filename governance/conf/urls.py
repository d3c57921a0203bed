"""Which address leads to which door?"""

from django.urls import include, path
from django.views.generic import RedirectView

from governance.admin import desk

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("admin/", desk.urls),
    path("api/", include("governance.api.urls")),
]

# Faults and refusals outside the views; under /api/ they are problem documents.
handler400 = "governance.api.problems.bad_request"
handler500 = "governance.api.problems.server_error"
