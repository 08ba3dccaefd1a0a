"""A small v1 scheduler on the standard library alone, for tests that look at the daemons."""
import base64
import collections
import http.client
import json
import socket
import ssl
import threading
import time

TERMINAL = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED",
            "TASK_GONE"}


def connection(address, timeout=30, tls=None):
    if tls:
        return http.client.HTTPSConnection(address, timeout=timeout, context=tls)
    return http.client.HTTPConnection(address, timeout=timeout)


def basic(principal, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{principal}:{secret}".encode()).decode()}


def scalar(name, value):
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}}


class Scheduler:
    """Launches what is queued by launch() on what is offered, acknowledges every update, and declines
    the rest for long; launch() revives. With hold_offers, offers stay in `offers` untouched."""

    def __init__(self, address, name="integration", failover_timeout=3600, hold_offers=False,
                 headers=None, tls=None, principal=None):
        self.address, self.tls, self.hold_offers = address, tls, hold_offers
        self.headers = dict(headers or {})
        self.info = {"user": "root", "name": name, "failover_timeout": failover_timeout,
                     "checkpoint": True, "roles": ["*"],
                     "capabilities": [{"type": "MULTI_ROLE"}, {"type": "PARTITION_AWARE"}]}
        if principal:
            self.info["principal"] = principal
        self.lock = threading.Condition()
        self.order = threading.Lock()  # A DECLINE decided before a REVIVE is also sent before it.
        self.waiting = collections.deque()
        self.offers = {}
        self.updates = collections.defaultdict(list)
        self.events = collections.Counter()
        self.failures = []
        self.framework_id = self.stream_id = self.response = None

    # ---- the session

    def subscribe(self, timeout=60):
        """Subscribes, again if it was subscribed before; raises when refused."""
        call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": self.info}}
        if self.framework_id:
            call["framework_id"] = self.info["id"] = {"value": self.framework_id}
        self.connection = connection(self.address, None, self.tls)
        self.connection.request("POST", "/api/v1/scheduler", json.dumps(call),
                                {"Content-Type": "application/json", "Accept": "application/json",
                                 **self.headers})
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            raise RuntimeError(f"SUBSCRIBE: {self.response.status} {self.response.read()!r}")
        self.stream_id = self.response.headers["Mesos-Stream-Id"]
        with self.lock:
            self.subscribed = False
            self.offers.clear()
        threading.Thread(target=self._read, args=(self.response,), daemon=True).start()
        self.wait("SUBSCRIBED", lambda: self.subscribed or self.events["ERROR"], timeout)
        if not self.subscribed:
            raise RuntimeError(f"SUBSCRIBE: {self.failures}")
        return self

    def _read(self, response):
        try:
            while True:
                length = response.readline()
                if not length:
                    return
                body = b""
                while len(body) < int(length):
                    part = response.read(int(length) - len(body))
                    if not part:
                        return
                    body += part
                if response is self.response:
                    with self.order:
                        self._on_event(json.loads(body))
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass  # The stream ended; tests that mind subscribe again.

    def _on_event(self, event):
        kind = event["type"]
        answers = []
        with self.lock:
            self.events[kind] += 1
            if kind == "SUBSCRIBED":
                self.framework_id = event["subscribed"]["framework_id"]["value"]
                self.subscribed = True
            elif kind == "OFFERS":
                for offer in event["offers"]["offers"]:
                    self.offers[offer["id"]["value"]] = offer
                if not self.hold_offers:
                    answers = [self._answer(offer) for offer in list(self.offers.values())]
                    self.offers.clear()
            elif kind == "RESCIND":
                self.offers.pop(event["rescind"]["offer_id"]["value"], None)
            elif kind == "UPDATE":
                status = event["update"]["status"]
                self.updates[status["task_id"]["value"]].append(status)
                if "uuid" in status:
                    answers.append(("ACKNOWLEDGE", {"acknowledge": {
                        "agent_id": status["agent_id"], "task_id": status["task_id"],
                        "uuid": status["uuid"]}}))
            elif kind in ("ERROR", "FAILURE"):
                self.failures.append(event)
            self.lock.notify_all()
        for call_type, fields in answers:
            try:
                self.call(call_type, **fields)
            except (OSError, http.client.HTTPException):
                pass  # The master is gone; what was not acknowledged comes again.

    def _answer(self, offer):
        free = {r["name"]: r["scalar"]["value"] for r in offer["resources"] if r["type"] == "SCALAR"}
        tasks = []
        while self.waiting:
            cpus, mem = self.waiting[0][2:4]
            if free.get("cpus", 0) < cpus or free.get("mem", 0) < mem:
                break
            task_id, command, _, _ = self.waiting.popleft()
            free["cpus"] = round(free["cpus"] - cpus, 3)
            free["mem"] -= mem
            tasks.append(task_info(task_id, offer["agent_id"], command, cpus, mem))
        if tasks:
            return "ACCEPT", accept([offer["id"]], tasks)
        return "DECLINE", {"decline": {"offer_ids": [offer["id"]],
                                       "filters": {"refuse_seconds": 3600}}}

    def call(self, call_type, timeout=30, stream_id=None, **fields):
        """(status, body) of one call; raises OSError when the master cannot be reached."""
        c = connection(self.address, timeout, self.tls)
        try:
            c.request("POST", "/api/v1/scheduler",
                      json.dumps({"framework_id": {"value": self.framework_id}, "type": call_type,
                                  **fields}),
                      {"Content-Type": "application/json",
                       "Mesos-Stream-Id": stream_id or self.stream_id, **self.headers})
            response = c.getresponse()
            return response.status, response.read()
        finally:
            c.close()

    # ---- what tests do

    def launch(self, task_id, command="true", cpus=0.1, mem=32):
        with self.order:
            with self.lock:
                self.waiting.append((task_id, command, cpus, mem))
            self.call("REVIVE")

    def wait(self, what, condition, timeout=60):
        with self.lock:
            if not self.lock.wait_for(condition, timeout):
                raise TimeoutError(f"{what} did not come within {timeout} s; events "
                                   f"{dict(self.events)}, failures {self.failures}, updates "
                                   f"{ {t: self.states(t) for t in list(self.updates)[-5:]} }")

    def wait_state(self, task_id, *states, timeout=60):
        self.wait(f"{states} of {task_id}",
                  lambda: any(s in states for s in self.states(task_id)), timeout)

    def wait_terminal(self, task_id, timeout=60):
        self.wait_state(task_id, *TERMINAL, timeout=timeout)
        return next(s for s in self.updates[task_id] if s["state"] in TERMINAL)

    def wait_offer(self, timeout=60):
        """Any offer; needs hold_offers."""
        self.wait("an offer", lambda: self.offers, timeout)
        with self.lock:
            return next(iter(self.offers.values()))

    def states(self, task_id):
        return [s["state"] for s in self.updates[task_id]]

    def run(self, task_id, command="true", timeout=60):
        """Launches and waits for the end; the terminal status and the seconds it took."""
        begin = time.monotonic()
        self.launch(task_id, command)
        return self.wait_terminal(task_id, timeout), time.monotonic() - begin

    def cut(self):
        """Drops the subscription's connection, as a network would."""
        self.response = None
        try:
            self.connection.sock.shutdown(socket.SHUT_RDWR)  # close() would wait for the reader.
        except (OSError, AttributeError):
            pass  # The other end was faster.

    def teardown(self):
        return self.call("TEARDOWN")


def task_info(task_id, agent_id, command="true", cpus=0.1, mem=32, **more):
    return {"task_id": {"value": task_id}, "name": task_id, "agent_id": agent_id,
            "command": {"value": command} if isinstance(command, str) else command,
            "resources": [scalar("cpus", cpus), scalar("mem", mem)], **more}


def accept(offer_ids, tasks, refuse_seconds=0.1):
    return {"accept": {"offer_ids": offer_ids, "filters": {"refuse_seconds": refuse_seconds},
                       "operations": [{"type": "LAUNCH", "launch": {"task_infos": tasks}}]}}


def tls_context(ca_file, certificate=None, key=None):
    context = ssl.create_default_context(cafile=ca_file)
    if certificate:
        context.load_cert_chain(certificate, key)
    return context
