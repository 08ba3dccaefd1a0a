#!/usr/bin/env python3
"""A scheduler on pymesos, unmodified, runs 200 tasks of mixed outcome and must see exactly the right
states: each update at least once, in order, under one uuid; one terminal state per task.

pymesos_test.py plain | agent_restart | reconnect

agent_restart: the agent is killed with -9 twice while tasks run, and started again.
reconnect: the scheduler's own connection is cut twice, and it resubscribes.
"""
import collections
import os
import signal
import socket
import sys
import threading
import time

from pymesos import MesosSchedulerDriver, Scheduler

import cluster

TASKS = 200
DEADLINE = 240  # Seconds for all tasks, on a loaded machine.

# kind -> (command fields, terminal state, text in the last message)
KINDS = {
    "success": ({"value": "echo hello"}, "TASK_FINISHED", "exited with status 0"),
    "argv": ({"shell": False, "value": "/bin/echo", "arguments": ["echo", "a  b"]},
             "TASK_FINISHED", "exited with status 0"),
    "exit7": ({"value": "exit 7"}, "TASK_FAILED", "exited with status 7"),
    "exit255": ({"value": "exit 255"}, "TASK_FAILED", "exited with status 255"),
    "sigkill": ({"value": "kill -9 $$"}, "TASK_FAILED", "terminated with signal Killed"),
    "sigsegv": ({"value": "kill -SEGV $$"}, "TASK_FAILED", "terminated with signal Segmentation fault"),
    "slow": ({"value": "sleep 3; exit 3"}, "TASK_FAILED", "exited with status 3"),
    "killed": ({"value": "sleep 600"}, "TASK_KILLED", "terminated with signal Terminated"),
    "huge": ({"value": "head -c 3000000 /dev/zero | tr '\\\\0' x"}, "TASK_FINISHED", "status 0"),
    "missing": ({"value": "no-such-command-here"}, "TASK_FAILED", "exited with status 127"),
    "missing_argv": ({"shell": False, "value": "/no/such/program", "arguments": ["x"]},
                     "TASK_FAILED", ""),
    "bad_user": ({"value": "true", "user": "no-such-user"}, "TASK_FAILED", ""),
}
TERMINAL = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED",
            "TASK_GONE"}


class Mixed(Scheduler):
    def __init__(self, may_drop):
        self.may_drop = may_drop  # A launch may be lost: the agent dies, or the call's connection.
        self.dropped = 0
        kinds = list(KINDS)
        self.kind = {f"t{i:03d}-{kinds[i % len(kinds)]}": kinds[i % len(kinds)] for i in range(TASKS)}
        self.waiting = collections.deque(self.kind)
        self.updates = collections.defaultdict(list)  # task -> [(state, uuid, message)]
        self.terminal = {}
        self.errors = []
        self.subscriptions = 0
        self.done = threading.Event()

    def registered(self, driver, framework_id, master_info):
        self.subscriptions += 1
        if self.subscriptions > 1:  # Calls may have been lost with the connection.
            silent = [t for t in self.kind if t not in self.waiting and not self.updates[t]]
            if silent:
                self.call(driver.reconcileTasks, [{"task_id": {"value": t}} for t in silent])

    def reregistered(self, driver, master_info):
        self.registered(driver, None, master_info)

    def error(self, driver, message):
        self.errors.append(message)

    def resourceOffers(self, driver, offers):
        for offer in offers:
            free = {r["name"]: r["scalar"]["value"] for r in offer["resources"] if r["type"] == "SCALAR"}
            tasks = []
            while self.waiting and free.get("cpus", 0) >= 0.1 and free.get("mem", 0) >= 16:
                free["cpus"] = round(free["cpus"] - 0.1, 3)
                free["mem"] -= 16
                tasks.append(self.task(self.waiting.popleft(), offer))
            if tasks:
                self.call(driver.launchTasks, offer["id"], tasks, {"refuse_seconds": 0.1})
            else:
                self.call(driver.declineOffer, offer["id"], {"refuse_seconds": 1})

    def call(self, function, *arguments):
        """A call that fails because its connection is cut: the master tells what came of it, by
        sending the update again or by reconciliation."""
        try:
            function(*arguments)
        except Exception as error:
            if not self.may_drop:
                self.errors.append(f"{function.__name__}: {error}")

    def task(self, task_id, offer):
        return {
            "task_id": {"value": task_id}, "name": task_id, "agent_id": offer["agent_id"],
            "command": KINDS[self.kind[task_id]][0],
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                          {"name": "mem", "type": "SCALAR", "scalar": {"value": 16}}],
        }

    def statusUpdate(self, driver, update):
        task_id, state = update["task_id"]["value"], update["state"]
        # By hand: pymesos would end when an acknowledgement meets a connection that is being cut.
        self.call(driver.acknowledgeStatusUpdate, update)
        if task_id not in self.kind:
            return  # Given up for lost, and repeated under another name.
        if state in ("TASK_DROPPED", "TASK_UNKNOWN") and self.may_drop and not self.updates[task_id]:
            # The launch never reached the master, or the agent's checkpoint: said, and ours to repeat.
            self.dropped += 1
            kind = self.kind.pop(task_id)
            again = f"{task_id}-again"
            self.kind[again] = kind
            self.waiting.append(again)
            self.call(driver.reviveOffers)
            return
        if update.get("reason") == "REASON_RECONCILIATION":
            return
        self.updates[task_id].append((state, update.get("uuid"), update.get("message", "")))
        if state == "TASK_RUNNING" and self.kind[task_id] == "killed":
            self.call(driver.killTask, {"value": task_id})
        if state in TERMINAL:
            self.terminal.setdefault(task_id, (state, update.get("message", "")))
            if len(self.terminal) == TASKS:
                self.done.set()

    def problems(self):
        """What is wrong with what was seen; empty when all is right."""
        found = [f"driver error: {e}" for e in self.errors]
        order = {"TASK_STARTING": 0, "TASK_RUNNING": 1, "TASK_KILLING": 2}
        for task_id, kind in self.kind.items():
            _, state, text = KINDS[kind]
            seen = self.terminal.get(task_id)
            if seen is None:
                found.append(f"{task_id}: no terminal update; saw {self.updates[task_id]}")
                continue
            if seen[0] != state or text not in seen[1]:
                found.append(f"{task_id}: {seen} instead of {state} '{text}'")
            by_uuid = {}
            ranks = []
            for s, uuid, _ in self.updates[task_id]:
                if uuid is None:
                    found.append(f"{task_id}: {s} came without uuid")
                if by_uuid.setdefault(uuid, s) != s:
                    found.append(f"{task_id}: uuid {uuid} names both {by_uuid[uuid]} and {s}")
                ranks.append(order.get(s, 3))
            if ranks != sorted(ranks):
                found.append(f"{task_id}: out of order: {[s for s, _, _ in self.updates[task_id]]}")
            distinct = {(s, u) for s, u, _ in self.updates[task_id]}
            if len({u for _, u in distinct}) != len({s for s, _ in distinct}):
                found.append(f"{task_id}: a state under two uuids: {sorted(distinct, key=str)}")
            if len({s for s, _, _ in self.updates[task_id] if s in TERMINAL}) != 1:
                found.append(f"{task_id}: not exactly one terminal state: {self.updates[task_id]}")
        return found


