#!/usr/bin/python3
"""A registry that limits our rate is left alone for as long as it says: callers are told, builds wait."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from child import PATIENCE  # noqa: E402
from client import RUNNING, Client, request  # noqa: E402
from limiting_registry import LimitingRegistry  # noqa: E402
from places import program  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


MANIFEST = "/library/base/manifests/"
#: How often buildah sends a request that is answered with 429 before it gives up.
TRIES_OF_BUILDAH = 5


class RateLimitTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.door = cls.add_door()
        cls.pulls = cls.add_door()
        for name in ("base", "layers"):
            cls.images.push("library/" + name, "v1", {name: name.encode()})
        cls.add_repository("house", {
            "Dockerfile": PROLOGUE + "RUN " + cls.gate.command("ready") + "\n",
            "Dockerfile.from": f"FROM {cls.pulls.address}/library/base:v1\nCOPY Dockerfile /\n",
            "Dockerfile.layers": f"FROM {cls.pulls.address}/library/layers:v1\nCOPY Dockerfile /\n"})
        cls.config = {"rateLimitWait": "1s",
                      "orchestrator": {"baseImageRepository": cls.door.address + "/base-images",
                                       "workspaceImageRepository": cls.door.address + "/workspace-images"}}

    @classmethod
    def add_door(cls):
        door = LimitingRegistry(cls.registry.address)
        cls.addClassCleanup(door.close)
        return door

    def waits(self, responses):
        return [r.message for r in responses if r.status == RUNNING and r.message.startswith("waiting for ")]

    def assert_waited_once(self, responses, address):
        waits = self.waits(responses)
        self.assertEqual(1, len(waits), "\n".join(r.message for r in responses))
        self.assertRegex(waits[0], f"^waiting for {address} until [0-9]{{4}}-[0-9-]+T[0-9:]+Z$")
        self.assertIn(f"waiting for {address}".encode(), self.client.log_text(build_id=responses[0].info.build_id))

    def build_upon_base(self, version, client=None):
        return (client or self.client).build_to_end(request(self.source("house", "Dockerfile.from", version=version)))

    def test_a_build_waits_for_the_registry_of_its_base_before_it_is_pulled(self):
        pulls = self.pulls.requests("GET", MANIFEST)
        self.pulls.limit(MANIFEST, 1)
        responses = self.build_upon_base("before")
        self.assert_built(responses)
        self.assert_waited_once(responses, self.pulls.address)
        self.assertEqual(1, self.pulls.requests("GET", MANIFEST) - pulls)  # buildah was not refused

    def test_a_limit_that_only_buildah_meets_is_waited_out(self):
        self.pulls.limit(MANIFEST, 0, "GET", TRIES_OF_BUILDAH)
        responses = self.build_upon_base("met")
        self.assert_built(responses)
        self.assert_waited_once(responses, self.pulls.address)  # for `rateLimitWait`: nobody said how long

    def test_a_limit_of_layers_is_waited_out_too(self):
        self.pulls.limit("/library/layers/blobs/", 0, "GET", TRIES_OF_BUILDAH)
        responses = self.client.build_to_end(request(self.source("house", "Dockerfile.layers")))
        self.assert_built(responses)
        self.assert_waited_once(responses, self.pulls.address)

    def test_a_registry_that_refuses_buildah_is_asked_until_when(self):
        service = self.add_service({"rateLimitWait": "2h"})  # what would be waited if it did not say
        self.pulls.limit(MANIFEST, 0, "GET", TRIES_OF_BUILDAH)
        self.pulls.limit(MANIFEST, 1, "HEAD", once_asked="GET")
        with Client(service.address) as client:
            responses = self.build_upon_base("asked", client)
        self.assert_built(responses)
        self.assertEqual(1, len(self.waits(responses)))
        self.end_service(service)

    def test_a_build_waits_with_a_message_and_goes_on(self):
        stream = self.client.build(request(self.source("house")))
        responses = [next(stream)]
        self.gate.wait_for("ready")
        self.door.limit("/v2/workspace-images/manifests/", 1)
        self.gate.open("ready")
        responses += stream
        self.assert_built(responses)
        self.assert_waited_once(responses, self.door.address)

    def test_a_caller_is_told_until_when_and_nothing_is_asked_meanwhile(self):
        self.door.limit("/v2/limited/manifests/", 3600)
        for _ in range(2):
            with self.assertRaises(grpc.RpcError) as caught:
                self.client.resolve_base(self.door.address.replace("127.0.0.1", "localhost") + "/limited:1")
            self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code())
            self.assertRegex(caught.exception.details(), "waiting for localhost:[0-9]+ until [0-9]{4}-")
        # Whoever looks at the service sees it, too.
        done = subprocess.run([program("imgctl"), "--debug-address", self.service.listening("debug"), "top", "--json"],
                              capture_output=True, check=True, timeout=PATIENCE)
        limited = {row["registry"]: row for row in json.loads(done.stdout)["resolver"]["limited"]}
        row = limited[self.door.address.replace("127.0.0.1", "localhost")]
        self.assertEqual(1, row["times"])
        self.assertGreater(row["for_s"], 3000)


if __name__ == "__main__":
    main()
