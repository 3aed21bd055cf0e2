# ruff: noqa: E501 (lists of names read better in one line)
"""Who walks into the demo: names, companies, titles, and how each behaves."""

import itertools
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

COUNTRIES = (
    # weight, code, time zone, dialling code, first names, last names
    (34, "NL", "Europe/Amsterdam", "+3161", "Daan Sanne Bram Fleur Thijs Lotte Sven Iris Ruben Eva Bas Noa Joris Anouk Tim Maud", "Jansen Bakker Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Dijkstra Kok Brouwer Kuipers Postma Schouten"),
    (12, "BE", "Europe/Brussels", "+3247", "Lucas Emma Louis Marie Arthur Elise Jules Julie Victor Camille", "Maes Jacobs Willems Claes Goossens Wouters Dubois Lambert Dupont Martens"),
    (26, "DE", "Europe/Berlin", "+4915", "Lena Felix Hannah Paul Mia Leon Anna Jonas Clara Moritz Greta Nils Frieda Tobias", "Vogt Keller Schulz Hoffmann Wagner Becker Koch Richter Wolf Neumann Zimmermann Krüger Lorenz Busch"),
    (5, "AT", "Europe/Vienna", "+4366", "Lukas Sophie Maximilian Katharina Florian Magdalena", "Gruber Pichler Steiner Moser Hofer Leitner"),
    (17, "GB", "Europe/London", "+4474", "Oliver Amelia George Isla Harry Freya Jack Poppy Arjun Zara Callum Imogen", "Patel Turner Hughes Wright Bennett Foster Khan Palmer Shaw Reid Barnes Doyle"),
    (6, "US", "America/New_York", "+1212", "Ethan Olivia Mason Harper Logan Riley", "Carter Brooks Hayes Coleman Perry Long"),
)  # fmt: skip
INDUSTRIES = (
    (18, "Energy", "Energie Power Grid Solar Wind"), (18, "Logistics", "Logistiek Freight Cargo Haven Transit"),
    (20, "Manufacturing", "Werke Metaal Forge Machinery Precision"), (14, "Food", "Foods Bakkerij Dairy Molkerei Harvest"),
    (12, "Retail", "Markt Stores Winkels Trading Outlet"), (10, "Software", "Labs Digital Cloud Soft Systems"),
    (8, "Education", "College Akademie Campus Institute School"),
)  # fmt: skip
TITLES = (
    (10, "Head of Operations", 1.5), (9, "Energy manager", 1.4), (8, "Director of Sustainability", 1.5), (8, "IT lead", 1.1),
    (7, "CTO", 1.3), (7, "Operations manager", 1.2), (7, "VP Supply Chain", 1.4), (8, "Purchasing officer", 0.9),
    (8, "Marketing director", 0.7), (7, "Consultant", 0.5), (6, "Founder", 0.8), (5, "Controller", 0.8), (6, "Student", 0.1),
    (4, "Intern", 0.1),
)  # fmt: skip
SOURCES = (
    (24, "Organic search"), (18, "LinkedIn"), (14, "Google Ads"), (12, "Webinar"), (10, "Newsletter"), (9, "Trade fair"),
    (8, "Partner"), (5, "Referral"),
)  # fmt: skip
CAMPAIGNS = ("Grid tariffs 2027", "Night power", "Fleet charging", "")
PAPERS = ("Grid tariffs explained", "Peak shaving in practice", "Charging a fleet", "Contracts after 2027")
PAGES = (
    "/", "/product/", "/product/forecast/", "/customers/", "/customers/haven/", "/blog/peak-load/", "/about/",
    "/pricing/", "/pricing/", "/careers/",
)  # fmt: skip
MESSAGES = (
    "Need a quote before the first quarter",
    "Can you call me about two sites?",
    "What does it cost for 40 trucks?",
)
# Mail that reps start from: name, then subject and text in each language.
MAILS = {
    "First contact": {
        "en": ("Your question about {company}", "Dear {first_name},\n\nthank you for your interest. When may I call you?\n\n{my_name}"),
        "nl": ("Je vraag over {company}", "Beste {first_name},\n\nbedankt voor je interesse. Wanneer kan ik je bellen?\n\n{my_name}"),
        "de": ("Ihre Anfrage zu {company}", "Guten Tag {first_name} {last_name},\n\nvielen Dank für Ihr Interesse. Wann darf ich Sie anrufen?\n\n{my_name}"),
    },
    "After a call in vain": {
        "en": ("I tried to reach you", "Dear {first_name},\n\nI just tried to call you. When does it suit you better?\n\n{my_name}"),
        "nl": ("Ik probeerde je te bereiken", "Beste {first_name},\n\nik probeerde je net te bellen. Wanneer komt het beter uit?\n\n{my_name}"),
        "de": ("Ich habe versucht, Sie zu erreichen", "Guten Tag {first_name} {last_name},\n\nich habe eben versucht, Sie anzurufen. Wann passt es Ihnen besser?\n\n{my_name}"),
    },
    "What we agreed": {
        "en": ("What we agreed", "Dear {first_name},\n\nthank you for the call. In short:\n\n- \n\n{my_name}"),
        "nl": ("Wat we afspraken", "Beste {first_name},\n\nbedankt voor het gesprek. In het kort:\n\n- \n\n{my_name}"),
        "de": ("Was wir vereinbart haben", "Guten Tag {first_name} {last_name},\n\nvielen Dank für das Gespräch. Kurz gefasst:\n\n- \n\n{my_name}"),
    },
}  # fmt: skip
SYLLABLES = (
    "Nor", "Del", "Vel", "Tri", "Kem", "Lin", "Bra", "Sol", "Mer", "Hal", "Zan", "Ost", "Rik", "Fen", "Gal", "Tor",
)  # fmt: skip


