#!/usr/bin/python3
"""SIGHUP: what of the configuration changes while the service runs, and what it says of it."""

import os
import signal
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import RUNNING, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

HOLDS = "a changed key of the configuration holds from now on"
NEEDS_RESTART = "a changed key of the configuration needs a restart"


class ReloadTest(WorkshopTest):
    config = {"local": {"concurrentBuilds": 1}, "queue": {"length": 1}}

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {f"Dockerfile.{name}": PROLOGUE + "RUN " + cls.gate.command(name) + "\n"
                                     for name in ("one", "two", "three")})
        cls.images.push("cached", "1", {"file": b"content"})

    def start(self, name):
        stream = self.client.build(request(self.source("house", "Dockerfile." + name)))
        return stream, next(stream)

    def metric(self, name):
        address = self.service.listening("metrics")
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " "))

    def test_limits_references_and_the_log_level_change_while_builds_run(self):
        one, _ = self.start("one")
        self.gate.wait_for("one")
        two, waiting = self.start("two")
        self.assertEqual(RUNNING, waiting.status)
        with self.assertRaises(grpc.RpcError) as caught:
            self.start("three")
        self.assertEqual(grpc.StatusCode.RESOURCE_EXHAUSTED, caught.exception.code())

        # More slots: who waited runs. A longer queue: who was refused may wait.
        self.service.configure({"local": {"concurrentBuilds": 2}, "queue": {"length": 2}})
        self.service.signal(signal.SIGHUP)
        self.service.wait_for_log(HOLDS, key="local.concurrentBuilds", before="1", after="2")
        self.service.wait_for_log(HOLDS, key="queue.length", before="1", after="2")
        self.gate.wait_for("two")
        three, _ = self.start("three")
        self.assertEqual(2, self.metric("image_builder_builds_running_limit"))
        self.assertEqual(2, self.metric("image_builder_builds_queued_limit"))

        # References are resolved as soon as they are named; the log shows more.
        reference = self.registry.address + "/cached:1"
        self.service.configure({"log": {"level": "debug"}, "refCache": {"refs": [reference]}})
        self.service.signal(signal.SIGHUP)
        self.service.wait_for_log(HOLDS, key="log.level", before='"info"', after='"debug"')
        self.service.wait_for_log("resolved ahead", ref=reference)
        asked = len(self.registry.requests())
        self.client.resolve_base(reference)
        self.assertEqual(asked, len(self.registry.requests()))

        self.gate.open("one", "two", "three")
        for stream in (one, two, three):
            list(stream)

        # Keys that cannot change are named each time; those that hold are not named again.
        self.service.configure({"tagCache": "1m", "rateLimitWait": "1m", "metrics": {"address": "off"}})
        self.service.signal(signal.SIGHUP)
        self.service.wait_for_log(NEEDS_RESTART, key="tagCache", before='"0s"', after='"1m0s"')
        self.service.wait_for_log(NEEDS_RESTART, key="metrics.address")
        self.service.wait_for_log("read the configuration again", changed_keys="3")
        self.assertEqual(3, self.metric('image_builder_config_reloads_total{success="true"}'))
        self.assertEqual(1, self.service.log_text().count('"key":"queue.length"'))

        # A configuration with faults changes nothing, and every fault is named.
        self.service.configure({"queue": {"lenght": 5, "length": -1}})
        self.service.signal(signal.SIGHUP)
        self.service.wait_for_log("the changed configuration has a fault", key="queue.lenght")
        self.service.wait_for_log("the changed configuration has a fault", key="queue.length")
        self.service.wait_for_log("the former configuration stays in force")
        self.assertEqual(1, self.metric('image_builder_config_reloads_total{success="false"}'))
        self.assertEqual(2, self.metric("image_builder_builds_queued_limit"))

    def test_a_configuration_that_has_not_changed_is_read_and_nothing_happens(self):
        service = self.add_service(self.config)
        service.signal(signal.SIGHUP)
        service.wait_for_log("read the configuration again", changed_keys="0")
        self.end_service(service)


if __name__ == "__main__":
    main()
