"""Which address leads to which door?"""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("api/", include("governance.api.urls")),
]

# Faults and refusals outside the views; under /api/ they are problem documents.
handler400 = "governance.api.problems.bad_request"
handler500 = "governance.api.problems.server_error"
