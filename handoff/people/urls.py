"""The addresses about people."""

from django.urls import path

from handoff.people import reaching, saved_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("language/", views.set_language, name="set_language"),
    path("me/", views.me, name="me"),
    path("me/away/", views.away, name="away"),
    path("me/notices/", reaching.choose_notice_mail, name="notice-mail"),
    path("me/views/", saved_views.keep_view, name="keep-view"),
    path("me/views/<int:pk>/", saved_views.change_view, name="change-view"),
    path("me/calendar/", reaching.make_calendar_address, name="make-calendar-address"),
]
