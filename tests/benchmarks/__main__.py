"""`make bench`: fills a database, measures beside bare PostgreSQL, and prints one table."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import psycopg

from tests.benchmarks import statement
from tests.benchmarks.base import Base
from tests.benchmarks.floor import seconds_of_floor
from tests.benchmarks.report import Row, machine, table

ADDRESS = "postgresql://root@127.0.0.1:5432/handoff_bench"
MIB = 1024
CROSSINGS = 2000
LISTS = 10
PAGES = {
    "rep": "queue of a rep",
    "manager": "queue of a team",
    "live": "the same, open already",
    "all": "queue of all teams",
}


def say(line: str) -> None:
    """Tell whoever waits what is going on."""
    sys.stderr.write(f"{line}\n")


def measured(base: Base, work: str, *arguments: int) -> dict[str, float]:
    """Measure `work` in a process of its own and return its figures."""
    say(f"measuring: {work} over {base.leads:,} leads")
    return base.child(work, *arguments)


def rescore(base: Base) -> Iterator[Row]:
    """Rescore the base after a publish, beside one statement and beside bare reading and writing."""
    publication = published(base)
    say("measuring: the statement and the floor")
    computes = statement.seconds_to_compute(base)
    writes = statement.seconds_to_write(base, publication)
    base.reset()
    reading, writing = seconds_of_floor(base, publication)
    base.reset()
    found = measured(base, "rescore")
    same = statement.agreement(base)
    taken, floor = found["seconds"], reading + writing
    say(f"{same.same:,} of {same.leads:,} totals equal the statement's to {statement.NEAR:g}")
    say(f"{same.holding:,} leads hold, {same.crossing:,} will cross")
    work, spent = "rescore after a publish", f"{taken:.1f} s ({found['process']:.1f} s in its process)"
    yield Row(work, spent, f"one statement that computes: {computes:.1f} s", taken / computes, 0.6)
    yield Row(work, spent, f"one statement that writes too: {writes:.1f} s", taken / writes, 0.6)
    yield Row(work, spent, f"floor: read {reading:.1f} s + write {writing:.1f} s", taken / floor, 1.5)
    yield Row("its memory", f"{found['peak']:.0f} MiB", "", found["peak"], MIB, "MiB")
    yield Row(
        "its totals", f"{same.same:,} equal", f"the statement's {same.leads:,}", same.same / same.leads, 1, "", True
    )


def crossings(base: Base) -> Iterator[Row]:
    """Act on the same number of crossings in the base and in one of a tenth."""
    tenth = base.tenth()
    stand(tenth)
    due = min(CROSSINGS, tenth.leads // 10)
    for each in (base, tenth):
        scored_anew(each)
    many, few = (measured(each, "crossings", due) for each in (base, tenth))
    work = f"crossing tick, {many['due']:.0f} due"
    compared = f"{few['due']:.0f} due in a tenth: {few['seconds']:.2f} s"
    yield Row(work, f"{many['seconds']:.2f} s", compared, many["seconds"] / few["seconds"], 1.2)


def single(base: Base) -> Iterator[Row]:
    """Read one lead's score."""
    found = measured(base, "single")
    for rules, wanted in ((30, 20), (500, 100)):
        wall, process = found[f"wall_{rules}"], found[f"process_{rules}"]
        found_ms = f"{wall:.1f} ms ({process:.1f} ms in its process)"
        yield Row(f"one lead of 60 activities, {rules} rules", found_ms, "", wall, wanted, "ms")


def ingest(base: Base) -> Iterator[Row]:
    """Take activities in through the API."""
    for work, opens in (("ingest in lists of 1000", 1), ("the same, nobody handed over", 0)):
        scored_anew(base)
        found = measured(base, "ingest", LISTS, opens)
        rate = f"{found['rate']:,.0f}/s, {found['handoffs']:.0f} handoffs"
        compared = f"bare INSERT: {found['bare']:,.0f}/s"
        yield Row(work, rate, compared, found["rate"] / found["bare"], 0.125, "", is_floor=True)
        wall, process = found["wall"], found["process"]
        yield Row("one activity to new score", f"{wall:.1f} ms ({process:.1f} ms in its process)", "", wall, 50, "ms")


