"""What leads do."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from handoff.leads.models.people import Lead


class Kind(models.TextChoices):
    """What a lead can do. Others may be sent too; these have a name and an icon."""

    PAGE_VIEW = "page_view", _("page view")
    CONTENT_DOWNLOAD = "content_download", _("download")
    FORM_SUBMISSION = "form_submission", _("form")
    CONTACT_REQUEST = "contact_request", _("contact request")
    DEMO_REQUEST = "demo_request", _("demo request")
    TRIAL_STARTED = "trial_started", _("trial started")
    PRODUCT_USE = "product_use", _("product use")
    EMAIL_DELIVERED = "email_delivered", _("e-mail delivered")
    EMAIL_OPENED = "email_opened", _("e-mail opened")
    EMAIL_CLICKED = "email_clicked", _("e-mail clicked")
    EMAIL_BOUNCED = "email_bounced", _("e-mail bounced")
    UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
    WEBINAR_REGISTERED = "webinar_registered", _("webinar registration")
    WEBINAR_ATTENDED = "webinar_attended", _("webinar attended")
    EVENT_ATTENDED = "event_attended", _("event attended")
    SOCIAL_ENGAGEMENT = "social_engagement", _("social engagement")
    AD_CLICK = "ad_click", _("ad click")
    CALL = "call", _("call")
    MEETING = "meeting", _("meeting")


MAIL_KINDS = frozenset(
    {Kind.EMAIL_DELIVERED, Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED, Kind.EMAIL_BOUNCED, Kind.UNSUBSCRIBED}
)


class Activity(models.Model):
    """Something a lead did at a time. Never changed; (source, source_id) comes in once."""

    # The index on the lead and the time serves the lead alone too.
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, null=True, related_name="activities", db_index=False)
    source = models.CharField(_("source"), max_length=60)
    source_id = models.CharField(_("id at the source"), max_length=120)
    kind = models.CharField(_("kind"), max_length=40)
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    properties = models.JSONField(_("properties"), default=dict)
    is_machine = models.BooleanField(_("made by a machine"), default=False)
    # Until their lead is known, activities wait under what identifies it; where that is two things, under either.
    waits_for = models.JSONField(null=True, editable=False)
    waits_key = models.CharField(max_length=260, blank=True, editable=False)
    waits_too = models.CharField(max_length=260, blank=True, default="", db_default="", editable=False)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [models.UniqueConstraint(fields=["source", "source_id"], name="one_activity_per_source_and_id")]
        indexes = [
            # Scoring and the timeline read one lead's activities in order.
            models.Index(fields=["lead", "occurred_at"], name="activity_by_lead"),
            # A new lead collects what waited for it.
            models.Index(fields=["waits_key"], condition=Q(lead=None), name="activity_waiting"),
            models.Index(fields=["waits_too"], condition=Q(lead=None) & ~Q(waits_too=""), name="activity_waiting_too"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"

    def kind_label(self) -> str:
        """Return the kind in words."""
        return str(dict(Kind.choices).get(self.kind, self.kind.replace("_", " ")))
