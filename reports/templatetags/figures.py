"""Figures in templates, as `reports.wording` says them."""

from django import template

from reports import wording

register = template.Library()
for filter_ in (
    wording.grouped,
    wording.percent,
    wording.interval,
    wording.count_of,
    wording.duration,
    wording.times,
    wording.times_interval,
    wording.lift_tone,
    wording.signed,
    wording.share_tone,
    wording.moment,
    wording.standing,
):
    register.filter(filter_.__name__, filter_)
