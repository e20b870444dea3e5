#!/usr/bin/python3
"""ReadLog: a log from any byte on, also after lost connections and a killed service, without a gap or a repetition."""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import Client, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


class Reading:
    """What a client has of a log: it goes on from where its last stream broke, and checks that pieces join."""

    def __init__(self, build_id, **fields):
        self.build_id, self.fields = build_id, fields
        self.text, self.offset = b"", 0

    def take(self, piece):
        assert piece.offset == self.offset, (piece.offset, self.offset)
        if not self.fields.get("censored"):
            assert piece.next_offset == piece.offset + len(piece.content), piece
        assert piece.skipped_bytes == 0, piece
        self.text += piece.content
        self.offset = piece.next_offset

    def read(self, client, enough=lambda text: False):
        """Reads on to the end of the stream, or until there is enough and the client leaves."""
        stream = client.read_log(self.build_id, offset=self.offset, **self.fields)
        for piece in stream:
            self.take(piece)
            if enough(self.text):
                stream.cancel()
                break


class ReadLogTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile": PROLOGUE + "RUN seq 1 20000; " + cls.gate.command("killed") + "; seq 20001 30000\n",
            "Dockerfile.long": PROLOGUE + "RUN seq 1 200000\n",
            "Dockerfile.gate": PROLOGUE + "RUN echo before; " + cls.gate.command("open") + "; echo after\n",
        })

    def started(self, client, dockerfile):
        """A build of its own for each test: none finds the image of another."""
        stream = client.build(request(self.source("house", dockerfile, version=self.id())))
        return stream, next(stream).info.build_id

    def whole_log(self, client, build_id, **fields):
        reading = Reading(build_id, **fields)
        reading.read(client)
        return reading.text

    def test_a_reader_goes_on_over_a_killed_service_without_a_gap_or_a_repetition(self):
        service = self.add_service({})
        reading = None
        with Client(service.address) as client:
            stream, build_id = self.started(client, "Dockerfile")
            reading = Reading(build_id, follow=True)
            self.gate.wait_for("killed")
            # Some of what the killed service has sent.
            reading.read(client, lambda text: len(text) > 20000)
            follower = client.read_log(build_id, offset=reading.offset, follow=True)
            while b"\n20000\n" not in reading.text:
                reading.take(next(follower))
            service.kill()
            with self.assertRaises(grpc.RpcError):
                for piece in follower:
                    reading.take(piece)
            with self.assertRaises(grpc.RpcError):
                list(stream)
        sent = reading.text
        self.gate.open("killed")
        service.start()
        with Client(service.address) as client:
            reading.read(client)
            self.assertEqual(sent, reading.text[:len(sent)])
            self.assertEqual(self.whole_log(client, build_id), reading.text)
            self.assertEqual(client.log_text(build_id=build_id), reading.text)
            build = client.get(build_id)
        self.assertEqual((0, len(reading.text)), (build.log.begin_offset, build.log.end_offset))
        self.assertIn(b"the service was restarted while building; building anew", reading.text)
        self.assertEqual(2, reading.text.count(b"\n20000\n"))
        self.assertEqual([1, 2], [attempt.number for attempt in build.attempts])
        self.assertIn("restarted", build.attempts[0].end_message)
        # The next life of the service has the same.
        self.assertEqual(0, service.stop())
        service.start()
        with Client(service.address) as client:
            self.assertEqual(reading.text, self.whole_log(client, build_id, follow=True))
            self.assertEqual(build, client.get(build_id))
        self.end_service(service)

    def test_a_log_is_the_same_however_often_its_reader_comes_back(self):
        stream, build_id = self.started(self.client, "Dockerfile.long")
        self.assert_built(list(stream))
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        for fields in ({}, {"follow": True}, {"censored": True}, {"censored": True, "follow": True}):
            with self.subTest(fields, seed=seed):
                expected = self.client.log_text(build_id=build_id, censored=fields.get("censored", False))
                reading, rounds = Reading(build_id, **fields), 0
                while len(reading.text) < len(expected):
                    stop = len(reading.text) + chance.randrange(1, 300000)
                    reading.read(self.client, lambda text, stop=stop: len(text) > stop)
                    rounds += 1
                self.assertGreater(rounds, 1)
                self.assertEqual(expected, reading.text)
        for offset in (1, 7, 1000, len(expected)):
            reading = Reading(build_id)
            reading.offset = offset
            reading.read(self.client)
            self.assertEqual(self.client.log_text(build_id=build_id)[offset:], reading.text)

    def test_without_following_a_reader_gets_what_is_there(self):
        stream, build_id = self.started(self.client, "Dockerfile.gate")
        self.gate.wait_for("open")
        reading = Reading(build_id)
        while b"\nbefore\n" not in reading.text:
            reading.read(self.client)  # ends although the build goes on
        self.assertNotIn(b"\nafter\n", reading.text)
        with self.assertRaises(grpc.RpcError) as caught:
            list(self.client.read_log(build_id, offset=reading.offset + 100, follow=True))
        self.assertEqual(grpc.StatusCode.OUT_OF_RANGE, caught.exception.code())
        self.assertIn("offset", caught.exception.details())
        self.gate.open("open")
        self.assert_built(list(stream))
        reading.read(self.client)
        self.assertEqual(self.client.log_text(build_id=build_id), reading.text)

    def test_a_dropped_beginning_is_said(self):
        service = self.add_service({"retention": {"logBytesPerBuild": "256KiB"}})
        with Client(service.address) as client:
            stream, build_id = self.started(client, "Dockerfile.long")
            self.assert_built(list(stream))
            begin = client.get(build_id).log.begin_offset
            self.assertGreater(begin, 5)
            pieces = list(client.read_log(build_id, offset=5))
            self.assertEqual((begin, begin - 5), (pieces[0].offset, pieces[0].skipped_bytes))
            self.assertEqual([0], list({piece.skipped_bytes for piece in pieces[1:]}))
            reading = Reading(build_id)
            reading.offset = begin
            reading.read(client)
            self.assertEqual(b"".join(piece.content for piece in pieces), reading.text)
            self.assertIn(b"\n200000\n", reading.text)
            self.assertEqual(client.get(build_id).log.end_offset, reading.offset)
        self.end_service(service)


if __name__ == "__main__":
    main()
