#!/usr/bin/env python3
"""A master and an agent through kills, restarts, silence, credentials, TLS and a full disk."""
import contextlib
import http.client
import os
import signal
import ssl
import subprocess
import sys
import time

from scheduler import Scheduler, basic, tls_context
from support import PATIENCE, cluster, expect, main

SKIPPED = 77  # Exit status; tests/allowed_skips.txt names the tests that may.
STOP_LIMIT = 15  # Seconds from SIGTERM to the end, on a loaded machine.


def agents(c):
    return cluster.get_json(c.master, "/slaves")["slaves"]


# ---- restarts

def stop_quickly():
    """SIGTERM and SIGINT end both with status 0, with work under way and subscribers connected."""
    for number in (signal.SIGTERM, signal.SIGINT):
        with cluster.Cluster() as c:
            s = Scheduler(c.master).subscribe()
            s.launch("sleeper", "sleep 600")
            s.wait_state("sleeper", "TASK_RUNNING")
            for daemon in (c.agent_daemon, c.master_daemon):
                begin = time.monotonic()
                daemon.process.send_signal(number)
                code = daemon.process.wait(PATIENCE)
                took = time.monotonic() - begin
                expect(code == 0, daemon.name, "ended with", code)
                expect(took < STOP_LIMIT, daemon.name, "took", took, "s to stop")


def master_killed():
    """The agent registers again under its id, tasks run on, and the framework reconciles."""
    with cluster.Cluster() as c:
        s = Scheduler(c.master).subscribe()
        s.launch("survivor", "sleep 600")
        s.launch("ends-meanwhile", "sleep 2; exit 5")
        s.wait_state("survivor", "TASK_RUNNING")
        s.wait_state("ends-meanwhile", "TASK_RUNNING", *["TASK_FAILED"])
        before, framework = agents(c)[0]["id"], s.framework_id
        c.master_daemon.kill()
        time.sleep(3)  # What ends now has no master to be told to.
        c.master_daemon.start()
        c.wait_ready()
        expect([a["id"] for a in agents(c)] == [before], "the agent came back as", agents(c))
        s.subscribe()
        expect(s.framework_id == framework, "the framework came back as", s.framework_id)
        expect(s.wait_terminal("ends-meanwhile")["state"] == "TASK_FAILED", s.states("ends-meanwhile"))
        for tasks in ([], [{"task_id": {"value": "survivor"}}]):
            seen = len(s.updates["survivor"])
            expect(s.call("RECONCILE", reconcile={"tasks": tasks})[0] == 202, "RECONCILE is refused")
            s.wait("a reconciliation", lambda: len(s.updates["survivor"]) > seen, PATIENCE)
            last = s.updates["survivor"][-1]
            expect(last["state"] == "TASK_RUNNING" and last["reason"] == "REASON_RECONCILIATION", last)
        expect(s.run("after")[0]["state"] == "TASK_FINISHED", "no task runs after the restart")
        s.call("KILL", kill={"task_id": {"value": "survivor"}})
        expect(s.wait_terminal("survivor")["state"] == "TASK_KILLED", s.states("survivor"))


def agent_killed():
    """Running tasks are found again, and the exit code of one that ended meanwhile."""
    with cluster.Cluster() as c:
        s = Scheduler(c.master).subscribe()
        s.launch("survivor", "sleep 600")
        s.launch("ends-meanwhile", "sleep 2; exit 7")
        s.wait_state("survivor", "TASK_RUNNING")
        s.wait_state("ends-meanwhile", "TASK_RUNNING")
        before = agents(c)[0]["id"]
        c.agent_daemon.kill()
        time.sleep(3)
        c.restart_agent()
        expect(agents(c)[0]["id"] == before, "the agent came back as", agents(c))
        ended = s.wait_terminal("ends-meanwhile")
        expect(ended["state"] == "TASK_FAILED" and "status 7" in ended["message"], ended)
        expect(s.states("survivor")[-1] == "TASK_RUNNING", s.states("survivor"))
        s.call("KILL", kill={"task_id": {"value": "survivor"}})
        expect(s.wait_terminal("survivor")["state"] == "TASK_KILLED", s.states("survivor"))


