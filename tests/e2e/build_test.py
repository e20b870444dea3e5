#!/usr/bin/python3
"""From a Dockerfile in git to images in a registry, as a client sees it."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import leftovers  # noqa: E402
from client import RUNNING, SUCCESS, request  # noqa: E402
from registry import pushed_manifests  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


class BuildTest(WorkshopTest):
    config = {"local": {"concurrentBuilds": 1}}

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile": PROLOGUE + "COPY greeting /greeting\nRUN echo built-by-$((40+2)) && cat /greeting\n",
            "greeting": "good morning\n",
            "Dockerfile.gate": PROLOGUE + "RUN echo before the gate; " + cls.gate.command("watch") +
                               "; echo after the gate\n",
            "Dockerfile.again": PROLOGUE + "RUN echo one > /one\n",
            "Dockerfile.many": PROLOGUE + "RUN false\n",
            "sub/Dockerfile": "FROM scratch\nCOPY here /here\n",
            "sub/here": "the folder of the Dockerfile\n",
        })

    def test_a_first_build_tells_its_phases_and_ends_with_both_images(self):
        before = int(time.time())
        responses = self.client.build_to_end(request(self.source("house")))
        last = self.assert_built(responses)

        first = responses[0]
        self.assertEqual(RUNNING, first.status)
        self.assertRegex(first.info.build_id, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertEqual((first.ref, first.base_ref, RUNNING), (first.info.ref, first.info.base_ref, first.info.status))
        self.assertLessEqual(before, first.info.started_at)
        self.assertLessEqual(first.info.started_at, int(time.time()))
        self.assertRegex(first.ref, "^" + self.registry.address + "/workspace-images:[0-9a-f]{64}$")
        self.assertRegex(first.base_ref, "^" + self.registry.address + "/base-images:[0-9a-f]{64}$")
        for response in responses:
            self.assertEqual((first.ref, first.base_ref), (response.ref, response.base_ref))
            self.assertEqual(first.info.build_id, response.info.build_id)

        said = [response.message for response in responses]
        for phase in ("cloning " + self.url("house"), "building", "pushing", "publishing", "verifying"):
            self.assertTrue(any(phase in message for message in said), f"{phase!r} not in {said}")
        self.assertEqual(SUCCESS, last.info.status)

        workspace, base = self.images.digest(last.ref), self.images.digest(last.base_ref)
        self.assertIsNotNone(workspace)
        self.assertEqual(base, workspace)
        self.assertEqual(b"good morning\n", self.images.files(last.ref)["greeting"])

        log = self.client.log_text(build_id=first.info.build_id)
        self.assertEqual(log, self.client.log_text(ref=first.ref))
        self.assertTrue(log.startswith(b"image-builder: building " + first.ref.encode()), log[:200])
        self.assertIn(b"built-by-42\n", log)
        self.assertIn(b"good morning\n", log)
        self.assert_nothing_left()

    def test_a_build_whose_image_exists_is_answered_once_and_forced_builds_again(self):
        wish = self.source("house", "Dockerfile.again")
        first = self.assert_built(self.client.build_to_end(request(wish)))

        again = self.client.build_to_end(request(wish))
        self.assertEqual([SUCCESS], [response.status for response in again])
        self.assertEqual((first.ref, first.base_ref), (again[0].ref, again[0].base_ref))

        forced = self.client.build_to_end(request(wish, force_rebuild=True))
        self.assert_built(forced)
        self.assertNotEqual(first.info.build_id, forced[0].info.build_id)
        self.assertIn(b"forced", self.client.log_text(build_id=forced[0].info.build_id))
        tag = first.ref.rpartition(":")[2]
        self.assertEqual(2, pushed_manifests(self.registry.requests(), "workspace-images").count(tag))
        newest = self.client.log_text(ref=first.ref)
        self.assertEqual(newest, self.client.log_text(build_id=forced[0].info.build_id))

    def test_the_folder_of_the_dockerfile_is_the_context_unless_one_is_named(self):
        beside = self.assert_built(self.client.build_to_end(request(self.source("house", "/workspace/sub/Dockerfile"))))
        self.assertEqual({"here": b"the folder of the Dockerfile\n"}, self.images.files(beside.ref))
        named = self.client.build_to_end(request(self.source("house", "sub/Dockerfile", context=".")))
        self.assertRegex(self.assert_failed(named), "^build failed: (.|\n)*here")

    def test_a_running_build_is_listed_without_secrets_and_its_log_is_joined_midway(self):
        stream = self.client.build(request(self.source("house", "Dockerfile.gate"), triggered_by="somebody"))
        first = next(stream)
        self.gate.wait_for("watch")

        listed = self.client.list()
        self.assertEqual([first.info.build_id], [build.build_id for build in listed])
        self.assertEqual((first.ref, first.base_ref, RUNNING, first.info.started_at),
                         (listed[0].ref, listed[0].base_ref, listed[0].status, listed[0].started_at))
        self.assertEqual({}, dict(listed[0].log_info.headers))
        self.assertEqual(1, len(leftovers.build_folders(self.service.state)))
        self.assertGreater(len(leftovers.processes(self.service.state)), 1)

        midway = self.client.logs(build_id=first.info.build_id)
        seen = b""
        while b"\nbefore the gate\n" not in seen:
            seen += next(midway).content
        self.assertTrue(seen.startswith(b"image-builder: building "))
        self.assertNotIn(b"\nafter the gate\n", seen)
        self.gate.open("watch")
        seen += b"".join(part.content for part in midway)
        self.assertIn(b"\nafter the gate\n", seen)
        self.assert_built([first, *stream])
        self.assertEqual(seen, self.client.log_text(build_id=first.info.build_id))
        self.assertEqual([], self.client.list())

    def test_builds_do_not_use_up_the_open_files_of_the_service(self):
        def fail(version):
            responses = self.client.build_to_end(request(self.source("house", "Dockerfile.many", version=version)))
            self.assertIn("build failed: ", self.assert_failed(responses))

        fail("0")
        before = leftovers.open_files(self.service.pid)
        for version in "123":
            fail(version)
        self.assertEqual(before, leftovers.open_files(self.service.pid))


if __name__ == "__main__":
    main()
