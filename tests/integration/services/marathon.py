"""Real masters, agents and meseta-services on loopback, a client of the API, and what really runs.

Apps of the tests note each start in a file (see App): what started, and what runs by /proc, are
checked against what the API and the master say.
"""
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from support import PATIENCE, cluster, expect, main  # noqa: E402, F401  (found through the line above)

SERVER = os.path.join(HERE, "app_server.py")
LIVE = {"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING"}
ENDED_BY_ERROR = {"TASK_LOST", "TASK_DROPPED", "TASK_GONE", "TASK_FAILED", "TASK_ERROR"}


PORTS = 60  # Of an agent.


def free_ports():
    """The first of as many free ports in a row; few, for other tests take some at the same time."""
    while True:
        low = random.randrange(10_000, 32_000 - PORTS)
        try:
            for port in range(low, low + PORTS):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            return low
        except OSError:
            continue


class Marathon:
    """with Marathon(services=3) as m: m.services, m.agents, m.masters (lists of cluster.Daemon)."""

    def __init__(self, services=1, agents=1, masters=1, agent_flags=(), services_flags=(), env=None,
                 master_flags=()):
        self.dir = tempfile.mkdtemp(prefix="meseta-test-")
        self.masters = self._daemons("master", masters, [*master_flags], None)
        addresses = ",".join(d.address for d in self.masters)
        self.agents = self._daemons("agent", agents, [f"--master={addresses}", *agent_flags], None)
        self.services = self._daemons("services", services, [f"--master={addresses}", *services_flags],
                                      env)

    def _daemons(self, kind, count, flags, env):
        found = []
        addresses = [f"127.0.0.1:{cluster.free_port()}" for _ in range(count)]
        for number, address in enumerate(addresses):
            work = f"{self.dir}/{kind}-{number}"
            line = [os.path.join(cluster.BIN, f"meseta-{kind}"), "--ip=127.0.0.1",
                    f"--port={address.split(':')[1]}", f"--work_dir={work}", *flags]
            line.append("--hostname=127.0.0.1")
            if kind == "agent":
                low = free_ports()
                line += [f"--runtime_dir={self.dir}/run-{number}",
                         f"--resources=cpus:8;mem:4096;disk:10000;ports:[{low}-{low + PORTS - 1}]"]
            elif count > 1:
                line.append(f"--peers={','.join(addresses)}")
            daemon = cluster.Daemon(f"meseta-{kind}", line, f"{work}.output")
            daemon.address, daemon.work_dir = address, work
            if env:
                daemon.arguments = ["env", *[f"{k}={v}" for k, v in env(self.dir, number).items()],
                                    *daemon.arguments]
            found.append(daemon)
        return found

    def __enter__(self):
        try:
            for daemon in self.everything():
                daemon.start()
            cluster.wait_for("agents", lambda: sum(
                a["active"] for a in self.master_json("/slaves")["slaves"]) == len(self.agents), PATIENCE)
            self.wait_leader()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def everything(self):
        return [*self.masters, *self.agents, *self.services]

    def __exit__(self, kind, *_):
        for daemon in [*self.services, *self.agents, *self.masters]:
            if daemon.process and daemon.process.poll() is None:
                daemon.process.send_signal(signal.SIGCONT)
                daemon.kill()
        cluster.Cluster.kill_tasks(self)
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)
            return
        for daemon in self.everything():
            if os.path.exists(daemon.log):
                with open(daemon.log, errors="replace") as f:
                    print(f"---- {daemon.log}\n" + "".join(f.readlines()[-40:]), file=sys.stderr)

    # ---- the API

    def live(self, but=()):
        return [d for d in self.services if d.process.poll() is None and d not in but]

    def call(self, method, path, body=None, address=None, timeout=PATIENCE):
        """(status, JSON or text) of one request."""
        connection = http.client.HTTPConnection(address or self.live()[0].address, timeout=timeout)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"} if body is not None else {})
            response = connection.getresponse()
            text = response.read().decode()
            with contextlib.suppress(ValueError):
                return response.status, json.loads(text)
            return response.status, text
        finally:
            connection.close()

    def ask(self, method, path, body=None, statuses=(200, 201), but=(), timeout=PATIENCE):
        """Asks one daemon after the other until one answers with one of `statuses`, as a client does
        while leadership changes. Raises for an answer that repeating does not change."""
        end = time.monotonic() + timeout
        last, unclear = None, False
        while time.monotonic() < end:
            for daemon in self.live(but):
                try:
                    last = self.call(method, path, body, daemon.address, timeout=5)
                except (OSError, http.client.HTTPException) as error:
                    last, unclear = error, True
                    continue
                if last[0] in statuses or (
                        unclear and ("already exists" in str(last) or (method, last[0]) == ("DELETE", 404))):
                    return last[1]  # Or it was done, and the answer was lost.
                unclear = unclear or last[0] in (502, 503)
                expect(last[0] in (409, 502, 503), method, path, last)
            time.sleep(0.02)
        raise TimeoutError(f"{method} {path} was not answered within {timeout} s: {last}")

    def leader(self, but=()):
        """The daemon that the others name; raises while there is none."""
        for daemon in self.live(but):
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, answer = self.call("GET", "/v2/leader", address=daemon.address, timeout=2)
                if status == 200:
                    found = [d for d in self.live(but) if d.address == answer["leader"]]
                    if found:
                        return found[0]
        raise RuntimeError("no daemon leads")

    def wait_leader(self, but=()):
        cluster.wait_for("a leader", lambda: self.leader(but), PATIENCE)
        return self.leader(but)

    def app(self, app_id, but=()):
        return self.ask("GET", f"/v2/apps{app_id}?embed=app.tasks&embed=app.deployments&"
                        "embed=app.lastTaskFailure&embed=app.counts", but=but)["app"]

    def deployments(self):
        return self.ask("GET", "/v2/deployments")

    def wait_settled(self, app_id, version_of=None, timeout=2 * PATIENCE, but=()):
        """Until the app has all its instances, running, and no deployment; returns it."""
        last = {}

        def settled():
            nonlocal last
            last = app = self.app(app_id, but)
            return (not app["deployments"] and app["tasksRunning"] == app["instances"] and
                    app["tasksStaged"] == 0 and len(app["tasks"]) == app["instances"] and
                    all(t["version"] >= app["versionInfo"]["lastConfigChangeAt"] for t in app["tasks"]) and
                    (version_of is None or app["env"].get("V") == version_of))
        try:
            cluster.wait_for(app_id, settled, timeout)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {json.dumps(last)[:3000]}") from error
        return last

    def wait_gone(self, app_id, timeout=2 * PATIENCE):
        cluster.wait_for(f"the end of {app_id}", lambda: self.ask(
            "GET", f"/v2/apps{app_id}", statuses=(404,), timeout=1) and not [
                d for d in self.deployments() if app_id in d["affectedApps"]], timeout)

    # ---- what the master says, and what there is

    def master_json(self, path):
        for master in self.masters:
            if master.process.poll() is None:
                with contextlib.suppress(OSError, RuntimeError, http.client.HTTPException):
                    return cluster.get_json(master.address, path)
        raise RuntimeError("no master answers")

    def tasks(self, app_id):
        """All that the master knows of an app: {task id: state}."""
        name = app_id.strip("/").replace("/", "_") + "."
        tasks = self.master_json("/tasks?limit=10000")["tasks"]
        return {t["id"]: t["state"] for t in tasks if t["id"].startswith(name)}

    def processes(self, app_id):
        """{task id: [pids]} of the processes that run in sandboxes of the app."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if not os.readlink(f"/proc/{pid}/cwd").startswith(self.dir):
                    continue
                with open(f"/proc/{pid}/environ", "rb") as f:
                    env = dict(p.split(b"=", 1) for p in f.read().split(b"\0") if b"=" in p)
            except OSError:
                continue
            if env.get(b"MARATHON_APP_ID") == app_id.encode():
                found.setdefault(env[b"MESOS_TASK_ID"].decode(), []).append(int(pid))
        return found

    def starts(self, app_id):
        """Task ids in the order in which they started."""
        path = f"{self.dir}/starts{app_id.replace('/', '_')}"
        return open(path).read().split() if os.path.exists(path) else []

    def expect_same(self, app_id, but=()):
        """The API, the master and /proc agree on what runs: nothing lost, nothing twice."""
        seen = []

        def same():
            api = {t["id"] for t in self.app(app_id, but)["tasks"]}
            master = {t for t, state in self.tasks(app_id).items() if state in LIVE}
            real = set(self.processes(app_id))
            seen[:] = [api, master, real]
            return api == master == real
        try:
            cluster.wait_for(app_id, same, PATIENCE)
        except TimeoutError as error:
            raise AssertionError(f"{app_id}: API, master and /proc say {seen}") from error
        return seen[0]

    def sleeper(self, app_id, instances, **fields):
        """An app that notes its start, and sleeps."""
        cmd = f"echo $MESOS_TASK_ID >> {self.dir}/starts{app_id.replace('/', '_')}; exec sleep 100000"
        return {"id": app_id, "cmd": cmd, "cpus": 0.1, "mem": 16, "instances": instances,
                "env": {"V": "1"}, **fields}

    def server(self, app_id, instances, checks=True, **fields):
        """An app that serves HTTP (app_server.py); status_file() rules what /health says."""
        cmd = (f"echo $MESOS_TASK_ID >> {self.dir}/starts{app_id.replace('/', '_')}; "
               f"exec {sys.executable} {SERVER} $PORT0 {self.dir}/health{app_id.replace('/', '_')}")
        app = {"id": app_id, "cmd": cmd, "cpus": 0.1, "mem": 64, "instances": instances,
               "env": {"V": "1"}, "portDefinitions": [{"port": 0}], **fields}
        if checks:
            app.setdefault("healthChecks", [
                {"protocol": "HTTP", "path": "/health", "portIndex": 0, "gracePeriodSeconds": 30,
                 "intervalSeconds": 1, "timeoutSeconds": 5, "maxConsecutiveFailures": 3}])
        return app

    def say_health(self, app_id, what, status):
        """What the servers of app_id answer from now on: those with V=what or task id what."""
        with open(f"{self.dir}/health{app_id.replace('/', '_')}.{what}", "w") as f:
            f.write(str(status))
