#!/usr/bin/env python3
"""Bad input to a real master and a real agent, while somebody else works with them.

Every case ends with the same look: both daemons are the same processes, answer at once, hold no more
descriptors than before, and every resource is free again.
"""
import concurrent.futures
import http.client
import json
import os
import random
import socket
import struct
import threading
import time

import malformed
from scheduler import Scheduler, accept, scalar, task_info
from support import PATIENCE, cluster, expect, main, raw, reset, status_of, usage

SENDERS = 8  # Bad clients at once.
HEALTH_LIMIT = 5  # Seconds; generous, for the machine may be loaded. Blocked would be for ever.
FD_SLACK = 10  # Descriptors that a pool or a late close may hold.
RSS_SLACK = 96 * 1024  # KiB; a leak of the bodies sent (5 MB to each endpoint) would be far above.


class Watch:
    """A well-behaved operator and a well-behaved scheduler, at work while bad input arrives."""

    def __init__(self, c):
        self.cluster, self.stop = c, threading.Event()
        self.slowest, self.polls, self.tasks, self.problems = 0, 0, 0, []
        self.scheduler = Scheduler(c.master, "good").subscribe()
        self.threads = [threading.Thread(target=t) for t in (self.poll, self.run_tasks)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def poll(self):
        while not self.stop.is_set():
            for address in (self.cluster.master, self.cluster.agent):
                begin = time.monotonic()
                try:
                    status, _ = cluster.get(address, "/health", PATIENCE)
                    if status != 200:
                        self.problems.append(f"/health of {address}: {status}")
                except OSError as error:
                    self.problems.append(f"/health of {address}: {error}")
                self.slowest = max(self.slowest, time.monotonic() - begin)
                self.polls += 1
            self.stop.wait(0.05)

    def run_tasks(self):
        while not self.stop.is_set() or self.tasks == 0:
            try:
                status, _ = self.scheduler.run(f"good-{self.tasks}", timeout=PATIENCE)
                if status["state"] != "TASK_FINISHED":
                    self.problems.append(f"good-{self.tasks}: {status}")
            except Exception as error:  # The thread must say what stopped it.
                self.problems.append(f"good-{self.tasks}: {error!r}")
                return
            self.tasks += 1
            self.stop.wait(0.2)

    def __exit__(self, kind, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(2 * PATIENCE)
        if kind is None:
            print(f"  meanwhile {self.tasks} tasks ran and {self.polls} polls took at most "
                  f"{self.slowest:.2f} s")
            expect(not self.problems, "the good clients saw", self.problems[:5])
            expect(self.slowest < HEALTH_LIMIT, "/health took", self.slowest)
            expect(self.tasks > 0 and self.polls > 0, "the good clients did nothing")
        self.scheduler.teardown()
        self.scheduler.cut()


class Before:
    """What the daemons are before; check() compares."""

    def __init__(self, c):
        self.cluster = c
        for address in (c.master, c.agent):
            cluster.get(address, "/state")  # Whatever is made at first use exists now.
        self.daemons = [(d, d.process.pid, usage(d.process.pid)) for d in
                        (c.master_daemon, c.agent_daemon)]

    def check(self):
        for daemon, pid, (descriptors, memory, threads) in self.daemons:
            expect(daemon.process.poll() is None, daemon.name, "died:", daemon.process.returncode)
            cluster.wait_for(f"{daemon.name} to close what bad clients left",
                             lambda: usage(pid)[0] <= descriptors + FD_SLACK)
            now = usage(pid)
            print(f"  {daemon.name}: descriptors {descriptors} -> {now[0]}, KiB {memory} -> {now[1]}")
            expect(now[1] <= memory + RSS_SLACK, daemon.name, "grew from", memory, "to", now[1], "KiB")
            expect(now[2] <= threads + 4, daemon.name, "threads", threads, "->", now[2])
        cluster.wait_for("resources to be free", lambda: all_free(self.cluster))


def all_free(c):
    agents = cluster.get_json(c.master, "/slaves")["slaves"]
    used = [a["used_resources"] for a in agents]
    return len(agents) == 1 and all(u["cpus"] == 0 and u["mem"] == 0 for u in used)


def send_row(address, path, row):
    name, data, allowed = row
    back, end = raw(address, data, half_close=True, limit=1 << 22)
    if end == "timeout":
        return f"{path}: {name}: no answer within {PATIENCE} s, after {back[:100]!r}"
    try:
        status = status_of(back)
    except AssertionError as error:
        return f"{path}: {name}: {error}"
    if status not in allowed:
        return f"{path}: {name}: {status} is not in {sorted(s or 0 for s in allowed)[:20]}: {back[-200:]!r}"
    if b"root:" in back and b"/bin/" in back:
        return f"{path}: {name}: shows a file of the machine: {back[:200]!r}"
    return None


def endpoints(c):
    for path in malformed.MASTER_READS:
        yield c.master, path, "read"
    for path in malformed.MASTER_CALLS:
        yield c.master, path, "call"
    for path in malformed.MASTER_FORMS:
        yield c.master, path, "form"
    for path in malformed.AGENT_READS:
        yield c.agent, path, "read"
    for path in malformed.AGENT_CALLS:
        yield c.agent, path, "call"


def malformed_requests():
    with cluster.Cluster() as c:
        before = Before(c)
        problems, sent = [], 0
        with Watch(c), concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            work = []
            for address, path, kind in endpoints(c):
                rows = malformed.table(path, kind)
                sent += len(rows)
                work += [pool.submit(send_row, address, path, row) for row in rows]
            problems = [p for p in (w.result() for w in work) if p]
        print(f"  {sent} malformed requests to {len(list(endpoints(c)))} endpoints")
        expect(not problems, f"{len(problems)} wrong answers:\n" + "\n".join(problems[:40]))
        before.check()


def half(address, path, kind):
    """Requests that stop half-way, half-closed or reset, and one that is whole and half-closed."""
    method = "POST" if kind != "read" else "GET"
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\n".encode()
    body = head + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"type\":"
    problems = []
    for name, data in (("nothing", b""), ("a byte", b"G"), ("half a head", head), ("half a body", body),
                       ("half a chunk", head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab")):
        back, end = raw(address, data, half_close=True)
        status = status_of(back)
        if end == "timeout" or not (status is None or 400 <= status < 500):
            problems.append(f"{path}: half-closed after {name}: {end} {status}")
        with socket.create_connection(address.rsplit(":", 1), PATIENCE) as s:
            s.sendall(data)
            reset(s)
    back, end = raw(address, head + b"Content-Length: 0\r\nConnection: close\r\n\r\n", half_close=True)
    if status_of(back) is None or status_of(back) in (500, 503):
        problems.append(f"{path}: a whole request, half-closed: {end} {back[:80]!r}")
    return problems


def half_requests():
    with cluster.Cluster() as c:
        before = Before(c)
        with Watch(c), concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            results = pool.map(lambda e: half(*e), list(endpoints(c)))
            problems = [p for r in results for p in r]
        expect(not problems, "\n".join(problems[:40]))
        before.check()


def slow_requests():
    """One connection to each endpoint that sends its request a byte at a time, and more that never
    read their answer: each ends by the server's deadline, and meanwhile holds nobody up."""
    with cluster.Cluster() as c:
        before = Before(c)
        with Watch(c):
            sockets = []
            for address, path, kind in endpoints(c):
                s = socket.create_connection(address.rsplit(":", 1), PATIENCE)
                s.setblocking(False)
                method = "GET" if kind == "read" else "POST"
                sockets.append([s, f"{method} {path} HTTP/1.1\r\nX: ".encode() + b"y" * 1000, b""])
            silent = []
            for address in (c.master, c.agent):
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.connect((address.rsplit(":", 1)[0], int(address.rsplit(":", 1)[1])))
                s.settimeout(1)
                try:
                    s.sendall(b"GET /state HTTP/1.1\r\nHost: a\r\n\r\n" * 2000)
                except TimeoutError:
                    pass  # It stopped reading, as it should.
                silent.append(s)
            end = time.monotonic() + PATIENCE
            open_sockets = list(sockets)
            while open_sockets and time.monotonic() < end:
                for entry in list(open_sockets):
                    try:
                        entry[1] = entry[1][entry[0].send(entry[1][:1]):]
                    except OSError:
                        pass
                    try:
                        part = entry[0].recv(4096)
                        entry[2] += part
                        if not part:
                            open_sockets.remove(entry)
                    except BlockingIOError:
                        pass
                    except OSError:
                        open_sockets.remove(entry)
                time.sleep(0.2)
            expect(not open_sockets, len(open_sockets), "slow requests were never given up")
            for _, _, back in sockets:
                expect(status_of(back) in (408, None), "a slow request got", back[:100])
            expect(any(status_of(back) == 408 for _, _, back in sockets), "nobody was told 408")
            for s, _, _ in sockets:
                s.close()
            for s in silent:
                s.close()
        before.check()


LINK = b"GET /link HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: meseta-link\r\n\r\n"


def garbage_on_the_link_port():
    rng = random.Random(7)
    payloads = [rng.randbytes(n) for n in (1, 7, 8, 9, 100, 5000, 200_000)]
    payloads += [b"\xff" * 64, b"\x00" * 64, b"\x00" * 100_000, b"GET / HTTP/1.1\r\n\r\n", b"{}" * 1000]
    for kind in range(8):  # Frame headers that are nearly right, with lengths that lie.
        for length in (0, 1, 65_535, 65_536, 65_537, 2**24 - 1, 2**31, 2**32 - 1):
            payloads.append(struct.pack("<IBBH", length, kind, 3, 0) + rng.randbytes(40))
            payloads.append(struct.pack(">IBBH", length, kind, 3, 0) + rng.randbytes(40))
    with cluster.Cluster() as c:
        before = Before(c)
        agent_before = cluster.get_json(c.master, "/slaves")["slaves"][0]
        with Watch(c), concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            jobs = [(a, p) for a in (c.master, c.agent) for p in payloads]

            def send(job):
                address, payload = job
                back, end = raw(address, LINK + payload, half_close=True)
                return end == "timeout" or status_of(back) not in (101, 400, 401, 403, None)
            bad = sum(pool.map(send, jobs))
            # Upgrades that say nothing more: cut by the handshake's deadline or by us.
            idle = [socket.create_connection(c.master.rsplit(":", 1), PATIENCE) for _ in range(50)]
            for s in idle:
                s.sendall(LINK)
            for s in idle:
                reset(s)
        expect(bad == 0, bad, "of", len(jobs), "got no proper end")
        before.check()
        agent = cluster.get_json(c.master, "/slaves")["slaves"][0]
        expect(agent["id"] == agent_before["id"] and agent["active"], "the agent was disturbed", agent)


def raw_call(c, call, stream_id, content_type="application/json"):
    connection = http.client.HTTPConnection(c.master, timeout=PATIENCE)
    headers = {"Content-Type": content_type}
    if stream_id is not None:
        headers["Mesos-Stream-Id"] = stream_id
    connection.request("POST", "/api/v1/scheduler", json.dumps(call), headers)
    response = connection.getresponse()
    status, body = response.status, response.read()
    connection.close()
    return status, body


def stream_ids():
    """Calls under no stream id, one unknown, somebody else's, and an old one."""
    with cluster.Cluster() as c:
        before = Before(c)
        with Watch(c) as watch:
            s = Scheduler(c.master, "streams", hold_offers=True).subscribe()
            call = {"type": "REVIVE", "framework_id": {"value": s.framework_id}}
            good = watch.scheduler.stream_id
            for stream_id in (None, "", "unknown", good, "x" * 5000, "00000000-0000-0000-0000-000000000000"):
                status, body = raw_call(c, call, stream_id)
                expect(status == 400, "stream id", repr(stream_id)[:60], "answered", status, body)
            expect(raw_call(c, call, s.stream_id)[0] == 202, "the right stream id is refused")
            old = s.stream_id
            s.cut()
            s.subscribe()
            expect(s.stream_id != old, "a new subscription kept its stream id")
            status, body = raw_call(c, call, old)
            expect(status == 400, "an old stream id answered", status, body)
            unknown = {"type": "REVIVE", "framework_id": {"value": "no-such-framework"}}
            expect(raw_call(c, unknown, s.stream_id)[0] == 400, "an unknown framework may call")
            status, _ = s.call("TEARDOWN")
            expect(status == 202, "teardown answered", status)
            cluster.wait_for("403 or 400 after the teardown",
                             lambda: raw_call(c, call, s.stream_id)[0] in (400, 403))
        before.check()


def lost(s, task_id):
    s.wait_terminal(task_id)
    return s.updates[task_id][0]


def offers_and_tasks():
    """Offers used twice, tasks that ask for more than was offered, and ids that are none."""
    with cluster.Cluster() as c:
        before = Before(c)
        with Watch(c):
            s = Scheduler(c.master, "greedy", hold_offers=True).subscribe()
            offer = s.wait_offer()
            agent_id = offer["agent_id"]
            status, _ = s.call("ACCEPT", **accept([offer["id"]], [task_info("first", agent_id)]))
            expect(status == 202, "ACCEPT answered", status)
            expect(s.wait_terminal("first")["state"] == "TASK_FINISHED", "the first use failed")
            s.call("ACCEPT", **accept([offer["id"]], [task_info("again", agent_id)]))
            update = lost(s, "again")
            expect(update["state"] in ("TASK_DROPPED", "TASK_LOST") and
                   update["reason"] == "REASON_INVALID_OFFERS", "an offer used twice gave", update)
            s.offers.pop(offer["id"]["value"], None)

            def refused(name, tasks, reasons, ids=None):
                s.call("REVIVE")
                fresh = s.wait_offer()
                s.call("ACCEPT", **accept(ids or [fresh["id"]],
                                          [t(fresh) if callable(t) else t for t in tasks]))
                s.offers.pop(fresh["id"]["value"], None)
                return [lost(s, t if isinstance(t, str) else t(fresh)["task_id"]["value"])
                        for t in tasks], name, reasons

            def expect_error(name, task, reason):
                updates, _, _ = refused(name, [task], reason)
                update = updates[0]
                expect(update["state"] == "TASK_ERROR" and update["reason"] == reason and
                       update.get("message"), name, "gave", update)

            expect_error("too many cpus", lambda o: task_info("cpus", o["agent_id"], cpus=4000),
                         "REASON_TASK_INVALID")
            expect_error("too much memory", lambda o: task_info("mem", o["agent_id"], mem=1e12),
                         "REASON_TASK_INVALID")
            expect_error("negative cpus", lambda o: task_info("negative", o["agent_id"], cpus=-1),
                         "REASON_TASK_INVALID")
            expect_error("unknown agent", lambda o: task_info("agent", {"value": "no-such-agent"}),
                         "REASON_TASK_INVALID")
            for i, odd in enumerate(("a/b", "../../etc", "a\nb", "\x01", ".", "..", "x" * 300)):
                expect_error(f"task id {odd[:10]!r}", lambda o, odd=odd: task_info(odd, o["agent_id"]),
                             "REASON_TASK_INVALID")
            # Twice the same id, and twice the resources, in one ACCEPT: the second of each is refused.
            s.call("REVIVE")
            fresh = s.wait_offer()
            cpus = next(r["scalar"]["value"] for r in fresh["resources"] if r["name"] == "cpus")
            twins = [task_info("twin-a", fresh["agent_id"], cpus=cpus),
                     task_info("twin-b", fresh["agent_id"], cpus=cpus)]
            s.call("ACCEPT", **accept([fresh["id"]], twins))
            s.offers.pop(fresh["id"]["value"], None)
            expect(s.wait_terminal("twin-a")["state"] == "TASK_FINISHED", "twin-a did not run")
            expect(s.wait_terminal("twin-b")["state"] == "TASK_ERROR", "twin-b ran on what was taken")
            more_bad_accepts(c, s)
            expect(s.teardown()[0] == 202, "teardown is refused")
        before.check()


def more_bad_accepts(c, s):
    """ACCEPT and friends with fields that name nothing: answered, and nothing happens."""
    calls = [
        ("ACCEPT", {"accept": {"offer_ids": [], "operations": []}}),
        ("ACCEPT", {"accept": {"offer_ids": [{"value": "none"}, {"value": "none"}]}}),
        ("ACCEPT", {"accept": {"offer_ids": [{"value": "a/b\x01"}],
                               "filters": {"refuse_seconds": -5}}}),
        ("DECLINE", {"decline": {"offer_ids": [{"value": "x" * 9000}],
                                 "filters": {"refuse_seconds": 1e300}}}),
        ("KILL", {"kill": {"task_id": {"value": "../../x"}}}),
        ("KILL", {"kill": {"task_id": {"value": "\x01"}, "agent_id": {"value": "a/b"}}}),
        ("ACKNOWLEDGE", {"acknowledge": {"agent_id": {"value": "x"}, "task_id": {"value": "y"},
                                         "uuid": "AAAA"}}),
        ("ACKNOWLEDGE", {"acknowledge": {"agent_id": {"value": "x"}, "task_id": {"value": "y"},
                                         "uuid": "AAAAAAAAAAAAAAAAAAAAAA=="}}),
        ("RECONCILE", {"reconcile": {"tasks": [{"task_id": {"value": f"../{i}"}} for i in range(500)]}}),
        ("REVIVE", {"revive": {"roles": ["no/such//role", "", "*" * 1000]}}),
        ("SUPPRESS", {"suppress": {"roles": ["\x00"]}}),
        ("REQUEST", {"request": {"requests": [{"resources": [scalar("cpus", -1)]}]}}),
        ("MESSAGE", {"message": {"agent_id": {"value": "x"}, "executor_id": {"value": "../e"},
                                 "data": "AAAA"}}),
        ("SHUTDOWN", {"shutdown": {"executor_id": {"value": "x"}}}),
    ]
    for name, fields in calls:
        status, body = s.call(name, **fields)
        expect(status == 202 or 400 <= status < 500 or status == 501, name, fields, "gave", status, body)
    expect(cluster.get(c.master, "/health")[0] == 200, "the master is not healthy")


def frameworks():
    """SUBSCRIBE with infos that no framework may have: 400 or an ERROR event, never a framework."""
    with cluster.Cluster() as c:
        before = Before(c)
        good = {"user": "root", "name": "f"}
        infos = [{**good, "id": {"value": "../../x"}}, {**good, "id": {"value": "a/b"}},
                 {**good, "id": {"value": "\x01"}}, {**good, "roles": ["a b"],
                                                     "capabilities": [{"type": "MULTI_ROLE"}]},
                 {**good, "role": "/"}, {**good, "role": ".."}, {**good, "role": "a", "roles": ["b"]},
                 {**good, "roles": ["a", "a"], "capabilities": [{"type": "MULTI_ROLE"}]},
                 {**good, "failover_timeout": 1e300}]
        for info in infos:
            s = Scheduler(c.master, "bad")
            s.info = info
            try:
                s.subscribe()
                raise AssertionError(f"{info} may subscribe")
            except RuntimeError as error:
                expect(" 400 " in str(error) or s.events["ERROR"] == 1, info, "gave", error)
            s.cut()
        expect(not cluster.get_json(c.master, "/frameworks")["frameworks"], "a bad framework exists")
        before.check()


def sandbox_paths():
    """What a task does in its sandbox leads nobody out of it."""
    with cluster.Cluster() as c:
        before = Before(c)
        secret = os.path.join(c.dir, "secret")
        with open(secret, "w") as f:
            f.write("top secret")
        with Watch(c):
            s = Scheduler(c.master, "climber").subscribe()
            s.launch("climb", f"ln -s / root; ln -s {secret} link; ln -s ../../../../../../.. up; "
                              "mkfifo pipe; echo fine > file; echo done")
            expect(s.wait_terminal("climb")["state"] == "TASK_FINISHED", s.updates)

            def find():
                state = cluster.get_json(c.agent, "/state")
                return [e["directory"] for f in state["frameworks"] + state["completed_frameworks"]
                        for e in f["executors"] + f["completed_executors"] if e["id"] == "climb"]

            # The agent's read model may be some milliseconds behind the update.
            cluster.wait_for("the sandbox in the agent's /state", find)
            sandboxes = find()
            expect(len(sandboxes) == 1, "sandboxes", sandboxes)
            box = sandboxes[0]
            status, body = cluster.get(c.agent, f"/files/read?path={box}/file&offset=0&length=100")
            expect(status == 200 and json.loads(body)["data"] == "fine\n", status, body)
            for path in ("root/etc/passwd", "link", "up/etc/passwd", "../" * 12 + "etc/passwd",
                         "../../../../../../../../../../secret", "file/../link", "./link", "pipe",
                         "root" + secret, "%2e%2e/" * 12 + "etc/passwd", "..%2f" * 12 + "etc/passwd",
                         "file%00", "x" * 3000, "/etc/passwd", ""):
                for endpoint in ("read", "download", "browse"):
                    status, body = cluster.get(
                        c.agent, f"/files/{endpoint}?path={box}/{path}&offset=0&length=1000", PATIENCE)
                    expect(b"top secret" not in body and b"root:x" not in body,
                           endpoint, path, "leads out:", body[:100])
                    if path and (path, endpoint) != ("pipe", "browse"):
                        expect(400 <= status < 500, endpoint, path, "answered", status, body[:100])
            for path in (secret, "/", c.dir, "/etc/passwd", f"{c.dir}/agent/meta", f"{c.dir}/master"):
                for address in (c.agent, c.master):
                    status, _ = cluster.get(address, f"/files/browse?path={path}")
                    expect(status == 404, "browsing", path, "answered", status)
            s.teardown()
        before.check()


def many_connections():
    """A thousand connections that say nothing hold nobody up, and are let go."""
    with cluster.Cluster() as c:
        before = Before(c)
        with Watch(c):
            idle = [socket.create_connection(a.rsplit(":", 1), PATIENCE)
                    for _ in range(500) for a in (c.master, c.agent)]
            time.sleep(2)
            for i, s in enumerate(idle):
                reset(s) if i % 2 else s.close()
        before.check()


if __name__ == "__main__":
    main({f.__name__: f for f in (
        malformed_requests, half_requests, slow_requests, garbage_on_the_link_port, stream_ids,
        offers_and_tasks, frameworks, sandbox_paths, many_connections)})
