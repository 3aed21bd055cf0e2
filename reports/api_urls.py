"""The addresses of the reports in the API."""

from django.urls import path

from reports import api

urlpatterns = [
    path("reports/sla/", api.SlaView.as_view(), name="api-report-sla"),
    path("reports/funnel/", api.FunnelView.as_view(), name="api-report-funnel"),
    path("reports/rules/", api.RulesView.as_view(), name="api-report-rules"),
]
