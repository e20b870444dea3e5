#!/usr/bin/python3
"""References that are resolved ahead of time: answered from memory, refreshed, kept through an outage, built upon."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import SUCCESS, Client, ref_source, request  # noqa: E402
from images import Images  # noqa: E402
from limiting_registry import LimitingRegistry  # noqa: E402
from workshop import WorkshopTest, main  # noqa: E402

AHEAD = "resolved ahead"
STAYS = "cannot refresh a cached reference; the last good answer stays"


class RefCacheTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.door = cls.add_door(cls.registry)
        cls.kept = cls.push("library/kept", b"1")
        cls.config = cls.caching(cls.named("library/kept"), "6h")

    @classmethod
    def add_door(cls, registry):
        door = LimitingRegistry(registry.address)
        cls.addClassCleanup(door.close)
        return door

    @classmethod
    def push(cls, repository, content):
        return cls.images.push(repository, "v1", {"content": content})

    @classmethod
    def named(cls, repository, door=None):
        return f"{(door or cls.door).address}/{repository}:v1"

    @staticmethod
    def caching(ref, interval):
        return {"refCache": {"interval": interval, "refs": [ref]}}

    def pinned(self, ref, digest):
        return ref.removesuffix(":v1") + "@" + digest

    def lookups(self, repository, door=None):
        return sum((door or self.door).requests(method, f"/{repository}/manifests/") for method in ("GET", "HEAD"))

    def test_answers_come_from_memory_whatever_the_tag_means_by_now(self):
        ref = self.named("library/kept")
        self.service.wait_for_log(AHEAD, ref=ref, digest=self.kept)
        self.push("library/kept", b"2")
        asked = self.lookups("library/kept")
        for retry in (False, True):
            self.assertEqual(self.pinned(ref, self.kept), self.client.resolve_base(ref, use_retry_client=retry))
        answer = self.client.resolve_workspace(ref_source(ref))
        self.assertEqual(self.pinned(ref, self.kept), answer.base_ref)
        self.assertEqual(asked, self.lookups("library/kept"))

    def test_a_build_upon_a_cached_reference_uses_what_was_resolved(self):
        ref = self.named("library/kept")
        self.service.wait_for_log(AHEAD, ref=ref, digest=self.kept)
        self.push("library/kept", b"3")
        wish = request(ref_source(ref))
        last = self.assert_built(self.client.build_to_end(wish))
        self.assertEqual(self.pinned(ref, self.kept), last.base_ref)
        self.assertEqual(self.kept, self.images.digest(last.ref))
        # What is built already is answered without the registry of the base.
        self.door.out_of_order = True
        self.addCleanup(setattr, self.door, "out_of_order", False)
        again = self.client.build_to_end(wish)
        self.assertEqual([(SUCCESS, last.ref, last.base_ref)], [(r.status, r.ref, r.base_ref) for r in again])

    def test_the_last_good_answer_survives_an_outage_and_is_refreshed_after_it(self):
        door = self.add_door(self.registry)
        ref = self.named("library/fresh", door)
        first = self.push("library/fresh", b"1")
        service = self.add_service(self.caching(ref, "1s"))
        service.wait_for_log(AHEAD, ref=ref, digest=first)
        with Client(service.address) as client:
            second = self.push("library/fresh", b"2")
            service.wait_for_log(AHEAD, ref=ref, digest=second)
            self.assertEqual(self.pinned(ref, second), client.resolve_base(ref))
            door.out_of_order = True
            service.wait_for_log(STAYS, ref=ref)
            self.assertEqual(self.pinned(ref, second), client.resolve_base(ref))
            third = self.push("library/fresh", b"3")
            door.out_of_order = False
            service.wait_for_log(AHEAD, ref=ref, digest=third)
            self.assertEqual(self.pinned(ref, third), client.resolve_base(ref))
        self.end_service(service)

    def test_a_reference_that_never_could_be_resolved_is_asked_for(self):
        door = self.add_door(self.registry)
        ref = self.named("library/late", door)
        service = self.add_service(self.caching(ref, "6h"))
        service.wait_for_log(STAYS, ref=ref)
        with Client(service.address) as client:
            with self.assertRaises(grpc.RpcError) as caught:
                client.resolve_base(ref)
            self.assertEqual(grpc.StatusCode.NOT_FOUND, caught.exception.code())
            digest = self.push("library/late", b"1")
            self.assertEqual(self.pinned(ref, digest), client.resolve_base(ref))
        self.end_service(service)

    def test_a_digest_is_no_secret_but_the_image_is(self):
        secret = self.add_registry("secret", {"owner": "secret-of-owner"})
        digest = Images(secret.address, ("owner", "secret-of-owner")).push("library/own", "v1", {"own": b"own"})
        ref = f"{secret.address}/library/own:v1"
        pull_secret = self.write_pull_secret("owner.json", {secret.address: ("owner", "secret-of-owner")})
        service = self.add_service({**self.caching(ref, "6h"), "orchestrator": {"pullSecretFile": pull_secret}})
        service.wait_for_log(AHEAD, ref=ref, digest=digest)
        with Client(service.address) as client:
            self.assertEqual(self.pinned(ref, digest), client.resolve_base(ref))
            message = self.assert_failed(client.build_to_end(request(ref_source(ref))))
            self.assertTrue(message.startswith("build failed: "), message)
            self.assertNotIn("secret-of-owner", message)
        self.end_service(service)


if __name__ == "__main__":
    main()
