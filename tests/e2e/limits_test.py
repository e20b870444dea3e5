#!/usr/bin/python3
"""Time limit, queue, and fairness between those who ask."""

import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import RUNNING, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


class TimeLimitTest(WorkshopTest):
    config = {"local": {"buildTimeLimit": "2s", "stopGrace": "1s"}}

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN " + cls.gate.command("never") + "\n"})

    def test_a_build_that_takes_too_long_is_ended_with_everything_it_started(self):
        # The trial of the tools at the start is no part of the build, neither of its time nor of what it leaves.
        self.service.wait_until_ready()
        responses = self.client.build_to_end(request(self.source("house")))
        self.assert_nothing_left()
        message = self.assert_failed(responses)
        self.assertRegex(message, "build exceeded its time limit of 2 s")
        self.assertIn("time limit of 2 s", "\n".join(r.message for r in responses if r.status == RUNNING))
        self.assertIn(message.encode(), self.client.log_text(build_id=responses[0].info.build_id))
        self.assertIsNone(self.images.digest(responses[-1].ref))
        self.assertEqual([], self.client.list())


class QueueTest(WorkshopTest):
    config = {"local": {"concurrentBuilds": 1}, "queue": {"length": 3}}

    @classmethod
    def prepare(cls):
        names = ["first", "second", "third", "other"]
        cls.add_repository("house", {f"Dockerfile.{name}": PROLOGUE + "RUN " + cls.gate.command(name) + "\n"
                                     for name in names})

    def start(self, name, who):
        """A build that waits at the gate of its name; its stream and first response."""
        stream = self.client.build(request(self.source("house", "Dockerfile." + name), triggered_by=who))
        return stream, next(stream)

    def next_message(self, stream, part):
        for response in stream:
            if part in response.message:
                return response.message
        self.fail(f"the stream ended without {part!r}")

    def test_the_queue_tells_places_is_bounded_and_starves_nobody(self):
        busy, busy_first = self.start("first", "eager")
        self.gate.wait_for("first")
        streams, firsts = [busy], [busy_first]
        for name, who, place in (("second", "eager", "queued, next in line"), ("third", "eager", "queued, 1 build ahead"),
                                 ("other", "modest", "queued, 1 build ahead")):
            stream, first = self.start(name, who)
            self.assertEqual(RUNNING, first.status)
            said = first.message if place in first.message else self.next_message(stream, place)
            self.assertIn(place, said)
            streams.append(stream)
            firsts.append(first)
        self.assertEqual([first.info.build_id for first in firsts], [build.build_id for build in self.client.list()])

        with self.assertRaises(grpc.RpcError) as caught:
            self.client.build_to_end(request(self.source("house", "Dockerfile.first", version="one too many")))
        self.assertEqual(grpc.StatusCode.RESOURCE_EXHAUSTED, caught.exception.code())
        self.assertRegex(caught.exception.details(), "queue is full.*3")
        # Whoever asks for a build that is known already does not need a place.
        joined, joined_first = self.start("third", "somebody else")
        self.assertEqual(firsts[2].info.build_id, joined_first.info.build_id)

        rests = {}
        readers = [threading.Thread(target=lambda n=n, s=s: rests.update({n: list(s)}), daemon=True)
                   for n, s in enumerate([*streams, joined])]
        for reader in readers:
            reader.start()
        self.gate.open("first", "second", "third", "other")
        for reader in readers:
            reader.join(150)
        for first, number in zip([*firsts, joined_first], range(5)):
            self.assert_built([first, *rests[number]])
        # The modest user's only build goes before the eager one's third.
        self.assertEqual(["first", "second", "other", "third"], self.gate.arrivals())
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
