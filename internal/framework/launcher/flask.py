# Serves a Flask app on a unix socket, below the prefix that the proxy names in
# X-Forwarded-Prefix: "flask run" knows no prefix.
import os
import sys

sys.path = [folder for folder in sys.path if folder]  # not whatever lies here

from flask.cli import ScriptInfo
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import run_simple

socket, target, *arguments = sys.argv[1:]
sys.argv = [target, *arguments]

path, colon, name = target.rpartition(":") if ":" in target else (target, "", "")
if os.path.isdir(path):
    # As Flask itself does without an --app.
    for file in ("wsgi.py", "app.py"):
        if os.path.exists(os.path.join(path, file)):
            path = os.path.join(path, file)
            break
    else:
        sys.exit(f"there is neither a wsgi.py nor an app.py in {path}")

app = ScriptInfo(app_import_path=path + colon + name).load_app()
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
run_simple(f"unix://{socket}", 0, app, threaded=True)
