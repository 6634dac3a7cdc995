"""The Littlest JupyterHub's configuration, as far as dashboards can tell.

See tljh/jupyterhub_config.py and tljh/configurer.py of its 2.0. Ours are the
authenticator, the proxy (it has Traefik, which is a service of its own as well) and
the service that the tests act by.
"""

import json
from glob import glob
from pathlib import Path

from user_creating_spawner import UserCreatingSpawner

c = get_config()  # noqa: F821, JupyterHub puts it there

told = json.loads(Path("/opt/tljh/told.json").read_text())

c.JupyterHub.spawner_class = UserCreatingSpawner
c.JupyterHub.cleanup_servers = False
c.JupyterHub.hub_port = 15001
c.JupyterHub.bind_url = "http://0.0.0.0:8000"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.auth_token = "of-this-machine"

c.SystemdSpawner.extra_paths = ["/opt/tljh/hub/bin"]
c.SystemdSpawner.default_shell = "/bin/bash"
c.SystemdSpawner.unit_name_template = "jupyter-{USERNAME}"
c.SystemdSpawner.username_template = "jupyter-{USERNAME}"
c.Spawner.mem_limit = "900M"  # tljh-config set limits.memory
c.Spawner.cpu_limit = 1.5
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180
c.Spawner.poll_interval = 2  # half a minute is long for a test that waits for it

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = told["password"]
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"boss"}

c.JupyterHub.services = [{"name": "bed", "api_token": told["token"]}]
c.JupyterHub.load_roles = [
    {
        "name": "bed",
        "services": ["bed"],
        "scopes": ["admin:users", "admin:servers", "tokens", "shares"],
    }
]

for extra in sorted(glob("/opt/tljh/config/jupyterhub_config.d/*.py")):
    load_subconfig(extra)  # noqa: F821, JupyterHub puts it there
