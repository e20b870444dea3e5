#!/usr/bin/python3
"""Existing images: resolved, published as workspace images without moving a byte, and used as resolved bases."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import SUCCESS, builder, ref_source, request  # noqa: E402
from registry import moved_blobs  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


class RefTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.digest = cls.images.push("library/tools", "v1", {"tool": b"a tool\n"})
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN echo own source\n", "Dockerfile.fails": "FROM " +
                                     cls.registry.address + "/library/none:v1\n"})

    def named(self, repository, tag="", digest=""):
        return f"{self.registry.address}/{repository}" + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")

    def assert_refused(self, code, word, call, *arguments, **more):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, **more)
        self.assertEqual(code, caught.exception.code(), caught.exception.details())
        self.assertIn(word, caught.exception.details())
        return caught.exception.details()

    def test_tags_digests_and_indexes_resolve_to_a_digest(self):
        wanted = self.named("library/tools", digest=self.digest)
        self.assertEqual(wanted, self.client.resolve_base(self.named("library/tools", "v1")))
        self.assertEqual(wanted, self.client.resolve_base(wanted))
        self.assertEqual(wanted, self.client.resolve_base(self.named("library/tools", "v1", self.digest)))
        index, by_platform = self.images.push_index("library/many", "v1", [("linux", "arm64"), ("linux", "amd64")])
        chosen = self.named("library/many", digest=by_platform["linux", "amd64"])
        self.assertEqual(chosen, self.client.resolve_base(self.named("library/many", "v1")))
        self.assertEqual(chosen, self.client.resolve_base(self.named("library/many", digest=index)))

    def test_images_that_cannot_be_resolved_say_why(self):
        for reference in (self.named("library/none", "v1"), self.named("library/tools", "none"),
                          self.named("library/tools", digest="sha256:" + "0" * 64)):
            self.assert_refused(grpc.StatusCode.NOT_FOUND, "cannot resolve image", self.client.resolve_base, reference)
        self.images.push_index("library/arm", "v1", [("linux", "arm64")])
        self.assert_refused(grpc.StatusCode.NOT_FOUND, "no manifest for platform linux-amd64 found",
                            self.client.resolve_base, self.named("library/arm", "v1"))
        self.assert_refused(grpc.StatusCode.NOT_FOUND, "cannot resolve image", self.client.build_to_end,
                            request(ref_source(self.named("library/none", "v1"))))
        self.assert_refused(grpc.StatusCode.INVALID_ARGUMENT, "ref", self.client.resolve_base, "UPPER/case")

    def test_a_registry_that_is_away_is_unavailable_with_and_without_retries(self):
        other = self.add_registry("away")
        reference = other.address + "/library/tools:v1"
        other.stop()
        for retry in (False, True):
            self.assert_refused(grpc.StatusCode.UNAVAILABLE, other.address, self.client.resolve_base, reference,
                                use_retry_client=retry)

    def test_an_image_becomes_a_workspace_image_with_no_blob_moved(self):
        digest = self.images.push("library/plain", "v1", {"plain": b"plain\n"})
        source = ref_source(self.named("library/plain", "v1"))
        before = self.client.resolve_workspace(source)
        self.assertEqual(builder.unknown, before.status)
        self.assertEqual(self.named("library/plain", digest=digest), before.base_ref)

        seen = len(self.registry.requests())
        last = self.assert_built(self.client.build_to_end(request(source)))
        requests = self.registry.requests()[seen:]
        self.assertEqual([], moved_blobs(requests))
        self.assertTrue([path for _, path, status in requests if "mount=" in path and status == 201], requests)
        self.assertEqual((before.ref, before.base_ref), (last.ref, last.base_ref))
        self.assertEqual(digest, self.images.digest(last.ref))

        after = self.client.resolve_workspace(source)
        self.assertEqual((SUCCESS, last.ref, last.base_ref), (after.status, after.ref, after.base_ref))
        self.assertEqual([SUCCESS], [response.status for response in self.client.build_to_end(request(source))])

    def test_an_image_of_another_registry_is_copied(self):
        other = self.add_registry("other")
        digest = type(self.images)(other.address).push("library/far", "v1", {"far": b"far\n"})
        seen = len(self.registry.requests())
        last = self.assert_built(self.client.build_to_end(request(ref_source(other.address + "/library/far:v1"))))
        self.assertNotEqual([], moved_blobs(self.registry.requests()[seen:]))
        self.assertEqual(digest, self.images.digest(last.ref))
        self.assertEqual(b"far\n", self.images.files(last.ref)["far"])

    def test_a_resolved_base_is_built_from_and_then_known(self):
        digest = self.images.push("library/base", "v1", {"base": b"base\n"})
        base = self.named("library/base", digest=digest)
        wish = request(self.source("house"), base_image_name_resolved=base)
        last = self.assert_built(self.client.build_to_end(wish))
        self.assertEqual(base, last.base_ref)
        self.assertEqual(digest, self.images.digest(last.ref))

        again = self.client.build_to_end(wish)
        self.assertEqual([(SUCCESS, last.ref, base)], [(r.status, r.ref, r.base_ref) for r in again])

        wish.force_rebuild = True
        own = self.assert_built(self.client.build_to_end(wish))
        self.assertNotEqual(base, own.base_ref)
        self.assertIn(b"own source\n", self.client.log_text(build_id=own.info.build_id))

    def test_where_the_resolved_base_is_gone_the_own_source_is_built(self):
        digest = self.images.push("library/gone", "v1", {"gone": b"gone\n"})
        self.images.delete("library/gone", digest)
        base = self.named("library/gone", digest=digest)
        source = self.source("house", version="gone")
        last = self.assert_built(self.client.build_to_end(request(source, base_image_name_resolved=base)))
        log = self.client.log_text(build_id=last.info.build_id)
        self.assertRegex(log.decode(), f"image-builder: .*{base}.*gone")
        self.assertIn(b"own source\n", log)
        self.assertEqual(self.client.resolve_workspace(source).ref, last.ref)

    def test_where_neither_base_nor_own_source_serve_the_failure_says_so(self):
        base = self.named("library/gone", digest="sha256:" + "1" * 64)
        self.assert_refused(grpc.StatusCode.NOT_FOUND, "base image does not exist", self.client.build_to_end, request(
            ref_source(self.named("library/none", "v1")), base_image_name_resolved=base))
        message = self.assert_failed(self.client.build_to_end(request(
            self.source("house", "Dockerfile.fails"), base_image_name_resolved=base)))
        self.assertIn("cannot resolve image", message)
        self.assertIn("base image does not exist", message)

    def test_a_base_in_a_registry_that_is_away_is_not_taken_for_gone(self):
        other = self.add_registry("silent")
        base = other.address + "/library/base@sha256:" + "2" * 64
        other.stop()
        self.assert_refused(grpc.StatusCode.UNAVAILABLE, other.address, self.client.build_to_end,
                            request(self.source("house", version="away"), base_image_name_resolved=base))


if __name__ == "__main__":
    main()
