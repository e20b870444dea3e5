#!/usr/bin/python3
"""Logs that were not in memory, after what holds them was killed."""

import grpc

from fault_case import ENABLED, PROLOGUE, Client, FaultCase, main, request  # first: it says where the rest is

from client import SUCCESS
from unread_logs import wait_until_away

LINES = 20_000
BYTES = sum(len(str(line)) + 1 for line in range(1, LINES + 1))


class UnreadLogTest(FaultCase):
    config = {**ENABLED, "local": {"concurrentBuilds": 2}}

    @classmethod
    def prepare(cls):
        cls.dockerfiles = {
            f"Dockerfile.{name}": PROLOGUE + f"RUN seq 1 {LINES}; {cls.gate.command(name)}; seq 1 100; echo end\n"
            for name in ("killed", "actor", "journal", "away")}
        super().prepare()

    def read(self, client, build_id, offset=0):
        text = b""
        for piece in client.read_log(build_id, offset=offset):
            self.assertEqual(offset + len(text), piece.offset)
            text += piece.content
        return text

    def stand_unread(self, name):
        stream, build_id = self.begin(name)
        return stream, build_id, wait_until_away(self.service, build_id, BYTES)

    def assert_whole(self, whole, runs=1):
        lines = [int(line) for line in whole.split(b"\n") if line.isdigit()]
        self.assertEqual([*range(1, LINES + 1)] * runs + [*range(1, 101)], lines)

    def test_a_log_is_whole_for_every_reader_after_a_kill_of_the_service(self):
        service = self.add_service(self.config)
        wanted = request(self.source("house", "Dockerfile.killed"))
        with Client(service.address) as client:
            stream = client.build(wanted)
            build_id = next(stream).info.build_id
            self.gate.wait_for("killed")
            size = wait_until_away(service, build_id, BYTES)
            before = self.read(client, build_id)
            self.assertEqual(size, len(before))
            wait_until_away(service, build_id, BYTES)
            service.kill()
            with self.assertRaises(grpc.RpcError):
                list(stream)
        service.start()
        self.gate.wait_for("killed", 2)
        with Client(service.address) as client:
            wait_until_away(service, build_id, size + BYTES)
            late = client.logs(build_id)
            text = next(late).content
            middle = self.read(client, build_id, size // 2)
            self.gate.open("killed")
            text += b"".join(part.content for part in late)
            # The image is there by now.
            self.assertEqual(SUCCESS, client.build_to_end(wanted)[-1].status)
            self.assertEqual(self.read(client, build_id), text)
        self.assertEqual(before, text[:size])
        self.assertEqual(middle, text[size // 2:][:len(middle)])
        self.assertIn(b"the service was restarted while building; building anew", text)
        self.assert_whole(text, runs=2)
        self.end_service(service)

    def test_a_log_is_whole_after_a_crash_of_its_build(self):
        stream, build_id, size = self.stand_unread("actor")
        self.faults.kill_and_wait("house/builds/" + build_id)
        self.assertEqual(size, len(self.read(self.client, build_id)))
        self.finish("actor", stream)
        self.assert_whole(self.client.log_text(build_id=build_id))

    def test_a_log_is_whole_after_a_crash_of_the_journal_and_leaves_memory_all_the_same(self):
        stream, build_id, size = self.stand_unread("journal")
        follower = self.client.read_log(build_id, follow=True)
        text = next(follower).content
        self.faults.kill_and_wait("house/journal")
        while len(text) < size:
            text += next(follower).content
        follower.cancel()
        wait_until_away(self.service, build_id, size)
        self.assertEqual(text, self.read(self.client, build_id))
        self.finish("journal", stream)
        self.assert_whole(self.client.log_text(build_id=build_id))

    def test_a_log_that_the_disk_does_not_give_is_unavailable_and_nothing_else_happens(self):
        stream, build_id, size = self.stand_unread("away")
        self.faults.fail("journal", count=1000, message="the disk is on strike")
        with self.assertRaises(grpc.RpcError) as refused:
            self.client.log_text(build_id=build_id)
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, refused.exception.code())
        self.assertIn("the disk is on strike", refused.exception.details())
        self.faults.clear()
        self.assertEqual(size, len(self.read(self.client, build_id)))
        self.finish("away", stream)
        self.assert_whole(self.client.log_text(build_id=build_id))


if __name__ == "__main__":
    main()
