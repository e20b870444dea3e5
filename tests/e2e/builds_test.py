#!/usr/bin/python3
"""The extension service: builds as resources, lists with filters and pages, steps as they are taken, cancelling."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import FAILURE, builds, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

Build, Failure = builds.Build, builds.Failure
CODES = grpc.StatusCode


def ids(page):
    return [build.build_id for build in page.builds]


def states(steps):
    return [Build.State.Name(step.state) for step in steps]


class ExtensionTest(WorkshopTest):
    def assert_refused(self, code, word, call, *arguments, **fields):
        with self.assertRaises(grpc.RpcError) as caught:
            answer = call(*arguments, **fields)
            list(answer)  # where it is a stream
        self.assertEqual(code, caught.exception.code(), caught.exception.details())
        self.assertIn(word, caught.exception.details())
        return caught.exception.details()

    def started(self, source, **more):
        """The stream of a build and the build's id."""
        stream = self.client.build(request(source, **more))
        return stream, next(stream).info.build_id


class BuildsTest(ExtensionTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile": PROLOGUE + "RUN echo one; " + cls.gate.command("built") + "\nRUN echo two\n",
            "Dockerfile.fails": PROLOGUE + "# why not\n\nRUN echo first && \\\n    echo last words; \\\n    exit 7\nCMD []\n",
            "Dockerfile.staged": PROLOGUE.replace("scratch", "scratch AS tools") + "RUN echo fine\n" +
                                 "FROM tools\nRUN echo fine\nRUN false\n",
            "Dockerfile.syntax": PROLOGUE + "FLY to the moon\n",
            "Dockerfile.bytes": PROLOGUE + "RUN printf 'w\\377rst\\n'; exit 1\n",
        })

    def test_a_build_is_told_with_its_steps_attempts_and_times(self):
        began = time.time()
        stream, build_id = self.started(self.source("house"), triggered_by="somebody")
        self.gate.wait_for("built")
        running = self.client.get(build_id)
        self.assertEqual(Build.BUILDING, running.state)
        self.assertEqual("building the base image from Dockerfile", running.message)
        self.assertFalse(running.HasField("end_time"))
        self.assertFalse(running.HasField("failure"))
        self.assertEqual([1], [attempt.number for attempt in running.attempts])
        self.assertFalse(running.attempts[0].HasField("end_time"))
        self.gate.open("built")
        last = self.assert_built(list(stream))
        build = self.client.get(build_id)
        self.assertEqual((build_id, last.ref, last.base_ref), (build.build_id, build.workspace_ref, build.base_ref))
        self.assertEqual(Build.SUCCEEDED, build.state)
        self.assertEqual("", build.message)
        self.assertEqual("somebody", build.triggered_by)
        self.assertEqual(f"{self.url('house')}, Dockerfile", build.source)
        times = [stamp.ToMilliseconds() / 1000 for stamp in (build.create_time, build.start_time, build.end_time)]
        self.assertEqual(sorted(times), times)
        self.assertLessEqual(began - 1, times[0])
        self.assertLessEqual(times[2], time.time() + 1)
        self.assertEqual(1, build.attempt_count)
        self.assertEqual([(1, build.start_time, build.end_time, "")],
                         [(a.number, a.start_time, a.end_time, a.end_message) for a in build.attempts])
        self.assertEqual(["PREPARING", "PREPARING", "BUILDING", "PUSHING", "PUBLISHING", "VERIFYING", "SUCCEEDED"],
                         states(build.steps))
        self.assertEqual((running.steps[0].time, "starting"), (build.steps[0].time, build.steps[0].message))
        self.assertFalse(any(step.notice for step in build.steps))
        self.assertEqual((0, len(self.client.log_text(build_id=build_id))),
                         (build.log.begin_offset, build.log.end_offset))

    def failure_of(self, dockerfile):
        stream, build_id = self.started(self.source("house", dockerfile))
        last = list(stream)[-1]
        self.assertEqual(FAILURE, last.status)
        build = self.client.get(build_id)
        self.assertEqual(Build.FAILED, build.state)
        self.assertEqual(last.message, build.failure.message)
        self.assertEqual(last.message, build.message)
        self.assertEqual(build.failure, build.steps[-1].failure)
        self.assertEqual(build.failure, self.client.page(states=[Build.FAILED]).builds[0].failure)
        self.assertEqual(last.message, build.attempts[-1].end_message)
        return build.failure

    def test_a_failed_build_tells_the_line_the_command_and_the_last_lines(self):
        failure = self.failure_of("Dockerfile.fails")
        self.assertEqual(Failure.USER, failure.fault)
        self.assertEqual(5, failure.dockerfile_line)
        self.assertEqual("RUN echo first && echo last words; exit 7", failure.command)
        self.assertEqual(["first", "last words"], failure.last_lines[:2])

    def test_the_line_is_found_in_a_later_stage(self):
        failure = self.failure_of("Dockerfile.staged")
        self.assertEqual((6, "RUN false"), (failure.dockerfile_line, failure.command))

    def test_the_line_of_an_unknown_instruction_is_told(self):
        failure = self.failure_of("Dockerfile.syntax")
        self.assertEqual((3, "FLY to the moon", Failure.USER), (failure.dockerfile_line, failure.command, failure.fault))

    def test_output_that_is_no_text_is_told_as_text(self):
        self.assertIn("w\ufffdrst", self.failure_of("Dockerfile.bytes").last_lines)

    def test_unknown_builds_are_not_found(self):
        for call in (self.client.get, self.client.watch, self.client.read_log, self.client.cancel):
            with self.subTest(call.__name__):
                self.assert_refused(CODES.NOT_FOUND, "no-such-build", call, "no-such-build")

    def test_bad_requests_name_their_field(self):
        for call in (self.client.get, self.client.watch, self.client.read_log, self.client.cancel):
            for build_id in ("", "x" * 201):
                with self.subTest(call.__name__):
                    self.assert_refused(CODES.INVALID_ARGUMENT, "build_id", call, build_id)
        self.assert_refused(CODES.INVALID_ARGUMENT, "offset", self.client.read_log, "b", offset=-1)
        for reason in ("two\nlines", "bell\a", "x" * 1001):
            self.assert_refused(CODES.INVALID_ARGUMENT, "reason", self.client.cancel, "b", reason)
        for fields, word in (({"page_size": -1}, "page_size"), ({"page_token": "x"}, "page_token"),
                             ({"reference": "no reference"}, "reference"), ({"states": [77]}, "states[0]"),
                             ({"states": [Build.FAILED, Build.STATE_UNSPECIFIED]}, "states[1]"),
                             ({"create_time_from": {"seconds": 1 << 60}}, "create_time_from"),
                             ({"create_time_before": {"nanos": -1}}, "create_time_before"),
                             ({"triggered_by": "x" * 5000}, "triggered_by")):
            with self.subTest(word):
                self.assert_refused(CODES.INVALID_ARGUMENT, word, self.client.page, **fields)
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.raw("/imagebuilder.v1.Builds/GetBuild", b"\x0a\x01\xff")
        self.assertEqual(CODES.INVALID_ARGUMENT, caught.exception.code())
        self.assertIn("build_id", caught.exception.details())