def agent_unreachable():
    """Down for longer than the timeouts: unreachable, the framework is told; then it comes back."""
    with cluster.Cluster(master_flags=["--agent_ping_timeout=1secs",
                                       "--max_agent_ping_timeouts=2"]) as c:
        s = Scheduler(c.master).subscribe()
        s.launch("survivor", "sleep 600")
        s.wait_state("survivor", "TASK_RUNNING")
        before = agents(c)[0]["id"]
        c.agent_daemon.kill()
        s.wait_state("survivor", "TASK_UNREACHABLE")
        s.wait("FAILURE", lambda: s.events["FAILURE"] > 0)
        expect(not agents(c), "the agent is still listed", agents(c))
        c.restart_agent()
        expect(agents(c)[0]["id"] == before, "the agent came back as", agents(c))
        s.call("RECONCILE", reconcile={"tasks": [{"task_id": {"value": "survivor"}}]})
        s.wait("TASK_RUNNING again", lambda: s.states("survivor")[-1] == "TASK_RUNNING")
        expect(s.run("after")[0]["state"] == "TASK_FINISHED", "no task runs after the return")
        s.call("KILL", kill={"task_id": {"value": "survivor"}})
        expect(s.wait_terminal("survivor")["state"] == "TASK_KILLED", s.states("survivor"))


def agent_silent():
    """An agent that is stopped (SIGSTOP) keeps its connection, and is unreachable all the same."""
    with cluster.Cluster(master_flags=["--agent_ping_timeout=1secs",
                                       "--max_agent_ping_timeouts=2"]) as c:
        before = agents(c)[0]["id"]
        c.agent_daemon.process.send_signal(signal.SIGSTOP)
        try:
            cluster.wait_for("the silent agent to be unreachable", lambda: not agents(c), 2 * PATIENCE)
        finally:
            c.agent_daemon.process.send_signal(signal.SIGCONT)
        cluster.wait_for("the agent to come back", lambda: agents(c)[0]["active"], 2 * PATIENCE)
        expect(agents(c)[0]["id"] == before, "the agent came back as", agents(c))


# ---- credentials

def credential_files(d):
    for name, text in {"accepted": '{"credentials": [{"principal": "agent", "secret": "a-secret"}, '
                                   '{"principal": "ops", "secret": "o-secret"}]}',
                       "right": '{"principal": "agent", "secret": "a-secret"}',
                       "wrong": '{"principal": "agent", "secret": "wrong"}',
                       "unknown": '{"principal": "nobody", "secret": "a-secret"}'}.items():
        with open(f"{d}/{name}.json", "w") as f:
            f.write(text)
        os.chmod(f"{d}/{name}.json", 0o600)


@contextlib.contextmanager
def unstarted(**options):
    """A cluster whose daemons the test starts; stopped at the end."""
    c = cluster.Cluster(**options)
    try:
        yield c
        c.__exit__(None)
    except BaseException:
        c.__exit__(*sys.exc_info())
        raise


def agent_credentials():
    """--authenticate_agents: without, with a wrong and with an unknown credential no agent registers,
    and says why; with the right one it does."""
    with unstarted() as c:
        credential_files(c.dir)
        c.master_daemon.arguments += [f"--credentials={c.dir}/accepted.json", "--authenticate_agents"]
        c.master_daemon.start()
        cluster.wait_for("the master", lambda: cluster.get(c.master, "/health")[0] == 200)
        plain = list(c.agent_daemon.arguments)
        for which in (None, "wrong", "unknown"):
            c.agent_daemon.arguments = plain + ([f"--credential={c.dir}/{which}.json"] if which else [])
            c.agent_daemon.log = f"{c.dir}/agent-{which}.log"
            c.agent_daemon.start()

            def told():
                with open(c.agent_daemon.log) as f:
                    log = f.read()
                return "no link to" in log and ("credential" in log or "401" in log)
            cluster.wait_for(f"an agent with {which} credential to be told so", told)
            expect(not agents(c), "an agent with", which, "credential registered")
            expect(c.agent_daemon.process.poll() is None, "it gave up")
            c.agent_daemon.stop()
        c.agent_daemon.arguments = plain + [f"--credential={c.dir}/right.json"]
        c.agent_daemon.start()
        c.wait_ready()


