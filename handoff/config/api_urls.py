"""Every address of the API, by slice."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from handoff.lib.api import NoSuchAddress

# The vendored documentation page sets styles inline; its scripts stay as strict as everywhere.
page = SpectacularSwaggerSplitView.as_view(url_name="schema", metadata_class=None)  # it answers with pages only
docs = csp_update({"style-src": [SELF, UNSAFE_INLINE]})(page)

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", login_not_required(docs), name="api-docs"),
    path("", include("handoff.queue.api_urls")),
    path("", include("handoff.feedback.api_urls")),
    path("", include("reports.api_urls")),
    re_path("", NoSuchAddress.as_view()),
]
