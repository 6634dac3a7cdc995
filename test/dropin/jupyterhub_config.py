"""The hub of the side-by-side test: the test bed's, with a group in it."""

import os
from pathlib import Path

c = get_config()  # noqa: F821, JupyterHub puts it there

root = Path(__file__).resolve().parents[2]
load_subconfig(str(root / "test" / "bed" / "jupyterhub_config.py"))  # noqa: F821

c.JupyterHub.load_groups = {"analysts": {"users": ["carol"]}}
