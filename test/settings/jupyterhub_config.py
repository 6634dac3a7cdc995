"""A hub of the tests, set as one test wants it.

Everything is as in the test bed's hub but for what SETTINGS_HUB names: JSON, the
configurable's name and the trait's as the key ("JupyterHub.base_url").
"""

import json
import os
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

load_subconfig(str(Path(__file__).resolve().parents[1] / "bed" / "jupyterhub_config.py"))  # noqa: F821

# The tests also put people into groups, and delete both.
c.JupyterHub.load_roles[0]["scopes"].append("admin:groups")

# Five hubs and a browser at once on a small machine.
c.Spawner.http_timeout = 60
c.Spawner.start_timeout = 90


def with_address(authenticator, handler, authentication):
    """Adds what a real directory would know of a user."""
    authentication["user_info"] = {"email": authentication["name"] + "@example.test"}
    return authentication


c.Authenticator.post_auth_hook = with_address

for name, value in json.loads(os.environ["SETTINGS_HUB"]).items():
    configurable, trait = name.split(".")
    c[configurable][trait] = value

if c.JupyterHub.internal_ssl is True:
    # Servers do not start in the hub's folder, and this spawner leaves the files
    # where they are.
    c.JupyterHub.internal_certs_location = os.environ["DEMO_RUN_DIR"] + "/internal-ssl"
    # A URL that is set says itself how it is spoken to.
    for configurable, trait in ((c.JupyterHub, "hub_bind_url"), (c.ConfigurableHTTPProxy, "api_url")):
        configurable[trait] = configurable[trait].replace("http://", "https://")
