# A systemd unit on the hub's machine: command and arguments.
import shutil


def is_ours(spawner):
    return is_a(spawner, "SystemdSpawner")


def literal(word):
    # SystemdSpawner puts names into {}, and systemd variables behind $
    # (systemd.service(5), "Command lines").
    return word.replace("{", "{{").replace("}", "}}").replace("$", "$$")


def prepare(spawner, ticket, change):
    if ticket["image"]:
        raise ValueError("it wants an image, and %s has none" % type(spawner).__name__)
    words = ["launch"] + ticket["arguments"]
    change(
        # By its path, if the hub itself finds it: SystemdSpawner looks for it only where
        # servers do, which is extra_paths, /bin and /usr/bin on The Littlest JupyterHub.
        cmd=[literal(shutil.which(COMMAND) or COMMAND)],
        args=[literal(word) for word in words],
        # SystemdSpawner has one unit for all servers of a user, and would stop the
        # user's notebook to start this. Made of the template, as the name may be one
        # that an earlier start has set.
        unit_name="%s-%s" % (spawner._expand_user_vars(spawner.unit_name_template), spawner.name),
        # One that was killed would stay as a failed unit, also when its dashboard is
        # deleted. What it said is in the journal. And what others open has no use of
        # sudo, which administrators' own servers have on The Littlest JupyterHub.
        unit_extra_properties=dict(
            {"CollectMode": "inactive-or-failed", "NoNewPrivileges": "yes"},
            **spawner.unit_extra_properties
        ),
    )
