"""The demo's JupyterHub: every user's server is one Voila dashboard.

What is worth copying into a hub of your own is at the end: the line about named
servers and the spawner's command. What is above them only makes the hub fit for
a demo on one machine.

Started by deploy/demo/run, which sets:

    DEMO_RUN_DIR      where everything the hub writes goes
    DEMO_PORT         the port browsers come to
    DEMO_HUB_PORT     the port the hub itself listens on
    DEMO_PROXY_PORT   the port the hub steers its proxy by
    DEMO_PASSWORD     the password of both users, at least eight characters
"""

import os
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

here = Path(__file__).resolve().parent
run_dir = Path(os.environ["DEMO_RUN_DIR"]).resolve()

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

# Two users who need no account on this machine.
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["DEMO_PASSWORD"]
c.Authenticator.allowed_users = {"alice", "bob"}
c.JupyterHub.spawner_class = "simple"

# A user may run more than one dashboard.
c.JupyterHub.allow_named_servers = True

# The server of a user: our program, and after the -- the app it wraps. What
# stands in braces is filled in by our program, which cuts the server's prefix
# off before Voila sees a path. So Voila listens at / and makes its links for
# the prefix.
c.Spawner.cmd = ["jhsingle-native-proxy"]
c.Spawner.args = [
    "--presentation-path",
    str(here / "Presentation.ipynb"),
    "--",
    "voila",
    "{presentation_path}",
    "--port={port}",
    "--no-browser",
    "--Voila.server_url=/",
    "--Voila.base_url={base_url}/",
]
