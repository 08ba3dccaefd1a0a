#!/usr/bin/env python3
"""Three meseta-services: who leads, how the others answer, and leaders that die amid deployments."""
import random
import signal
import sys
import time

from marathon import ENDED_BY_ERROR, LIVE, PATIENCE, Marathon, cluster, expect, main

ROLLING = {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.5}


def everyone_answers():
    """Each daemon answers for the leader, reads and writes; events are redirected to it."""
    with Marathon(services=3) as m:
        leader = m.leader()
        others = [d for d in m.services if d is not leader]
        for number, daemon in enumerate(m.services):
            status, answer = m.call("POST", "/v2/apps", m.sleeper(f"/by-{number}", 1), daemon.address)
            expect(status == 201, daemon.address, status, answer)
        for number in range(3):
            m.wait_settled(f"/by-{number}")
        for daemon in m.services:
            status, answer = m.call("GET", "/v2/apps", address=daemon.address)
            expect(status == 200 and len(answer["apps"]) == 3, daemon.address, status, answer)
            status, answer = m.call("GET", "/v2/leader", address=daemon.address)
            expect((status, answer) == (200, {"leader": leader.address}), daemon.address, status, answer)
            expect(m.call("GET", "/ping", address=daemon.address)[0] == 200, daemon.address)
        for daemon in others:
            connection = cluster.http.client.HTTPConnection(daemon.address, timeout=PATIENCE)
            connection.request("GET", "/v2/events?event_type=x", headers={"Accept": "text/event-stream"})
            response = connection.getresponse()
            expect((response.status, response.headers["Location"]) ==
                   (302, f"http://{leader.address}/v2/events?event_type=x"), response.status,
                   response.headers["Location"])
            connection.close()
        m.ask("DELETE", "/v2/leader")
        cluster.wait_for("another leader", lambda: m.leader() is not leader, PATIENCE)
        for number in range(3):
            m.expect_same(f"/by-{number}")


class Round:
    """One app of its own, from POST to DELETE, and one kill -9 of the leader on the way."""

    def __init__(self, m, number):
        self.m, self.id, self.number = m, f"/r{number}", number
        self.took = None  # Seconds from the kill until a write was answered.

    def kill_leader(self):
        m, leader = self.m, self.m.leader()
        begin = time.monotonic()
        leader.kill()
        m.ask("PUT", f"/v2/groups//probes/p{self.number}", {}, but=[leader])
        self.took = time.monotonic() - begin
        leader.start()

    def post(self, app):
        self.m.ask("POST", "/v2/apps", app)

    def upgrade(self, **fields):
        self.m.ask("PUT", f"/v2/apps{self.id}", {"env": {"V": "2"}, **fields})

    def delete(self):
        self.m.ask("DELETE", f"/v2/apps{self.id}")

    def finish(self, starts):
        """As it should be now; then the end of the app, which leaves nothing."""
        m = self.m
        running = m.expect_same(self.id)
        started = m.starts(self.id)
        expect(len(started) == starts and len(set(started)) == starts, self.id, "started", started,
               m.tasks(self.id), m.app(self.id).get("lastTaskFailure"))
        expect(running <= set(started), running, started)
        bad = {t: s for t, s in m.tasks(self.id).items() if s in ENDED_BY_ERROR and t in started}
        expect(not bad, "lost:", bad)
        self.delete()
        m.wait_gone(self.id)
        self.expect_nothing(starts)

    def expect_nothing(self, starts):
        m = self.m
        cluster.wait_for(f"no process of {self.id}", lambda: not m.processes(self.id), PATIENCE)
        expect(not [s for s in m.tasks(self.id).values() if s in LIVE], m.tasks(self.id))
        expect(len(m.starts(self.id)) == starts, self.id, "started", m.starts(self.id))

    # ---- where the leader dies

    def after_post(self):
        self.post(self.m.sleeper(self.id, 4))
        self.kill_leader()
        self.m.wait_settled(self.id)
        self.finish(4)

    def while_staging(self):
        self.post(self.m.sleeper(self.id, 4))
        cluster.wait_for("a first instance", lambda: self.m.tasks(self.id), PATIENCE)
        time.sleep(random.random() * 0.2)
        self.kill_leader()
        self.m.wait_settled(self.id)
        self.finish(4)

    def amid_rolling_upgrade(self):
        self.post(self.m.sleeper(self.id, 4, upgradeStrategy=ROLLING))
        self.m.wait_settled(self.id)
        self.upgrade()
        some = random.randint(5, 8)
        cluster.wait_for("the new ones", lambda: len(self.m.starts(self.id)) >= some, PATIENCE)
        self.kill_leader()
        self.m.wait_settled(self.id, "2")
        self.finish(8)

    def while_awaiting_health(self):
        m = self.m
        m.say_health(self.id, "2", 503)
        self.post(m.server(self.id, 2, upgradeStrategy=ROLLING))
        m.wait_settled(self.id)
        before = m.expect_same(self.id)
        self.upgrade()
        cluster.wait_for("a new one", lambda: len(m.starts(self.id)) >= 3, PATIENCE)
        deployment = [d["id"] for d in m.deployments() if self.id in d["affectedApps"]]
        time.sleep(random.random())
        self.kill_leader()
        # One of the old must stay, and the new ones wait: nothing starts meanwhile.
        time.sleep(2)
        expect([d["id"] for d in m.deployments() if self.id in d["affectedApps"]] == deployment,
               m.deployments())
        real = set(m.processes(self.id))
        expect(real & before, "no old instance left while the new ones are not healthy")
        m.say_health(self.id, "2", 200)
        m.wait_settled(self.id, "2")
        self.finish(4)

    def amid_delete(self):
        self.post(self.m.sleeper(self.id, 4))
        self.m.wait_settled(self.id)
        self.delete()
        time.sleep(random.random() * 0.1)
        self.kill_leader()
        self.m.wait_gone(self.id)
        self.expect_nothing(4)


