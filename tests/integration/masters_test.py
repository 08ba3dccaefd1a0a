#!/usr/bin/env python3
"""Three masters and more: forming, redirects, fail-over, standing by, growing, shrinking, handing over."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from scheduler import Scheduler
from support import PATIENCE, cluster, expect, main


class Masters:
    """with Masters(3) as m: m.addresses, m.daemons (by address)."""

    def __init__(self, count, agents=0, flags=()):
        self.dir = tempfile.mkdtemp(prefix="meseta-test-")
        self.flags = list(flags)
        self.addresses = [f"127.0.0.1:{cluster.free_port()}" for _ in range(count)]
        self.daemons, self.agents = {}, []
        self.count, self.agent_count = count, agents

    def __enter__(self):
        try:
            for address in self.addresses:
                self.start_master(address, self.addresses if self.count > 1 else [])
            self.wait_leader()
            for i in range(self.agent_count):
                self.start_agent(i)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def start_master(self, address, peers=(), work=None):
        work = work or f"{self.dir}/master-{address.split(':')[1]}"
        daemon = cluster.Daemon("meseta-master", [
            os.path.join(cluster.BIN, "meseta-master"), "--ip=127.0.0.1",
            f"--port={address.split(':')[1]}", f"--work_dir={work}", "--agent_ping_timeout=5secs",
            *([f"--peers={','.join(peers)}"] if peers else []), *self.flags], f"{work}.output")
        daemon.start()
        self.daemons[address] = daemon
        return daemon

    def start_agent(self, number):
        daemon = cluster.Daemon("meseta-agent", [
            os.path.join(cluster.BIN, "meseta-agent"), f"--master={','.join(self.addresses)}",
            "--ip=127.0.0.1", "--port=0", f"--work_dir={self.dir}/agent-{number}",
            f"--runtime_dir={self.dir}/run-{number}", "--resources=cpus:4;mem:1024;disk:1000"],
            f"{self.dir}/agent-{number}.output")
        daemon.start()
        self.agents.append(daemon)
        cluster.wait_for("registration", lambda: self.active_agents() == len(self.agents), PATIENCE)

    def active_agents(self):
        return sum(a["active"] for a in cluster.get_json(self.leader(), "/slaves")["slaves"])

    def leader(self, but=()):
        """The one master that answers for the cluster; raises while there is none."""
        for address, daemon in self.daemons.items():
            if address in but or daemon.process.poll() is not None:
                continue
            with contextlib.suppress(OSError):
                if cluster.get(address, "/frameworks", timeout=2)[0] == 200:
                    return address
        raise RuntimeError("no master leads")

    def wait_leader(self, but=()):
        cluster.wait_for("a leader", lambda: self.leader(but), PATIENCE)
        return self.leader(but)

    def standbys(self):
        leader = self.leader()
        return [a for a in self.daemons if a != leader]

    def members(self, address=None):
        return cluster.get_json(address or self.leader(), "/meseta/members")

    def meseta(self, *arguments, check=True):
        done = subprocess.run([os.path.join(cluster.BIN, "meseta"), *arguments,
                               f"--master={','.join(self.daemons)}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE * 2)
        if check:
            expect(done.returncode == 0, arguments, done.returncode, done.stderr.decode())
        return done.stdout.decode() if check else done

    def __exit__(self, kind, *_):
        everything = [*self.agents, *self.daemons.values()]
        for daemon in everything:
            if daemon.process and daemon.process.poll() is None:
                daemon.process.send_signal(signal.SIGCONT)
                daemon.stop()
        cluster.Cluster.kill_tasks(self)
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)
            return
        for daemon in everything:
            if os.path.exists(daemon.log):
                with open(daemon.log, errors="replace") as f:
                    print(f"---- {daemon.log}\n" + "".join(f.readlines()[-60:]), file=sys.stderr)


def head(address, path, method="GET", body=None):
    """(status, Location, body) without following."""
    c = cluster.http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        c.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = c.getresponse()
        return response.status, response.headers["Location"], response.read().decode()
    finally:
        c.close()


LEADER_ONLY = ["/state", "/master/state", "/state-summary", "/slaves", "/frameworks", "/tasks",
               "/registrar(1)/registry"]
LOCAL = ["/health", "/master/health", "/version", "/metrics/snapshot", "/metrics", "/flags",
         "/master/flags", "/system/stats.json", "/files/debug", "/meseta/members", "/meseta/log"]


def standbys_answer():
    """Redirects to the leader with path and query; what every master has, it answers itself."""
    with Masters(3) as m:
        leader, standbys = m.leader(), m.standbys()
        expect(len(standbys) == 2, standbys)
        for address in standbys:
            for path in LEADER_ONLY:
                status, location, _ = head(address, path + "?a=b%20c")
                expect((status, location) == (307, f"//{leader}{path}?a=b%20c"), address, path, status, location)
            for path in ("/api/v1", "/api/v1/scheduler", "/master/api/v1/scheduler", "/teardown"):
                status, location, _ = head(address, path, "POST", "{}")
                expect((status, location) == (307, f"//{leader}{path}"), address, path, status, location)
            for path in ("/redirect", "/master/redirect"):
                expect(head(address, path)[:2] == (307, f"//{leader}"), head(address, path))
            expect(head(address, "/redirect/x")[0] == 404, head(address, "/redirect/x"))
            for path in LOCAL:
                expect(head(address, path)[0] == 200, address, path, head(address, path))
            metrics = cluster.get_json(address, "/metrics/snapshot")
            expect(metrics["master/elected"] == 0 and metrics["registrar/log/ensemble_size"] == 3 and
                   metrics["registrar/log/recovered"] == 1, metrics)
            list_ = m.members(address)
            expect(list_["leader"] == leader and len(list_["members"]) == 3, list_)
        status, location, _ = head(leader, "/redirect")
        expect(status == 307 and location.endswith(leader.split(":")[1]), status, location)
        metrics = cluster.get_json(leader, "/metrics/snapshot")  # The log's are at most a moment old.
        expect(metrics["master/elected"] == 1 and metrics["registrar/log/role"] == 4, metrics)
        info = cluster.get_json(leader, "/state")
        expect(info["leader"] == f"master@{leader}" and info["elected_time"] >= info["start_time"], info["leader"])


def no_leader():
    """One of three alone says that it waits, and for whom; it follows once the others are there."""
    with Masters(3) as m:
        leader, (one, other) = m.leader(), m.standbys()
        m.daemons[leader].kill()
        m.daemons[other].kill()
        cluster.wait_for("503", lambda: head(one, "/state")[0] == 503, PATIENCE)
        for path in ("/state", "/redirect", "/frameworks"):
            status, _, body = head(one, path)
            expect(status == 503 and body.startswith("No leader elected: "), path, status, body)
        for path in ("/health", "/metrics/snapshot", "/meseta/members"):
            expect(head(one, path)[0] == 200, path)
        failed = m.meseta("task", "ls", check=False)
        expect(failed.returncode == 69 and b"No leader elected" in failed.stderr, failed)
        m.daemons[other].start()
        m.wait_leader()


def leader_killed():
    """The agent follows the new leader, the task survives, the framework resubscribes, and the killed
    master comes back as a standby."""
    with Masters(3, agents=1) as m:
        s = Scheduler(m.leader()).subscribe()
        s.launch("survivor", "sleep 600")
        s.wait_state("survivor", "TASK_RUNNING")
        before = cluster.get_json(m.leader(), "/slaves")["slaves"][0]["id"]
        for _ in range(2):
            old = m.leader()
            m.daemons[old].kill()
            begin = time.monotonic()
            new = m.wait_leader(but=[old])
            print(f"  a new leader after {time.monotonic() - begin:.2f} s", flush=True)
            cluster.wait_for("the agent", lambda: m.active_agents() == 1, PATIENCE)
            expect([a["id"] for a in cluster.get_json(new, "/slaves")["slaves"]] == [before], "another agent")
            framework = s.framework_id
            s.cut()
            s.address = new
            s.subscribe()
            expect(s.framework_id == framework, s.framework_id)
            tasks = cluster.get_json(new, "/tasks")["tasks"]
            expect([(t["id"], t["state"]) for t in tasks] == [("survivor", "TASK_RUNNING")], tasks)
            m.daemons[old].start()
            cluster.wait_for("a standby", lambda: head(old, "/state")[0] == 307, PATIENCE)
        expect(s.run("afterwards")[0]["state"] == "TASK_FINISHED", s.states("afterwards"))


def leader_paused():
    """A leader that was stopped and goes on has been deposed: it redirects, and leads again later."""
    with Masters(3, agents=1) as m:
        old = m.leader()
        s = Scheduler(old).subscribe()
        os.kill(m.daemons[old].process.pid, signal.SIGSTOP)
        new = m.wait_leader(but=[old])
        cluster.wait_for("the agent", lambda: sum(a["active"] for a in cluster.get_json(
            new, "/slaves")["slaves"]) == 1, PATIENCE)
        os.kill(m.daemons[old].process.pid, signal.SIGCONT)
        for _ in range(50):
            status, location, _ = head(old, "/state")
            expect(status in (307, 503), "a deposed leader answers", status)
            if status == 307:
                expect(location == f"//{new}/state", location)
        cluster.wait_for("a standby", lambda: head(old, "/state")[:2] == (307, f"//{new}/state"), PATIENCE)
        status, _ = s.call("REVIVE")
        expect(status == 307, "a call to the deposed leader:", status)
        expect(m.daemons[old].process.poll() is None, "it ended")
        m.meseta("master", "transfer", old)
        expect(m.wait_leader() == old, "it does not lead again")
        cluster.wait_for("the agent", lambda: m.active_agents() == 1, PATIENCE)


def run_survives():
    """meseta run outlives a leader that stops without a word: its task goes on, its end arrives, once."""
    with Masters(3, agents=1) as m:
        old, go = m.leader(), f"{m.dir}/go"
        run = subprocess.Popen([
            os.path.join(cluster.BIN, "meseta"), "run", f"--master={','.join(m.addresses)}", "--name=survivor",
            "--", f"while [ ! -e {go} ]; do sleep 0.1; done; echo once >> {m.dir}/ran"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            def states(leader):
                return [t["state"] for t in cluster.get_json(leader, "/tasks")["tasks"]]
            cluster.wait_for("the task", lambda: states(old) == ["TASK_RUNNING"], PATIENCE)
            os.kill(m.daemons[old].process.pid, signal.SIGSTOP)
            new = m.wait_leader(but=[old])
            cluster.wait_for("the task at the new leader", lambda: states(new) == ["TASK_RUNNING"], PATIENCE)
            expect(run.poll() is None, "meseta run ended with its leader:", run.poll())
            with open(go, "w"):
                pass
            out, _ = run.communicate(timeout=PATIENCE)
        finally:
            if run.poll() is None:
                run.kill()
                run.communicate()
            os.kill(m.daemons[old].process.pid, signal.SIGCONT)
        expect(run.returncode == 0, "meseta run ended with", run.returncode, out.decode())
        with open(f"{m.dir}/ran") as f:
            expect(f.read() == "once\n", "the task did not run exactly once")
        expect(states(m.wait_leader()) == ["TASK_FINISHED"], states(m.leader()))


def handed_over():
    """meseta master transfer, and a leader that is told to stop, hand over without an election's wait."""
    with Masters(3) as m:
        old = m.leader()
        out = m.meseta("master", "transfer")
        new = m.wait_leader()
        expect(new != old and new in out, old, new, out)
        m.daemons[new].stop()
        begin = time.monotonic()
        m.wait_leader(but=[new])
        print(f"  after SIGTERM of the leader {time.monotonic() - begin:.2f} s", flush=True)
        failed = m.meseta("master", "transfer", "127.0.0.1:1", check=False)
        expect(failed.returncode == 1 and b"127.0.0.1:1" in failed.stderr, failed)


