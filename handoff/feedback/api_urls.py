"""The API's addresses of the feedback to marketing."""

from django.urls import path

from handoff.feedback import triage_api

urlpatterns = [
    path("triage/", triage_api.TriageList.as_view(), name="api-triage"),
    path("triage/<int:pk>/let-through/", triage_api.LetThrough.as_view(), name="api-let-through"),
    path("triage/<int:pk>/keep/", triage_api.Keep.as_view(), name="api-keep"),
]
