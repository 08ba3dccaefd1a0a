"""A framework that keeps launching tasks through whatever happens and holds the cluster to account.

It is a plain v1 scheduler: it follows the leader, subscribes again under its id, reconciles what it
has not seen end, and acknowledges updates. Each task appends a line to a file of its own when it
starts, so what really ran is known apart from what anybody says about it. problems() at the end:

  - every task that was sent has come to an end, exactly one (two ends: two uuids, or two states);
  - started twice: two lines;
  - one that started has an end of the agent's own telling, never "lost";
  - one that finished has started.
"""
import collections
import http.client
import json
import os
import random
import socket
import threading
import time

from fleet import ask
from scheduler import TERMINAL, task_info

OUTSTANDING = 40        # Tasks under way at any time.
PER_OFFER = 4
CALL_TIMEOUT = 3        # Seconds.
RECONCILE_EVERY = 1.0   # While something has no news.
KILL_EVERY = 2.0        # A kill that was asked for is asked for again.
LOST = {"TASK_LOST", "TASK_DROPPED", "TASK_GONE"}
RECONCILED = "reconciled"  # In place of a uuid: the answer to RECONCILE has none.
REPORT_LIMIT = 5.0      # Seconds from the agent's return to word about a launch that was lost.


class Task:
    def __init__(self, task_id, agent_id, kind):
        self.task_id, self.agent_id, self.kind = task_id, agent_id, kind
        self.sent = self.heard = time.monotonic()
        self.kill_at = self.sent + random.uniform(2, 6) if kind == "long" else None
        self.states = []   # As told, reconciliation left out.
        self.ends = {}     # uuid (or RECONCILED) -> terminal state, in the order told.
        self.ended = None  # When the first end was told.

    def lost(self):
        return bool(self.ends) and next(iter(self.ends.values())) in LOST


COMMANDS = {"true": "true", "fails": "exit 3", "sleep": "sleep 0.7", "long": "exec sleep 600"}


class Session:
    """One subscription: its stream, its connection for calls, and the term it was made in."""

    def __init__(self, term, address):
        self.term, self.address = term, address
        self.stream = self.response = self.stream_id = None
        self.calls = None
        self.call_lock = threading.Lock()
        self.open = True
        self.since = time.monotonic()

    def close(self):
        self.open = False
        for connection in (self.stream, self.calls):
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)  # close() would wait for the reader.
            except (OSError, AttributeError):
                pass