def weighted(rng: random.Random, options: Any) -> Any:
    """Return one of (weight, value, ...) tuples without its weight."""
    chosen = rng.choices(options, weights=[option[0] for option in options])[0]
    return chosen[1] if len(chosen) == 2 else chosen[1:]


@dataclass(frozen=True)
class Character:
    """One lead of the demo: the API's lead object, when they appear, and how keen they are."""

    lead: dict[str, Any]
    appears_at: datetime
    zone: ZoneInfo
    keenness: float
    truth: float  # how likely sales finds a real project


def make_character(
    rng: random.Random, number: int, start: datetime, end: datetime, companies: list[dict[str, Any]]
) -> Character:
    """Make the `number`-th lead, appearing between `start` and `end`."""
    country, zone_name, dialling, firsts, lasts = weighted(rng, COUNTRIES)
    title, worth = weighted(rng, TITLES)
    first, last = rng.choice(firsts.split()), rng.choice(lasts.split())
    company = _company(rng, country, companies)
    is_free = rng.random() < 0.16
    host = rng.choice(("gmail.com", "outlook.com", "web.de")) if is_free else company["domain"]
    source = weighted(rng, SOURCES)
    zone = ZoneInfo(zone_name)
    lead = {
        "external_id": f"demo-{number:06}",
        "email": f"{first}.{last}{number}@{host}".lower().replace("ü", "ue"),
        "first_name": first,
        "last_name": last,
        "title": title,
        "country": country,
        "language": {"NL": "nl", "BE": "nl", "DE": "de", "AT": "de"}.get(country, "en"),
        "source": source,
        "campaign": rng.choice(CAMPAIGNS),
        "company": company,
        "consent": {"email": "opt_in"} if rng.random() < 0.7 else {"email": "legitimate_interest"},
        "traits": {"newsletter": rng.random() < 0.6},
    }
    if rng.random() < 0.75:
        lead["phone"] = dialling + "".join(str(rng.randrange(10)) for _ in range(8))
        lead["consent"]["phone"] = "request" if rng.random() < 0.4 else "legitimate_interest"
    fit = worth * (1.3 if company["industry"] in {"Energy", "Logistics", "Manufacturing"} else 0.7)
    keenness = min(max(rng.lognormvariate(-0.35, 0.75) * (0.6 + 0.4 * fit), 0.08), 4.0)
    appears_at = busy_moment(rng, start + (end - start) * rng.random(), zone)
    return Character(lead, appears_at, zone, keenness, min(0.1 + 0.22 * fit, 0.6))


