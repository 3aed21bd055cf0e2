"""The addresses about people."""

from django.urls import path

from handoff.people import reaching, views

urlpatterns = [
    path("", views.home, name="home"),
    path("language/", views.set_language, name="set_language"),
    path("me/", views.me, name="me"),
    path("me/away/", views.away, name="away"),
    path("me/notices/", reaching.choose_notice_mail, name="notice-mail"),
    path("me/calendar/", reaching.make_calendar_address, name="make-calendar-address"),
]
