"""The configuration of dashboards with the real spawners, and in files of all kinds.

    spawners.py CASES

CASES is JSON: "snippets" are the files by spawner, "tickets" signed ones for the
server dashboard-x of ada, "now" is when they are used, in Unix seconds, "literals"
pairs of a Python literal and its text. Says "ok" behind what is as it should be, and
ends with 1 if anything is not.
"""

import ast
import asyncio
import json
import logging
import os
import sys
import tempfile
import traceback
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from dockerspawner import DockerSpawner, SwarmSpawner, SystemUserSpawner
from jupyterhub.app import JupyterHub
from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner
from kubespawner import KubeSpawner
from sudospawner import SudoSpawner
from systemdspawner import SystemdSpawner
from tornado import web
from traitlets.config.loader import PyFileConfigLoader

logging.basicConfig()  # says why a ticket is refused
cases = json.loads(Path(sys.argv[1]).read_text())
folder = Path(tempfile.mkdtemp(dir=Path(sys.argv[1]).parent))


def load(*files):
    """Reads files as JupyterHub does; later ones are loaded by the first, as on TLJH."""
    names = []
    for number, text in enumerate(files):
        names.append(folder / ("%d.py" % number))
        names[-1].write_text(text)
    head = "c = get_config()\n" + files[0]
    names[0].write_text(head + "".join("\nload_subconfig(%r)" % str(name) for name in names[1:]))
    with mock.patch("time.time", return_value=0):  # a hub that began before any ticket
        return PyFileConfigLoader(names[0].name, path=str(folder)).load_config()


def snippet(kind):
    return Path(cases["snippets"][kind]).read_text()


def spawner_of(kind, config, options, name="dashboard-x"):
    return kind(
        user=SimpleNamespace(name="ada", escaped_name="ada", id=1, url="/user/ada/", settings={}, groups=[]),
        orm_spawner=SimpleNamespace(name=name, server=None, state={}, user_options={}),
        hub=SimpleNamespace(base_url="/hub/", api_url="http://hub/api", public_host="", server=None),
        user_options=options, config=config, oauth_client_id="c", oauth_roles=[],
    )


def ticketed(name, **others):
    return dict({"dashboard_ticket": cases["tickets"][name]}, **others)


async def refused(spawner):
    before = set_traits(spawner)
    try:
        await spawner.run_pre_spawn_hook()
    except web.HTTPError as error:
        assert error.status_code == 403 and "Dashboards" in error.jupyterhub_message, error
        assert set_traits(spawner) == before, "something of it was set"
        return True
    return False


def set_traits(spawner):
    names = ("cmd", "args", "environment", "image", "volumes", "read_only_volumes", "mounts", "remove", "pull_policy", "start",
             "unit_name", "unit_extra_properties")
    return {name: getattr(spawner, name) for name in names if hasattr(spawner, name)}


WORDS = ["--workdir", "/srv/a b", "voila", "{USERNAME} {x} $HOME $(HOME) %s", "é\n\"'"]
ENVIRONMENT = {"A": "{username} {y} $(A) $A"}


async def again(spawner, before):
    """The next start, which brings no ticket and is refused, finds all as it was."""
    spawner.user_options = {}
    try:
        await spawner.run_pre_spawn_hook()
    except web.HTTPError:
        assert set_traits(spawner) == before, (set_traits(spawner), before)
    else:
        raise AssertionError("it was not refused")


async def test_process():
    config = load(snippet("process"))
    for kind in (LocalProcessSpawner, SimpleLocalProcessSpawner):
        spawner = spawner_of(kind, config, ticketed("plain-" + kind.__name__))
        before = set_traits(spawner)
        await spawner.run_pre_spawn_hook()
        assert spawner.cmd + spawner.get_args() == ["dashboard-builder", "launch"] + WORDS, spawner.get_args()
        assert spawner.environment["A"] == ENVIRONMENT["A"]
        await again(spawner, before)
    assert await refused(spawner_of(SimpleLocalProcessSpawner, config, ticketed("image-process")))
    assert await refused(spawner_of(SudoSpawner, config, ticketed("plain-sudo")))
    assert await refused(spawner_of(DockerSpawner, config, ticketed("plain-wrong")))


async def test_systemd():
    os.environ["PATH"] = os.defpath
    config = load(snippet("systemd"))
    spawner = spawner_of(SystemdSpawner, config, ticketed("plain-systemd"))
    before = set_traits(spawner)
    await spawner.run_pre_spawn_hook()
    words = [spawner._expand_user_vars(word) for word in spawner.cmd + spawner.get_args()]
    # systemd itself makes one $ of two.
    assert [word.replace("$$", "$") for word in words] == ["dashboard-builder", "launch"] + WORDS, words
    assert not any("$" in word.replace("$$", "") for word in words), words
    properties = {"CollectMode": "inactive-or-failed", "NoNewPrivileges": "yes"}
    assert spawner.unit_extra_properties == properties, spawner.unit_extra_properties
    await again(spawner, before)
    # By its path, where the hub finds it, which has more on its own than servers do.
    program = folder / "dashboard-builder"
    program.touch(0o755)
    os.environ["PATH"] += ":%s" % folder
    spawner = spawner_of(SystemdSpawner, config, ticketed("path-systemd"))
    await spawner.run_pre_spawn_hook()
    assert spawner.cmd == [str(program)], spawner.cmd
    assert await refused(spawner_of(SystemdSpawner, config, ticketed("image-systemd")))
    assert await refused(spawner_of(SimpleLocalProcessSpawner, config, ticketed("plain-wrong")))


