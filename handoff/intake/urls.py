"""The addresses of imports."""

from django.urls import path

from handoff.intake import views

urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/<int:pk>/", views.import_page, name="import"),
]
