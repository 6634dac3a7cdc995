"""A hub with dashboards, as "dashboard-builder hub-config" wants it: JupyterHub 2 to 6.

The test bed sets BED_HUB and DEMO_… (test/bed/hub.go), and package house HOUSE, as
JSON:

    snippet   the file that dashboard-builder printed
    hub       further settings of JupyterHub's, by their names
    sections  those of others, by theirs
    groups    the groups, and who is in them
    roles     further roles
    domain    the hub's name, below which users and services have theirs; or empty
    scopes    whether /hub/bed/role/NAME and /hub/bed/client/ID tell and take scopes
"""

import asyncio
import json
import os
from pathlib import Path

from jupyterhub import version_info

c = get_config()  # noqa: F821, JupyterHub puts it there

house = json.loads(os.environ["HOUSE"])
run_dir = Path(os.environ["DEMO_RUN_DIR"]).resolve()
major = version_info[0]

c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['DEMO_PORT']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['DEMO_HUB_PORT']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['DEMO_PROXY_PORT']}"
if house["domain"]:
    c.JupyterHub.subdomain_host = f"http://{house['domain']}:{os.environ['DEMO_PORT']}"
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
c.JupyterHub.load_groups = {
    name: {"users": users} if major >= 4 else users for name, users in house["groups"].items()
}
c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []
c.Spawner.http_timeout = 180
c.Spawner.start_timeout = 180

c.JupyterHub.services = [{"name": "bed", "api_token": json.loads(os.environ["BED_HUB"])["service_token"]}]
scopes = ["admin:users", "admin:servers", "admin:groups", "groups", "tokens"]
if major >= 5:
    scopes.append("shares")
c.JupyterHub.load_roles = [{"name": "bed", "services": ["bed"], "scopes": scopes}] + house["roles"]

for name, value in house["hub"].items():
    setattr(c.JupyterHub, name, tuple(value) if isinstance(value, list) else value)
for section, settings in house["sections"].items():
    for name, value in settings.items():
        setattr(c[section], name, value)


async def not_while_held(spawner):
    """A server does not start while there is a file of its user's name."""
    while (run_dir / "holds" / spawner.user.name).exists():
        await asyncio.sleep(0.05)


c.Spawner.pre_spawn_hook = not_while_held

if house["scopes"]:
    from jupyterhub import orm, roles
    from jupyterhub.apihandlers.base import APIHandler

    class Scopes(APIHandler):
        """The scopes of a role, or of an OAuth client's tokens, while the hub runs."""

        def check_xsrf_cookie(self):
            pass

        def get(self, kind, name):
            if kind == "role":
                self.write(json.dumps(orm.Role.find(self.db, name).scopes))
            else:
                self.write(json.dumps(self.client(name).allowed_scopes))

        def put(self, kind, name):
            wanted = self.get_json_body()
            if kind == "role":
                roles.create_role(self.db, {"name": name, "scopes": wanted})
            else:
                self.client(name).allowed_scopes = wanted
                self.db.commit()

        def client(self, name):
            return self.db.query(orm.OAuthClient).filter_by(identifier=name).one()

    c.JupyterHub.extra_handlers = [(r"/bed/(role|client)/([a-z-]+)", Scopes)]

load_subconfig(house["snippet"])  # noqa: F821, JupyterHub puts it there

# The service, if the hub starts it, is told what only the hub knows.
for service in c.JupyterHub.services:
    if service.get("command"):
        service["environment"] = {
            "DASHBOARD_BUILDER_HOMES": f"{run_dir}/home/{{username}}",
            "DASHBOARD_BUILDER_PROXY_URL": f"http://127.0.0.1:{os.environ['DEMO_PORT']}",
            "DASHBOARD_BUILDER_STATE": f"{run_dir}/dashboards",
        }
