"""The addresses of the queue's pages."""

from django.urls import path

from handoff.queue.pages import acts, bulk, calendar, lead_acts, leads, lists, odd, panel, queue, touches

urlpatterns = [
    path("queue/", queue.queue, name="queue"),
    path("queue/lists/", queue.keep, name="keep-list"),
    path("queue/lists/<int:pk>/delete/", queue.drop, name="drop-list"),
    path("queue/next/", lists.next_lead, name="next-lead"),
    path("queue/assign/", bulk.assign_page, name="assign-many"),
    path("queue/odd-stops/", odd.odd_stops_page, name="odd-stops"),
    path("queue/<int:pk>/", panel.handoff_page, name="handoff"),
    path("queue/<int:pk>/claim/", acts.Claim.as_view(), name="claim"),
    path("queue/<int:pk>/touches/", touches.LogTouch.as_view(), name="touches"),
    path("queue/<int:pk>/next-step/", acts.PlanNextStep.as_view(), name="next-step"),
    path("queue/<int:pk>/snooze/", acts.SnoozePage.as_view(), name="snooze"),
    path("queue/<int:pk>/release/", acts.Release.as_view(), name="release"),
    path("queue/<int:pk>/pass/", acts.PassOn.as_view(), name="pass"),
    path("queue/<int:pk>/assign/", acts.Assign.as_view(), name="assign"),
    path("queue/<int:pk>/notes/", acts.AddNote.as_view(), name="notes"),
    path("queue/<int:pk>/qualify/", acts.Qualify.as_view(), name="qualify"),
    path("queue/<int:pk>/disqualify/", acts.Disqualify.as_view(), name="disqualify"),
    path("queue/<int:pk>/take-on/", acts.TakeOn.as_view(), name="take-on"),
    path("queue/<int:pk>/won/", acts.Won.as_view(), name="won"),
    path("queue/<int:pk>/lost/", acts.Lost.as_view(), name="lost"),
    path("queue/<int:pk>/undo/", acts.Undo.as_view(), name="undo"),
    path("queue/<int:pk>/overturn/", acts.Overturn.as_view(), name="overturn"),
    path("calendar/<str:secret>.ics", calendar.feed, name="calendar"),
    path("qualified/", lists.qualified, name="qualified"),
    path("nurture/", lists.nurture, name="nurture"),
    path("leads/", leads.lead_list, name="leads"),
    path("leads/new/", lead_acts.AddLead.as_view(), name="new-lead"),
    path("leads/<int:pk>/", leads.lead_page, name="lead"),
    path("leads/<int:pk>/edit/", lead_acts.EditLead.as_view(), name="edit-lead"),
    path("leads/<int:pk>/objection/", lead_acts.Objection.as_view(), name="objection"),
    path("leads/<int:pk>/hold/", lead_acts.HoldLead.as_view(), name="hold"),
    path("leads/<int:pk>/release-hold/", lead_acts.ReleaseHold.as_view(), name="release-hold"),
    path("leads/<int:pk>/hand-over/", leads.hand_over, name="hand-over"),
]
