"""A cluster with meseta-services on it, for clients of Marathon's API."""
import http.client
import json
import os

from cluster import BIN, Cluster, Daemon, free_port, get, wait_for


class MarathonCluster(Cluster):
    """with MarathonCluster() as cluster: cluster.services"""

    def __init__(self, services_flags=(), **options):
        super().__init__(**options)
        self.services = f"127.0.0.1:{free_port()}"
        self.services_daemon = Daemon("meseta-services", [
            os.path.join(BIN, "meseta-services"), f"--master={self.master}", "--ip=127.0.0.1",
            f"--port={self.services.split(':')[1]}", "--hostname=127.0.0.1",
            f"--work_dir={self.dir}/services", *services_flags], f"{self.dir}/services.log")

    def __enter__(self):
        super().__enter__()
        try:
            self.services_daemon.start()
            wait_for("an answer of the services", lambda: get(self.services, "/ping")[0] == 200)
        except BaseException:
            self.__exit__(RuntimeError)
            raise
        return self

    def __exit__(self, kind, *rest):
        self.services_daemon.stop()
        if kind is not None and os.path.exists(self.services_daemon.log):
            with open(self.services_daemon.log, errors="replace") as f:
                print("---- services.log\n" + "".join(f.readlines()[-60:]))
        super().__exit__(kind, *rest)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def call(address, method, path, body=None, headers=None):
    """One raw request: body is bytes as they are sent, or what is sent as JSON."""
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()
