#!/usr/bin/python3
"""One build per reference however many ask for it, and listeners that do not hinder each other."""

import concurrent.futures
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from client import SUCCESS, Client, ref_source, request  # noqa: E402
from registry import pushed_manifests  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

CLIENTS = 50
LINES = 2_000_000
ROUNDS, RACERS = 15, 12
#: The smallest windows that HTTP/2 allows to keep: whoever does not read then really holds the sender up.
SMALL_WINDOW = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 16384),
                ("grpc.http2.max_frame_size", 16384)]


class JoinTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile.crowd": PROLOGUE + "RUN seq 1 20000; " + cls.gate.command("crowd") + "; seq 1 20000\n",
            "Dockerfile.loud": PROLOGUE + "RUN " + cls.gate.command("loud") + f"; seq 1 {LINES}\n",
        })

    def test_fifty_clients_at_the_same_moment_share_one_build_and_read_the_same_bytes(self):
        wish = request(self.source("house", "Dockerfile.crowd"))
        together = threading.Barrier(CLIENTS)
        all_joined = threading.Barrier(CLIENTS, action=lambda: self.gate.open("crowd"))
        outcomes = []

        def take_part():
            with Client(self.service.address) as client:
                together.wait(60)
                stream = client.build(wish)
                first = next(stream)
                log = client.logs(build_id=first.info.build_id)
                seen = next(log).content
                all_joined.wait(60)
                seen += b"".join(part.content for part in log)
                outcomes.append(([first, *stream], seen))

        crowd = [threading.Thread(target=take_part, daemon=True) for _ in range(CLIENTS)]
        for member in crowd:
            member.start()
        for member in crowd:
            member.join(150)

        self.assertEqual(CLIENTS, len(outcomes))
        self.assertEqual(1, len({responses[0].info.build_id for responses, _ in outcomes}))
        self.assertEqual(1, len({seen for _, seen in outcomes}), "the logs differ")
        self.assertEqual(2, outcomes[0][1].count(b"\n19999\n20000\n"))
        for responses, _ in outcomes:
            last = self.assert_built(responses)
        self.assertEqual(1, self.gate.arrivals().count("crowd"))
        requests = self.registry.requests()
        for ref, repository in ((last.base_ref, "base-images"), (last.ref, "workspace-images")):
            self.assertEqual(1, pushed_manifests(requests, repository).count(ref.rpartition(":")[2]))
        self.assertEqual([], self.client.list())

    def test_whoever_asks_while_a_quick_build_ends_gets_it_or_its_image_but_no_second_build(self):
        clients = [Client(self.service.address) for _ in range(RACERS)]
        for client in clients:
            self.addCleanup(client.close)
            client.list()
        for number in range(ROUNDS):
            self.images.push("library/quick", f"v{number}", {"number": b"%d\n" % number})
            wish = request(ref_source(f"{self.registry.address}/library/quick:v{number}"))
            with concurrent.futures.ThreadPoolExecutor(RACERS) as pool:
                answers = list(pool.map(lambda client, wish=wish: client.build_to_end(wish), clients))
            followed = {responses[0].info.build_id for responses in answers if len(responses) > 1}
            self.assertEqual(1, len(followed), answers)
            self.assertEqual({SUCCESS}, {responses[-1].status for responses in answers})
            tag = answers[0][-1].ref.rpartition(":")[2]
            self.assertEqual(1, pushed_manifests(self.registry.requests(), "workspace-images").count(tag))

    def test_a_listener_that_never_reads_delays_nobody_and_misses_nothing(self):
        stream = self.client.build(request(self.source("house", "Dockerfile.loud")))
        first = next(stream)
        self.gate.wait_for("loud")
        with Client(self.service.address, SMALL_WINDOW) as lazy_client:
            lazy = lazy_client.logs(build_id=first.info.build_id)
            lazy.initial_metadata()
            self.gate.open("loud")
            whole = self.client.log_text(build_id=first.info.build_id)
            self.assert_built([first, *stream])

            numbers = b"".join(b"%d\n" % n for n in range(1, LINES + 1))
            self.assertIn(numbers, whole)
            self.assertEqual(whole, b"".join(part.content for part in lazy))


if __name__ == "__main__":
    main()
