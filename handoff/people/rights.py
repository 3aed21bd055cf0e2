"""What each role may see and change in the admin site; pages and API guard their rows themselves."""

READ = frozenset({"view"})
EDIT = frozenset({"view", "add", "change", "delete"})
KEEP = frozenset({"view", "add", "change"})  # lists whose entries are switched off, never deleted

# Per role: what may be done with the models of an app, "scoring", or with one of them, "people.team".
# An administrator may do everything and is not listed.
PERMITTED: dict[str, dict[str, frozenset[str]]] = {
    "rep": {},
    "marketer": {
        "scoring": EDIT,
        "sla": READ,
        "leads": READ,
        "leads.sourcealias": EDIT,
        "leads.sourcecost": EDIT,
        "intake": READ,
        "feedback.promise": EDIT,
        "queue.disqualificationreason": READ,
    },
    "manager": {
        "scoring": READ,
        "sla": EDIT,
        "feedback.promise": EDIT,
        "people.user": READ,
        "people.team": frozenset({"view", "change"}),
        "people.membership": EDIT,
        "people.absence": EDIT,
        "queue": READ,
        "queue.replan": KEEP,
        "queue.disqualificationreason": KEEP,
        "queue.mailtemplate": EDIT,
        "leads": READ,
    },
}


def permits(role: str, permission: str) -> bool:
    """Return whether `role` permits `permission`, such as "scoring.change_rule".

    Without a model, as in "scoring.view_", it asks whether that is permitted anywhere in the app.
    """
    app, _dot, codename = permission.partition(".")
    act, _underscore, model = codename.partition("_")
    permitted = PERMITTED.get(role, {})
    if model:
        # What is said of one model outweighs what is said of its app.
        return act in permitted.get(f"{app}.{model}", permitted.get(app, frozenset()))
    return any(act in acts for named, acts in permitted.items() if named.partition(".")[0] == app)
