"""The addresses about people."""

from django.urls import path

from handoff.people import views

urlpatterns = [
    path("", views.home, name="home"),
    path("language/", views.set_language, name="set_language"),
    path("me/", views.me, name="me"),
]