DOCKER = """
c.DockerSpawner.image = "lab"
c.DockerSpawner.allowed_images = ["other", "lab"]
c.DockerSpawner.pull_policy = "always"
c.DockerSpawner.volumes = {"home-{username}": "/home/jovyan", "/srv/data": {"bind": "/data", "mode": "rw"}}
c.DockerSpawner.read_only_volumes = {"/srv/secret": "/secret", "/srv/shared": "/shared"}
c.DockerSpawner.mounts = [{"source": "home-{username}", "target": "/m"}, {"source": "/srv/data", "target": "/n"}]
"""


async def test_docker():
    config = load(DOCKER, snippet("docker"))
    for kind in (DockerSpawner, SwarmSpawner):
        spawner = spawner_of(kind, config, ticketed("image-" + kind.__name__, image="other", cpus=2))
        before = set_traits(spawner)
        await spawner.run_pre_spawn_hook()
        command = "/usr/local/bin/dashboard-builder"
        assert await spawner.get_command() == [command, "launch"] + WORDS
        assert spawner.image == "dashboards/x:1" and spawner.remove and spawner.pull_policy == "ifnotpresent"
        assert "image" not in spawner.user_options and spawner.user_options["cpus"] == 2, spawner.user_options
        assert spawner.volume_binds == {
            "/srv/data": {"bind": "/data", "mode": "rw"}, "/srv/shared": {"bind": "/shared", "mode": "ro"},
            "/opt/dashboard-builder": {"bind": command, "mode": "ro"},
        }, spawner.volume_binds
        if kind is DockerSpawner:  # SwarmSpawner makes mounts of its volumes
            assert [mount["source"] for mount in spawner.mounts] == ["/srv/data"]
        assert spawner.get_env()["A"] == ENVIRONMENT["A"]
        await again(spawner, before)
    spawner = spawner_of(DockerSpawner, config, ticketed("image-docker"))
    await spawner.run_pre_spawn_hook()
    assert spawner.image == "dashboards/x:1"
    spawner.user_options = ticketed("plain-docker", image="other")
    await spawner.run_pre_spawn_hook()
    assert spawner.image == "lab" and spawner.user_options["image"] == "other" and spawner.pull_policy == "always"
    assert await refused(spawner_of(SystemUserSpawner, config, ticketed("plain-system")))
    assert await refused(spawner_of(SimpleLocalProcessSpawner, config, ticketed("image-wrong")))
    ordinary = spawner_of(DockerSpawner, config, {"image": "other"}, name="lab")
    before = set_traits(ordinary)
    await ordinary.run_pre_spawn_hook()
    assert set_traits(ordinary) == before and ordinary.user_options == {"image": "other"}


KUBE = """
c.KubeSpawner.image = "lab"
c.KubeSpawner.cmd = ["start-notebook"]
c.KubeSpawner.environment = {"B": "of {username}"}
c.KubeSpawner.profile_list = [{"display_name": "Big", "slug": "big", "default": True, "kubespawner_override": {
    "image": "big", "cmd": ["big"], "args": ["big"], "mem_limit": "8G", "environment": {"C": "big"}}}]
"""


async def test_kube():
    config = load(KUBE, snippet("kube"))
    spawner = spawner_of(KubeSpawner, config, ticketed("image-kube", profile="big"))
    before = set_traits(spawner)
    await spawner.run_pre_spawn_hook()
    await spawner.load_user_options()
    pod = await spawner.get_pod_manifest()
    container = pod.spec.containers[0]
    words = [word.replace("$$(", "$(") for word in container.args]
    assert words == ["dashboard-builder", "launch"] + WORDS, container.args
    assert "$$(HOME)" in container.args[5], container.args
    assert container.image == "dashboards/x:1" and container.resources.limits["memory"] == 8 * 2**30
    env = {each.name: each.value for each in container.env}
    assert env["A"] == "{username} {y} $$(A) $A" and env["C"] == "big" and env["JUPYTERHUB_USER"] == "ada", env
    assert spawner.environment["A"] is not None
    await again(spawner, before)
    # Without a ticket the profile is all there is.
    ordinary = spawner_of(KubeSpawner, config, {"profile": "big"}, name="lab")
    await ordinary.run_pre_spawn_hook()
    await ordinary.load_user_options()
    assert ordinary.image == "big" and ordinary.cmd == ["big"] and "A" not in ordinary.environment
    assert await refused(spawner_of(SimpleLocalProcessSpawner, config, ticketed("image-wrong")))


