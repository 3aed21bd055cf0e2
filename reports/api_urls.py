"""The addresses of the reports in the API."""

from django.urls import path

from reports.api import VIEWS

urlpatterns = [path(f"reports/{name}/", view, name=f"api-report-{name}") for name, view in VIEWS.items()]
