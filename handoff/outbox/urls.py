"""The addresses of the bell."""

from django.urls import path

from handoff.outbox import views

urlpatterns = [path("notices/", views.notices, name="notices")]
