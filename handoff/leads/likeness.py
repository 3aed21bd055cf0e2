"""What two records of one person have in common: the mailbox behind an address, and the name as it is said.

The database works both out, so that no writer can forget them and their indexes find who shares one.
"""

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat, Left, Lower, Replace, StrIndex, Substr

# Where dots in the name and what follows a plus lead to the same mailbox, under either of two domains.
GOOGLE = ("@gmail.com", "@googlemail.com")
# Where only what follows a plus does.
TAGGED = (
    *("@outlook.com", "@outlook.de", "@hotmail.com", "@hotmail.de", "@hotmail.nl", "@hotmail.fr", "@hotmail.co.uk"),
    *("@live.com", "@live.nl", "@live.de", "@icloud.com", "@me.com", "@fastmail.com"),
    *("@proton.me", "@protonmail.com", "@pm.me"),
)


def _ends_with(domains: tuple[str, ...]) -> Q:
    found = Q()
    for domain in domains:
        found |= Q(email__endswith=domain)
    return found


_at = StrIndex("email", Value("@"))
_name = Left("email", _at - 1)
_untagged = Left("email", StrIndex(Concat(_name, Value("+")), Value("+")) - 1)

# Blank where the provider has but one spelling of an address: that one is unique already.
MAILBOX = Case(
    When(_ends_with(GOOGLE), then=Concat(Replace(_untagged, Value("."), Value("")), Value("@gmail.com"))),
    When(_ends_with(TAGGED), then=Concat(_untagged, Substr("email", _at))),
    default=Value(None),
)
# Half a name says too little.
CALLED = Case(
    When(Q(first_name="") | Q(last_name=""), then=Value(None)),
    default=Lower(Concat(F("first_name"), Value(" "), F("last_name"))),
)
