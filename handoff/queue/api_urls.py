"""The API's addresses of leads, activities, the queue and the scoring models."""

from django.urls import path

from handoff.queue.api import activities, acts, leads, models, queue, schema

urlpatterns = [
    path("leads/", leads.LeadList.as_view(), name="api-leads"),
    path("leads/<int:pk>/", leads.LeadDetail.as_view(), name="api-lead"),
    path("leads/<int:pk>/timeline/", leads.LeadTimeline.as_view(), name="api-timeline"),
    path("leads/<int:pk>/merge/", leads.LeadMerge.as_view(), name="api-merge"),
    path("leads/<int:pk>/score/", leads.LeadScore.as_view(), name="api-score"),
    path("activities/", activities.Activities.as_view(), name="api-activities"),
    path("queue/", queue.Queue.as_view(), name="api-queue"),
    path("qualified/", queue.Qualified.as_view(), name="api-qualified"),
    path("queue/next/", queue.TakeNext.as_view(), name="api-next"),
    path("queue/assign/", queue.AssignMany.as_view(), name="api-assign-many"),
    path("queue/<int:pk>/", queue.QueueDetail.as_view(), name="api-handoff"),
    *(
        path(f"queue/<int:pk>/{name}/", acts.ActView.as_view(act=act), name=f"api-{name}")
        for name, act in acts.ACTS.items()
    ),
    path("models/", models.ModelList.as_view(), name="api-models"),
    path("models/<int:pk>/", models.ModelDetail.as_view(), name="api-model"),
    path("models/<int:pk>/rehearse/", models.Rehearse.as_view(), name="api-rehearse"),
    path("rehearsals/<int:pk>/", models.RehearsalDetail.as_view(), name="api-rehearsal"),
    path("models/<int:pk>/publish/", models.Publish.as_view(), name="api-publish"),
]

__all__ = ["schema", "urlpatterns"]  # the schema's extension is registered by being imported
