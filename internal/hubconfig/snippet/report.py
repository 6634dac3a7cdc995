# How a launch went. The hub waits for a server's first answer until http_timeout, and
# knows nothing of why there is none. So the launch is given a key, and asked with it
# right after the start: what is missing is said at once, to whoever asked for it.
ENDED = "It ended at once, and did not say why. Whoever runs this JupyterHub finds more in the log."


class Told(web.HTTPError):
    """An error with words for people, which every hub shows."""

    def __init__(self, status, text):
        super().__init__(status, text)
        self.jupyterhub_message = text
        self.jupyterhub_html_message = html.escape(text)

    if major < 5:
        # Those show the reason, which they set to a sentence of their own (user.py).
        reason = property(lambda self: self.jupyterhub_message, lambda self, _: None)


def probe(spawner, made):
    """Where the hub asks whether a server is up, by what its start returned (user.py)."""
    if not isinstance(made, str):
        ip, port = made
        scheme = "https" if spawner.internal_ssl else "http"
        made = "%s://%s:%d" % (scheme, "[%s]" % ip if ":" in ip else ip, int(port))
    parts = urlparse(made)
    host = parts.netloc
    if parts.hostname in ("", "0.0.0.0", "::"):
        host = "127.0.0.1:%d" % parts.port
    return "%s://%s%sapi" % (parts.scheme, host, spawner.server.base_url)


def plain(reason):
    """What the server says is its owner's, and can be anything."""
    text = "".join(each if each.isprintable() else " " for each in str(reason))
    return text[:900]


async def ask(client, address, key, context):
    """The state of a launch, and why it failed; the state is "" where it does not say."""
    answer = await client.fetch(
        address, headers={REPORT_HEADER: key}, raise_error=False, follow_redirects=False,
        connect_timeout=5, request_timeout=5, ssl_options=context,
    )
    try:
        launch = json.loads(answer.body.decode())["launch"]
        return launch["state"], launch.get("reason", "")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", ""  # of an older version of dashboard-builder


async def failure(spawner, key, made, seconds):
    """Why a server that was started is none; "" as well where that is not known."""
    address, settings = probe(spawner, made), spawner.user.settings
    # As the hub's own probe has it (user.py, _wait_up).
    context = make_ssl_context(
        settings.get("internal_ssl_key"), settings.get("internal_ssl_cert"),
        cafile=settings.get("internal_ssl_ca"),
    )
    client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=64 * 1024)
    until, ended, pause = time.monotonic() + seconds, None, 0.05
    try:
        while time.monotonic() < until:
            state = "preparing"
            try:
                state, reason = await ask(client, address, key, context)
            except ssl.SSLError:
                raise  # that does not change
            except (OSError, HTTPError):  # it does not answer yet, or not any more
                if await maybe_future(spawner.poll()) is None:
                    ended = None
                elif ended is None:
                    ended = time.monotonic()
                elif time.monotonic() > ended + 1:  # a spawner may need a moment to see it
                    return ENDED
            if state == "failed":
                return plain(reason)
            if state != "preparing":
                return ""
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, 0.5)
    finally:
        client.close()
    return ""


def reporting(spawner, key):
    """The spawner's start, which fails if the launch does."""
    start = spawner.start

    async def start_and_ask():
        began = time.monotonic()
        made = await maybe_future(start())
        # The hub gives up on start() after start_timeout, and on what it started
        # after http_timeout, as it does without us.
        left = spawner.start_timeout - (time.monotonic() - began) - 5
        reason = ""
        try:
            reason = await failure(spawner, key, made, min(left, spawner.http_timeout))
        except Exception as error:  # the hub will see for itself
            spawner.log.warning(
                "dashboards: cannot ask how %s/%s was launched: %s",
                spawner.user.name, spawner.name, error,
            )
        if reason:
            # Not a fault of the hub's, which would end itself after some of those
            # (handlers/base.py, consecutive_failure_limit).
            raise Told(424, FAILED + reason)
        return made

    return start_and_ask