def grow_and_shrink():
    """1 -> 3 -> 5 -> 3 online, while a framework runs tasks; the leader can be removed, too."""
    with Masters(1, agents=1) as m:
        first = m.addresses[0]
        s = Scheduler(first).subscribe()
        for _ in range(4):
            address = f"127.0.0.1:{cluster.free_port()}"
            present = list(m.daemons)
            m.start_master(address, [*present, address])
            out = m.meseta("master", "members", "add", address)
            expect(address in out, out)
            list_ = m.members()
            expect(any(r["address"] == address and r["role"] == "voter" for r in list_["members"]), list_)
            expect(s.run(f"at-{len(m.daemons)}")[0]["state"] == "TASK_FINISHED", "a task while growing")
        expect(len(m.members()["members"]) == 5 and not m.members()["invited"], m.members())
        again = m.meseta("master", "members", "add", first)
        expect("already" in again, again)
        gone = m.standbys()[0]
        m.meseta("master", "members", "remove", gone)

        def says_so():
            status, body = cluster.get(gone, "/state", timeout=2)[:2]
            return status == 503 and "not a member of its cluster" in str(body)
        removed = m.daemons.pop(gone)
        removed.stop()
        removed.start()  # Who led when it was removed is forgotten: it has nobody to send to.
        try:
            cluster.wait_for("the removed master to say that it is", says_so, PATIENCE)
        finally:
            removed.stop()
        leader = m.leader()
        expect(leader == first, leader)
        m.meseta("master", "members", "remove", leader)
        new = m.wait_leader(but=[leader])
        m.daemons.pop(leader).stop()
        table = m.meseta("master", "members", "ls")
        expect(len(m.members(new)["members"]) == 3 and new in table and gone not in table, table)
        rows = json.loads(m.meseta("master", "members", "ls", "--json"))
        expect(rows["leader"] == new and len(rows["members"]) == 3, rows)
        m.meseta("master", "members", "remove", "127.0.0.1:1", check=False)
        expect(len(m.members()["members"]) == 3, m.members())


