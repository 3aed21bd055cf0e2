"""The addresses of the reports: each is a page, and a file beside it."""

from typing import Any

from django.urls import path

from reports import home, views
from reports.catalogue import REPORTS


def _addresses(name: str) -> list[Any]:
    given = {"name": name}
    return [
        path(f"reports/{name}/", views.page, given, name=f"report-{name}"),
        path(f"reports/{name}.csv", views.as_csv, given, name=f"report-{name}-csv"),
        path(f"reports/{name}.xlsx", views.as_xlsx, given, name=f"report-{name}-xlsx"),
        path(f"reports/{name}/.csv", views.as_csv, given),
        path(f"reports/{name}/.xlsx", views.as_xlsx, given),
    ]


urlpatterns = [
    path("reports/", home.home, name="reports"),
    *(address for name in REPORTS for address in _addresses(name)),
]