def _company(rng: random.Random, country: str, companies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a known company now and then, so that colleagues meet, else a new one."""
    here = [company for company in companies if company["country"] == country]
    if here and rng.random() < 0.25:
        return rng.choice(here)
    industry, names = weighted(rng, INDUSTRIES)
    stem = rng.choice(SYLLABLES) + rng.choice(SYLLABLES).lower()
    company = {
        "name": f"{stem} {rng.choice(names.split())}",
        "domain": f"{stem.lower()}{len(companies)}.example",
        "industry": industry,
        "country": country,
        "employees": int(min(max(rng.lognormvariate(4.8, 1.3), 2), 40_000)),
    }
    companies.append(company)
    return company


def busy_moment(rng: random.Random, day: datetime, zone: ZoneInfo) -> datetime:
    """Return a moment on or near `day` when people are at work: weekdays mostly, daytime mostly."""
    while day.weekday() >= 5 and rng.random() < 0.8:
        day += timedelta(days=1)
    hour = min(max(rng.gauss(13, 3.2), 0), 23.98) if rng.random() < 0.9 else rng.random() * 24
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(hours=hour)
    return local.astimezone(UTC)


def activities_of(seed: str, character: Character, end: datetime) -> list[dict[str, Any]]:
    """Return what `character` does until `end`, as the API takes it; a later `end` only adds to it."""
    done: list[dict[str, Any]] = []
    rng = random.Random(f"{seed}:{character.lead['external_id']}")
    numbers = itertools.count()

    def do(at: datetime, kind: str, source: str = "web", **properties: Any) -> None:
        number = next(numbers)
        if character.appears_at <= at < end:
            done.append({
                "source": source, "id": f"{character.lead['external_id']}-{number}", "kind": kind, "occurred_at": at,
                "lead": {"external_id": character.lead["external_id"]}, "properties": properties,
            })  # fmt: skip

    moment, keenness = character.appears_at, character.keenness
    for session in range(1 + int(rng.expovariate(1 / (1.6 * keenness)))):
        _session(rng, moment, keenness, do, is_first=session == 0)
        gap = rng.expovariate(1 / (4 + 14 * (session + 1) / (1 + keenness)))
        moment = busy_moment(rng, moment + timedelta(days=0.5 + gap), character.zone)
    if character.lead["traits"]["newsletter"]:
        _mail(rng, character, end, do)
    return done


def _session(rng: random.Random, moment: datetime, keenness: float, do: Any, *, is_first: bool) -> None:
    """One visit: pages, and sometimes what makes sales listen."""
    for page in range(1 + int(rng.expovariate(1 / (1.4 + keenness)))):
        do(moment + timedelta(minutes=3 * page), "page_view", url=rng.choice(PAGES), seconds=rng.randrange(10, 240))
    moment += timedelta(minutes=20)
    if rng.random() < 0.12 * (1 + keenness) / 2:
        do(moment, "content_download", content=rng.choice(PAPERS))
    if rng.random() < 0.06 * keenness:
        do(moment, "webinar_registered", content="Energy contracts, live")
        do(moment + timedelta(days=3), "webinar_attended", content="Energy contracts, live")
    if rng.random() < 0.05 * keenness:
        do(moment, "form_submission", form="Tariff calculator")
    if rng.random() < 0.032 * keenness:
        do(moment + timedelta(minutes=4), "contact_request", topic="sales", message=rng.choice(MESSAGES))
    elif rng.random() < 0.028 * keenness:
        do(moment + timedelta(minutes=4), "demo_request", topic="sales", message="We would like to see it live")
    elif is_first and rng.random() < 0.02:
        do(moment + timedelta(minutes=4), "contact_request", topic=rng.choice(("support", "job application")))
    if rng.random() < 0.008 * keenness:
        do(moment + timedelta(minutes=9), "trial_started", people=rng.randrange(1, 6))


def _mail(rng: random.Random, character: Character, end: datetime, do: Any) -> None:
    """The newsletter, every five weeks: delivered, sometimes opened (by machines too), clicked, left."""
    moment = character.appears_at + timedelta(days=rng.randrange(2, 30))
    while moment < end:
        do(moment, "email_delivered", "mail", subject="Energy letter")
        if rng.random() < 0.35:
            machine = rng.random() < 0.3
            do(moment + timedelta(seconds=20), "email_opened", "mail", subject="Energy letter", machine=machine)
            if rng.random() < 0.22 * character.keenness:
                subject = rng.choice(("Tariff calculator", "Case study"))
                do(moment + timedelta(minutes=7), "email_clicked", "mail", subject=subject)
        if rng.random() < 0.012:
            do(moment + timedelta(hours=2), "unsubscribed", "mail")
            return
        moment += timedelta(days=35)
