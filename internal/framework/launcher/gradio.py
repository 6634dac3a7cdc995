# Runs a Gradio app as its own program would run, but for where it listens, and
# without a share link: that would be a way in past the login.
import inspect
import os
import runpy
import sys

sys.path = [folder for folder in sys.path if folder]  # not whatever lies here

from gradio import Blocks

port, prefix, path, *arguments = sys.argv[1:]
sys.argv = [path, *arguments]
sys.path.insert(0, os.path.dirname(os.path.abspath(path)))

launch = Blocks.launch
signature = inspect.signature(launch)
launched = []


def launch_here(*args, **kwargs):
    call = signature.bind(*args, **kwargs)
    call.arguments.update(
        server_name="127.0.0.1", server_port=int(port), root_path=prefix,
        share=False, inbrowser=False, quiet=True,
    )
    launched.append(call.arguments["self"])
    return launch(*call.args, **call.kwargs)


Blocks.launch = launch_here
variables = runpy.run_path(path, run_name="__main__")
if not launched:
    apps = [value for value in variables.values() if isinstance(value, Blocks)]
    if not apps:
        sys.exit(f"there is no Gradio app in {path}: it is to have one such as demo = gradio.Blocks()")
    apps[0].launch()
# An app that was told not to block has to be waited for all the same.
launched[-1].block_thread()
