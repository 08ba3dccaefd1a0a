#!/usr/bin/env python3
"""What befalls apps: failing health, slow readiness, lost agents and masters, failing commands."""
import os
import time

from marathon import PATIENCE, Marathon, cluster, expect, main

ROLLING = {"minimumHealthCapacity": 1, "maximumOverCapacity": 1}


def failing_health_replaces():
    """A server that answers 500 is killed after maxConsecutiveFailures, and replaced; no other is."""
    with Marathon() as m:
        m.ask("POST", "/v2/apps", m.server("/web", 2))
        m.wait_settled("/web")
        cluster.wait_for("health", lambda: m.app("/web")["tasksHealthy"] == 2, PATIENCE)
        sick, sound = sorted(m.expect_same("/web"))
        m.say_health("/web", sick, 500)
        cluster.wait_for("the replacement", lambda: sick not in m.processes("/web") and
                         m.app("/web")["tasksHealthy"] == 2, PATIENCE)
        now = m.expect_same("/web")
        expect(sound in now and len(now) == 2, sick, sound, now)
        expect(len(m.starts("/web")) == 3, m.starts("/web"))


def health_gates_upgrade():
    """While the new version is not healthy the old one stays whole."""
    with Marathon() as m:
        m.say_health("/web", "2", 503)
        m.ask("POST", "/v2/apps", m.server("/web", 2, upgradeStrategy=ROLLING))
        m.wait_settled("/web")
        old = m.expect_same("/web")
        m.ask("PUT", "/v2/apps/web", {"env": {"V": "2"}})
        cluster.wait_for("new instances", lambda: len(m.starts("/web")) > 2, PATIENCE)
        time.sleep(3)
        expect(old <= set(m.processes("/web")), "an old instance was killed")
        m.say_health("/web", "2", 200)
        m.wait_settled("/web", "2")
        expect(not old & m.expect_same("/web"), "an old instance is left")


def readiness_gates_upgrade():
    """The same with a readiness check and without health checks."""
    check = {"name": "ready", "protocol": "HTTP", "path": "/ready", "portName": "main",
             "intervalSeconds": 2, "timeoutSeconds": 1, "httpStatusCodesForReady": [200]}
    with Marathon() as m:
        m.say_health("/web", "2", 503)
        app = m.server("/web", 2, checks=False, upgradeStrategy=ROLLING, readinessChecks=[check])
        app["portDefinitions"] = [{"port": 0, "name": "main"}]
        m.ask("POST", "/v2/apps", app)
        m.wait_settled("/web")
        old = m.expect_same("/web")
        m.ask("PUT", "/v2/apps/web", {"env": {"V": "2"}})
        cluster.wait_for("new instances", lambda: len(m.starts("/web")) > 2, PATIENCE)
        time.sleep(3)
        expect(old <= set(m.processes("/web")), "an old instance was killed")
        m.say_health("/web", "2", 200)
        m.wait_settled("/web", "2")
        expect(not old & m.expect_same("/web"), "an old instance is left")


def failing_command():
    """It is started with growing pauses, which /v2/queue tells; the failure is told with the app."""
    with Marathon() as m:
        base = f"{m.dir}/starts_bad"
        m.ask("POST", "/v2/apps", m.sleeper("/bad", 1, cmd=f"echo $MESOS_TASK_ID >> {base}; exit 3",
                                            backoffSeconds=1, backoffFactor=3))

        def delayed():
            queue = m.ask("GET", "/v2/queue")["queue"]
            return queue and not queue[0]["delay"]["overdue"] and queue[0]["delay"]["timeLeftSeconds"] >= 2
        cluster.wait_for("a delay in the queue", delayed, PATIENCE)
        failure = m.app("/bad")["lastTaskFailure"]
        expect(failure["state"] == "TASK_FAILED" and failure["taskId"] in m.starts("/bad"), failure)
        started = len(m.starts("/bad"))
        expect(2 <= started <= 5, "back-off did not slow it down:", started)
        m.ask("DELETE", "/v2/queue//bad/delay", statuses=(200, 204))
        cluster.wait_for("a start at once", lambda: len(m.starts("/bad")) > started, PATIENCE)


def deadline_rolls_back():
    """An upgrade that does not get on by its deadline is undone, and the app never went down."""
    with Marathon() as m:
        m.ask("POST", "/v2/apps", m.server(
            "/web", 2, upgradeStrategy=ROLLING,
            **{"x-meseta": {"progressDeadlineSeconds": 5, "rollbackOnDeadline": True}}))
        m.wait_settled("/web")
        old = m.expect_same("/web")
        m.say_health("/web", "2", 503)
        m.ask("PUT", "/v2/apps/web", {"env": {"V": "2"}})
        cluster.wait_for("new instances", lambda: len(m.starts("/web")) > 2, PATIENCE)
        m.wait_settled("/web", "1")
        expect(m.expect_same("/web") == old, "instances of the old version were replaced")


def agent_lost():
    """kill -9 of an agent with its tasks: their replacements start elsewhere as unreachableStrategy
    says. kill -9 of the agent alone: when it is back its tasks go on."""
    with Marathon(agents=2, master_flags=["--agent_ping_timeout=1secs", "--max_agent_ping_timeouts=3"]) as m:
        m.ask("POST", "/v2/apps", m.sleeper(
            "/a", 4, constraints=[["hostname", "GROUP_BY"]],
            unreachableStrategy={"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0}))
        m.wait_settled("/a")
        before = m.expect_same("/a")
        m.agents[0].kill()
        m.agents[0].start()
        cluster.wait_for("the agent's return", lambda: sum(
            a["active"] for a in m.master_json("/slaves")["slaves"]) == 2, PATIENCE)
        m.wait_settled("/a")
        expect(m.expect_same("/a") == before and len(m.starts("/a")) == 4, m.starts("/a"))

        victim = m.agents[1]
        victim.kill()
        for pids in m.processes("/a").values():
            for pid in pids:
                if os.readlink(f"/proc/{pid}/cwd").startswith(victim.work_dir):
                    os.kill(pid, 9)
        cluster.wait_for("four that run", lambda: len(m.processes("/a")) == 4 and set(
            m.processes("/a")) == {t["id"] for t in m.app("/a")["tasks"]}, PATIENCE)
        m.wait_settled("/a")


def master_failover():
    """The leading master dies amid an upgrade: it goes on with the next one."""
    with Marathon(masters=3) as m:
        m.ask("POST", "/v2/apps", m.sleeper(
            "/a", 4, upgradeStrategy={"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.5}))
        m.wait_settled("/a")
        m.ask("PUT", "/v2/apps/a", {"env": {"V": "2"}})
        leader = next(d for d in m.masters if cluster.get(d.address, "/frameworks")[0] == 200)
        leader.kill()
        begin = time.monotonic()
        m.wait_settled("/a", "2")
        print(f"settled {time.monotonic() - begin:.1f} s after the leading master's death")
        m.expect_same("/a")
        expect(len(m.starts("/a")) == 8, m.starts("/a"))


if __name__ == "__main__":
    main({f.__name__: f for f in (failing_health_replaces, health_gates_upgrade,
                                  readiness_gates_upgrade, failing_command, deadline_rolls_back,
                                  agent_lost, master_failover)})
