"""A JupyterHub that is at home on one machine and in one folder.

None of this is worth copying: it only makes a hub fit for a demo, or a test. It
is read by the configurations of both, and wants these variables:

    DEMO_RUN_DIR      where everything the hub writes goes
    DEMO_PORT         the port browsers come to
    DEMO_HUB_PORT     the port the hub itself listens on
    DEMO_PROXY_PORT   the port the hub steers its proxy by
    DEMO_PASSWORD     the password of all users, at least eight characters
"""

import os
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

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

# Users who need no account on this machine.
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["DEMO_PASSWORD"]
c.JupyterHub.spawner_class = "simple"
