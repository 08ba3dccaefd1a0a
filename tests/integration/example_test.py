#!/usr/bin/env python3
"""meseta-example-framework, and so the C++ library, against real clusters."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

from masters_test import Masters
from support import PATIENCE, cluster, expect, main

BINARY = os.path.join(cluster.BIN, "meseta-example-framework")


@contextlib.contextmanager
def dev():
    """`meseta dev` on a free port: its address."""
    process = subprocess.Popen([os.path.join(cluster.BIN, "meseta"), "dev", "--port=0",
                                "--no-services"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    try:
        line = process.stdout.readline().decode()
        expect(line.startswith("ready http://"), line)
        yield line.split("//")[1].strip()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Example:
    """with Example(masters, "--tasks=5") as e: e.output(), e.wait(); a process of its own."""

    def __init__(self, masters, *flags):
        self.dir = tempfile.mkdtemp(prefix="meseta-test-")
        self.log = f"{self.dir}/output"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([BINARY, f"--master={masters}", *flags],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def __enter__(self):
        return self

    def output(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def wait(self):
        return self.process.wait(timeout=PATIENCE)

    def count(self, text):
        return self.output().count(text)

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind is not None:
            print(self.output())
        shutil.rmtree(self.dir, ignore_errors=True)


def runs_tasks(*flags):
    """More tasks than fit at a time, over several rounds of offers; the framework is gone afterwards."""
    with dev() as master:
        with Example(master, "--tasks=30", "--command=true", "--cpus=0.2", *flags) as e:
            expect(e.wait() == 0, "exit code")
            expect(e.count("TASK_FINISHED") == 30, e.output())
        frameworks = cluster.get_json(master, "/frameworks")
        expect(frameworks["frameworks"] == [] and len(frameworks["completed_frameworks"]) == 1,
               frameworks)
        with Example(master, "--tasks=2", "--command=exit 3", *flags) as e:
            expect(e.wait() == 1, "exit code")
            expect(e.count("TASK_FAILED Command exited with status 3") == 2, e.output())


def bad_input():
    """Each mistake is one sentence and an exit code."""
    with Example("zk://localhost:2181/mesos") as e:
        expect(e.wait() == 64 and "ZooKeeper" in e.output(), e.output())
    with Example("127.0.0.1:1") as e:
        cluster.wait_for("a sentence", lambda: e.count("127.0.0.1:1") > 1, PATIENCE)
        e.process.send_signal(signal.SIGINT)
        expect(e.wait() == 1 and "interrupted" in e.output(), e.output())


def leader_killed(*flags):
    """kill -9 of the leader while tasks run, twice: the framework goes on at the next leader under its
    id, and hears of the end of every task."""
    with Masters(3, agents=1) as m:
        with Example(",".join(m.addresses), "--tasks=6", "--command=sleep 20", *flags) as e:
            cluster.wait_for("running tasks", lambda: e.count("TASK_RUNNING") >= 6, PATIENCE)
            for round_ in (1, 2):
                old = m.leader()
                m.daemons[old].kill()
                cluster.wait_for("a new session", lambda: e.count("subscribed as") == 1 + round_, PATIENCE)
                m.daemons[old].start()
                cluster.wait_for("three masters",
                                 lambda: cluster.get(old, "/health", timeout=2)[0] == 200, PATIENCE)
            expect(e.wait() == 0, "exit code")
            subscribed = {line.split(" at ")[0] for line in e.output().splitlines()
                          if line.startswith("subscribed")}
            expect(len(subscribed) == 1, "its id changed:", subscribed)
            expect(e.count("TASK_FINISHED") == 6, e.output())


def leader_paused():
    """A leader that hangs is left within seconds, as its link goes silent; the framework is subscribed at
    the next leader and stays there when the old one goes on."""
    with Masters(3, agents=1) as m:
        with Example(",".join(m.addresses), "--tasks=2", "--command=sleep 40") as e:
            cluster.wait_for("running tasks", lambda: e.count("TASK_RUNNING") >= 2, PATIENCE)
            old = m.leader()
            os.kill(m.daemons[old].process.pid, signal.SIGSTOP)
            m.wait_leader(but=[old])
            cluster.wait_for("a new session", lambda: e.count("subscribed as") == 2, PATIENCE)
            os.kill(m.daemons[old].process.pid, signal.SIGCONT)
            expect(e.wait() == 0, "exit code")
            expect(e.count("subscribed as") == 2 and e.count("TASK_FINISHED") == 2, e.output())


def credentials():
    """Where frameworks have to prove who they are over HTTP, links are no way around it."""
    with tempfile.TemporaryDirectory(prefix="meseta-test-") as folder:
        file = os.path.join(folder, "credentials")
        with open(file, "w") as f:
            f.write("someone secret\n")
        for flag in ("--authenticate_frameworks", "--authenticate_http_frameworks"):
            with Masters(1, flags=[f"--credentials={file}", flag]) as m:
                with Example(m.addresses[0], "--link") as e:
                    expect(e.wait() == 1 and "needs a credential" in e.output(), flag, e.output())
                if "http" not in flag:
                    continue
                with Example(m.addresses[0], "--no-link") as e:
                    expect(e.wait() == 1 and "needs a credential" not in e.output(),
                           flag, e.output())


if __name__ == "__main__":
    main({"runs_tasks": lambda: runs_tasks("--link"),
          "runs_tasks_http": lambda: runs_tasks("--no-link"),
          "bad_input": bad_input,
          "leader_killed": lambda: leader_killed("--link"),
          "leader_killed_http": lambda: leader_killed("--no-link"),
          "leader_paused": leader_paused, "credentials": credentials})
