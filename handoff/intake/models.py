"""Imports: a file, how far it got, and what could not be read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from handoff.people.models import User


class Import(models.Model):
    """One run over one file. The row is the work: a worker that dies leaves it to be run again."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    file_name = models.CharField(_("file"), max_length=200)
    path = models.CharField(max_length=500)
    mapping = models.CharField(_("mapping"), max_length=500)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("created at"))
    started_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(null=True, help_text=_("When its worker last wrote; long ago: run it again."))
    finished_at = models.DateTimeField(null=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    activities = models.PositiveIntegerField(_("activities"), default=0)
    handoffs = models.PositiveIntegerField(_("past handoffs"), default=0)  # that came or changed
    touches = models.PositiveIntegerField(_("past touches"), default=0)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.file_name


class ImportRemark(models.Model):
    """One row that was refused, or one value that could not be used."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="remarks")
    line = models.PositiveIntegerField(_("line"))
    column = models.CharField(_("column"), max_length=200, blank=True)
    value = models.CharField(_("value"), max_length=300, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    is_refusal = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("import remark")
        verbose_name_plural = _("import remarks")
        ordering = ["line", "id"]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"