class ListTest(ExtensionTest):
    """Builds of its own service, so that lists hold what the test put there."""

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {"Dockerfile": "FROM scratch\nCOPY here /\n", "here": "x",
                                     "Dockerfile.fails": "FROM scratch\nCOPY nowhere /\n",
                                     "Dockerfile.gate": PROLOGUE + "RUN " + cls.gate.command("listed") + "\n"})

    def test_lists_have_filters_and_pages_and_the_newest_first(self):
        made = []
        for version, dockerfile, who in (("1", "Dockerfile", "ann"), ("2", "Dockerfile.fails", "ann"),
                                         ("3", "Dockerfile", "bob"), ("4", "Dockerfile.fails", "bob")):
            stream, build_id = self.started(self.source("house", dockerfile, version=version), triggered_by=who)
            made.append((build_id, list(stream)[-1]))
        running, build_id = self.started(self.source("house", "Dockerfile.gate"), triggered_by="ann")
        self.gate.wait_for("listed")
        newest = [build_id] + [one for one, _ in reversed(made)]

        whole = self.client.page()
        self.assertEqual((newest, ""), (ids(whole), whole.next_page_token))
        self.assertEqual([Build.BUILDING, Build.FAILED, Build.SUCCEEDED, Build.FAILED, Build.SUCCEEDED],
                         [build.state for build in whole.builds])
        self.assertEqual("building the base image from Dockerfile.gate", whole.builds[0].message)
        for build in whole.builds:
            self.assertEqual(([], [], 1), (list(build.steps), list(build.attempts), build.attempt_count))
            self.assertTrue(build.HasField("start_time"))
        self.assertGreater(whole.builds[0].log.end_offset, 0)

        for fields, expected in (({"states": [Build.FAILED]}, [1, 3]), ({"triggered_by": "bob"}, [1, 2]),
                                 ({"states": [Build.FAILED, Build.BUILDING], "triggered_by": "ann"}, [0, 3]),
                                 ({"reference": made[2][1].ref}, [2]), ({"reference": made[2][1].base_ref}, [2]),
                                 ({"triggered_by": "nobody"}, []),
                                 ({"create_time_from": whole.builds[2].create_time}, [0, 1, 2]),
                                 ({"create_time_before": whole.builds[2].create_time}, [3, 4])):
            with self.subTest(fields):
                self.assertEqual([newest[i] for i in expected], ids(self.client.page(**fields)))

        seen, token = [], ""
        while True:
            page = self.client.page(page_size=2, page_token=token, triggered_by="")
            self.assertLessEqual(len(page.builds), 2)
            seen += ids(page)
            token = page.next_page_token
            if not token:
                break
            # The size of a page may change from one to the next, its filters may not.
            self.assert_refused(CODES.INVALID_ARGUMENT, "page_token", self.client.page, page_token=token,
                                triggered_by="ann")
            self.assert_refused(CODES.INVALID_ARGUMENT, "page_token", self.client.page, page_token=token[:-4])
            self.assertEqual(newest[len(seen):], ids(self.client.page(page_token=token)))
        self.assertEqual(newest, seen)
        self.gate.open("listed")
        self.assert_built(list(running))


