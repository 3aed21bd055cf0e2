"""Every address of the site, by slice."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from handoff.config import health

urlpatterns = [
    path(
        "login/",
        login_not_required(auth.LoginView.as_view(template_name="login.html", redirect_authenticated_user=True)),
        name="login",
    ),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("handoff.people.urls")),
    path("", include("handoff.outbox.urls")),
    path("", include("handoff.queue.urls")),
    path("", include("handoff.feedback.urls")),
    path("", include("handoff.intake.urls")),
    path("", include("reports.urls")),
    path("api/v1/", include("handoff.config.api_urls")),
]
admin.site.site_header = admin.site.site_title = "Handoff"
