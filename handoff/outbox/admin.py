"""Support for what left the house and what is on the record: to be read."""

from django.contrib import admin

from handoff.lib.admin import ReadOnlyAdmin
from handoff.outbox.models import AuditEntry, Mail, Notice


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """Mail with how its sending went."""

    list_display = ("to", "subject", "cause", "created_at", "not_before", "sent_at", "attempts", "error")
    list_filter = (("sent_at", admin.EmptyFieldListFilter), ("given_up_at", admin.EmptyFieldListFilter))
    search_fields = ("to", "subject", "cause")
    ordering = ("-id",)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """What stood under whose bell."""

    list_display = ("user", "text", "cause", "created_at", "read_at")
    list_select_related = ("user",)
    list_filter = (("read_at", admin.EmptyFieldListFilter),)
    search_fields = ("user__username", "text", "cause")
    ordering = ("-id",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what to which row."""

    list_display = ("at", "by", "act", "subject", "details")
    list_select_related = ("by",)
    search_fields = ("=subject", "act", "by__username")
    ordering = ("-id",)
