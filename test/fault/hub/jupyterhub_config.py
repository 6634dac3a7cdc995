"""The hub of the fault tests: the test bed's, and where it listens.

The tests set FAULT_FOLDER, where they look for what they need to know of the
hub, and FAULT_TLS_PORT if it is to listen there by internal TLS.
"""

import os
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

folder = Path(os.environ["FAULT_FOLDER"])
load_subconfig(str(Path(__file__).resolve().parents[2] / "bed" / "jupyterhub_config.py"))  # noqa: F821

(folder / "hub-port").write_text(os.environ["DEMO_HUB_PORT"])

# Not in the run directory: a test may take the database away.
c.JupyterHub.db_url = f"sqlite:///{folder}/jupyterhub.sqlite"

if os.environ.get("FAULT_TLS_PORT"):
    # A hub with internal TLS answers nobody by plain HTTP on its own port.
    c.JupyterHub.internal_ssl = True
    c.JupyterHub.internal_certs_location = str(folder / "certs")
    c.JupyterHub.hub_bind_url = f"https://127.0.0.1:{os.environ['FAULT_TLS_PORT']}"
    c.ConfigurableHTTPProxy.api_url = f"https://127.0.0.1:{os.environ['DEMO_PROXY_PORT']}"
