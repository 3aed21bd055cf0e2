"""The addresses of the feedback to marketing."""

from django.urls import path

from handoff.feedback import exclusions, views

urlpatterns = [
    path("feedback/", views.feedback, name="feedback"),
    path("feedback/acknowledge/", views.acknowledge, name="acknowledge"),
    path("feedback/<int:pk>/answer/", views.answer, name="answer-verdict"),
    path("feedback/<int:pk>/change/", views.change_rule, name="change-rule"),
    path("feedback/exclusions/", exclusions.exclusions, name="exclusions"),
    path("feedback/exclusions/<int:pk>/end/", exclusions.end, name="end-exclusion"),
]
