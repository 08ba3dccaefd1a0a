#!/usr/bin/env python3
"""app_server.py PORT BASE: an HTTP server as an app is. /health and /ready answer the status that the
file BASE.TASK_ID, else BASE.$V holds, else 200. Ends on SIGTERM once the requests under way are done."""
import http.server
import os
import signal
import sys
import threading

port, base = int(sys.argv[1]), sys.argv[2]


def ruled_status():
    for name in (os.environ.get("MESOS_TASK_ID", ""), os.environ.get("V", "")):
        try:
            with open(f"{base}.{name}") as f:
                return int(f.read() or 200)
        except OSError:
            continue
    return 200


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = ruled_status() if self.path in ("/health", "/ready") else 200
        body = os.environ.get("V", "").encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
