#!/usr/bin/python3
"""A registry that limits our rate is left alone for as long as it says: callers are told, builds wait."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import RUNNING, request  # noqa: E402
from limiting_registry import LimitingRegistry  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


class RateLimitTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN " + cls.gate.command("ready") + "\n"})
        cls.door = LimitingRegistry(cls.registry.address)
        cls.addClassCleanup(cls.door.close)
        cls.config = {"orchestrator": {"baseImageRepository": cls.door.address + "/base-images",
                                       "workspaceImageRepository": cls.door.address + "/workspace-images"}}

    def test_a_build_waits_with_a_message_and_goes_on(self):
        stream = self.client.build(request(self.source("house")))
        responses = [next(stream)]
        self.gate.wait_for("ready")
        self.door.limit("/v2/workspace-images/manifests/", 1)
        self.gate.open("ready")
        responses += stream
        self.assert_built(responses)
        waits = [r.message for r in responses if r.status == RUNNING and r.message.startswith("waiting for ")]
        self.assertEqual(1, len(waits), "\n".join(r.message for r in responses))
        self.assertRegex(waits[0], f"^waiting for {self.door.address} until [0-9]{{4}}-[0-9-]+T[0-9:]+Z$")
        self.assertIn(f"waiting for {self.door.address}".encode(),
                      self.client.log_text(build_id=responses[0].info.build_id))

    def test_a_caller_is_told_until_when_and_nothing_is_asked_meanwhile(self):
        self.door.limit("/v2/limited/manifests/", 3600)
        for _ in range(2):
            with self.assertRaises(grpc.RpcError) as caught:
                self.client.resolve_base(self.door.address.replace("127.0.0.1", "localhost") + "/limited:1")
            self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code())
            self.assertRegex(caught.exception.details(), "waiting for localhost:[0-9]+ until [0-9]{4}-")


if __name__ == "__main__":
    main()
