#!/usr/bin/python3
"""Callers that go away: what only they were waiting for ends, what others wait for goes on."""

import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from child import Child  # noqa: E402
from client import ref_source  # noqa: E402
from holding_registry import DIGEST, HoldingRegistry  # noqa: E402
from places import program  # noqa: E402
from workshop import WorkshopTest, main  # noqa: E402

SHARED = "a lookup under way is shared"
LEFT = "one of those who wait for a lookup has left"


class LeavingTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.held = cls.add_holding_registry()
        cls.config = {"log": {"level": "debug"},
                      "orchestrator": {"workspaceImageRepository": cls.held.address + "/workspace-images"}}

    @classmethod
    def add_holding_registry(cls):
        registry = HoldingRegistry()
        cls.addClassCleanup(registry.close)
        return registry

    def image(self, name, registry=None):
        return f"{(registry or self.held).address}/{name}:v1"

    def assert_dropped(self, call, name):
        """The call has reached the registry; its caller leaves, and nobody waits there any more."""
        self.held.wait_for("came", name, call)
        call.cancel()
        self.held.wait_for("went", name)
        self.assertEqual(1, self.held.count("came", name))

    def test_a_caller_that_leaves_ends_its_lookup(self):
        self.assert_dropped(self.client.resolve_base_later(self.image("base")), "/base/manifests/v1")

    def test_a_lookup_that_would_be_retried_ends_too(self):
        call = self.client.resolve_base_later(self.image("retried"), use_retry_client=True)
        self.assert_dropped(call, "/retried/manifests/v1")

    def test_a_caller_of_a_workspace_image_that_leaves_ends_the_lookup_of_its_base(self):
        call = self.client.resolve_workspace_later(ref_source(self.image("of-ref")))
        self.assert_dropped(call, "/of-ref/manifests/v1")

    def test_a_caller_of_a_workspace_image_that_leaves_ends_the_lookup_of_it(self):
        call = self.client.resolve_workspace_later(self.source("house"))
        self.assert_dropped(call, "/workspace-images/manifests/")

    def test_a_lost_connection_is_a_caller_that_left(self):
        caller = Child([program("imgctl"), "--address", self.service.address, "resolve", "base", self.image("lost")])
        self.addCleanup(caller.kill)
        self.held.wait_for("came", "/lost/")
        caller.kill()
        self.held.wait_for("went", "/lost/")

    def test_the_last_of_several_callers_ends_their_lookup(self):
        calls = [self.client.resolve_base_later(self.image("crowd"))]
        self.held.wait_for("came", "/crowd/", calls[0])
        calls.append(self.client.resolve_base_later(self.image("crowd")))
        self.service.wait_for_log(SHARED, image="crowd")
        calls[0].cancel()
        self.service.wait_for_log(LEFT, image="crowd")
        self.assertEqual(0, self.held.count("went", "/crowd/"))
        calls[1].cancel()
        self.held.wait_for("went", "/crowd/")
        self.assertEqual(1, self.held.count("came", "/crowd/"))

    def test_who_stays_gets_the_answer_that_another_had_asked_for(self):
        registry = self.add_holding_registry()
        image = self.image("shared", registry)
        first = self.client.resolve_base_later(image)
        registry.wait_for("came", "/shared/", first)
        second = self.client.resolve_base_later(image)
        self.service.wait_for_log(SHARED, image="shared")
        first.cancel()
        self.service.wait_for_log(LEFT, image="shared")
        registry.release()
        self.assertEqual(f"{registry.address}/shared@{DIGEST}", second.result().ref)
        self.assertEqual((1, 0), (registry.count("came", "/shared/"), registry.count("went", "/shared/")))

    def test_who_stays_gets_the_workspace_image_that_another_had_asked_for(self):
        registry = self.add_holding_registry()
        source = ref_source(self.image("shared-base", registry))
        first = self.client.resolve_workspace_later(source)
        registry.wait_for("came", "/shared-base/", first)
        second = self.client.resolve_workspace_later(source)
        self.service.wait_for_log(SHARED, image="shared-base")
        first.cancel()
        self.service.wait_for_log(LEFT, image="shared-base")
        registry.release()
        base = f"{registry.address}/shared-base@{DIGEST}"
        tag = hashlib.sha256(f"{base}\n2\n".encode()).hexdigest()
        self.held.wait_for("came", "/workspace-images/manifests/" + tag, second)
        self.assertEqual((1, 0), (registry.count("came", "/shared-base/"), registry.count("went", "/shared-base/")))
        second.cancel()


if __name__ == "__main__":
    main()
