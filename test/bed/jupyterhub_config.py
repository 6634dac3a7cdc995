"""The hub of the tests: on one machine as the demo's, and steered by tests.

What a test wants comes as JSON in BED_HUB (see hubConfig in hub.go).
"""

import json
import os
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

bed = json.loads(os.environ["BED_HUB"])
root = Path(__file__).resolve().parents[2]

demo = root / "deploy" / "demo"
load_subconfig(str(demo / "machine.py"))  # noqa: F821
c.JupyterHub.allow_named_servers = True

# What a server runs whose test does not say: Voila, wrapped by our program.
c.Spawner.cmd = ["jhsingle-native-proxy"]
c.Spawner.args = [
    "--presentation-path",
    str(demo / "Presentation.ipynb"),
    "--",
    "voila",
    "{presentation_path}",
    "--port={port}",
    "--no-browser",
    "--Voila.server_url=/",
    "--Voila.base_url={base_url}/",
]

# Every test brings users of its own: whoever knows the password may come in.
c.Authenticator.allowed_users = set()
c.Authenticator.allow_all = True

# Tests start, stop and look at servers with this service's token. It may enter
# none of them.
c.JupyterHub.services = [{"name": "bed", "api_token": bed["service_token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "bed",
        "services": ["bed"],
        "scopes": ["admin:users", "admin:servers", "tokens", "shares"],
    }
]

# Many servers start at once here, and a test should not wait for the default
# half minute to learn that one does not come up.
c.Spawner.http_timeout = 20
c.Spawner.start_timeout = 30


def as_the_test_wants(spawner):
    """Gives a server the command and environment its start was asked with."""
    options = spawner.user_options
    if options.get("command"):
        spawner.cmd, *spawner.args = options["command"]
    spawner.environment = options.get("environment") or {}


c.Spawner.pre_spawn_hook = as_the_test_wants
