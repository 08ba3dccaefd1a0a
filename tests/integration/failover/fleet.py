"""Masters and agents, each on a host of its own, and what they say about themselves."""
import collections
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from support import cluster, expect  # noqa: E402  (found through the line above)

import hosts  # noqa: E402

PORT = 5050
FIRST_AGENT, EMULATOR = 11, 31  # Numbers of hosts; masters count from 1.
SETTLE_TIMEOUT = 60  # Seconds until everything has come back after a fault; loaded machines are slow.


def ask(address, path, method="GET", body=None, timeout=2.0):
    """(status, headers, body) of one request on a connection of its own; no redirect is followed."""
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request(method, path, body if body is None else json.dumps(body),
                           {"Content-Type": "application/json"} if body is not None else {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


class Master(cluster.Daemon):
    def __init__(self, fleet, number, peers, flags=()):
        host = hosts.host(number)
        self.host, self.number, self.address = host, number, f"{host.ip}:{PORT}"
        self.work_dir = f"{fleet.dir}/master-{number}"
        self.environment = {}
        super().__init__(f"master {number}", host.inside([
            os.path.join(cluster.BIN, "meseta-master"), f"--ip={host.ip}", f"--port={PORT}",
            f"--hostname={host.ip}", "--insecure_listen", f"--work_dir={self.work_dir}",
            *([f"--peers={','.join(peers)}"] if peers else []), *flags]),
            f"{fleet.dir}/master-{number}.log")

    def start(self):
        with open(self.log, "ab") as out:
            out.write(f"==== {time.strftime('%H:%M:%S')} started by the test\n".encode())
            self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, env={**os.environ, **self.environment})

    def signal(self, number):
        self.process.send_signal(number)

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def members(self, timeout=2.0):
        """GET /meseta/members, which every master answers by itself, or None."""
        try:
            status, _, body = ask(self.address, "/meseta/members", timeout=timeout)
            return json.loads(body) if status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None


def agent_daemon(fleet, number, masters, resources):
    host = hosts.host(number)
    daemon = cluster.Daemon(f"agent {number}", host.inside([
        os.path.join(cluster.BIN, "meseta-agent"), f"--master={','.join(masters)}", f"--ip={host.ip}",
        "--port=5051", f"--hostname={host.ip}", "--insecure_listen", f"--resources={resources}",
        f"--work_dir={fleet.dir}/agent-{number}", f"--runtime_dir={fleet.dir}/run-{number}"]),
        f"{fleet.dir}/agent-{number}.log")
    daemon.host = host
    return daemon


def leads(answer):
    """Whether the master that answered /meseta/members so leads, by its own word."""
    return any(m["self"] and m["role"] == "leader" for m in answer["members"])


class Watch:
    """Asks every master all the time who leads; remembers who led which term."""

    EVERY = 0.05  # Seconds.
    FRESH = 1.5   # Older answers do not count.

    def __init__(self, masters):
        self.lock = threading.Lock()
        self.seen = {}      # Master -> (when, its answer).
        self.leaders = {}   # Term -> address, by the leaders' own word.
        self.problems = []
        self.stopped = False
        for master in masters:
            self.add(master)

    def add(self, master):
        threading.Thread(target=self._follow, args=(master,), daemon=True).start()

    def _follow(self, master):
        while not self.stopped:
            answer = master.members()
            if answer:
                self._note(master, answer)
            time.sleep(self.EVERY)

    def _note(self, master, answer):
        with self.lock:
            self.seen[master] = (time.monotonic(), answer)
            if leads(answer):
                first = self.leaders.setdefault(answer["term"], master.address)
                if first != master.address:
                    self.problems.append(
                        f"term {answer['term']} was led by {first} and by {master.address}")

    def leader(self):
        """(term, address) of who says of himself that he leads, in the newest term; or None."""
        with self.lock:
            now = time.monotonic()
            leading = [(answer["term"], master.address) for master, (when, answer) in self.seen.items()
                       if leads(answer) and now - when < self.FRESH]
        return max(leading, default=None)


class Fleet:
    """with Fleet(masters=3, agents=2) as fleet: everything is up. Logs stay when the test fails."""

    def __init__(self, masters=3, agents=2, emulated=0, resources="cpus:8;mem:8192;disk:10000",
                 master_flags=(), later_masters=0):
        """`later_masters`: agents know the addresses of so many that are not there yet."""
        self.dir = tempfile.mkdtemp(prefix="meseta-failover-")
        self.master_flags = master_flags
        known = [f"{hosts.SUBNET}.{n}:{PORT}" for n in range(1, masters + later_masters + 1)]
        addresses = known[:masters]
        self.masters = [Master(self, n, addresses if masters > 1 else [], master_flags)
                        for n in range(1, masters + 1)]
        self.agents = [agent_daemon(self, FIRST_AGENT + i, known, resources) for i in range(agents)]
        self.emulated = emulated
        self.marked_gone = 0
        self.emulator = None
        if emulated:
            host = hosts.host(EMULATOR)
            self.emulator = cluster.Daemon("emulator", host.inside([
                os.path.join(cluster.BIN, "meseta-emulator"), f"--agents={emulated}",
                f"--master={','.join(known)}"]), f"{self.dir}/emulator.log")
        self.watch = None
        self.mounted = []

    def small_disk(self, master, size):
        """Gives a master that has not started yet a disk of that size."""
        os.mkdir(master.work_dir)
        hosts.run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", master.work_dir)
        self.mounted.append(master.work_dir)

    def __enter__(self):
        try:
            for daemon in (*self.masters, *self.agents, *filter(None, [self.emulator])):
                daemon.start()
            self.watch = Watch(self.masters)
            self.wait_settled("the start")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        if self.watch:
            self.watch.stopped = True
        for master in self.masters:
            master.host.heal()
        for daemon in (*filter(None, [self.emulator]), *self.agents, *self.masters):
            if daemon.process and daemon.process.poll() is None:
                daemon.process.send_signal(signal.SIGCONT)
                daemon.kill()
        for folder in self.mounted:
            subprocess.run(["umount", "-l", folder], check=False)
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)
            return
        print(f"logs and disks: {self.dir}", file=sys.stderr)
        for master in self.masters:
            if os.path.exists(master.log):
                print(f"---- {master.log}\n" + "\n".join(master.log_text().splitlines()[-25:]),
                      file=sys.stderr)

    # ---- who is who

    def add_master(self, number, peers):
        """A master that joins; it is not started."""
        master = Master(self, number, peers, self.master_flags)
        self.masters.append(master)
        self.watch.add(master)
        return master

    def leader(self, timeout=SETTLE_TIMEOUT, but=()):
        """The master that leads, other than those in `but`."""
        found = []

        def look():
            term_and_address = self.watch.leader()
            found[:] = [m for m in self.masters if term_and_address and m not in but
                        and m.address == term_and_address[1]]
            return found
        cluster.wait_for("a leader", look, timeout)
        return found[0]

    def followers(self):
        leader = self.leader()
        return [m for m in self.masters if m is not leader and m.process.poll() is None]

    # ---- what they say

    def leading_answer(self, path, timeout=10.0):
        """JSON that the leader answers under `path`; whoever leads now, asked again until it does."""
        answer = []

        def look():
            status, _, body = ask(self.watch.leader()[1], path, timeout=timeout)
            if status == 200:
                answer[:] = [json.loads(body)]
            return status == 200
        cluster.wait_for(f"an answer of the leader to {path}", look, SETTLE_TIMEOUT)
        return answer[0]

    def change_members(self, action, member, timeout=30.0):
        """POST /meseta/members at whoever leads; its status and text."""
        term_and_address = self.watch.leader()
        expect(term_and_address, "nobody leads")
        status, _, body = ask(term_and_address[1], "/meseta/members", "POST",
                              {"action": action, **({"member": member} if member else {})}, timeout)
        return status, body.decode(errors="replace")

    def wait_no_containers(self):
        """What frameworks have been told has ended has ended."""
        def none_left():
            return not any(json.loads(ask(f"{a.host.ip}:5051", "/containers")[2]) for a in self.agents)
        cluster.wait_for("the end of all containers", none_left, SETTLE_TIMEOUT)

    def unsettled(self, expected=None):
        """Why not everything is as it should be after a fault; None when it is."""
        ended = [f"{m.name} ended with {m.process.returncode}" for m in self.masters
                 if m.process is not None and m.process.poll() is not None]
        if ended:
            return "; ".join(ended)
        term_and_address = self.watch.leader()
        if not term_and_address:
            said = {m.name: m.members() or {} for m in self.masters}
            return "nobody leads: " + "; ".join(
                f"{name}: {a.get('state', 'no answer')}, {a.get('problem', 'no problem')}"
                for name, a in said.items())
        members = json.loads(ask(term_and_address[1], "/meseta/members")[2])["members"]
        wanted = collections.Counter(m.address for m in (expected or self.masters))
        voters = collections.Counter(m["address"] for m in members if m["role"] in VOTING)
        if voters != wanted or len(members) != sum(wanted.values()):
            return f"members are {[(m['address'], m['role']) for m in members]}"
        behind = [m["address"] for m in members if not m["up"] or m["lag"] > 1000]
        if behind:
            return f"{behind} have not caught up"
        slaves = json.loads(ask(term_and_address[1], "/slaves", timeout=10.0)[2])["slaves"]
        active = {s["id"]: s["hostname"] for s in slaves if s["active"]}
        away = {a.host.ip for a in self.agents} - set(active.values())
        if away:
            return f"agents {away} are not active"
        if len(active) < len(self.agents) + self.emulated - self.marked_gone:
            return f"{len(active)} agents are active"
        return None

    def wait_settled(self, after, expected=None, timeout=SETTLE_TIMEOUT):
        """Waits until all masters are members that have caught up and all agents are back."""
        end = time.monotonic() + timeout
        why = "not asked yet"
        while time.monotonic() < end:
            try:
                why = self.unsettled(expected)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                why = repr(error)
            if why is None:
                return
            time.sleep(0.1)
        raise TimeoutError(f"not settled {timeout} s after {after}: {why}")


VOTING = {"leader", "voter"}
