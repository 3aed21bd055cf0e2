"""The admin pages of calendars and of policies."""

from handoff.sla.calendar_admin import CalendarAdmin
from handoff.sla.policy_admin import PolicyAdmin

__all__ = ["CalendarAdmin", "PolicyAdmin"]
