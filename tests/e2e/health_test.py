#!/usr/bin/python3
"""Whether the service lives and takes builds: /live and /ready, and the health service in step with them."""

import os
import signal
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from child import PATIENCE  # noqa: E402
from client import Client, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


def get(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


class HealthTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("stubborn", {"Dockerfile": PROLOGUE + "RUN trap '' TERM INT HUP; " +
                                                      cls.gate.command("stubborn") + "\n"})

    def test_a_service_that_serves_is_alive_and_ready_and_every_way_says_so(self):
        self.client.wait_until_serving()
        for service in ("", "builder.ImageBuilder"):
            self.assertEqual("SERVING", next(self.client.health(service)), service)
        self.assertEqual("SERVICE_UNKNOWN", next(self.client.health("no.such.Service")))
        address = self.service.listening("health")
        self.assertEqual((200, "alive\n"), get(address, "/live"))
        self.assertEqual((200, "ready\n"), get(address, "/ready"))
        self.assertEqual(404, get(address, "/")[0])

    def test_a_service_that_stops_is_alive_but_not_ready_and_says_why(self):
        service = self.add_service({"local": {"stopGrace": "1h"}})
        with Client(service.address) as client:
            client.wait_until_serving()
            address = service.listening("health")
            watches = [client.health(name) for name in ("", "builder.ImageBuilder")]
            for watch in watches:
                self.assertEqual("SERVING", next(watch))
            stream = client.build(request(self.source("stubborn")))
            next(stream)
            self.gate.wait_for("stubborn")
            service.signal(signal.SIGTERM)
            for watch in watches:
                self.assertEqual("NOT_SERVING", next(watch))
            with self.assertRaises(grpc.RpcError):
                list(stream)
            # The build holds the service up; it still answers those who watch.
            self.assertEqual((503, "not ready\nshutdown: the service is stopping\n"), get(address, "/ready"))
            self.assertEqual((200, "alive\n"), get(address, "/live"))
            service.signal(signal.SIGTERM)
            self.assertEqual(128 + signal.SIGTERM, service.wait(), service.log_text())
        service.start()
        self.gate.open("stubborn")
        with Client(service.address) as client:
            self.assert_built(client.build_to_end(request(self.source("stubborn"))))
        self.end_service(service)

    def test_a_journal_that_cannot_be_used_is_a_reason(self):
        service = self.add_service({})
        self.end_service(service)
        journal = os.path.join(service.state, "journal")
        os.rename(journal, journal + ".away")
        with open(journal, "w", encoding="utf-8"):
            pass  # a file where the folder should be
        service.start()
        status, words = get(service.listening("health"), "/ready")
        self.assertEqual(503, status)
        self.assertRegex(words, "(?m)^(recovery|storage): ")
        with Client(service.address) as client:
            self.assertEqual("NOT_SERVING", next(client.health()))
            os.remove(journal)
            os.rename(journal + ".away", journal)
            client.wait_until_serving()
        self.assertEqual(200, get(service.listening("health"), "/ready")[0])
        self.end_service(service)

    def test_a_machine_without_the_tools_is_a_reason(self):
        service = self.add_service({"local": {"isolation": "oci"}}, environment={"PATH": "/nowhere"})
        service.wait_until_ready()
        status, words = get(service.listening("health"), "/ready")
        self.assertEqual(503, status)
        self.assertIn("build tools: cannot build from Dockerfiles on this machine", words)
        service.stop()


if __name__ == "__main__":
    main()
