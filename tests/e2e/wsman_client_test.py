#!/usr/bin/python3
"""The reference clients (see support/reference_client) follow builds on ws-manager: by Node and by Python."""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from reference_client_test import Clients  # noqa: E402
from wsman_house import WsmanTest, main  # noqa: E402

TERMINAL = "terminal"


class WsmanClientTest(Clients, WsmanTest):
    @classmethod
    def prepare(cls):
        cls.make_clients(cls.folder)
        cls.manager.do("auto_run", on=True)  # a terminal is there as soon as its workspace is

    def follow(self, name, what):
        """A client that follows a build whose workspace has printed; returns it and its first event."""
        child = self.start(name, self.service.address, {"source": {"file": {
            "source": {"git": {"remote_uri": "https://git.example/repository.git"}},
            "dockerfile_path": "Dockerfile", "dockerfile_version": f"{what} {name}"}}})
        first = child.out.wait_for(lambda line: json.loads(line)["event"] == "running" and json.loads(line))
        self.assertTrue(first, child.text())
        self.manager.write(first["buildId"], f"printed for {name}\n", TERMINAL)
        return child, first

    def finish(self, child, first, **conditions):
        """Ends the workspace; returns what the client printed last: the log and the end."""
        build_id = first["buildId"]
        self.manager.wait_for("listening:" + build_id, 2)  # the service and the client
        self.manager.end(build_id, **conditions)
        self.manager.part(build_id, "finish", TERMINAL)
        self.assertEqual(0, child.wait(), child.text())
        events = [json.loads(line) for line in child.out.all()]
        self.assertEqual(["log", "done"], [event["event"] for event in events if event["event"] != "running"], events)
        return base64.b64decode(events[-2]["data"]).decode(), events[-1]

    def test_a_build_that_succeeds_is_followed_at_its_workspace(self):
        for name in self.clients:
            with self.subTest(client=name):
                child, first = self.follow(name, "good")
                self.push_image(first["ref"])
                log, done = self.finish(child, first)
                self.assertEqual(("done_success", first["ref"]), (done["status"], done["ref"]))
                self.assertEqual(f"printed for {name}\n", log)

    def test_a_build_that_fails_says_so_in_clients_words(self):
        for name in self.clients:
            with self.subTest(client=name):
                child, first = self.follow(name, "bad")
                log, done = self.finish(child, first, headlessTaskFailed="exit status 1")
                self.assertEqual(("done_failure", "build failed: exit status 1"), (done["status"], done["message"]))
                self.assertEqual(f"printed for {name}\n", log)


if __name__ == "__main__":
    main()
