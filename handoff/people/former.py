"""People whom only imported history knows: inactive, so that it can say who did what."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.hashers import make_password

from handoff.people.models import User

LONGEST = 150


def former_people(names: Collection[str], *, of: str, at: datetime) -> dict[str, User]:
    """Return a person for each name that the system `of` knew them by; those who are new are made, inactive.

    Whoever has no name there is one person, called as the system is.
    """
    usernames = {name: (f"{of}-{name}" if name else of)[:LONGEST] for name in names}
    known = _known(usernames.values())
    new = {username: name for name, username in usernames.items() if username not in known}
    if new:
        people = [
            User(
                username=username,
                last_name=(name or of)[:LONGEST],
                is_active=False,
                password=make_password(None),
                date_joined=at,
            )
            for username, name in new.items()
        ]
        User.objects.bulk_create(people, ignore_conflicts=True)
        known |= _known(new)
    return {name: known[username] for name, username in usernames.items()}


def _known(usernames: Collection[str]) -> dict[str, User]:
    return {user.username: user for user in User.objects.filter(username__in=usernames)}
