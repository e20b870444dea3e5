#!/usr/bin/python3
"""A long log of a running build leaves memory while nobody reads it, and every reader gets every byte."""

import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import log_follower  # noqa: E402
from client import request  # noqa: E402
from unread_logs import in_memory, wait_until_away  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

LINES = 100_000
BYTES = sum(len(str(line)) + 1 for line in range(1, LINES + 1))


class UnreadLogTest(WorkshopTest):
    config = {"server": {"services": {"http": {"address": "127.0.0.1:0"}}}}

    @classmethod
    def prepare(cls):
        gated = {name: PROLOGUE + f"RUN seq 1 {LINES}; " + cls.gate.command(name) + "; seq 1 1000; echo the end\n"
                 for name in ("readers", "short", "visits")}
        gated["visits"] = PROLOGUE + ("RUN for i in $(seq 1 40); do seq 1 5000; done; " +
                                      cls.gate.command("visits") + "; echo the end\n")
        cls.add_repository("house", {f"Dockerfile.{name}": text for name, text in gated.items()})

    def begin(self, name):
        stream = self.client.build(request(self.source("house", "Dockerfile." + name)))
        return stream, next(stream)

    def test_all_kinds_of_readers_get_every_byte_of_a_log_that_was_not_in_memory(self):
        stream, first = self.begin("readers")
        build_id = first.info.build_id
        self.gate.wait_for("readers")
        size = wait_until_away(self.service, build_id, BYTES)
        texts = {}

        def by_logs():
            texts["Logs"] = self.client.log_text(build_id=build_id)

        def by_reference():
            texts["censored"] = self.client.log_text(ref=first.ref, censored=True)

        def from_the_middle():
            pieces = list(self.client.read_log(build_id, offset=size // 2, follow=True))
            self.assertEqual(size // 2, pieces[0].offset)
            texts["ReadLog"] = b"".join(piece.content for piece in pieces)

        def by_http():
            texts["HTTP"] = log_follower.whole(first.info.log_info.url, dict(first.info.log_info.headers))

        readers = [threading.Thread(target=one) for one in (by_logs, by_reference, from_the_middle, by_http)]
        for reader in readers:
            reader.start()
        # All of what there is now, for one who does not stay.
        now = b"".join(piece.content for piece in self.client.read_log(build_id))
        self.assertEqual(size, len(now))
        self.gate.open("readers")
        self.assert_built([first, *stream])
        for reader in readers:
            reader.join()
        whole = self.client.log_text(build_id=build_id)
        self.assertTrue(whole.startswith(now))
        lines = [line for line in whole.split(b"\n") if line.isdigit()]
        self.assertEqual([b"%d" % n for n in [*range(1, LINES + 1), *range(1, 1001)]], lines)
        self.assertEqual({"Logs", "censored", "ReadLog", "HTTP"}, set(texts))
        self.assertEqual(whole[size // 2:], texts["ReadLog"])
        self.assertEqual(whole, texts["Logs"])
        self.assertEqual(whole, texts["HTTP"])
        self.assertEqual(self.client.log_text(build_id=build_id, censored=True), texts["censored"])

    def test_a_log_leaves_memory_again_when_its_last_reader_has_gone(self):
        stream, first = self.begin("short")
        self.gate.wait_for("short")
        size = wait_until_away(self.service, first.info.build_id, BYTES)
        follower = self.client.read_log(first.info.build_id, follow=True)
        read = 0
        for piece in follower:
            read += len(piece.content)
            if read == size:
                break
        self.assertEqual((size, size), in_memory(self.service, first.info.build_id))
        follower.cancel()
        self.assertEqual(size, wait_until_away(self.service, first.info.build_id, size))
        self.gate.open("short")
        self.assert_built([first, *stream])

    def test_a_reader_comes_and_goes_while_a_build_prints(self):
        stream, first = self.begin("visits")
        build_id, text = first.info.build_id, b""
        visits = 0
        while text.count(b"\n5000\n") < 40:
            for piece in self.client.read_log(build_id, offset=len(text), follow=visits % 2 == 0):
                self.assertEqual(len(text), piece.offset)
                text += piece.content
                if len(piece.content) > 0 and visits % 2 == 0:
                    break
            visits += 1
        self.gate.open("visits")
        self.assert_built([first, *stream])
        whole = self.client.log_text(build_id=build_id)
        self.assertEqual(whole[:len(text)], text)
        lines = [line for line in whole.split(b"\n") if line.isdigit()]
        self.assertEqual([b"%d" % n for n in range(1, 5001)] * 40, lines)


if __name__ == "__main__":
    main()