def enforcement(base: Base) -> Iterator[Row]:
    """Take one due step of each running clock."""
    handed_over(base)
    found = measured(base, "enforcement")
    work = f"SLA enforcement, {found['due']:,.0f} due, {found['told']:,.0f} told"
    spent = f"{found['wall']:.2f} s ({found['process']:.2f} s in its process)"
    for bare, name in (("sent", "bare UPDATE and INSERT, sent"), ("inside", "the same inside the database")):
        yield Row(work, spent, f"{name}: {found[bare]:.2f} s", found["wall"] / found[bare], 3)


def pages(base: Base) -> Iterator[Row]:
    """Look at the queue as a rep and as a manager, and as a page that is open already."""
    handed_over(base)
    base.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    found = measured(base, "pages")
    for name, label in PAGES.items():
        p95, bare, empty = (found[f"{name}_{part}_p95"] for part in ("page", "bare", "empty"))
        spent = f"p50 {found[f'{name}_page_p50']:.1f} ms, p95 {p95:.1f} ms"
        yield Row(label, spent, f"its bare rows: p95 {bare:.1f} ms", p95 / bare, 3)
        yield Row(label, spent, f"these and an empty page: p95 {bare + empty:.1f} ms", p95 / (bare + empty), 3)
        queries = found[f"{name}_queries"]
        yield Row("its queries", f"{queries:.0f}", "", queries, 15, "queries")


def reports(base: Base) -> Iterator[Row]:
    """Read the SLA report and the funnel over one closed handoff a lead."""
    base.reset()
    base.close_handoffs()
    found = measured(base, "reports")
    for name, label in (
        ("sla", f"SLA report, {found['clocks']:,.0f} closed clocks"),
        ("funnel", f"funnel, {found['handoffs']:,.0f} handoffs"),
    ):
        taken, bare = found[f"{name}_report"], found[f"{name}_bare"]
        yield Row(label, f"{taken:.2f} s", f"hand-written SQL: {bare:.2f} s", taken / bare, 1.5)
    yield Row("its memory", f"{found['peak']:.0f} MiB", "", found["peak"], MIB, "MiB")


def published(base: Base) -> int:
    """Put the base back and publish the thirty rules; return the publication."""
    base.reset()
    return int(base.child("publish")["publication"])


def scored_anew(base: Base) -> None:
    """Put the base back, and store the scores under the thirty rules without measuring how."""
    statement.seconds_to_write(base, published(base))


def handed_over(base: Base) -> None:
    """Put the base back, with scores under the thirty rules and open handoffs."""
    scored_anew(base)
    base.open_handoffs()


def stand(base: Base) -> None:
    """Make the base unless it stands."""
    say(f"the base of {base.leads:,} leads in {base.name}: filled once, kept while scale and tables stay the same")
    base.ensure(fresh=os.environ.get("FRESH", "") not in {"", "0"})


WORKS: dict[str, Callable[[Base], Iterator[Row]]] = {
    "rescore": rescore,
    "crossings": crossings,
    "single": single,
    "ingest": ingest,
    "enforcement": enforcement,
    "pages": pages,
    "reports": reports,
}


def main() -> None:
    """Measure what ONLY names, else everything, over SCALE of a million leads."""
    base = Base(os.environ.get("BENCH_DATABASE_URL") or ADDRESS, float(os.environ.get("SCALE") or 1))
    only = (os.environ.get("ONLY") or " ".join(WORKS)).split()
    unknown = [name for name in only if name not in WORKS]
    if unknown:
        sys.exit(f"ONLY={unknown[0]!r}: use {', '.join(WORKS)}.")
    try:
        stand(base)
    except psycopg.OperationalError as error:
        sys.exit(f"No PostgreSQL answers at {base.url} ({error}). Start one, or name it in BENCH_DATABASE_URL.")
    said = machine(base)
    rows: list[Row] = []
    for name in only:
        try:
            rows.extend(WORKS[name](base))
        except subprocess.CalledProcessError:
            say(f"{name}: its process failed and said why above; the table goes without it.")
    sys.stdout.write(f"\n{said}\n\n{table(rows)}\n")


if __name__ == "__main__":
    main()
