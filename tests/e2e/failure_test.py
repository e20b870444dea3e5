#!/usr/bin/python3
"""Builds that fail: whose fault it is, what is said, and that nothing is left."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from client import FAILURE, RUNNING, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


class FailureTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile.fails": PROLOGUE + "RUN echo the very last words; exit 7\n",
            "Dockerfile.syntax": PROLOGUE + "FLY to the moon\n",
            "Dockerfile.from": f"FROM {cls.registry.address}/library/none:v1\n",
            "Dockerfile.copy": "FROM scratch\nCOPY nowhere /\n",
            "Dockerfile.gate": PROLOGUE + "RUN " + cls.gate.command("away") + "; echo went on\n",
            "Dockerfile.killed": PROLOGUE + "RUN kill -9 $$\n",
        })

    def failure_of(self, dockerfile):
        responses = self.client.build_to_end(request(self.source("house", dockerfile)))
        self.assert_nothing_left()
        message = self.assert_failed(responses)
        self.assertEqual(FAILURE, responses[-1].info.status)
        log = self.client.log_text(build_id=responses[0].info.build_id).decode()
        self.assertTrue(log.rstrip().endswith(message.rstrip().splitlines()[-1]), (log[-300:], message))
        self.assertIsNone(self.images.digest(responses[-1].ref))
        self.assertIsNone(self.images.digest(responses[-1].base_ref))
        return message, log

    def test_a_failing_step_is_named_and_its_output_is_in_the_log(self):
        message, log = self.failure_of("Dockerfile.fails")
        self.assertRegex(message, r"^build failed: (.|\n)*STEP 3/3: RUN echo the very last words")
        self.assertIn("7", message)
        self.assertIn("\nthe very last words\n", log)
        self.assertNotIn("trying once more", log)

    def test_a_step_that_is_killed_is_the_dockerfiles_failure(self):
        message, log = self.failure_of("Dockerfile.killed")
        self.assertRegex(message, "^build failed: (.|\n)*STEP 3/3: RUN kill")
        self.assertNotIn("trying once more", log)

    def test_mistakes_in_the_dockerfile_are_named(self):
        for dockerfile, word in (("Dockerfile.syntax", "FLY"), ("Dockerfile.copy", "nowhere"),
                                 ("Dockerfile.from", "cannot resolve image"), ("Dockerfile.none", "no Dockerfile")):
            with self.subTest(dockerfile):
                message, _ = self.failure_of(dockerfile)
                self.assertTrue(message.startswith("build failed: "), message)
                self.assertIn(word, message)

    def test_a_failed_build_is_tried_anew_when_asked_again(self):
        wish = request(self.source("house", "Dockerfile.fails", version="again"))
        first, second = self.client.build_to_end(wish), self.client.build_to_end(wish)
        self.assert_failed(first)
        self.assert_failed(second)
        self.assertNotEqual(first[0].info.build_id, second[0].info.build_id)

    def test_a_client_that_goes_away_does_not_stop_its_build(self):
        stream = self.client.build(request(self.source("house", "Dockerfile.gate")))
        first = next(stream)
        self.gate.wait_for("away")
        stream.cancel()
        self.gate.open("away")
        self.assertIn(b"went on\n", self.client.log_text(build_id=first.info.build_id))
        self.assertIsNotNone(self.images.digest(first.ref))


class RegistryDownTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN " + cls.gate.command("push") + "\n"})

    def test_a_registry_that_is_down_at_the_push_is_tried_once_more_visibly(self):
        stream = self.client.build(request(self.source("house")))
        first = next(stream)
        self.gate.wait_for("push")
        self.registry.stop()
        self.gate.open("push")
        responses = [first, *stream]
        message = self.assert_failed(responses)
        self.assertNotIn("build failed: ", message)
        self.assertIn(self.registry.address, message)
        retries = [r.message for r in responses if r.status == RUNNING and "trying once more" in r.message]
        self.assertEqual(1, len(retries), [r.message for r in responses])
        self.assertIn("cannot push the base image", retries[0])
        self.assertEqual(1, self.client.log_text(build_id=first.info.build_id).count(b"trying once more"))
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
