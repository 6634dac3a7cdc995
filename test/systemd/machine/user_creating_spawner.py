"""Units of systemd, of users whom the machine gets with their first server.

As The Littlest JupyterHub's spawner of this name does, which is not on PyPI.
"""

import hashlib
import pwd
import subprocess

from systemdspawner import SystemdSpawner


def system_username(name):
    """What the machine calls a user of the hub: at most 32 letters (useradd(8))."""
    name = "jupyter-" + name
    if len(name) < 26:
        return name
    return name[:26] + "-" + hashlib.sha256(name.encode()).hexdigest()[:5]


class UserCreatingSpawner(SystemdSpawner):
    def start(self):
        name = self.username_template = system_username(self.user.name)
        try:
            pwd.getpwnam(name)
        except KeyError:
            subprocess.check_call(["useradd", "--create-home", name])
            subprocess.check_call(["chmod", "o-rwx", "/home/" + name])
        subprocess.check_call(["gpasswd", "--add", name, "jupyterhub-users"])
        self.disable_user_sudo = not self.user.admin
        return super().start()
