#!/usr/bin/env python3
"""nginx under load, behind a balancer that follows /v2/tasks, through rolling upgrades."""
import asyncio
import json
import shutil
import sys
import threading
import time

from marathon import PATIENCE, Marathon, cluster, expect, main

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SKIPPED = 77
CONNECTIONS = 8

SCRIPT = """echo $MESOS_TASK_ID >> {starts}
mkdir -p logs body
cat > nginx.conf <<END
daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr;
events {{ worker_connections 512; }}
http {{ access_log off; client_body_temp_path body; proxy_temp_path body; fastcgi_temp_path body;
  uwsgi_temp_path body; scgi_temp_path body;
  server {{ listen 127.0.0.1:$PORT0; location / {{ return 200 "$V\\n"; }} }} }}
END
exec {nginx} -p $PWD -c $PWD/nginx.conf
"""


class Balancer:
    """Follows /v2/tasks as generators of load balancers' configurations do, and is asked itself: each
    request goes to the next of the healthy instances, on a connection of its own, and to another one
    when the first broke off without an answer, as proxies do by default: nginx drops what it has at
    hand on SIGTERM, and with that signal tasks are told to end."""

    def __init__(self, m, app_id):
        self.m, self.app_id = m, app_id
        self.targets, self.next = [], 0
        self.good, self.again, self.bad, self.versions = 0, 0, [], {}
        self.stopping = False
        self.threads = [threading.Thread(target=self._follow),
                        threading.Thread(target=lambda: asyncio.run(self._load()))]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        cluster.wait_for("requests", lambda: self.good > 0, PATIENCE)
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def _follow(self):
        while not self.stopping:
            try:
                tasks = self.m.ask("GET", "/v2/tasks", timeout=5)["tasks"]
            except (OSError, TimeoutError):
                continue  # The last known ones, as a balancer does.
            self.targets = [(t["host"], t["ports"][0]) for t in tasks
                            if t["appId"] == self.app_id and t["state"] == "TASK_RUNNING" and
                            t.get("healthCheckResults") and t["healthCheckResults"][0]["alive"]]
            time.sleep(0.1)

    async def _load(self):
        await asyncio.gather(*[self._client() for _ in range(CONNECTIONS)])

    async def _client(self):
        while not self.stopping:
            targets = self.targets
            if not targets:
                await asyncio.sleep(0.01)
                if self.good:
                    self.bad.append("no target")
                continue
            self.next += 1
            await self._dispatch([targets[(self.next + i) % len(targets)] for i in range(len(targets))])
            await asyncio.sleep(0.005)

    async def _dispatch(self, targets):
        errors = []
        for host, port in targets:
            try:
                await self._request(host, port)
                self.again += len(errors)
                return
            except (OSError, EOFError, IndexError, AssertionError) as error:
                errors.append(f"{port}: {error!r}")
        self.bad.append("; ".join(errors))

    async def _request(self, host, port):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            expect(answer.startswith(b"HTTP/1.1 200"), answer[:60])
            version = answer.split(b"\r\n\r\n", 1)[1].decode().strip()
            self.versions[version] = self.versions.get(version, 0) + 1
            self.good += 1
        finally:
            writer.close()


def upgrade(instances, kill_leader, services):
    with Marathon(services=services) as m:
        app = m.server("/web", instances, taskKillGracePeriodSeconds=10, upgradeStrategy={
            "minimumHealthCapacity": 1, "maximumOverCapacity": 0.5})
        app["cmd"] = SCRIPT.format(nginx=NGINX, starts=f"{m.dir}/starts_web")
        app["healthChecks"][0].update(path="/", delaySeconds=1)
        m.ask("POST", "/v2/apps", app)
        m.wait_settled("/web")
        cluster.wait_for("health", lambda: m.app("/web")["tasksHealthy"] == instances, PATIENCE)
        with Balancer(m, "/web") as balancer:
            for version in ("2", "3"):
                m.ask("PUT", "/v2/apps/web", {"env": {"V": version}})
                if kill_leader:
                    cluster.wait_for("a new one", lambda: len(m.starts("/web")) >= instances * int(version)
                                     - instances + 1, PATIENCE)
                    leader = m.leader()
                    leader.kill()
                    m.wait_leader(but=[leader])
                    leader.start()
                m.wait_settled("/web", version)
            time.sleep(0.5)
        expect(not balancer.bad, len(balancer.bad), "of", balancer.good, "failed:", balancer.bad[:5])
        expect(set(balancer.versions) == {"1", "2", "3"}, balancer.versions)
        expect(len(m.starts("/web")) == 3 * instances, m.starts("/web"))
        print(f"{balancer.good} requests, none failed, {balancer.again} went to a second "
              f"instance: {json.dumps(balancer.versions)}")


def two_instances():
    upgrade(2, False, 1)


def four_instances_and_dying_leaders():
    upgrade(4, True, 3)


if __name__ == "__main__":
    if not NGINX:
        print("SKIPPED: needs nginx (Debian package nginx-light)")
        sys.exit(SKIPPED)
    main({f.__name__: f for f in (two_instances, four_instances_and_dying_leaders)})