class CheckingFramework:
    def __init__(self, fleet, name="checking"):
        self.fleet = fleet
        self.marks = f"{fleet.dir}/marks"
        os.makedirs(self.marks, exist_ok=True)
        self.info = {"user": "root", "name": name, "failover_timeout": 604800, "checkpoint": True,
                     "roles": ["checking"],
                     "capabilities": [{"type": "MULTI_ROLE"}, {"type": "PARTITION_AWARE"}]}
        self.hosts = {agent.host.ip for agent in fleet.agents}  # Of agents that really run tasks.
        self.changed = threading.Condition()
        self.framework_id = None
        self.session = None
        self.tasks = {}
        self.unknown = []     # Sentences about updates for tasks that were never launched.
        self.events = collections.Counter()
        self.finished = 0
        self.launching = True
        self.stopped = False
        self.agents_back = {}  # Agent id -> (term, when it was first seen active in it).
        self.report_times = []  # Seconds from the agent's return to word about a lost launch.
        for work in (self._keep_subscribed, self._look_after_tasks, self._watch_agents):
            threading.Thread(target=work, daemon=True).start()

    def stop(self):
        self.stopped = True
        if self.session:
            self.session.close()

    # ---- the subscription

    def _keep_subscribed(self):
        while not self.stopped:
            leader = self.fleet.watch.leader()
            session = self.session
            if leader and (session is None or not session.open or
                           (session.term, session.address) != leader):
                if session:
                    session.close()
                try:
                    self._subscribe(Session(*leader))
                except (OSError, http.client.HTTPException, ValueError, RuntimeError) as error:
                    self.events[f"SUBSCRIBE: {error!r}"[:80]] += 1
            time.sleep(0.05)

    def _subscribe(self, session):
        call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": self.info}}
        if self.framework_id:
            call["framework_id"] = self.info["id"] = {"value": self.framework_id}
        session.stream = http.client.HTTPConnection(session.address, timeout=CALL_TIMEOUT)
        session.stream.request("POST", "/api/v1/scheduler", json.dumps(call),
                               {"Content-Type": "application/json", "Accept": "application/json"})
        session.response = session.stream.getresponse()
        if session.response.status != 200:
            raise RuntimeError(f"{session.response.status} {session.response.read()[:200]!r}")
        session.stream_id = session.response.headers["Mesos-Stream-Id"]
        session.stream.sock.settimeout(None)
        session.calls = http.client.HTTPConnection(session.address, timeout=CALL_TIMEOUT)
        self.session = session
        threading.Thread(target=self._read, args=(session,), daemon=True).start()

    def _read(self, session):
        try:
            while session.open:
                length = session.response.readline()
                if not length:
                    break
                body = session.response.read(int(length))
                if len(body) == int(length):
                    self._on_event(session, json.loads(body))
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass
        session.close()

    def _call(self, session, call_type, **fields):
        """Whether the master took it; False also when nobody knows."""
        body = json.dumps({"framework_id": {"value": self.framework_id}, "type": call_type, **fields})
        with session.call_lock:
            try:
                session.calls.request("POST", "/api/v1/scheduler", body,
                                      {"Content-Type": "application/json",
                                       "Mesos-Stream-Id": session.stream_id})
                response = session.calls.getresponse()
                response.read()
                return response.status == 202
            except (OSError, http.client.HTTPException):
                session.close()  # Another subscription will be made.
                return False

    # ---- events

    def _on_event(self, session, event):
        kind = event["type"]
        self.events[kind] += 1
        if kind == "SUBSCRIBED":
            with self.changed:
                self.framework_id = event["subscribed"]["framework_id"]["value"]
                self.changed.notify_all()
            self._reconcile(session, self._not_ended())
        elif kind == "OFFERS":
            emulated = [o["id"] for o in event["offers"]["offers"] if o["hostname"] not in self.hosts]
            if emulated:
                self._call(session, "DECLINE", decline={"offer_ids": emulated,
                                                        "filters": {"refuse_seconds": 3600}})
            for offer in event["offers"]["offers"]:
                if offer["hostname"] in self.hosts:
                    self._answer(session, offer)
        elif kind == "UPDATE":
            self._on_update(session, event["update"]["status"])

    def _answer(self, session, offer):
        free = {r["name"]: r["scalar"]["value"] for r in offer["resources"] if r["type"] == "SCALAR"}
        fits = int(min(free.get("cpus", 0) / 0.1, free.get("mem", 0) / 32))
        role = offer.get("allocation_info", {}).get("role", "checking")
        tasks = []
        with self.changed:
            room = OUTSTANDING - sum(1 for t in self.tasks.values() if not t.ended)
            for _ in range(min(fits, room, PER_OFFER) if self.launching else 0):
                kind = random.choice(list(COMMANDS))
                task_id = f"{kind}-{len(self.tasks)}"
                self.tasks[task_id] = Task(task_id, offer["agent_id"]["value"], kind)
                info = task_info(task_id, offer["agent_id"],
                                 f"echo $$ >> {self.marks}/{task_id}; {COMMANDS[kind]}")
                for resource in info["resources"]:
                    resource["allocation_info"] = {"role": role}
                tasks.append(info)
        if tasks:
            self._call(session, "ACCEPT", accept={
                "offer_ids": [offer["id"]], "filters": {"refuse_seconds": 0.1},
                "operations": [{"type": "LAUNCH", "launch": {"task_infos": tasks}}]})
        else:
            self._call(session, "DECLINE", decline={"offer_ids": [offer["id"]],
                                                    "filters": {"refuse_seconds": 0.3}})

    def _on_update(self, session, status):
        task_id, state = status["task_id"]["value"], status["state"]
        with self.changed:
            task = self.tasks.get(task_id)
            if task is None:
                self.unknown.append(f"{state} for {task_id}, which was never launched")
                return
            task.heard = time.monotonic()
            if "uuid" in status:
                task.states.append(state)
            if state in TERMINAL:
                self._note_end(task, state, status.get("uuid", RECONCILED))
            self.changed.notify_all()
        if "uuid" in status:
            self._call(session, "ACKNOWLEDGE", acknowledge={
                "agent_id": status["agent_id"], "task_id": status["task_id"], "uuid": status["uuid"]})

    def _note_end(self, task, state, uuid):
        task.ends.setdefault(uuid, state)
        if task.ended:
            return
        task.ended = time.monotonic()
        self.finished += 1
        if state in LOST:
            # Until then nobody could know: the agent was not back, or we were not subscribed.
            back = self.agents_back.get(task.agent_id, (0, 0.0))[1]
            self.report_times.append(task.ended - max(back, task.sent, self.session.since))

    # ---- what goes on beside the events

    def _not_ended(self):
        with self.changed:
            return [t for t in self.tasks.values() if not t.ended]

    def _reconcile(self, session, tasks):
        if tasks:
            self._call(session, "RECONCILE", reconcile={"tasks": [
                {"task_id": {"value": t.task_id}, "agent_id": {"value": t.agent_id}} for t in tasks]})

    def _look_after_tasks(self):
        """Asks about what has no news, and kills what has run for long enough."""
        killed = {}
        while not self.stopped:
            time.sleep(0.1)
            session, now = self.session, time.monotonic()
            if not session or not session.open or not self.framework_id:
                continue
            silent = []
            for task in self._not_ended():
                due = task.kill_at and (now > task.kill_at or not self.launching)
                if due and now - killed.get(task.task_id, 0) > KILL_EVERY:
                    killed[task.task_id] = now
                    self._call(session, "KILL", kill={"task_id": {"value": task.task_id},
                                                      "agent_id": {"value": task.agent_id}})
                elif now - task.heard > RECONCILE_EVERY:
                    task.heard = now
                    silent.append(task)
            self._reconcile(session, [t for t in silent if not t.ended])

    def _watch_agents(self):
        while not self.stopped:
            time.sleep(0.25)
            leader = self.fleet.watch.leader()
            try:
                slaves = json.loads(ask(leader[1], "/slaves")[2])["slaves"] if leader else []
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                continue
            for slave in slaves:
                if slave["active"] and self.agents_back.get(slave["id"], (0,))[0] < leader[0]:
                    self.agents_back[slave["id"]] = (leader[0], time.monotonic())

    # ---- what tests ask

    def wait_progress(self, tasks=5, timeout=60):
        """Waits until so many tasks that were sent from now on have ended otherwise than lost."""
        begin = time.monotonic()

        def done():
            return sum(1 for t in reversed(list(self.tasks.values())) if t.sent > begin and t.ended
                       and not t.lost()) >= tasks
        with self.changed:
            if not self.changed.wait_for(done, timeout):
                raise TimeoutError(f"no {tasks} new tasks ended within {timeout} s; events "
                                   f"{dict(self.events)}, last {self._last()}")

    def finish(self, timeout=60):
        """Launches no more and waits for the end of all."""
        self.launching = False
        with self.changed:
            self.changed.wait_for(lambda: all(t.ended for t in self.tasks.values()), timeout)
        time.sleep(1)  # A second end would come now.

    def _last(self):
        return [(t.task_id, t.states[-1:]) for t in list(self.tasks.values())[-10:]]

    def starts(self, task_id):
        try:
            with open(f"{self.marks}/{task_id}") as f:
                return len(f.readlines())
        except FileNotFoundError:
            return 0

    def problems(self):
        found = list(self.unknown)
        for task in self.tasks.values():
            found += self._problems_of(task, self.starts(task.task_id))
        late = [t for t in self.report_times if t > REPORT_LIMIT]
        if late:
            found.append(f"{len(late)} lost launches were reported after up to {max(late):.1f} s")
        return found

    def _problems_of(self, task, starts):
        ends = set(task.ends.values())
        what = f"{task.task_id} on {task.agent_id}, {starts} starts, {task.states}, ends {task.ends}"
        if not ends:
            return [f"LOST without word: {what}"]
        if starts > 1:
            return [f"DUPLICATED: {what}"]
        # Masters forget a task whose end was acknowledged; asked meanwhile, they do not know it.
        if next(iter(task.ends)) != RECONCILED and task.ends.get(RECONCILED) in LOST:
            ends.discard(task.ends[RECONCILED])
        if len([u for u in task.ends if u != RECONCILED]) > 1 or len(ends) > 1:
            return [f"two ends: {what}"]
        if starts and ends & LOST:
            return [f"LOST after it had started: {what}"]
        if not starts and "TASK_FINISHED" in ends:
            return [f"finished without a start: {what}"]
        return []

    def summary(self):
        lost = sum(1 for t in self.tasks.values() if t.lost())
        worst = f", reported within {max(self.report_times):.1f} s" if self.report_times else ""
        return (f"{len(self.tasks)} tasks, {lost} launches lost on the way{worst}, "
                f"{self.events['SUBSCRIBED']} subscriptions, {self.events['UPDATE']} updates")
