"""The demo's JupyterHub: people work in JupyterLab, and make dashboards of it.

This is all that a hub needs for dashboards, besides what machine.py has for the
demo's sake. Started by deploy/demo/run, which sets its variables.
"""

import os
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

here = Path(__file__).resolve().parent
load_subconfig(str(here / "machine.py"))  # noqa: F821

c.Authenticator.allowed_users = {"alice", "bob"}

# A dashboard is one of its owner's named servers.
c.JupyterHub.allow_named_servers = True

# After the login people come to the page Dashboards, and to JupyterLab from the
# hub's own page.
c.JupyterHub.default_url = "/services/dashboards/"

# What "dashboard-builder hub-config" has printed comes last.
load_subconfig(os.environ["DEMO_RUN_DIR"] + "/dashboards.py")  # noqa: F821
