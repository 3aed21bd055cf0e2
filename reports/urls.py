"""The addresses of the reports' pages and files."""

from django.urls import path

from reports import views

urlpatterns = [
    path("reports/sla/", views.sla, name="report-sla"),
    path("reports/sla.csv", views.sla_csv, name="report-sla-csv"),
    path("reports/sla/.csv", views.sla_csv),
    path("reports/funnel/", views.funnel, name="report-funnel"),
    path("reports/funnel.csv", views.funnel_csv, name="report-funnel-csv"),
    path("reports/funnel/.csv", views.funnel_csv),
    path("reports/rules/", views.rules, name="report-rules"),
    path("reports/rules.csv", views.rules_csv, name="report-rules-csv"),
    path("reports/rules/.csv", views.rules_csv),
]
