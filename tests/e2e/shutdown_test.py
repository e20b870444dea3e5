#!/usr/bin/python3
"""The end of the service, asked for or not, while a build runs."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

import leftovers  # noqa: E402
from client import Client, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


class ShutdownTest(WorkshopTest):
    config = {"local": {"stopGrace": "1s", "concurrentBuilds": 1}}

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {f"Dockerfile.{name}": PROLOGUE + "RUN " + cls.gate.command(name) + "\n"
                                     for name in ("term", "queued", "kill")})
        cls.add_repository("stubborn", {"Dockerfile": PROLOGUE + "RUN trap '' TERM INT HUP; " +
                                                      cls.gate.command("stubborn") + "\n"})

    def blocked_build(self, service, name):
        """A client and the stream of a build that stands at the gate of its name."""
        client = Client(service.address)
        self.addCleanup(client.close)
        stream = client.build(request(self.source("house", "Dockerfile." + name)))
        first = next(stream)
        return client, stream, first

    def assert_unavailable(self, stream):
        with self.assertRaises(grpc.RpcError) as caught:
            list(stream)
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code(), caught.exception.details())
        return caught.exception.details()

    def test_sigterm_ends_streams_and_builds_and_leaves_nothing(self):
        service = self.add_service(self.config)
        client, stream, first = self.blocked_build(service, "term")
        self.gate.wait_for("term")
        _, queued, _ = self.blocked_build(service, "queued")
        log = client.logs(build_id=first.info.build_id)
        next(log)
        service.signal(signal.SIGTERM)
        for open_stream in (stream, queued, log):
            self.assertIn("stopping", self.assert_unavailable(open_stream))
        self.assertEqual(0, service.wait(), service.log_text())
        self.assertEqual([], leftovers.processes(service.state))
        self.assertEqual([], leftovers.mounts(service.state))
        self.assertEqual([], leftovers.build_folders(service.state))
        self.assertIsNone(self.images.digest(first.ref))

    def test_sigterm_without_builds_ends_at_once_and_an_idle_channel_does_not_hold_it_up(self):
        service = self.add_service(self.config)
        with Client(service.address) as client:
            self.assertEqual([], client.list())
            self.assertEqual(0, service.stop(), service.log_text())
        self.assertEqual([], leftovers.processes(service.state))

    def test_a_second_signal_ends_the_service_at_once_and_the_next_start_cleans_up(self):
        service = self.add_service({"local": {"stopGrace": "1h"}})
        with Client(service.address) as client:
            stream = client.build(request(self.source("stubborn")))
            build = next(stream).info.build_id
            self.gate.wait_for("stubborn")
            service.signal(signal.SIGTERM)
            self.assert_unavailable(stream)
            service.signal(signal.SIGTERM)
            self.assertEqual(128 + signal.SIGTERM, service.wait(), service.log_text())
        service.start()
        self.gate.open("stubborn")
        self.assert_recovered(service, self.source("stubborn"), build)
        self.end_service(service)

    def test_after_kill_9_the_next_start_cleans_up(self):
        service = self.add_service(self.config)
        _, stream, first = self.blocked_build(service, "kill")
        self.gate.wait_for("kill")
        service.kill()
        self.assert_unavailable(stream)
        service.start()
        self.gate.open("kill")
        self.assert_recovered(service, self.source("house", "Dockerfile.kill"), first.info.build_id)
        self.end_service(service)

    def assert_recovered(self, service, source, build):
        """Who asks for it again follows the build of the earlier process, to its good end."""
        with Client(service.address) as client:
            responses = client.build_to_end(request(source))
            self.assert_built(responses)
            self.assertEqual({build}, {response.info.build_id for response in responses})
            log = client.log_text(build_id=build).decode()
            self.assertIn("the service was restarted while building; building anew", log)
            self.assertEqual(1, log.count("no image exists under this reference"))


if __name__ == "__main__":
    main()
