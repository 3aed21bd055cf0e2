"""The API's addresses of leads, activities, the queue and the scoring models."""

from django.urls import path

from handoff.queue.api import activities, leads, models, queue, schema

urlpatterns = [
    path("leads/", leads.LeadList.as_view(), name="api-leads"),
    path("leads/<int:pk>/", leads.LeadDetail.as_view(), name="api-lead"),
    path("leads/<int:pk>/timeline/", leads.LeadTimeline.as_view(), name="api-timeline"),
    path("leads/<int:pk>/score/", leads.LeadScore.as_view(), name="api-score"),
    path("activities/", activities.Activities.as_view(), name="api-activities"),
    path("queue/", queue.Queue.as_view(), name="api-queue"),
    path("queue/next/", queue.TakeNext.as_view(), name="api-next"),
    path("queue/<int:pk>/", queue.QueueDetail.as_view(), name="api-handoff"),
    path("queue/<int:pk>/claim/", queue.Claim.as_view(), name="api-claim"),
    path("queue/<int:pk>/release/", queue.Release.as_view(), name="api-release"),
    path("queue/<int:pk>/pass/", queue.PassOn.as_view(), name="api-pass"),
    path("queue/<int:pk>/assign/", queue.Assign.as_view(), name="api-assign"),
    path("queue/<int:pk>/touches/", queue.Touches.as_view(), name="api-touches"),
    path("queue/<int:pk>/next-step/", queue.NextStepDoor.as_view(), name="api-next-step"),
    path("queue/<int:pk>/notes/", queue.Notes.as_view(), name="api-notes"),
    path("queue/<int:pk>/snooze/", queue.SnoozeDoor.as_view(), name="api-snooze"),
    path("queue/<int:pk>/qualify/", queue.Qualify.as_view(), name="api-qualify"),
    path("queue/<int:pk>/disqualify/", queue.Disqualify.as_view(), name="api-disqualify"),
    path("queue/<int:pk>/take-on/", queue.TakeOn.as_view(), name="api-take-on"),
    path("queue/<int:pk>/undo/", queue.Undo.as_view(), name="api-undo"),
    path("queue/<int:pk>/overturn/", queue.Overturn.as_view(), name="api-overturn"),
    path("models/", models.ModelList.as_view(), name="api-models"),
    path("models/<int:pk>/", models.ModelDetail.as_view(), name="api-model"),
    path("models/<int:pk>/rehearse/", models.Rehearse.as_view(), name="api-rehearse"),
    path("rehearsals/<int:pk>/", models.RehearsalDetail.as_view(), name="api-rehearsal"),
    path("models/<int:pk>/publish/", models.Publish.as_view(), name="api-publish"),
]

__all__ = ["schema", "urlpatterns"]  # the schema's extension is registered by being imported
