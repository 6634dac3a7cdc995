# Tickets: what a dashboard's server runs, signed by the service. Options come from
# whoever asks for a start, so nothing in them counts but a ticket that is good for
# this very server, now, and for the first time.
key = hmac.new(token.encode(), b"dashboard1 ticket key", hashlib.sha256).digest()
used = {}  # nonces of the tickets that were taken, and until when those are good
begun = int(time.time())  # when this hub was started
required = {
    "user": str, "server": str, "dashboard": str, "revision": int, "title": str,
    "issued": int, "expires": int, "nonce": str, "arguments": list,
}
optional = {"image": str, "environment": dict}


def sealed(payload):
    digest = hmac.new(key, payload, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def without_doubles(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("it says something twice")
    return dict(pairs)


def is_text(value):
    return type(value) is str and "\0" not in value


def read_ticket(text, user, server):
    """What a ticket says; a ValueError says, for the log only, why it is none."""
    if type(text) is not str:
        raise ValueError("there is none")
    if len(text) > MAX_TICKET:
        raise ValueError("it is too large")
    payload, _, signature = text.encode("utf-8", "replace").rpartition(b".")
    if not hmac.compare_digest(signature, sealed(payload)):
        raise ValueError("the service did not sign it")
    version, _, content = payload.partition(b".")
    if version != b"dashboard1":
        raise ValueError("it is of another version of dashboard-builder")
    content = base64.urlsafe_b64decode(content + b"=" * (-len(content) % 4))
    ticket = json.loads(content.decode(), object_pairs_hook=without_doubles)

    fields = dict(required, **{name: optional[name] for name in optional if name in ticket})
    if set(ticket) != set(fields):
        raise ValueError("it says more or less than this configuration knows: print it anew")
    for name, kind in fields.items():
        if type(ticket[name]) is not kind:
            raise ValueError("its %s is no %s" % (name, kind.__name__))
    environment = ticket.setdefault("environment", {})
    ticket.setdefault("image", "")
    if not all(is_text(word) for word in ticket["arguments"] + [ticket["image"]]):
        raise ValueError("an argument or the image is no text")
    for name, value in environment.items():
        if not name or "=" in name or not is_text(name) or not is_text(value):
            raise ValueError("its environment is none")

    now = int(time.time())
    if ticket["user"] != user or ticket["server"] != server:
        raise ValueError("it is for another server")
    if now > ticket["expires"] or ticket["expires"] > ticket["issued"] + LIFETIME:
        raise ValueError("it has expired")
    if ticket["issued"] > now + MAX_AHEAD:
        raise ValueError("it was issued in the future: compare the clocks of the hub and the service")
    # What was used before is known only since this hub runs. The second in which it
    # began counts as before; the service asks again by a new ticket (launch.go).
    if ticket["issued"] <= begun:
        raise ValueError("it was issued before this hub was started")
    for nonce in [nonce for nonce, until in used.items() if until < now]:
        del used[nonce]
    if ticket["nonce"] in used:
        raise ValueError("it was used before")
    used[ticket["nonce"]] = ticket["expires"]
    return ticket
