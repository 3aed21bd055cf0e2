"""What is known of each lead in plain values, and the same read back from the database."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from handoff.leads.models import Hold, Lead
from handoff.people.models import User
from handoff.queue.models import Handoff, Qualification, Recycling
from tests.life.points import ENOUGH, Deed, Version

ASLEEP = frozenset({"nurture", "lost"})
HANDED_OVER_FROM = frozenset({"subscriber", "lead"}) | ASLEEP


@dataclass(frozen=True)
class Contract:
    """Under what a lead rests."""

    handoff: int
    at: datetime
    wake_at: datetime | None
    kinds: tuple[str, ...]
    points: float
    is_last: bool
    is_considered: bool = False


@dataclass(frozen=True)
class Standing:
    """Where one lead stands."""

    stage: str
    team: int | None  # of the open handoff, if there is one
    is_woken: bool = False
    open: int | None = None  # the handoff
    holder: int | None = None
    is_accepted: bool = False
    sql: tuple[int, bool] | None = None  # who takes it on, and whether they said so
    verdicts: tuple[tuple[int, str], ...] = ()
    contract: Contract | None = None
    holds: frozenset[str] = frozenset()

    @property
    def is_asleep(self) -> bool:
        """Whether only what their contract names brings them back."""
        return self.stage in ASLEEP and not self.is_woken

    @property
    def last(self) -> tuple[int, str]:
        """The last handoff that ended, and how."""
        return self.verdicts[-1] if self.verdicts else (0, "")


@dataclass
class Given:
    """The last verdict of a person, and how everything was before it."""

    handoff: int
    by: int
    at: datetime
    was: Standing
    trace: dict[str, Any] | None  # None once something else has happened to the lead
    objects: bool = False  # and with it the lead's objection was recorded


@dataclass
class Person:
    """One lead, with all that it did."""

    pk: int
    email: str
    standing: Standing
    titles: list[tuple[datetime, str]]
    deeds: dict[str, Deed] = field(default_factory=dict)
    contracts: set[int] = field(default_factory=set)  # the handoffs from which it rested
    given: Given | None = None
    is_two: bool = False  # two leads were merged into it

    def __post_init__(self) -> None:
        self.emails = {self.email}  # all that it is known by

    @property
    def title(self) -> str:
        """The job title as it is now."""
        return self.titles[-1][1]

    def total(self, at: datetime, version: Version) -> float:
        """Return the score at `at`."""
        return version.total(at, self.deeds.values(), self.title)

    def has_points(self, contract: Contract, at: datetime, version: Version) -> bool:
        """Return whether so much is new since `contract` as it wants: never what was there before."""
        title = [title for since, title in self.titles if since <= contract.at][-1]
        # What happened before, and only came in afterwards, is nothing new either.
        before = [deed for deed in self.deeds.values() if deed.at <= contract.at]
        gained = self.total(at, version) - version.total(at, before, title)
        return not contract.points or gained >= contract.points - ENOUGH


def may_work(standing: Standing, user: User) -> bool:
    """Return whether `user` may work on an open handoff: its holder, its team while nobody has it, its managers."""
    is_theirs, is_free = standing.holder == user.pk, standing.holder is None
    in_team = standing.team in user.team_ids()
    if user.is_rep:
        return is_theirs or (in_team and is_free)
    return user.is_admin or (user.is_manager and (in_team or is_theirs))


class Asked:
    """A question whose words are found once: for so few rows Django takes longer over them than the database."""

    def __init__(self, rows: Callable[[], "QuerySet[Any, Any]"]) -> None:
        self._rows = rows

    @cached_property
    def _compiler(self) -> Any:
        compiler: Any = self._rows().query.get_compiler("default")
        words = compiler.as_sql()
        compiler.as_sql = lambda **_limits: words
        return compiler

    def __call__(self) -> list[Any]:
        """Return the rows as they are now."""
        return list(self._compiler.results_iter())


OF_CONTRACT = ("lead_id", "handoff_id", "at", "wake_at", "wake_kinds", "wake_points", "is_last", "considered_at")
LEADS = Asked(lambda: Lead.objects.order_by("pk").values_list("pk", "stage", "team_id", "woken_at"))
HANDOFFS = Asked(
    lambda: Handoff.objects.order_by("pk").values_list(
        "lead_id", "pk", "verdict", "claimed_by_id", "assigned_to_id", "team_id"
    )
)
SQLS = Asked(lambda: Qualification.objects.values_list("handoff_id", "takes_over_id", "accepted_at"))
HOLDS = Asked(lambda: Hold.objects.filter(released_at=None).values_list("lead_id", "reason"))
CONTRACTS = Asked(lambda: Recycling.objects.filter(woken_at=None).values_list(*OF_CONTRACT))


def read() -> dict[int, Standing]:
    """Return where each lead stands by the database."""
    handoffs: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for lead, *row in HANDOFFS():
        handoffs[lead].append(tuple(row))
    sqls = {handoff: (taker, accepted is not None) for handoff, taker, accepted in SQLS()}
    holds: dict[int, set[str]] = defaultdict(set)
    for lead, reason in HOLDS():
        holds[lead].add(reason)
    contracts = {
        lead: Contract(handoff, at, wake_at, tuple(kinds), points, is_last, considered is not None)
        for lead, handoff, at, wake_at, kinds, points, is_last, considered in CONTRACTS()
    }
    return {
        pk: _standing(stage, team, woken, handoffs[pk], sqls, contracts.get(pk), holds[pk])
        for pk, stage, team, woken in LEADS()
    }


def _standing(
    stage: str,
    team: int | None,
    woken: datetime | None,
    handoffs: list[tuple[Any, ...]],
    sqls: dict[int, tuple[int, bool]],
    contract: Contract | None,
    holds: set[str],
) -> Standing:
    ended = tuple((pk, verdict) for pk, verdict, *_rest in handoffs if verdict and verdict != "merged")
    values: dict[str, Any] = {"team": team}
    for pk, verdict, claimed, assigned, of_team in handoffs:
        if not verdict:
            values = {"open": pk, "holder": claimed or assigned, "is_accepted": claimed is not None, "team": of_team}
    sql = sqls.get(ended[-1][0]) if ended else None
    return Standing(
        stage=stage,
        is_woken=woken is not None,
        sql=None if "open" in values else sql,
        verdicts=ended,
        contract=contract,
        holds=frozenset(holds),
        **values,
    )
