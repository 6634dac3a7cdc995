"""A hub with a life of its own, before the dashboards come: JupyterHub 2 to 6.

The test bed sets BED_HUB and DEMO_… (test/bed/hub.go), the tests themselves:

    HUBCONFIG_SNIPPET   what dashboard-builder printed
    HUBCONFIG_PLACE     "file" if it is a file of its own, "pasted" if it is in here
    HUBCONFIG_SERVER    the program that is everybody's server
    HUBCONFIG_RECORD    where that writes down how it was started
"""

import json
import os
from pathlib import Path

from jupyterhub import version_info

c = get_config()  # noqa: F821, JupyterHub puts it there

run_dir = Path(os.environ["DEMO_RUN_DIR"]).resolve()
major = version_info[0]

c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['DEMO_PORT']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['DEMO_HUB_PORT']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['DEMO_PROXY_PORT']}"
c.JupyterHub.db_url = f"sqlite:///{run_dir}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{run_dir}/cookie_secret"
c.JupyterHub.pid_file = f"{run_dir}/jupyterhub.pid"
c.ConfigurableHTTPProxy.pid_file = f"{run_dir}/proxy.pid"
c.SimpleLocalProcessSpawner.home_dir_template = f"{run_dir}/home/{{username}}"

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ["DEMO_PASSWORD"]
c.Authenticator.admin_users = {"boss"}
if major >= 5:
    c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = "simple"
c.JupyterHub.allow_named_servers = True
c.JupyterHub.load_groups = {name: {"users": ["zoe"]} if major >= 4 else ["zoe"] for name in ("team", "crew")}
c.Spawner.cmd = [os.environ["HUBCONFIG_SERVER"]]
c.Spawner.args = ["ordinary"]
c.Spawner.environment = {"RECORDER_FILE": os.environ["HUBCONFIG_RECORD"]}
c.Spawner.http_timeout = 30
# The hub answers a start at once, so that there is progress to follow.
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0.2}

# What was there before the dashboards: a service, roles, and a hook.
c.JupyterHub.services = [{"name": "bed", "api_token": json.loads(os.environ["BED_HUB"])["service_token"]}]
scopes = ["admin:users", "admin:servers", "groups", "tokens"]
if major >= 5:
    scopes.append("shares")
c.JupyterHub.load_roles = [{"name": "bed", "services": ["bed"], "scopes": scopes}]
if major >= 6:
    c.JupyterHub.extra_user_scopes = {"list:services"}
else:
    c.JupyterHub.load_roles.append({"name": "user", "scopes": ["self", "list:services"]})


async def hook_of_before(spawner):
    """Counts the starts of a server, and lets its options choose an argument."""
    spawner.environment = dict(spawner.environment, HOOK_OF_BEFORE="ran")
    if isinstance(spawner.user_options, dict) and "argument" in spawner.user_options:
        spawner.args = [spawner.user_options["argument"]]


c.Spawner.pre_spawn_hook = hook_of_before

snippet = os.environ["HUBCONFIG_SNIPPET"]
if os.environ["HUBCONFIG_PLACE"] == "file":
    load_subconfig(snippet)  # noqa: F821, JupyterHub puts it there
else:
    exec(compile(Path(snippet).read_text(), snippet, "exec"))
    # What comes behind does not undo it, where it joins in or is more general.
    c.JupyterHub.services.append({"name": "later"})
    c.Spawner.pre_spawn_hook = hook_of_before
