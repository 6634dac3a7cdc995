"""The hub of the matrix: one configuration for JupyterHub 1.5 to 6.

The test bed sets BED_HUB and DEMO_… (test/bed/hub.go), the matrix itself
HUBS_ROBOT_TOKEN and HUBS_POWERLESS_TOKEN.
"""

import json
import os
from pathlib import Path

from jupyterhub import version_info

c = get_config()  # noqa: F821, JupyterHub puts it there

run_dir = Path(os.environ["DEMO_RUN_DIR"]).resolve()
major = version_info[0]

# Nothing listens on anything but the loopback address.
c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['DEMO_PORT']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['DEMO_HUB_PORT']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['DEMO_PROXY_PORT']}"

# Nothing is written outside the run directory.
c.JupyterHub.db_url = f"sqlite:///{run_dir}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{run_dir}/cookie_secret"
c.JupyterHub.pid_file = f"{run_dir}/jupyterhub.pid"
c.ConfigurableHTTPProxy.pid_file = f"{run_dir}/proxy.pid"
c.SimpleLocalProcessSpawner.home_dir_template = f"{run_dir}/home/{{username}}"

# Whoever knows the password may come in, which is the default before hub 5.
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ["DEMO_PASSWORD"]
c.Authenticator.admin_users = {"boss"}
if major >= 5:
    c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = "simple"
c.JupyterHub.allow_named_servers = True

# Empty at first; the checks put people into them. The spelling changed in 3.2.
groups = ("team", "crew", "staff", "owners", "fans", "chiefs")
c.JupyterHub.load_groups = {name: {} if major >= 4 else [] for name in groups}

# The bed steers users, groups, servers and tokens and may enter no server; the
# robot may enter every server and do nothing else, the powerless one nothing at
# all. A role can name whose servers its group may enter in three ways.
bed = {"name": "bed", "api_token": json.loads(os.environ["BED_HUB"])["service_token"]}
robot = {"name": "robot", "api_token": os.environ["HUBS_ROBOT_TOKEN"]}
powerless = {"name": "powerless", "api_token": os.environ["HUBS_POWERLESS_TOKEN"]}
c.JupyterHub.services = [bed, robot, powerless]
if major >= 2:
    scopes = ["admin:users", "admin:servers", "groups", "tokens"]
    if major >= 5:
        scopes.append("shares")
    c.JupyterHub.load_roles = [
        {"name": "bed", "services": ["bed"], "scopes": scopes},
        {"name": "robot", "services": ["robot"], "scopes": ["access:servers"]},
        {"name": "team", "groups": ["team"], "scopes": ["access:servers!user=alice"]},
        {"name": "crew", "groups": ["crew"], "scopes": ["access:servers!server=alice/lab"]},
        {"name": "staff", "groups": ["staff"], "scopes": ["access:servers!group=owners"]},
    ]
else:
    # Without scopes there is one right, and admins need this to enter servers.
    bed["admin"] = True
    c.JupyterHub.admin_access = True


def as_the_test_wants(spawner):
    """Gives a server the command, environment and settings its start was asked with."""
    # Since hub 6 the body has an envelope; older hubs take it for an option.
    options = spawner.user_options
    options = options.get("user_options", options)
    if options.get("command_only"):
        spawner.cmd, spawner.args = options["command"], []
    else:
        spawner.cmd, *spawner.args = options["command"]
    spawner.environment = options.get("environment") or {}
    for name, value in options.get("settings", {}).items():
        setattr(spawner, name, value)


c.Spawner.pre_spawn_hook = as_the_test_wants
