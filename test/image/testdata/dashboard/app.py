"""A small app that says what it was asked, and dies as it is told."""
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time


def leave(signum, frame):
    if os.environ.get("DEAF"):
        print("app: told to stop, but deaf", flush=True)
        return
    print("app: told to stop", flush=True)
    time.sleep(0.3)  # what a graceful app does with its grace
    print("app: left in good order", flush=True)
    os._exit(0)


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/orphan":
            # The shell leaves at once, so its child becomes the child of PID 1.
            subprocess.run(["sh", "-c", "sleep 1000 &"], check=True)
        body = json.dumps({"path": self.path, "uid": os.getuid()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path.startswith("/exit/"):
            code = int(self.path.rsplit("/", 1)[1])
            threading.Timer(0.1, os._exit, [code]).start()

    def log_message(self, *args):
        pass


signal.signal(signal.SIGTERM, leave)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
