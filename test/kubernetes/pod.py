"""Prints the pods that the hub of Zero to JupyterHub would make, without a cluster.

Standard input is JSON: "values" are the chart's (singleuser and hub.extraConfig),
"starts" are a list of user, server and options, and "now" is when they are asked for,
in Unix seconds. Each gets its pod, or an error.
"""

import asyncio
import json
import sys
from unittest import mock

from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.user import User
from jupyterhub.utils import maybe_future
from kubernetes_asyncio.client import ApiClient
from traitlets.config import Config

given = json.load(sys.stdin)
singleuser = given["values"]["singleuser"]
c = Config()

# As the chart's jupyterhub_config.py sets them.
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.services = []
c.JupyterHub.load_roles = []
c.JupyterHub.allow_named_servers = True
c.Spawner.cmd = None
c.KubeSpawner.namespace = "jupyterhub"
c.KubeSpawner.image = "%(name)s:%(tag)s" % singleuser["image"]
c.KubeSpawner.allow_privilege_escalation = False
storage = singleuser["storage"]["static"]
c.KubeSpawner.volumes = {"home": {"name": "home", "persistentVolumeClaim": {"claimName": storage["pvcName"]}}}
c.KubeSpawner.volume_mounts = {"home": {"name": "home", "mountPath": "/home/jovyan", "subPath": storage["subPath"]}}


def get_config(key, default=None):
    """Of the chart's z2jh.py, and not that of traitlets."""
    raise NotImplementedError(key)


with mock.patch("time.time", return_value=0):  # a hub that began before any ticket
    for _, text in sorted(given["values"]["hub"]["extraConfig"].items()):
        exec(text)


async def main():
    hub = JupyterHub(config=c, db_url="sqlite:///:memory:")
    hub.init_db()
    hub.init_hub()
    await hub.init_role_creation()
    made = []
    for start in given["starts"]:
        known = hub.db.query(orm.User).filter_by(name=start["user"]).one_or_none()
        if known is None:
            known = orm.User(name=start["user"])
            hub.db.add(known)
            hub.db.commit()
        user = User(known, {
            "config": c, "spawner_class": hub.spawner_class, "hub": hub.hub, "base_url": "/", "cookie_options": {},
            "authenticator": hub.authenticator_class(parent=hub), "subdomain_host": "", "domain": "",
        })
        user.spawners[start["server"]].orm_spawner  # which makes it
        spawner = user.spawners[start["server"]]
        spawner.user_options = start["options"]
        spawner.server = hub.hub.__class__(ip="0.0.0.0", port=8888, base_url="/user/%s/%s/" % (start["user"], start["server"]))
        spawner.api_token = "its-own-token"
        spawner.oauth_client_id = "jupyterhub-user-" + start["user"]
        try:
            # In the order of User.spawn and KubeSpawner._start.
            await spawner.run_pre_spawn_hook()
            await spawner.load_user_options()
            pod = await spawner.get_pod_manifest()
            if spawner.modify_pod_hook:
                pod = await maybe_future(spawner.modify_pod_hook(spawner, pod))
            made.append({"pod": ApiClient().sanitize_for_serialization(pod)})
        except Exception as error:
            made.append({"error": "%s: %s" % (type(error).__name__, error)})
    return {"pods": made, "services": c.JupyterHub.services, "roles": list(c.JupyterHub.load_roles)}


with mock.patch("time.time", return_value=given["now"]):
    print(json.dumps(asyncio.run(main())))
