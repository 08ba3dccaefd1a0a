#!/usr/bin/env python3
"""meseta service against a real meseta dev: every subcommand, and how each fails."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from support import PATIENCE, cluster, expect, main

MESETA = os.path.join(cluster.BIN, "meseta")
APP = """id: /web
cmd: echo up; exec python3 -m http.server $PORT0 --bind 127.0.0.1
cpus: 0.1
mem: 32
instances: 2
healthChecks:
  - {protocol: HTTP, path: /, intervalSeconds: 1, gracePeriodSeconds: 60}
"""


class Dev:
    def __init__(self, process, master, services, folder):
        self.process, self.master, self.services, self.folder = process, master, services, folder

    def start(self, *args):
        return subprocess.Popen([MESETA, "service", *args], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, "MESETA_MASTER": self.master,
                                     "MESETA_SERVICES": self.services})

    def run(self, *args, code=0):
        process = self.start(*args)
        out, err = process.communicate(timeout=2 * PATIENCE)
        expect(process.returncode == code, args, process.returncode, out, err)
        return out, err

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def app(self, app_id):
        with urllib.request.urlopen(f"{self.services}/v2/apps{app_id}", timeout=PATIENCE) as f:
            return json.load(f)["app"]


@contextlib.contextmanager
def dev():
    with tempfile.TemporaryDirectory(prefix="meseta-test-") as folder:
        process = subprocess.Popen([MESETA, "dev", "--port=0", "--services_port=0"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        try:
            ready, services = process.stdout.readline(), process.stdout.readline()
            expect(ready.startswith("ready http://"), ready)
            expect(services.startswith("services http://"), services)
            yield Dev(process, ready.split("//")[1].strip(), services.split()[1], folder)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def every_command():
    with dev() as d:
        path = d.file("web.yaml", APP)
        out, _ = d.run("deploy", "--dry_run", path)
        expect("StartApplication /web" in out, out)
        expect(json.loads(d.run("ls", "--json")[0]) == [], "a dry run changed something")
        _, err = d.run("deploy", "--timeout=2mins", path)
        expect("2 of 2 running, 2 healthy" in err and "done after" in err, err)
        expect("/web  2/2" in d.run("ls")[0])
        expect("2 running of 2 wanted" in d.run("show", "web")[0])
        expect("waits for nothing" in d.run("why", "web")[0])
        expect(d.run("logs", "web")[0] == "up\n", "logs")
        one = d.app("/web")["tasks"][0]["id"]
        expect(d.run("logs", "web", "--instance", one)[0] == "up\n", "logs of one")
        d.run("scale", "web", "3", "--timeout=2mins")
        expect(d.app("/web")["tasksRunning"] == 3, "scale")
        versions = d.run("versions", "web")[0].split()
        expect(len(versions) == 2, versions)
        before = {task["id"] for task in d.app("/web")["tasks"]}
        d.run("restart", "web", "--timeout=2mins")
        expect(not before & {task["id"] for task in d.app("/web")["tasks"]}, "restart")
        d.run("rollback", "web", "--to", versions[-1], "--timeout=2mins")
        expect(d.app("/web")["instances"] == 2, "rollback")
        d.run("rm", "web", "--timeout=2mins")
        expect(json.loads(d.run("ls", "--json")[0]) == [], "rm")


def what_waits():
    with dev() as d:
        path = d.file("big.json", json.dumps({"id": "/big", "cmd": "sleep 1000", "mem": 1e9}))
        _, err = d.run("deploy", "--timeout=3secs", path, code=1)
        expect("Not done within --timeout" in err and "goes on" in err, err)
        expect("/big" in d.run("ls")[0])
        deadline = time.monotonic() + PATIENCE
        while "no agent has" not in d.run("why", "big")[0]:
            expect(time.monotonic() < deadline, d.run("why", "big")[0])
            time.sleep(0.2)
        # Locked: without --force nothing else is begun.
        _, err = d.run("scale", "big", "2", code=1)
        expect("--force" in err, err)
        watch = d.start("restart", "big", "--force")
        expect("deployment" in watch.stderr.readline(), "nothing was shown")
        watch.send_signal(signal.SIGINT)
        _, err = watch.communicate(timeout=PATIENCE)
        expect(watch.returncode == 130 and "Stopped watching" in err, watch.returncode, err)
        expect(d.app("/big")["deployments"], "Ctrl-C ended the deployment")
        d.run("rm", "big", "--force", "--timeout=2mins")


def standard_input():
    with dev() as d:
        for text in ('{"id": "/j", "cmd": "sleep 1000", "cpus": 0.1, "mem": 16}',
                     "{id: y/1, cmd: sleep 1000, cpus: 0.1, mem: 16}",
                     "- {id: a, cmd: sleep 1000, cpus: 0.1, mem: 16}\n"
                     "- {id: /g/b, cmd: sleep 1000, cpus: 0.1, mem: 16}\n"):
            done = subprocess.run([MESETA, "service", "deploy", f"--services={d.services}", "-"],
                                  input=text, capture_output=True, text=True, timeout=2 * PATIENCE)
            if text[1] == "i":  # Begins as JSON does, so it is read as JSON.
                expect(done.returncode == 64 and "syntax error" in done.stderr, done.stderr)
            else:
                expect(done.returncode == 0, done.stderr)
        apps = [app["id"] for app in json.loads(d.run("ls", "--json")[0])]
        expect(apps == ["/a", "/g/b", "/j"], apps)
        group = {"id": "/g", "apps": [{"id": "c", "cmd": "sleep 1000", "cpus": 0.1, "mem": 16}]}
        d.run("deploy", "--timeout=2mins", d.file("g.json", json.dumps(group)))
        apps = [app["id"] for app in json.loads(d.run("ls", "--json")[0])]
        expect(apps == ["/a", "/g/c", "/j"], apps)


def failures():
    with dev() as d:
        for command in (["show", "no"], ["restart", "no"], ["scale", "no", "2"], ["rollback", "no"],
                        ["versions", "no"], ["logs", "no"], ["why", "no"], ["rm", "no"]):
            _, err = d.run(*command, code=1)
            expect("'/no' does not exist" in err, command, err)
        _, err = d.run("deploy", d.file("a.yaml", "id: a\ncmd: x\ncpus: -1\n"), code=1)
        expect("/cpus" in err, err)
        _, err = d.run("deploy", d.file("b.yaml", "id: a\nid: b\n"), code=64)
        expect("b.yaml: line 2" in err, err)
        d.run("scale", "a", "many", code=64)
        _, err = d.run("ls", "--services=127.0.0.1:1", code=69)
        expect("MESETA_SERVICES" in err, err)
        d.run("ls", f"--services=127.0.0.1:1,{d.services}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([MESETA, "dev", "--port=0", f"--services_port={port}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE)
        expect(done.returncode == 78, done.returncode, done.stderr)
        expect("--no-services" in done.stderr and str(port) in done.stderr, done.stderr)


if __name__ == "__main__":
    main({"every_command": every_command, "what_waits": what_waits,
          "standard_input": standard_input, "failures": failures})
