"""Marathon's API over plain HTTP: paths, methods, status codes, headers, error texts, tolerance."""
import gzip
import json
import socket
import time
import unittest

from cluster import wait_for
from marathon_cluster import MarathonCluster, call

APP = {"cmd": "sleep 1000", "cpus": 0.1, "mem": 16}


class MarathonHttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = MarathonCluster(resources="cpus:8;mem:4096;disk:10000;ports:[31000-31900]")
        cls.cluster.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    def ask(self, method, path, status, body=None, headers=None):
        answer = call(self.cluster.services, method, path, body, headers)
        self.assertEqual(status, answer.status, f"{method} {path}: {answer.body[:300]!r}")
        return answer

    def refused(self, method, path, status, message, body=None):
        answer = self.ask(method, path, status, body)
        self.assertTrue(answer.headers["Content-Type"].startswith("application/json"), path)
        self.assertIn(message, answer.json()["message"])
        return answer.json()

    def settled(self):
        wait_for("the end of all deployments",
                 lambda: self.ask("GET", "/v2/deployments", 200).json() == [])

    def test_static_paths(self):
        self.assertEqual("/ui/", self.ask("GET", "/", 302).headers["Location"])
        self.refused("GET", "/ui/", 404, "no web pages")
        self.assertEqual(b"pong", self.ask("GET", "/ping", 200).body)
        as_json = self.ask("GET", "/ping", 200, headers={"Accept": "application/json"})
        self.assertEqual("pong", as_json.json())
        metrics = self.ask("GET", "/metrics", 200).json()
        self.assertEqual({"version", "counters", "gauges", "histograms", "meters", "timers"},
                         set(metrics))
        self.assertIn(b"# TYPE", self.ask("GET", "/metrics/prometheus", 200).body)
        self.assertIn("master", self.ask("GET", "/config", 200).json())
        self.assertIn("ROOT", self.ask("GET", "/logging", 200).json())
        self.assertEqual({"plugins": []}, self.ask("GET", "/v2/plugins", 200).json())
        self.ask("HEAD", "/v2/pods", 200)
        self.assertEqual([], self.ask("GET", "/v2/pods", 200).json())

    def test_unknown_routes(self):
        for path in ("/v2/nope", "/nope", "/v2", "/v2/eventSubscriptions", "/v2/artifacts",
                     "/v2/schemas", "/v2/info/x", "/v2/tasks/x", "/v2/queue/x"):
            self.refused("GET", path, 404, "URI not found")

    def test_headers(self):
        headers = self.ask("GET", "/v2/apps", 200).headers
        self.assertEqual(f"http://{self.cluster.services}", headers["X-Marathon-Leader"])
        for name, value in (("Cache-Control", "no-cache, no-store, must-revalidate"),
                            ("Pragma", "no-cache"), ("Expires", "0"), ("X-Frame-Options", "DENY"),
                            ("X-XSS-Protection", "1; mode=block")):
            self.assertEqual(value, headers[name])
        packed = self.ask("GET", "/metrics", 200, headers={"Accept-Encoding": "gzip"})
        self.assertEqual("gzip", packed.headers["Content-Encoding"])
        self.assertIn("gauges", json.loads(gzip.decompress(packed.body)))

    def test_methods_that_are_not_allowed(self):
        for method, path in (("DELETE", "/v2/apps"), ("POST", "/v2/deployments"),
                             ("POST", "/v2/queue"), ("GET", "/v2/apps/x/restart"),
                             ("POST", "/v2/info"), ("POST", "/v2/leader"), ("PUT", "/v2/tasks"),
                             ("GET", "/v2/tasks/delete"), ("GET", "/v2/events")):
            answer = self.ask(method, path, 405)
            self.assertTrue(answer.headers["Allow"], path)
            self.assertIn("message", answer.json())

    def test_bad_bodies(self):
        syntax = self.refused("POST", "/v2/apps", 400, "Invalid JSON", b'{"id":')
        self.assertIsInstance(syntax["details"], str)
        types = self.refused("POST", "/v2/apps", 422, "Invalid JSON", {"id": 5, **APP})
        self.assertEqual([{"path": "/id", "errors": ["error.expected.jsstring"]}], types["details"])
        invalid = self.refused("POST", "/v2/apps", 422, "Object is not valid", {
            "id": "/v", **APP, "upgradeStrategy": {"minimumHealthCapacity": 3}})
        self.assertEqual("/upgradeStrategy/minimumHealthCapacity", invalid["details"][0]["path"])
        self.refused("POST", "/v2/apps", 422, "", {"id": "/v"})
        self.refused("PUT", "/v2/apps", 422, "Invalid JSON", {"id": "/v"})
        self.refused("GET", "/v2/apps?label=a%20in", 422, "label selector")
        self.refused("POST", "/v2/tasks/delete", 400, "Invalid task id 'x y'", {"ids": ["x y"]})

    def test_not_found(self):
        for method, path, text in (
                ("GET", "/v2/apps/none", "App '/none' does not exist"),
                ("DELETE", "/v2/apps/none", "App '/none' does not exist"),
                ("PATCH", "/v2/apps/none", "App '/none' does not exist"),
                ("POST", "/v2/apps/none/restart", "App '/none' does not exist"),
                ("GET", "/v2/apps/none/tasks", "App '/none' does not exist"),
                ("GET", "/v2/apps/none/versions", "App '/none' does not exist"),
                ("GET", "/v2/groups/none", "Group '/none' does not exist"),
                ("DELETE", "/v2/groups/none", "Group '/none' does not exist"),
                ("GET", "/v2/groups/none/versions", "Group '/none' does not exist"),
                ("DELETE", "/v2/deployments/none", "DeploymentPlan none does not exist"),
                ("DELETE", "/v2/queue/none/delay", "Application /none not found in tasks queue.")):
            self.refused(method, path, 404, text, APP if method == "PATCH" else None)

    def test_life_of_an_app(self):
        made = self.ask("POST", "/v2/apps", 201, {"id": "/one/web", **APP, "labels": {"t": "w"}})
        self.assertEqual("/v2/apps/one/web", made.headers["Location"])
        self.assertEqual([{"id": made.headers["Marathon-Deployment-Id"]}],
                         made.json()["deployments"])
        self.assertEqual([], made.json()["tasks"])
        self.settled()
        self.refused("POST", "/v2/apps", 409, "An app with id [/one/web] already exists.",
                     {"id": "/one/web", **APP})
        self.refused("POST", "/v2/groups", 409, "is already created", {"id": "/one"})
        for path in ("/v2/apps//one/web", "/v2/apps/one/web/", "/v2/apps/one/web?embed=app.taskStats"):
            self.assertEqual("/one/web", self.ask("GET", path, 200).json()["app"]["id"])
        listed = self.ask("GET", "/v2/apps/?embed=apps.tasks&label=t%3D%3Dw", 200).json()["apps"]
        self.assertEqual(1, len(listed[0]["tasks"]))
        self.assertEqual([], self.ask("GET", "/v2/apps?label=t!%3Dw", 200).json()["apps"])
        self.assertNotIn("tasks", self.ask("GET", "/v2/apps", 200).json()["apps"][0])
        self.assertEqual(1, len(self.ask("GET", "/v2/apps/one/*", 200).json()["*"]))
        self.assertEqual(1, len(self.ask("GET", "/v2/apps/one/*/tasks", 200).json()["tasks"]))
        self.assertEqual(1, len(self.ask("GET", "/v2/groups/one/apps", 200).json()["apps"]))
        self.assertTrue(self.ask("GET", "/v2/groups/versions", 200).json())
        self.assertEqual(1, len(self.ask("GET", "/v2/tasks?status=running", 200).json()["tasks"]))
        self.assertEqual([], self.ask("GET", "/v2/tasks?status[]=staging", 200).json()["tasks"])
        self.assertEqual(b"", self.ask("HEAD", "/v2/apps/one/web", 200).body)
        self.refused("DELETE", "/v2/apps/one/web/tasks?scale=true&wipe=true", 400,
                     "You cannot use scale and wipe at the same time.")
        self.refused("DELETE", "/v2/apps/one/web/tasks/no", 404, "Task 'no' does not exist")
        steps = self.ask("PUT", "/v2/groups/one?dryRun=true", 200, {"scaleBy": 2}).json()["steps"]
        self.assertEqual("ScaleApplication", steps[0]["actions"][0]["action"])
        version = self.ask("GET", "/v2/apps/one/web/versions", 200).json()["versions"][0]
        bare = self.ask("GET", f"/v2/apps/one/web/versions/{version}", 200).json()
        self.assertEqual("/one/web", bare["id"])
        self.refused("GET", "/v2/apps/one/web/versions/2001-01-01T00:00:00.000Z", 404, "in version")

        # Locked by a deployment that cannot end.
        self.ask("PUT", "/v2/apps/one/web?force=True", 200, {"cpus": 1000})
        locked = self.refused("PUT", "/v2/apps/one/web", 409,
                              "App is locked by one or more deployments. Override with the option "
                              "'?force=true'.", {"instances": 2})
        self.assertEqual(1, len(locked["deployments"]))
        item = self.ask("GET", "/v2/queue?embed=lastUnusedOffers", 200).json()["queue"][0]
        self.assertIn("lastUnusedOffers", item)
        self.ask("DELETE", "/v2/queue/one/web/delay", 204)
        gone = self.ask("DELETE", f"/v2/deployments/{locked['deployments'][0]['id']}?force=true", 202)
        self.assertEqual(b"", gone.body)
        self.ask("DELETE", "/v2/groups/one?force=true", 200)
        self.settled()
        self.ask("PUT", "/v2/apps/two", 201, APP)
        self.ask("DELETE", "/v2/apps/two", 200)
        self.settled()

    def test_event_stream(self):
        host, port = self.cluster.services.split(":")
        with socket.create_connection((host, int(port)), timeout=60) as stream:
            stream.sendall(b"GET /v2/events?event_type=deployment_info&plan-format=light HTTP/1.0\r\n"
                           b"Accept: text/event-stream\r\n\r\n")
            self.assertIn(b" 200 ", stream.recv(4096))
            self.ask("PUT", "/v2/apps/heard", 201, APP)
            self.settled()
            self.ask("DELETE", "/v2/apps/heard", 200)
            self.settled()
            text, end = b"", time.monotonic() + 60
            while text.count(b"event: ") < 2 or not text.endswith(b"\r\n"):
                self.assertLess(time.monotonic(), end, text)
                text += stream.recv(65536)
        lines = [line for line in text.split(b"\r\n") if line.startswith((b"event: ", b"data: "))]
        self.assertEqual({b"event: deployment_info"}, {x for x in lines if x.startswith(b"event")})
        plan = json.loads(next(x for x in lines if x.startswith(b"data"))[6:])["plan"]
        self.assertNotIn("original", plan)
        self.assertIn("id", plan)

    def test_leader(self):
        self.assertEqual({"leader": self.cluster.services},
                         self.ask("GET", "/v2/leader", 200).json())
        self.refused("DELETE", "/v2/leader?backup=file:///x", 422, "backup")


if __name__ == "__main__":
    unittest.main(verbosity=2)
