#!/usr/bin/python3
"""Children, tools and registries that fail while a build runs."""


from fault_case import ENABLED, PROLOGUE, RUNNING, FaultCase, main, request


class RunsTest(FaultCase):
    config = {**ENABLED, "local": {"concurrentBuilds": 4}}
    gates = ("killed", "twice", "pipe")
    dockerfiles = {f"Dockerfile.{name}": PROLOGUE + f"RUN echo {name}\n" for name in ("git", "spawn", "registry", "late")}

    def build_plain(self, name):
        return self.client.build_to_end(request(self.source("house", "Dockerfile." + name)))

    def assert_retried(self, responses, words):
        self.assert_built(responses)
        said = [response.message for response in responses if "trying once more" in response.message]
        self.assertEqual(1, len(said), [response.message for response in responses])
        self.assertIn(words, said[0])
        log = self.client.log_text(build_id=responses[0].info.build_id).decode()
        self.assertEqual(1, log.count("trying once more"), log)

    def test_a_killed_child_is_tried_once_more_visibly(self):
        stream, build_id = self.begin("killed")
        self.faults.kill_child(build_id)
        self.gate.wait_for("killed", 2)
        self.assert_retried(self.finish("killed", stream), "signal")

    def test_a_child_that_is_killed_twice_fails_the_build(self):
        stream, build_id = self.begin("twice")
        self.faults.kill_child(build_id)
        self.gate.wait_for("twice", 2)
        self.faults.kill_child(build_id)
        message = self.assert_failed(list(stream))
        self.assertNotIn("build failed: ", message)
        self.gate.open("twice")
        self.assert_nothing_left()

    def test_a_git_command_that_fails_is_tried_once_more(self):
        self.faults.fail("git", message="the network is away")
        self.assert_retried(self.build_plain("git"), "the network is away")

    def test_a_process_that_cannot_be_started_is_tried_once_more(self):
        # The first process of a build is git's.
        self.faults.fail("process", message="no more processes")
        self.assert_retried(self.build_plain("spawn"), "no more processes")

    def test_a_registry_that_fails_is_tried_once_more(self):
        # More often than the client itself tries again.
        self.images.push("base-images", "of-registry", {"file": b"x"})
        stream = self.client.build(request(self.source("house", "Dockerfile.registry")))
        first = next(stream)
        self.assertEqual(RUNNING, first.status)
        self.assert_built([first, *stream])

    def test_late_operations_lose_nothing(self):
        for operation in ("registry", "git", "process", "journal"):
            self.faults.delay(operation, 100, count=3)
        self.assert_built(self.build_plain("late"))
        self.assertGreaterEqual(self.faults.counts()["operation_delayed"], 12)

    def test_a_pipe_that_nobody_reads_holds_the_child_back_and_loses_nothing(self):
        stream, build_id = self.begin("pipe")
        self.faults.hold_pipe(build_id, 1000)
        self.finish("pipe", stream)
        self.assert_whole_log("pipe", build_id)


if __name__ == "__main__":
    main()