def status(address, path, headers=None, method="GET", body=None, tls=None):
    connection = (http.client.HTTPSConnection(address, timeout=PATIENCE, context=tls) if tls else
                  http.client.HTTPConnection(address, timeout=PATIENCE))
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        response.read()
        return response.status, response.headers
    finally:
        connection.close()


def http_credentials():
    """--authenticate_http_*: 401 with a challenge or 200, by realm; /health is open."""
    with unstarted() as c:
        credential_files(c.dir)
        flags = [f"--credentials={c.dir}/accepted.json", "--authenticate_http_readonly",
                 "--authenticate_http_readwrite"]
        c.master_daemon.arguments += [*flags, "--authenticate_http_frameworks"]
        c.agent_daemon.arguments += flags
        c.master_daemon.start()
        c.agent_daemon.start()
        right, json_type = basic("ops", "o-secret"), {"Content-Type": "application/json"}
        for address in (c.master, c.agent):
            cluster.wait_for("/health", lambda a=address: status(a, "/health")[0] == 200)
            cluster.wait_for("/state with a credential",
                             lambda a=address: status(a, "/state", right)[0] == 200)
            for wrong in ({}, basic("ops", "x"), basic("x", "o-secret"), basic("", ""), basic("ops", ""),
                          {"Authorization": "Bearer o-secret"}, {"Authorization": "Basic ???"}):
                for path in ("/state", "/flags", "/metrics/snapshot", "/files/browse?path=/"):
                    code, headers = status(address, path, wrong)
                    expect(code == 401 and headers["WWW-Authenticate"].startswith("Basic realm="),
                           path, wrong, code)
                body = '{"type":"GET_VERSION"}'
                code, _ = status(address, "/api/v1", {**wrong, **json_type}, "POST", body)
                expect(code == 401, "/api/v1", wrong, code)
            code, _ = status(address, "/api/v1", {**right, **json_type}, "POST", '{"type":"GET_VERSION"}')
            expect(code == 200, "/api/v1 with the right credential", code)
        for headers in ({}, basic("ops", "x")):
            try:
                Scheduler(c.master, headers=headers).subscribe()
                raise AssertionError("a framework without credential may subscribe")
            except RuntimeError as error:
                expect(" 401 " in str(error), error)
        s = Scheduler(c.master, headers=right, principal="ops").subscribe()
        expect(s.run("authenticated")[0]["state"] == "TASK_FINISHED", "no task runs")


# ---- TLS

def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def certificates(d, name="ca"):
    """A CA, and a certificate for 127.0.0.1 and localhost that it signs."""
    ca, key, cert = f"{d}/{name}.pem", f"{d}/{name}-node.key", f"{d}/{name}-node.pem"
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *new_key, "-keyout", f"{d}/{name}.key", "-out", ca, "-days", "2",
            "-subj", f"/CN={name}")
    openssl("req", *new_key, "-keyout", key, "-out", f"{d}/{name}.csr", "-subj", "/CN=localhost")
    with open(f"{d}/{name}.ext", "w") as f:
        f.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", f"{d}/{name}.csr", "-CA", ca, "-CAkey", f"{d}/{name}.key",
            "-CAcreateserial", "-out", cert, "-days", "2", "-extfile", f"{d}/{name}.ext")
    return ca, cert, key


