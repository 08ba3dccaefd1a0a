"""The Python client library `marathon`, unmodified, against meseta-services. It builds objects from
strict keyword arguments: one key that it does not know, in any answer or event, raises."""
import collections
import collections.abc
import logging
import threading
import unittest

logging.getLogger("marathon").setLevel(logging.CRITICAL)
collections.Iterable = collections.abc.Iterable  # The library predates Python 3.10.

from marathon import MarathonClient, MarathonHttpError, NotFoundError
from marathon.models import MarathonApp, MarathonGroup, MarathonHealthCheck

from cluster import wait_for
from marathon_cluster import MarathonCluster, call


def app(path, **fields):
    fields = {"cmd": "sleep 1000", "cpus": 0.1, "mem": 16, "instances": 1, **fields}
    return MarathonApp(id=path, **fields)


class Listener(threading.Thread):
    """Parses every event of the stream; the first that cannot be parsed ends it with an error."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.client = MarathonClient(f"http://{address}", timeout=120)
        self.events, self.error = [], None

    def run(self):
        try:
            for event in self.client.event_stream():
                self.events.append(event)
        except Exception as error:  # Shown by the test.
            self.error = error

    def of(self, name):
        return [event for event in self.events if type(event).__name__ == name]


class MarathonClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = MarathonCluster(resources="cpus:8;mem:4096;disk:10000;ports:[31000-31900]")
        cls.cluster.__enter__()
        cls.client = MarathonClient(f"http://{cls.cluster.services}", timeout=60)
        # The library does not know Marathon's events of the registration itself.
        wait_for("the registration", lambda: cls.client.get_info().framework_id)
        cls.listener = Listener(cls.cluster.services)
        cls.listener.start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    def tearDown(self):
        """What a failed test leaves must not fail the others."""
        for deployment in self.client.list_deployments():
            self.client.delete_deployment(deployment.id, force=True)

    def settled(self):
        wait_for("the end of all deployments", lambda: not self.client.list_deployments())

    def running(self, path, count):
        wait_for(f"{count} running tasks of {path}", lambda: (
            lambda tasks: len(tasks) == count and all(t.state == "TASK_RUNNING" for t in tasks))(
                self.client.list_tasks(path)))
        self.settled()

    def test_life_of_an_app(self):
        client = self.client
        made = client.create_app("/life", app("/life", labels={"tier": "web"}, env={"A": "1"}))
        self.assertEqual("/life", made.id)
        self.running("/life", 1)
        got = client.get_app("/life", embed_tasks=True, embed_counts=True, embed_deployments=True,
                             embed_readiness=True, embed_last_task_failure=True,
                             embed_failures=True, embed_task_stats=True)
        self.assertEqual(1, got.tasks_running)
        self.assertEqual({"tier": "web"}, got.labels)
        self.assertEqual("/life", got.tasks[0].app_id)
        listed = client.list_apps(cmd="sleep", label="tier==web", app_id="LIFE", embed_tasks=True,
                                  embed_counts=True, embed_deployments=True, embed_readiness=True,
                                  embed_last_task_failure=True, embed_failures=True,
                                  embed_task_stats=True)
        self.assertEqual(["/life"], [each.id for each in listed])
        self.assertEqual([], client.list_apps(label="tier!=web,tier"))

        first = client.list_versions("/life")
        changed = client.get_app("/life")
        changed.env = {"A": "2"}
        client.update_app("/life", changed, minimal=True)
        self.settled()
        self.assertEqual("2", str(client.get_app("/life").env["A"]))
        self.assertEqual(len(first) + 1, len(client.list_versions("/life")))
        self.assertEqual("1", str(client.get_version("/life", first[0]).env["A"]))
        client.rollback_app("/life", first[0])
        self.settled()
        self.assertEqual("1", str(client.get_app("/life").env["A"]))

        client.scale_app("/life", instances=3)
        self.running("/life", 3)
        client.scale_app("/life", delta=-1)
        self.running("/life", 2)
        before = {task.id for task in client.list_tasks("/life")}
        client.restart_app("/life")
        self.running("/life", 2)
        self.assertFalse(before & {task.id for task in client.list_tasks("/life")})
        client.update_apps([app("/life", instances=1)])
        self.running("/life", 1)
        client.delete_app("/life", force=True)
        self.settled()
        with self.assertRaises(NotFoundError):
            client.get_app("/life")
        with self.assertRaises(NotFoundError):
            client.list_tasks("/life")

    def test_killing_tasks(self):
        client = self.client
        client.create_app("/kill", app("/kill", instances=4))
        self.running("/kill", 4)
        one = client.list_tasks("/kill")[0]
        self.assertEqual(one.id, client.kill_task("/kill", one.id).id)
        wait_for("its end", lambda: one.id not in [t.id for t in client.list_tasks("/kill")])
        self.running("/kill", 4)
        client.kill_task("/kill", client.list_tasks("/kill")[0].id, scale=True)
        self.running("/kill", 3)
        self.assertTrue(client.kill_given_tasks([client.list_tasks("/kill")[0].id], force=True))
        self.running("/kill", 3)
        client.kill_given_tasks([client.list_tasks("/kill")[0].id], scale=True)
        self.running("/kill", 2)
        self.assertEqual(2, len(client.kill_tasks("/kill", batch_size=0)))
        self.running("/kill", 2)
        client.kill_tasks("/kill", scale=True, batch_size=0)
        self.running("/kill", 0)
        self.assertEqual(0, client.get_app("/kill").instances)
        client.delete_app("/kill")
        self.settled()

    def test_groups(self):
        client = self.client
        client.create_group(MarathonGroup(id="/team", apps=[app("/team/a")], groups=[
            MarathonGroup(id="/team/sub", apps=[app("/team/sub/b", instances=2)])]))
        self.running("/team/a", 1)
        self.running("/team/sub/b", 2)
        group = client.get_group("/team")
        self.assertEqual(["/team/a"], [each.id for each in group.apps])
        self.assertEqual("/team/sub/b", group.groups[0].apps[0].id)
        self.assertIn("/team", [each.id for each in client.list_groups()])
        version = group.version
        client.scale_group("/team", 2)
        self.running("/team/sub/b", 4)
        client.update_group("/team", MarathonGroup(id="/team", apps=[app("/team/c")], groups=[]))
        self.settled()
        self.assertEqual(["/team/c"], [each.id for each in client.get_group("/team").apps])
        # The library's rollback_group() uses a path that Marathon 1.11 does not have either.
        self.assertEqual(200, call(self.cluster.services, "PUT", "/v2/groups/team?force=true",
                                   {"version": version}).status)
        self.running("/team/sub/b", 2)
        self.assertEqual(["/team/a"], [each.id for each in client.get_group("/team").apps])
        client.delete_group("/team", force=True)
        self.settled()
        with self.assertRaises(NotFoundError):
            client.get_group("/team")

    def test_deployments_and_queue(self):
        client = self.client
        client.create_app("/big", app("/big", cpus=1000))
        wait_for("the deployment", client.list_deployments)
        deployment = client.list_deployments()[0]
        self.assertEqual(["/big"], deployment.affected_apps)
        self.assertTrue(deployment.steps[0].actions)
        with self.assertRaises(MarathonHttpError) as locked:
            client.scale_app("/big", instances=2)
        self.assertEqual(409, locked.exception.status_code)
        wait_for("it in the queue", lambda: [
            item.app.id for item in client.list_queue()] == ["/big"])
        wait_for("an unused offer", lambda: client.list_queue(
            embed_last_unused_offers=True)[0].processed_offers_summary["unusedOffersCount"])
        client.reset_delay("/big")
        client.delete_deployment(deployment.id)  # Rolls back: the app goes.
        self.settled()
        with self.assertRaises(NotFoundError):
            client.get_app("/big")
        client.create_app("/big", app("/big", cpus=1000))
        wait_for("the deployment", client.list_deployments)
        client.delete_deployment(client.list_deployments()[0].id, force=True)
        self.settled()
        client.delete_app("/big")
        self.settled()

    def test_health_checks(self):
        client = self.client
        check = MarathonHealthCheck(protocol="COMMAND", command="true", grace_period_seconds=30,
                                    interval_seconds=1, timeout_seconds=5)
        client.create_app("/healthy", app("/healthy", health_checks=[check]))
        wait_for("a healthy task", lambda: client.get_app("/healthy").tasks_healthy == 1)
        self.settled()
        task = client.list_tasks("/healthy")[0]
        self.assertTrue(task.health_check_results[0].alive)
        bad = MarathonHealthCheck(protocol="TCP", port_index=0, grace_period_seconds=0,
                                  interval_seconds=1, timeout_seconds=1,
                                  max_consecutive_failures=2)
        client.create_app("/ill", app("/ill", health_checks=[bad]))
        wait_for("its kill", lambda: self.listener.of("MarathonUnhealthyInstanceKillEvent"))
        client.delete_app("/ill", force=True)
        client.delete_app("/healthy", force=True)
        self.settled()

    def test_service_itself(self):
        client = self.client
        info = client.get_info()
        self.assertTrue(info.elected)
        self.assertEqual("marathon", info.name)
        self.assertEqual(self.cluster.services, client.get_leader()["leader"])
        self.assertEqual(b'"pong"', client.ping())  # The library asks for JSON.
        self.assertIn("gauges", client.get_metrics())

    def test_zz_all_events_were_understood(self):
        """The last by name: what the others have done is in the stream."""
        listener = self.listener
        client = self.client
        client.create_app("/last", app("/last"))
        self.running("/last", 1)
        client.delete_app("/last")
        self.settled()
        wait_for("the last event", lambda: listener.error or [
            e for e in listener.of("MarathonAppTerminatedEvent") if e.app_id == "/last"])
        self.assertIsNone(listener.error, listener.error)
        names = {type(event).__name__ for event in listener.events}
        for name in ("MarathonApiPostEvent", "MarathonStatusUpdateEvent", "MarathonGroupChangeSuccess",
                     "MarathonDeploymentInfo", "MarathonDeploymentStepSuccess",
                     "MarathonDeploymentSuccess", "MarathonInstanceChangedEvent",
                     "MarathonEventStreamAttached"):
            self.assertIn(name, names)
        plans = [event.plan for event in listener.of("MarathonDeploymentInfo")
                 if "/last" in [each["id"] for each in event.plan.target.apps or []]]
        self.assertTrue(plans)
        self.assertEqual("/", plans[0].original.id)


if __name__ == "__main__":
    unittest.main(verbosity=2)
