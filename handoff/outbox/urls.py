"""The addresses of the bell."""

from django.urls import path

from handoff.outbox import views

urlpatterns = [
    path("notices/", views.notices, name="notices"),
    path("notices/<int:pk>/", views.open_notice, name="notice"),
]
