"""A hub with dashboards, to be used from the command line.

The test bed sets BED_HUB and DEMO_… (test/bed/hub.go), the test COMMANDLINE_SNIPPET:
what "dashboard-builder hub-config" printed.
"""

import json
import os
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

run_dir = Path(os.environ["DEMO_RUN_DIR"]).resolve()

c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['DEMO_PORT']}"
c.JupyterHub.public_url = c.JupyterHub.bind_url
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['DEMO_HUB_PORT']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['DEMO_PROXY_PORT']}"
c.JupyterHub.db_url = f"sqlite:///{run_dir}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{run_dir}/cookie_secret"
c.JupyterHub.pid_file = f"{run_dir}/jupyterhub.pid"
c.ConfigurableHTTPProxy.pid_file = f"{run_dir}/proxy.pid"
c.SimpleLocalProcessSpawner.home_dir_template = os.environ["COMMANDLINE_HOMES"]

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ["DEMO_PASSWORD"]
c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = "simple"
c.JupyterHub.allow_named_servers = True
c.JupyterHub.load_groups = {"finance": {"users": ["cat"]}}
# What a notebook server is to its user: a home, and a terminal with the hub's variables.
c.Spawner.cmd = ["sh", "-c", "env -0 > environment && exec jhsingle-native-proxy run static ."]
# So that it can be used in that terminal with the server's own token.
c.Spawner.server_token_scopes = ["users:activity!user", "access:servers!server", "access:services!service=dashboards"]

c.JupyterHub.services = [{"name": "bed", "api_token": json.loads(os.environ["BED_HUB"])["service_token"]}]
c.JupyterHub.load_roles = [{"name": "bed", "services": ["bed"], "scopes": ["admin:users", "admin:servers", "tokens", "shares", "access:services"]}]

load_subconfig(os.environ["COMMANDLINE_SNIPPET"])  # noqa: F821, JupyterHub puts it there
