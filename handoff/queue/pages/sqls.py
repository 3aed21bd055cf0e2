"""The SQLs: the list of them, and each act on one as a page or in its place in the list."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from handoff.people.doors import person
from handoff.queue import deals, forms, next_steps, takeover, verdict_forms
from handoff.queue.models import Handoff, Qualification
from handoff.queue.pages.acts import ActPage
from handoff.queue.presenting import sql_rows, with_next_steps
from handoff.queue.qualification import CORRECTED, correct_sql


@require_GET
def qualified(request: HttpRequest) -> HttpResponse:
    """List the SQLs in hand: the readiest first, among equals what is to be done next."""
    user, now = person(request), timezone.now()
    found = Qualification.objects.visible_to(user).in_hand().by_readiness(timezone.localdate(now))
    page = Paginator(with_next_steps(found), 50).get_page(request.GET.get("page"))
    return render(request, "queue/qualified.html", {"page_obj": page, "rows": sql_rows(page.object_list, user, now)})


class SqlAct(ActPage):
    """An act on an SQL; afterwards the list of them."""

    then = "qualified"
    is_versioned = is_on_open = False


class SqlPage(SqlAct):
    """Such an act as a page of its own, or in the place of its row in the list."""

    template = "queue/sql.html"

    def show(self, request: HttpRequest, handoff: Handoff, form: Any, status: int = 200) -> HttpResponse:
        """Show the form, in the list where it was asked for from there."""
        if request.headers.get("HX-Request"):
            form.focus()
            context = {"form": form, "handoff": handoff, "button": self.button, "address": request.path}
            return render(request, "queue/_sql_edit.html", context, status=status)
        return super().show(request, handoff, form, status)

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Show the row as it is now, or go back to the SQLs."""
        if not request.headers.get("HX-Request"):
            return super().after(request, handoff)
        user, now = person(request), timezone.now()
        sqls = Qualification.objects.visible_to(user).by_readiness(timezone.localdate(now)).filter(handoff=handoff)
        return render(request, "queue/_qualified_row.html", {"row": sql_rows(with_next_steps(sqls), user, now)[0]})


class CorrectSql(SqlPage):
    """Write down what was learned since."""

    form_class = verdict_forms.SqlForm
    title = gettext_lazy("What we know about %(lead)s")
    done = gettext_lazy("%(lead)s is up to date.")
    does = staticmethod(correct_sql)

    def begun(self, request: HttpRequest, handoff: Handoff, now: datetime) -> dict[str, Any]:
        """Begin with what is known."""
        sql = get_object_or_404(Qualification, handoff=handoff)
        return {name: getattr(sql, name) for name in CORRECTED if getattr(sql, name) not in {None, ""}}


class PlanSqlStep(SqlPage):
    """Plan what happens next with an SQL."""

    form_class = verdict_forms.SqlStepForm
    is_versioned = True
    title = gettext_lazy("Next step with %(lead)s")
    done = gettext_lazy("Planned.")
    does = staticmethod(next_steps.plan_next_step)


take_on = SqlAct.as_view(
    does=takeover.accept_takeover,
    title=gettext_lazy("Take on %(lead)s"),
    button=gettext_lazy("I take it on"),
    done=gettext_lazy("%(lead)s is yours to win."),
)
give_back = SqlAct.as_view(
    form_class=verdict_forms.ReturnForm,
    does=takeover.return_takeover,
    title=gettext_lazy("Give %(lead)s back"),
    button=gettext_lazy("Give it back"),
    done=gettext_lazy("%(lead)s is with who qualified it again."),
)
pass_sql = SqlAct.as_view(
    form_class=forms.AssignForm,
    does=takeover.pass_sql,
    title=gettext_lazy("Pass %(lead)s to a colleague"),
    button=gettext_lazy("Pass on"),
    done=gettext_lazy("%(lead)s is offered to your colleague."),
)
opportunity = SqlAct.as_view(
    does=deals.open_opportunity,
    title=gettext_lazy("%(lead)s is an opportunity"),
    button=gettext_lazy("It is an opportunity"),
    done=gettext_lazy("%(lead)s is an opportunity now."),
)
won = SqlAct.as_view(
    form_class=verdict_forms.WonForm,
    does=deals.win,
    title=gettext_lazy("%(lead)s has bought"),
    done=gettext_lazy("%(lead)s is a customer."),
)
lost = SqlAct.as_view(
    form_class=verdict_forms.LostForm,
    does=deals.lose,
    template="queue/lost.html",
    title=gettext_lazy("%(lead)s is lost"),
    done=gettext_lazy("%(lead)s is lost, with the reason on record."),
)
