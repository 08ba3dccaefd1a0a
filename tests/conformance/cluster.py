"""A real master and a real agent on loopback, for tests. Started on free ports, stopped by pid."""
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("MESETA_BIN") or os.path.join(os.path.dirname(__file__), "../../build/bin")
START_TIMEOUT = 60  # Seconds; a loaded machine starts processes slowly.


def free_port():
    """Below the ports that outgoing connections get, one of which may be taken before it is used."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def get(address, path, timeout=15):
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def get_json(address, path):
    status, body = get(address, path)
    if status != 200:
        raise RuntimeError(f"GET {address}{path}: {status} {body[:200]!r}")
    return json.loads(body)


def wait_for(what, condition, timeout=START_TIMEOUT):
    """Waits until condition() is true; its exceptions count as not yet."""
    end = time.monotonic() + timeout
    last = None
    while time.monotonic() < end:
        try:
            if condition():
                return
        except Exception as error:  # Not up yet.
            last = error
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not happen within {timeout} s ({last})")


class Daemon:
    """One process whose output goes to a log file."""

    def __init__(self, name, arguments, log):
        self.name, self.arguments, self.log = name, arguments, log
        self.process = None

    def start(self):
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out)

    def kill(self):
        """kill -9, as the machine's power switch would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            print(f"{self.name} did not stop on SIGTERM", file=sys.stderr)
            self.kill()


class Cluster:
    """with Cluster(resources="cpus:4;mem:4096") as cluster: cluster.master, cluster.agent"""

    def __init__(self, resources="cpus:4;mem:4096;disk:10000;ports:[31000-32000]",
                 attributes="rack:r1;ssd:true;gen:3", master_flags=(), agent_flags=()):
        self.dir = tempfile.mkdtemp(prefix="meseta-test-")
        self.master = f"127.0.0.1:{free_port()}"
        self.agent = f"127.0.0.1:{free_port()}"
        self.master_daemon = Daemon("meseta-master", [
            os.path.join(BIN, "meseta-master"), "--ip=127.0.0.1", f"--port={self.master.split(':')[1]}",
            "--hostname=localhost", f"--work_dir={self.dir}/master", "--cluster=c1", *master_flags],
            f"{self.dir}/master.log")
        self.agent_daemon = Daemon("meseta-agent", [
            os.path.join(BIN, "meseta-agent"), f"--master={self.master}", "--ip=127.0.0.1",
            f"--port={self.agent.split(':')[1]}", "--hostname=localhost",
            f"--work_dir={self.dir}/agent", f"--runtime_dir={self.dir}/run",
            f"--resources={resources}", f"--attributes={attributes}", *agent_flags],
            f"{self.dir}/agent.log")

    def __enter__(self):
        try:
            self.master_daemon.start()
            self.agent_daemon.start()
            self.wait_ready()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def wait_ready(self):
        wait_for("registration of the agent", lambda: self.ended() or any(
            agent["active"] for agent in get_json(self.master, "/slaves")["slaves"]))
        if self.ended():
            raise RuntimeError(f"{self.ended()} ended (its log follows)")

    def ended(self):
        return [f"{d.name} with {d.process.returncode}" for d in
                (self.master_daemon, self.agent_daemon) if d.process.poll() is not None]

    def restart_agent(self):
        self.agent_daemon.start()
        self.wait_ready()

    def __exit__(self, kind, *_):
        self.agent_daemon.stop()
        self.master_daemon.stop()
        self.kill_tasks()
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)
            return
        for log in (self.master_daemon.log, self.agent_daemon.log):
            if os.path.exists(log):
                with open(log, errors="replace") as f:
                    print(f"---- {log}\n" + "".join(f.readlines()[-60:]), file=sys.stderr)

    def kill_tasks(self):
        """Tasks outlive their agent; the test's own must not outlive the test. They are known by
        their working directory, which is a sandbox below this cluster's own directory, and the shims
        by naming that directory on their command line."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                where = os.readlink(f"/proc/{pid}/cwd")
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    command = f.read().decode(errors="replace")
                if where.startswith(self.dir) or (self.dir in command and "meseta" in command):
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                continue  # It ended by itself.