class WatchTest(ExtensionTest):
    config = {"local": {"concurrentBuilds": 1}}

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {f"Dockerfile.{name}": PROLOGUE + "RUN " + cls.gate.command(name) + "\n"
                                     for name in ("first", "second", "third", "run", "stop", "queue")})

    def test_a_watch_replays_the_steps_follows_and_ends_with_the_build(self):
        first, _ = self.started(self.source("house", "Dockerfile.first"))
        self.gate.wait_for("first")
        second, second_id = self.started(self.source("house", "Dockerfile.second"))
        third, third_id = self.started(self.source("house", "Dockerfile.third"))
        early = self.client.watch(third_id)
        waiting = next(early)
        self.assertEqual((Build.QUEUED, 0, True), (waiting.state, waiting.attempt, waiting.notice))
        self.assertIn("1 build ahead", waiting.message)
        self.assertEqual(1, waiting.queue_place.builds_ahead)
        queued = self.client.get(third_id)
        self.assertEqual((Build.QUEUED, 1, 0), (queued.state, queued.queue_place.builds_ahead, queued.attempt_count))
        self.assertFalse(queued.HasField("start_time"))
        self.assertEqual([1], [b.queue_place.builds_ahead for b in self.client.page(states=[Build.QUEUED]).builds
                               if b.build_id == third_id])
        self.gate.open("first")
        self.gate.wait_for("second")
        self.assertEqual(0, next(early).queue_place.builds_ahead)
        self.gate.open("second", "third")
        self.assert_built([*first])
        self.assert_built([*second])
        self.assert_built([*third])
        followed = list(early)
        self.assertEqual(["PREPARING", "PREPARING", "BUILDING", "PUSHING", "PUBLISHING", "VERIFYING", "SUCCEEDED"],
                         states(followed))
        # A late watcher is told the same steps, without what was said between them.
        self.assertEqual(followed, list(self.client.watch(third_id)))
        self.assertEqual(followed, list(self.client.get(third_id).steps))
        self.assertEqual(Build.SUCCEEDED, list(self.client.watch(second_id))[-1].state)

    def test_cancelling_means_something_in_every_state(self):
        running, running_id = self.started(self.source("house", "Dockerfile.run"))
        self.gate.wait_for("run")
        queued, queued_id = self.started(self.source("house", "Dockerfile.queue"))
        # Queued: ends at once and never runs.
        build = self.client.cancel(queued_id, "not needed")
        self.assertEqual((Build.FAILED, 0), (build.state, build.attempt_count))
        self.assertEqual("build cancelled: not needed", build.failure.message)
        self.assertEqual(Failure.FAULT_UNSPECIFIED, build.failure.fault)
        self.assertEqual("build cancelled: not needed", self.assert_failed(list(queued)))
        self.assertEqual([], [name for name in self.gate.arrivals() if name == "queue"])
        # Running: stops, and ends once its processes are gone.
        watched = self.client.watch(running_id)
        self.assertIn(self.client.cancel(running_id, "enough").state, (Build.STOPPING, Build.FAILED))
        self.assertEqual("build cancelled: enough", self.assert_failed(list(running)))
        self.assertEqual(["STOPPING", "FAILED"], states(watched)[-2:])
        self.assert_nothing_left()
        # Ended: too late.
        for build_id in (running_id, queued_id):
            self.assert_refused(CODES.FAILED_PRECONDITION, "has ended", self.client.cancel, build_id, "again")
        self.assertEqual("build cancelled: enough", self.client.get(running_id).failure.message)

    def test_a_stopping_build_ends_for_its_first_reason(self):
        # A step that does not end at once when asked to.
        self.add_repository("stubborn", {"Dockerfile": PROLOGUE + "RUN trap '' TERM INT HUP; " +
                                                       self.gate.command("stubborn") + "\n"})
        stream, build_id = self.started(self.source("stubborn"))
        self.gate.wait_for("stubborn")
        self.client.cancel(build_id, "first")
        try:
            self.assertEqual(Build.STOPPING, self.client.cancel(build_id, "second").state)
        except grpc.RpcError as error:  # it has ended by now
            self.assertEqual(CODES.FAILED_PRECONDITION, error.code())
        self.assertEqual("build cancelled: first", self.assert_failed(list(stream)))

    def test_a_reason_may_be_left_out(self):
        stream, build_id = self.started(self.source("house", "Dockerfile.stop"))
        self.gate.wait_for("stop")
        self.client.cancel(build_id)
        self.assertEqual("build cancelled: no reason given", self.assert_failed(list(stream)))


class InfrastructureTest(ExtensionTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN " + cls.gate.command("push") + "\n"})

    def test_a_failure_of_the_infrastructure_is_told_apart_and_shows_its_attempts(self):
        stream, build_id = self.started(self.source("house"))
        self.gate.wait_for("push")
        self.registry.stop()
        self.gate.open("push")
        self.assert_failed(list(stream))
        build = self.client.get(build_id)
        self.assertEqual(Failure.INFRASTRUCTURE, build.failure.fault)
        self.assertEqual((0, ""), (build.failure.dockerfile_line, build.failure.command))
        self.assertEqual((2, [1, 2]), (build.attempt_count, [attempt.number for attempt in build.attempts]))
        first, second = build.attempts
        self.assertIn("cannot push the base image", first.end_message)
        self.assertIn("trying once more", first.end_message)
        self.assertEqual(first.end_time, second.start_time)
        self.assertEqual(build.failure.message, second.end_message)
        self.assertEqual([1] * 4, [step.attempt for step in build.steps][:4])
        self.assertEqual(2, build.steps[-1].attempt)


if __name__ == "__main__":
    main()