def wait_terminal(scheduler, count):
    cluster.wait_for(f"{count} terminal tasks", lambda: len(scheduler.terminal) >= count, DEADLINE)


def restart_agent(c, scheduler):
    for part in (TASKS // 5, TASKS // 2):
        wait_terminal(scheduler, part)
        c.agent_daemon.kill()
        time.sleep(1)  # Tasks end meanwhile; their exit codes must be found.
        c.restart_agent()


def cut_connection(c, scheduler, driver):
    for part in (TASKS // 5, TASKS // 2):
        wait_terminal(scheduler, part)
        before = scheduler.subscriptions
        port = int(c.master.split(":")[1])
        for fd in os.listdir("/proc/self/fd"):
            try:
                s = socket.socket(fileno=os.dup(int(fd)))
            except OSError:
                continue
            try:
                if s.getpeername()[1] == port:
                    s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            finally:
                s.close()
        cluster.wait_for("resubscription", lambda: scheduler.subscriptions > before, DEADLINE)


def zombies(parent):
    """Children of a process that ended and were not waited for."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                state, ppid = f.read().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if int(ppid) == parent and state == "Z":
            found.append(pid)
    return found


def main(mode):
    with cluster.Cluster(resources="cpus:3;mem:2048;disk:10000;ports:[31000-32000]",
                         attributes="") as c:
        scheduler = Mixed(may_drop=mode != "plain")
        framework = {"user": "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody"),
                     "name": "mixed", "hostname": "localhost", "failover_timeout": 120,
                     "checkpoint": True, "capabilities": [{"type": "TASK_KILLING_STATE"},
                                                          {"type": "PARTITION_AWARE"}]}
        driver = MesosSchedulerDriver(scheduler, framework, c.master, implicit_acknowledgements=False)
        thread = threading.Thread(target=driver.run, daemon=True)
        thread.start()
        started = time.monotonic()
        if mode == "agent_restart":
            restart_agent(c, scheduler)
        elif mode == "reconnect":
            cut_connection(c, scheduler, driver)
        finished = scheduler.done.wait(DEADLINE)
        print(f"{len(scheduler.terminal)} of {TASKS} tasks ended in "
              f"{time.monotonic() - started:.1f} s, {scheduler.subscriptions} subscriptions, "
              f"{scheduler.dropped} launches repeated")
        cluster.wait_for("reaping of all shims", lambda: not zombies(c.agent_daemon.process.pid), 20)
        driver.stop()
        thread.join(20)
        problems = scheduler.problems()
        for problem in problems[:20]:
            print("PROBLEM", problem)
        if problems or not finished:
            raise AssertionError(f"{len(problems)} problems")


if __name__ == "__main__":
    signal.alarm(DEADLINE * 3)  # Never hangs the suite.
    main(sys.argv[1] if len(sys.argv) > 1 else "plain")