def tls():
    """HTTP and links over TLS: agents register, tasks run; strangers and plain text are refused."""
    with unstarted() as c:
        ca, cert, key = certificates(c.dir)
        other_ca, other_cert, other_key = certificates(c.dir, "other")
        flags = [f"--tls_cert_file={cert}", f"--tls_key_file={key}", f"--tls_ca_file={ca}",
                 "--tls_require_client_cert"]
        c.master_daemon.arguments += flags
        plain = list(c.agent_daemon.arguments)
        ours = tls_context(ca, cert, key)
        c.master_daemon.start()
        cluster.wait_for("the master", lambda: status(c.master, "/health", tls=ours)[0] == 200)
        c.agent_daemon.arguments = plain + [f"--tls_cert_file={other_cert}", f"--tls_key_file={other_key}",
                                            f"--tls_ca_file={other_ca}"]
        c.agent_daemon.log = f"{c.dir}/agent-other.log"
        c.agent_daemon.start()

        def told():
            with open(c.agent_daemon.log) as f:
                return "trying again" in f.read()
        cluster.wait_for("a stranger's agent to be refused", told)
        c.agent_daemon.stop()
        c.agent_daemon.arguments = plain + flags
        c.agent_daemon.log = f"{c.dir}/agent.log"
        c.agent_daemon.start()
        s = Scheduler(c.master, tls=ours).subscribe()
        expect(s.run("secret")[0]["state"] == "TASK_FINISHED", "no task runs over TLS")
        for address in (c.master, c.agent):
            expect(status(address, "/state", tls=ours)[0] == 200, "no /state over TLS")
            for context in (tls_context(ca), tls_context(other_ca), tls_context(ca, other_cert, other_key)):
                try:
                    code, _ = status(address, "/state", tls=context)
                    raise AssertionError(f"a stranger was answered {code}")
                except (ssl.SSLError, OSError, http.client.HTTPException):
                    pass
            try:
                code, _ = status(address, "/state")
                raise AssertionError(f"plain text was answered {code}")
            except (OSError, http.client.HTTPException):
                pass
        expect(s.run("after")[0]["state"] == "TASK_FINISHED", "no task runs after the strangers")


# ---- a full disk

def full_disk():
    """The agent's disk is full: tasks fail or the agent stops with a sentence, and with room again
    everything goes on; no task is lost without word."""
    with unstarted() as c:
        work = f"{c.dir}/agent"
        os.mkdir(work)
        mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", work], stderr=subprocess.DEVNULL).returncode == 0
        if not mounted:
            print("SKIPPED: needs root and the right to mount a tmpfs")
            sys.exit(SKIPPED)
        try:
            c.master_daemon.start()
            c.agent_daemon.start()
            c.wait_ready()
            s = Scheduler(c.master).subscribe()
            expect(s.run("before")[0]["state"] == "TASK_FINISHED", "no task runs before")
            with open(f"{work}/ballast", "wb", buffering=0) as f, contextlib.suppress(OSError):
                while f.write(b"x" * 4096):
                    pass
            for i in range(20):
                s.launch(f"full-{i}", "echo something")
            time.sleep(3)
            os.unlink(f"{work}/ballast")
            if c.agent_daemon.process.poll() is not None:
                with open(c.agent_daemon.log) as f:
                    log = f.read()
                expect(c.agent_daemon.process.returncode == 1 and ("full" in log or "space" in log),
                       "it ended with", c.agent_daemon.process.returncode, log[-500:])
                c.agent_daemon.start()
            c.wait_ready()
            for i in range(20):
                s.wait_terminal(f"full-{i}")
            states = {s.states(f"full-{i}")[-1] for i in range(20)}
            print("  tasks at the full disk:", states)
            expect(s.run("after")[0]["state"] == "TASK_FINISHED", "no task runs after")
        finally:
            c.agent_daemon.stop()
            c.kill_tasks()
            time.sleep(0.2)
            subprocess.run(["umount", "-l", work], check=False)


if __name__ == "__main__":
    main({f.__name__: f for f in (
        stop_quickly, master_killed, agent_killed, agent_unreachable, agent_silent, agent_credentials,
        http_credentials, tls, full_disk)})