PHASES = [Round.after_post, Round.while_staging, Round.amid_rolling_upgrade,
          Round.while_awaiting_health, Round.amid_delete]


def rounds(count=5):
    """Each round kills the leader at another point of a deployment."""
    times = []
    with Marathon(services=3) as m:
        bystander = m.sleeper("/bystander", 3)
        m.ask("POST", "/v2/apps", bystander)
        m.wait_settled("/bystander")
        stays = m.expect_same("/bystander")
        for number in range(count):
            phase = PHASES[number % len(PHASES)]
            begin = time.monotonic()
            one = Round(m, number)
            phase(one)
            expect(m.expect_same("/bystander") == stays, "the bystander changed")
            times.append(one.took)
            print(f"round {number} {phase.__name__}: {time.monotonic() - begin:.1f} s; writes again after "
                  f"{one.took:.2f} s", flush=True)
        expect(len(m.starts("/bystander")) == 3, m.starts("/bystander"))
    times.sort()
    print(f"{count} rounds, lost 0, twice 0; writes again after {times[len(times) // 2]:.2f} s "
          f"(median), {times[-1]:.2f} s (longest)")


def paused_leader():
    """A leader that was stopped and wakes after another took over changes nothing."""
    with Marathon(services=3) as m:
        m.ask("POST", "/v2/apps", m.sleeper("/a", 4, upgradeStrategy=ROLLING))
        m.wait_settled("/a")
        old = m.leader()
        m.ask("PUT", "/v2/apps/a", {"env": {"V": "2"}})
        old.process.send_signal(signal.SIGSTOP)
        new = m.wait_leader(but=[old])
        m.wait_settled("/a", "2", but=[old])
        m.ask("PUT", "/v2/apps/a", {"instances": 2}, but=[old])
        m.wait_settled("/a", "2", but=[old])
        started, kept = m.starts("/a"), m.expect_same("/a", but=[old])
        old.process.send_signal(signal.SIGCONT)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            for daemon in m.services:
                status, answer = m.call("GET", "/v2/apps/a", address=daemon.address)
                expect(status in (200, 502, 503), daemon.address, status, answer)
                expect(status != 200 or answer["app"]["instances"] == 2, daemon.address, answer)
            time.sleep(0.1)
        expect(m.leader() is new, "the leader changed")
        expect(m.starts("/a") == started and m.expect_same("/a") == kept, "the paused leader acted")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "rounds":
        wanted = int(sys.argv.pop())
        main({"rounds": lambda: rounds(wanted)})
    main({f.__name__: f for f in (everyone_answers, rounds, paused_leader)})