def disk_lost():
    """A member whose disk is gone comes back under a new id, as learner first, and votes again."""
    with Masters(3) as m:
        lost = m.standbys()[0]
        before = {r["address"]: r["id"] for r in m.members()["members"]}
        m.daemons[lost].kill()
        shutil.rmtree(f"{m.dir}/master-{lost.split(':')[1]}")
        m.daemons[lost].start()

        def back():
            rows = {r["address"]: r for r in m.members()["members"]}
            return rows[lost]["role"] == "voter" and rows[lost]["id"] != before[lost] and rows[lost]["lag"] == 0
        cluster.wait_for("the member", back, PATIENCE)
        expect(len(m.members()["members"]) == 3, m.members())


def foreign_cluster():
    """A disk of another cluster takes no part, and says so."""
    with Masters(1) as other, Masters(3) as m:
        other.daemons[other.addresses[0]].stop()
        guest = m.standbys()[0]
        m.daemons[guest].kill()
        work = f"{m.dir}/master-{guest.split(':')[1]}"
        shutil.rmtree(work)
        shutil.copytree(f"{other.dir}/master-{other.addresses[0].split(':')[1]}", work)
        members = m.members()
        m.daemons[guest].start()

        def refused():
            with open(m.daemons[guest].log, errors="replace") as f:
                return "belongs to cluster" in f.read()
        cluster.wait_for("a sentence", refused, PATIENCE)
        expect(m.members()["cluster_id"] == members["cluster_id"], m.members())
        # Starting it again would not help: as for other contradictions, its supervisor leaves it.
        code = m.daemons[guest].process.wait(timeout=PATIENCE)
        expect(code == 78, "a foreign disk ends a master with", code)


