"""Writes to the registry all the time and remembers what was acknowledged.

A write is the registration of a framework: the SUBSCRIBED event is its acknowledgement. Most are torn
down again; an answered TEARDOWN is a second acknowledged write. So the registry of every later leader
holds each registered framework and no torn-down one. Agents that were seen registered count, too, and
those that were marked gone.
"""
import collections
import http.client
import json
import threading
import time

from fleet import ask, expect

EVERY = 0.1        # Seconds between writes that succeed: load.
RETRY_EVERY = 0.02  # Seconds between tries while a master does not lead: the measurement's grain.
KEEP_ONE_IN = 8     # The others are torn down.
TIMEOUT = 1.5       # Of one try, seconds.

Ack = collections.namedtuple("Ack", "when started master framework")



def registered_frameworks(registry):
    """Ids of the frameworks in an answer of /registrar(1)/registry."""
    return {f["info"]["id"]["value"] for f in registry["meseta"]["frameworks"]}


def admitted_agents(registry):
    return {s["info"]["id"]["value"] for s in registry["slaves"]["slaves"]}


def gone_agents(registry):
    return {g["id"]["value"] for g in registry.get("gone", {}).get("slaves", [])}


class RegistryWriter:
    def __init__(self, fleet):
        self.fleet = fleet
        self.changed = threading.Condition()
        self.acks = []       # In the order of `when`, roughly: one thread writes to each master.
        self.kept = {}       # Framework id -> when its registration was acknowledged.
        self.torn_down = {}  # Framework id -> when its TEARDOWN was acknowledged.
        self.unsure = set()  # Whose TEARDOWN was sent and not answered.
        self.agents = set()  # Ids of agents that some leader has shown as registered.
        self.gone = set()    # Ids of agents whose MARK_AGENT_GONE was answered.
        self.count = 0
        self.stopped = False
        self.threads = []
        for master in fleet.masters:
            self.add(master)

    def add(self, master):
        thread = threading.Thread(target=self._write_to, args=(master,), daemon=True)
        thread.start()
        self.threads.append(thread)

    def stop(self):
        self.stopped = True
        for thread in self.threads:
            thread.join()

    def _write_to(self, master):
        while not self.stopped:
            begin = time.monotonic()
            framework = None
            try:
                framework = self._register(master)
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                pass  # Down, cut off, or it stopped leading meanwhile: no acknowledgement.
            if framework is None:
                time.sleep(RETRY_EVERY)
                continue
            with self.changed:
                self.acks.append(Ack(time.monotonic(), begin, master, framework))
                self.kept[framework] = time.monotonic()
                self.count += 1
                tear_down = self.count % KEEP_ONE_IN
                self.changed.notify_all()
            if tear_down:
                self._tear_down(master, framework)
            time.sleep(EVERY)

    def _register(self, master):
        """The id of a framework that the master has registered; None when it does not lead."""
        connection = http.client.HTTPConnection(master.address, timeout=TIMEOUT)
        try:
            connection.request("POST", "/api/v1/scheduler", json.dumps({
                "type": "SUBSCRIBE", "subscribe": {
                    "framework_info": {"user": "root", "name": "writer", "failover_timeout": 604800,
                                       "roles": ["writer"], "capabilities": [{"type": "MULTI_ROLE"}]},
                    "suppressed_roles": ["writer"]}}),
                {"Content-Type": "application/json", "Accept": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                return None
            length = int(response.readline())
            event = json.loads(response.read(length))
            return event["subscribed"]["framework_id"]["value"]
        finally:
            connection.close()

    def _tear_down(self, master, framework):
        with self.changed:
            self.kept.pop(framework)
            self.unsure.add(framework)
        try:
            status, _, _ = ask(master.address, "/api/v1", "POST",
                               {"type": "TEARDOWN",
                                "teardown": {"framework_id": {"value": framework}}}, TIMEOUT)
        except (OSError, http.client.HTTPException):
            return
        if status in (200, 202):
            with self.changed:
                self.unsure.discard(framework)
                self.torn_down[framework] = time.monotonic()

    # ---- what tests ask

    def wait_ack(self, after, but=None, timeout=60.0):
        """Seconds from `after` to the first acknowledgement of a write that was sent after it, by
        another master than `but`."""
        def found():
            return next((a for a in recent(self.acks, after)
                         if a.started >= after and a.master is not but), None)
        with self.changed:
            if not self.changed.wait_for(found, timeout):
                raise TimeoutError(f"no write was acknowledged within {timeout} s")
            return found().when - after

    def longest_gap(self, since):
        """The longest time since then without an acknowledgement, seconds."""
        with self.changed:
            times = [since] + [a.when for a in self.acks if a.when > since] + [time.monotonic()]
        return max(b - a for a, b in zip(times, times[1:]))

    def mark_an_agent_gone(self, spare):
        """Marks a registered agent gone, other than those on the hosts `spare`."""
        slaves = self.fleet.leading_answer("/slaves")["slaves"]
        victim = next((s["id"] for s in slaves if s["hostname"] not in spare
                       and s["id"] not in self.gone), None)
        if victim is None:
            return
        self.agents.discard(victim)
        status, _, body = ask(self.fleet.watch.leader()[1], "/api/v1", "POST", {
            "type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": victim}}}, 10)
        expect(status == 200, f"MARK_AGENT_GONE was answered {status}:", body[:200])
        self.gone.add(victim)
        self.fleet.marked_gone += 1

    def problems(self):
        """What is wrong in the registry of whoever leads now."""
        with self.changed:
            kept, torn_down = set(self.kept), set(self.torn_down)
        registry = self.fleet.leading_answer("/registrar(1)/registry")
        frameworks, agents = registered_frameworks(registry), admitted_agents(registry)
        with self.changed:
            kept -= self.unsure | set(self.torn_down)  # Torn down while the registry was read.
        problems = [f"framework {f} was registered and is not in the registry"
                    for f in kept - frameworks]
        problems += [f"framework {f} was torn down and is in the registry"
                     for f in torn_down & frameworks]
        problems += [f"agent {a} was registered and is not in the registry"
                     for a in self.agents - agents]
        problems += [f"agent {a} was marked gone and is not gone in the registry"
                     for a in self.gone - gone_agents(registry) | self.gone & agents]
        self.agents |= {s["id"] for s in self.fleet.leading_answer("/slaves")["slaves"]
                        if s["active"]} - self.gone
        return problems


def recent(acks, after):
    """Acks newer than `after`, oldest first, without walking the whole history."""
    begin = len(acks)
    while begin > 0 and acks[begin - 1].when > after - 5:
        begin -= 1
    return acks[begin:]
