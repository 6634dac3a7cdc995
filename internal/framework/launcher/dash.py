# Serves a Dash app on a unix socket, without its development tools, whatever
# its own app.run() asks for.
import importlib.util
import os
import sys

sys.path = [folder for folder in sys.path if folder]  # not whatever lies here

from dash import Dash
from flask import Flask
from werkzeug.serving import run_simple

socket, target, *arguments = sys.argv[1:]
path, colon, name = target.rpartition(":") if ":" in target else (target, "", "")
sys.argv = [path, *arguments]

ran = []
Dash.run = Dash.run_server = lambda app, *_, **__: ran.append(app)

if path.endswith(".py"):
    folder, file = os.path.split(os.path.abspath(path))
    sys.path.insert(0, folder)
    module_name = file.removesuffix(".py").replace(".", "_")
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
else:
    sys.path.insert(0, os.getcwd())
    module = importlib.import_module(path)

if name:
    app = getattr(module, name, None)
    if not isinstance(app, (Dash, Flask)):
        sys.exit(f"{name} in {path} is no Dash app")
else:
    found = [app for app in vars(module).values() if isinstance(app, Dash)]
    if not ran + found:
        sys.exit(f"there is no Dash app in {path}: it is to have one such as app = Dash(__name__)")
    app = (ran + found)[0]

server = app if isinstance(app, Flask) else app.server
if not isinstance(server, Flask):
    sys.exit(f"{path} uses another backend than Flask: serve its server with \"run asgi {path}:server\"")
run_simple(f"unix://{socket}", 0, server, threaded=True)