def all_killed():
    """Power loss of everything: it comes back by itself, and the agent with its task."""
    with Masters(3, agents=1) as m:
        s = Scheduler(m.leader()).subscribe()
        s.launch("survivor", "sleep 600")
        s.wait_state("survivor", "TASK_RUNNING")
        before = cluster.get_json(m.leader(), "/slaves")["slaves"][0]["id"]
        for daemon in [*m.daemons.values(), *m.agents]:
            daemon.process.send_signal(signal.SIGKILL)
        for daemon in [*m.daemons.values(), *m.agents]:
            daemon.process.wait()
        for daemon in [*m.agents, *m.daemons.values()]:
            daemon.start()
        cluster.wait_for("the agent", lambda: m.active_agents() == 1, PATIENCE)
        expect([a["id"] for a in cluster.get_json(m.leader(), "/slaves")["slaves"]] == [before], "another agent")
        s.cut()
        s.address = m.leader()
        s.subscribe()
        tasks = cluster.get_json(m.leader(), "/tasks")["tasks"]
        expect([(t["id"], t["state"]) for t in tasks] == [("survivor", "TASK_RUNNING")], tasks)


def backup_and_restore():
    """A backup taken of three working masters makes a new one alone, that knows the agent, and grows."""
    with Masters(3, agents=1) as m:
        agent = cluster.get_json(m.leader(), "/slaves")["slaves"][0]["id"]
        expect(head(m.standbys()[0], "/meseta/log/backup")[0] == 307, "a standby gives backups")
        m.meseta("log", "backup", f"--out={m.dir}/backup")
        registry = cluster.get_json(m.leader(), "/registrar(1)/registry")
        for daemon in m.daemons.values():
            daemon.kill()
        m.daemons.clear()
        address = f"127.0.0.1:{cluster.free_port()}"
        work = f"{m.dir}/restored"
        done = subprocess.run([os.path.join(cluster.BIN, "meseta"), "log", "restore",
                               f"--file={m.dir}/backup", f"--dir={work}/log",
                               f"--address={address}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        expect(done.returncode == 0, done.stdout.decode())
        m.start_master(address, work=work)
        expect(m.wait_leader() == address, "the restored master does not lead")
        restored = cluster.get_json(address, "/registrar(1)/registry")
        expect(restored["slaves"] == registry["slaves"], restored, registry)
        expect(agent in json.dumps(restored["slaves"]), restored)
        other = f"127.0.0.1:{cluster.free_port()}"
        m.start_master(other, [address, other])
        m.meseta("master", "members", "add", other)
        expect(len(m.members()["members"]) == 2, m.members())


if __name__ == "__main__":
    main({f.__name__: f for f in (standbys_answer, no_leader, leader_killed, leader_paused, run_survives,
                                  handed_over, grow_and_shrink, disk_lost, foreign_cluster,
                                  all_killed, backup_and_restore)})