HOOK = """
async def %s(spawner):
    spawner.environment = dict(spawner.environment, HOOK_%s="ran")
%s.pre_spawn_hook = %s
"""


def hook(name, section):
    return HOOK % (name, name.upper(), section, name)


async def test_hooks_join():
    ours, on_all, on_own = snippet("process"), "c.Spawner", "c.SimpleLocalProcessSpawner"
    for number, (files, ran) in enumerate([
        ([ours], ""),
        ([hook("a", on_all) + ours], "A"),
        ([hook("a", on_own) + ours], "A"),
        ([hook("a", on_all), ours], "A"),
        ([hook("a", on_own), ours], "A"),
        ([hook("a", on_all) + hook("b", on_own), ours], "B"),  # as without ours
        ([ours + hook("a", on_all)], "A"),  # set behind ours
        (["", ours, hook("a", on_all)], "A"),
        ([ours + ours], ""),
        (["", ours, ours], ""),
        ([hook("a", on_all).replace("async ", ""), ours], "A"),
        (["c.SimpleLocalProcessSpawner.pre_spawn_hook = None", ours], ""),
        (["looked_at = c.Spawner.pre_spawn_hook", ours], ""),
    ]):
        ran = {"HOOK_" + name for name in ran}
        spawner = spawner_of(SimpleLocalProcessSpawner, load(*files), ticketed("join-%d" % number))
        spawner.environment = {}
        await spawner.run_pre_spawn_hook()
        assert spawner.args[0] == "launch", (files, spawner.args)
        assert set(spawner.environment) - set(ENVIRONMENT) - {"JHSINGLE_REPORT_KEY"} == ran, (number, spawner.environment)
        again = spawner_of(SimpleLocalProcessSpawner, load(*files), {}, name="lab")
        await again.run_pre_spawn_hook()
        assert set(again.environment) == ran and again.args == [], (number, again.environment)
    # This is what the first lines of the snippet warn of, and why the hub notes the
    # tickets that it took.
    lost = spawner_of(SimpleLocalProcessSpawner, load(ours + hook("a", on_own)), ticketed("lost"))
    await lost.run_pre_spawn_hook()
    assert lost.args == [] and "dashboard_accepted" not in lost.user_options


BEFORE = """
c.JupyterHub.load_roles = [{"name": "user", "scopes": ["self", "read:hub"]}, {"name": "theirs", "scopes": []}]
c.JupyterHub.services = [{"name": "theirs"}]
"""
LAZY = BEFORE.replace(" = [", ".extend([").replace("]\n", "])\n")
BEHIND = LAZY.replace("user", "further")
SCOPES = """
c.JupyterHub.extra_user_scopes = {"read:metrics"}
"""


async def test_roles_and_services_join():
    ours = snippet("process")
    for files in (
        [BEFORE, ours], [BEFORE + ours], [SCOPES + BEFORE + ours], [SCOPES + BEFORE, ours],
        [LAZY, ours], [LAZY + ours], [ours + BEHIND], ["", ours, BEHIND],
    ):
        app = JupyterHub(config=load(*files))
        more = {"read:metrics"} if "read:metrics" in files[0] else set()
        roles = {}
        for role in app.load_roles:
            assert role["name"] not in roles, "the hub would not start: %s twice" % role["name"]
            roles[role["name"]] = role
        assert set(roles) == {"theirs", "dashboards", "further" if "further" in str(files) else "user"}, roles
        if "user" in roles:
            assert set(roles["user"]["scopes"]) == {"self", "read:hub", "access:services!service=dashboards"}, roles
        assert app.extra_user_scopes == {"access:services!service=dashboards"} | more, app.extra_user_scopes
        assert sorted(each["name"] for each in app.services) == ["dashboards", "theirs"], app.services
    JupyterHub.clear_instance()


async def test_literals():
    for written, text in cases["literals"]:
        assert ast.literal_eval(written) == text, written


async def test_token():
    text = snippet("process")
    line = next(line for line in text.split("\n") if "TOKEN_FILE = " in line)
    for name, content in {"missing": None, "empty": "", "short": "a" * 31, "long": "a" * 65, "odd": "a b" * 12}.items():
        file = folder / name
        if content is not None:
            file.write_text(content)
        try:
            load(text.replace(line, "    TOKEN_FILE = %r" % str(file)))
        except ValueError as error:
            assert "openssl rand" in str(error) and "a" * 31 not in str(error), error
        else:
            raise AssertionError(name + " was taken")


async def test_old_python():
    for kind in cases["snippets"]:
        ast.parse(snippet(kind), feature_version=(3, 6))  # that of JupyterHub 2


def main():
    failed = False
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            try:
                with mock.patch("time.time", return_value=cases["now"]):
                    asyncio.run(test())
            except Exception:
                failed = True
                print(name)
                traceback.print_exc(file=sys.stdout)
            else:
                print(name, "ok")
    sys.exit(failed)


main()
