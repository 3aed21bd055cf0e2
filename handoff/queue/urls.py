"""The addresses of the queue's pages."""

from django.urls import path

from handoff.queue.pages import acts, leads, lists, panel

urlpatterns = [
    path("queue/", lists.queue, name="queue"),
    path("queue/next/", lists.next_lead, name="next-lead"),
    path("queue/<int:pk>/", panel.handoff_page, name="handoff"),
    path("queue/<int:pk>/claim/", acts.Claim.as_view(), name="claim"),
    path("queue/<int:pk>/touches/", acts.LogTouch.as_view(), name="touches"),
    path("queue/<int:pk>/next-step/", acts.PlanNextStep.as_view(), name="next-step"),
    path("queue/<int:pk>/snooze/", acts.SnoozePage.as_view(), name="snooze"),
    path("queue/<int:pk>/release/", acts.Release.as_view(), name="release"),
    path("queue/<int:pk>/pass/", acts.PassOn.as_view(), name="pass"),
    path("queue/<int:pk>/assign/", acts.Assign.as_view(), name="assign"),
    path("queue/<int:pk>/notes/", acts.AddNote.as_view(), name="notes"),
    path("queue/<int:pk>/qualify/", acts.Qualify.as_view(), name="qualify"),
    path("queue/<int:pk>/disqualify/", acts.Disqualify.as_view(), name="disqualify"),
    path("queue/<int:pk>/won/", acts.Won.as_view(), name="won"),
    path("queue/<int:pk>/lost/", acts.Lost.as_view(), name="lost"),
    path("queue/<int:pk>/undo/", acts.Undo.as_view(), name="undo"),
    path("queue/<int:pk>/overturn/", acts.Overturn.as_view(), name="overturn"),
    path("qualified/", lists.qualified, name="qualified"),
    path("nurture/", lists.nurture, name="nurture"),
    path("leads/", leads.lead_list, name="leads"),
    path("leads/<int:pk>/", leads.lead_page, name="lead"),
    path("leads/<int:pk>/hand-over/", leads.hand_over, name="hand-over"),
]
