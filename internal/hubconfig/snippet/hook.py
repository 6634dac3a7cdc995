# The hook before each start.
def is_a(spawner, name):
    return any(kind.__name__ == name for kind in type(spawner).__mro__)


class Refusal(Told):
    """What people see. It tells nothing about the ticket, which the log does."""

    def __init__(self, spawner):
        text = REFUSED + " Open it from the page %s, which starts it if need be."
        super().__init__(403, text % "Dashboards")
        if not spawner.user.settings.get("subdomain_host"):  # there the page is on another host
            page = spawner.hub.base_url[: -len("hub/")] + "services/%s/" % SERVICE
            link = '<a href="%s">Dashboards</a>' % html.escape(page)
            self.jupyterhub_html_message = html.escape(text, quote=False) % link


def changer(spawner):
    """Sets attributes of a spawner, so that undo can set them back."""
    done = spawner.__dict__.setdefault("_dashboards_changed", {})

    def change(**values):
        for name, value in values.items():
            before, _ = done.get(name, (getattr(spawner, name), None))
            setattr(spawner, name, value)
            done[name] = (before, getattr(spawner, name))

    return change


def undo(spawner):
    """Sets back what the last start has set, as a Spawner outlives its server.

    What was set to something else meanwhile, as by apply_user_options, stays.
    """
    for name, (before, ours) in spawner.__dict__.pop("_dashboards_changed", {}).items():
        if getattr(spawner, name) == ours:
            setattr(spawner, name, before)


def joined(previous):
    """A hook that does what the previous one does, and then what ours has to."""
    if getattr(previous, "of_dashboards", False):
        return previous

    async def pre_spawn_hook(spawner):
        undo(spawner)
        if previous is not None:
            await maybe_future(previous(spawner))
        options = spawner.user_options if isinstance(spawner.user_options, dict) else {}
        is_dashboard = spawner.name.startswith(PREFIX)
        if not is_dashboard and OPTION not in options:
            return  # a server like any other
        try:
            if not is_dashboard:
                raise ValueError("a server of this name is none of a dashboard")
            if not is_ours(spawner):
                raise ValueError("%s is none of the spawners that this is for" % type(spawner).__name__)
            ticket = read_ticket(options.get(OPTION), spawner.user.name, spawner.name)
            spawner.user_options = dict(options)
            change = changer(spawner)
            report_key = secrets.token_hex(16)
            environment = dict(spawner.environment, **ticket["environment"])
            environment[REPORT_KEY] = report_key
            change(environment=environment)
            prepare(spawner, ticket, change)
            change(start=reporting(spawner, report_key))
            # Tells the service that this hook is at work, which it relies on.
            spawner.user_options[ACCEPTED] = ticket["nonce"]
            if SKIP_CONSENT:
                # As for services with oauth_no_confirm (apihandlers/auth.py,
                # needs_oauth_confirm). A server of this name is always a dashboard.
                known = spawner.user.settings.setdefault("oauth_no_confirm_list", set())
                known.add(spawner.oauth_client_id)
        except Exception as error:  # whatever it is, this server must not start
            undo(spawner)
            spawner.user_options = options
            spawner.log.warning(
                "dashboards: refused to start %s/%s by its ticket: %s",
                spawner.user.name, spawner.name, error,
            )
            raise Refusal(spawner) from None
        spawner.log.info(
            "dashboards: starting revision %d of %s as %s/%s",
            ticket["revision"], ticket["dashboard"], spawner.user.name, spawner.name,
        )

    pre_spawn_hook.of_dashboards = True
    return pre_spawn_hook


class JoiningHook(LazyConfigValue):
    """Joins the hook that is set elsewhere, where a value would replace it."""

    def get_value(self, initial):
        return joined(initial)

    def merge_into(self, other):
        return self if isinstance(other, LazyConfigValue) else joined(other)


# A hook that is set on a spawner's own class takes the place of one on Spawner, so
# ours is on all of them.
for section in (
    "Spawner", "LocalProcessSpawner", "SimpleLocalProcessSpawner", "SudoSpawner",
    "SystemdSpawner", "UserCreatingSpawner", "DockerSpawner", "SystemUserSpawner",
    "SwarmSpawner", "KubeSpawner",
):
    c[section].pre_spawn_hook = joining(c[section], "pre_spawn_hook", JoiningHook())
