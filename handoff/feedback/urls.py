"""The addresses of the feedback to marketing."""

from django.urls import path

from handoff.feedback import agreement, decisions, exclusions, sampling, triage, views

urlpatterns = [
    path("agreement/", agreement.agreement, name="agreement"),
    path("agreement/<int:version>/", agreement.agreement, name="agreement-version"),
    path("agreement/propose/", agreement.propose, name="propose-agreement"),
    path("agreement/decide/", decisions.decide, name="decide"),
    path("agreement/decisions/<int:pk>/done/", decisions.finish, name="finish-decision"),
    path("agreement/<int:version>/sign/", agreement.sign, name="sign-agreement"),
    path("feedback/", views.feedback, name="feedback"),
    path("feedback/acknowledge/", views.acknowledge, name="acknowledge"),
    path("feedback/<int:pk>/answer/", views.answer, name="answer-verdict"),
    path("feedback/<int:pk>/change/", views.change_rule, name="change-rule"),
    path("feedback/exclusions/", exclusions.exclusions, name="exclusions"),
    path("feedback/exclusions/<int:pk>/end/", exclusions.end, name="end-exclusion"),
    path("feedback/sampling/", sampling.sampling, name="sampling"),
    path("feedback/sampling/<int:pk>/sign/", sampling.sign, name="sign-sampling"),
    path("feedback/sampling/<int:pk>/end/", sampling.end, name="end-sampling"),
    path("feedback/triage/", triage.triage_page, name="triage"),
    path("feedback/triage/<int:pk>/let-through/", triage.LetThrough.as_view(), name="let-through"),
    path("feedback/triage/<int:pk>/keep/", triage.Keep.as_view(), name="keep-held"),
]
