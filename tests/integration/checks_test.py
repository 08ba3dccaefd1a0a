#!/usr/bin/env python3
"""Checks of command tasks by a real agent: commands, HTTP, TCP, and an agent that restarts."""
import http.server
import threading

from scheduler import Scheduler, accept, task_info
from support import cluster, expect, main

QUICK = {"delay_seconds": 0, "interval_seconds": 0.2, "timeout_seconds": 10, "grace_period_seconds": 0}


def start(s, task_id, command="sleep 600", **more):
    offer = s.wait_offer()
    s.offers.clear()
    s.call("ACCEPT", **accept([offer["id"]], [task_info(task_id, offer["agent_id"], command, **more)]))


def wait_health(s, task_id, healthy):
    s.wait(f"healthy={healthy} of {task_id}",
           lambda: any(u.get("healthy") is healthy for u in s.updates[task_id]), 120)


def command_kills():
    """As many failures in a row as the check says kill the task, which then ends as unhealthy."""
    with cluster.Cluster() as c:
        s = Scheduler(c.master, hold_offers=True).subscribe()
        start(s, "ill", health_check={"type": "COMMAND", "command": {"value": "exit 1"},
                                      "consecutive_failures": 3, **QUICK})
        end = s.wait_terminal("ill", 120)
        expect(end["state"] == "TASK_KILLED" and end["healthy"] is False, end)
        told = [u for u in s.updates["ill"]
                if u.get("reason") == "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"]
        expect(len(told) == 3 and not any(u["healthy"] for u in told), told)


def http_and_restart():
    """An HTTP check sees the server change, also after the agent was killed."""
    answer = [200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answer[0])
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with cluster.Cluster() as c:
            s = Scheduler(c.master, hold_offers=True).subscribe()
            start(s, "web", health_check={"type": "HTTP", "consecutive_failures": 2, **QUICK,
                                          "http": {"port": server.server_port, "path": "/"}})
            wait_health(s, "web", True)
            c.agent_daemon.kill()
            c.restart_agent()
            answer[0] = 500
            end = s.wait_terminal("web", 120)
            expect(end["state"] == "TASK_KILLED" and end["healthy"] is False, end)
    finally:
        server.shutdown()
        server.server_close()


def general_check():
    """Its answers are told on change: in the task's sandbox, with its environment, and in time."""
    with cluster.Cluster() as c:
        s = Scheduler(c.master, hold_offers=True).subscribe()
        start(s, "asked", "sleep 2; touch flag; sleep 600",
              check={"type": "COMMAND", "delay_seconds": 0, "interval_seconds": 0.2,
                     "command": {"command": {
                         "value": 'test "$MESOS_TASK_ID" = asked || exit 9; test -e flag && exit 7; exit 4'}}})

        def codes():
            found = [u.get("check_status", {}).get("command", {}).get("exit_code")
                     for u in s.updates["asked"]]
            return [code for code in found if code is not None]
        s.wait("exit code 7", lambda: 7 in codes(), 120)
        expect(codes() == [4, 7], codes())


if __name__ == "__main__":
    main({f.__name__: f for f in (command_kills, http_and_restart, general_check)})
