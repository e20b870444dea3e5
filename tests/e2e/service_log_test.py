#!/usr/bin/python3
"""The service's own log: JSON lines, each with what an operator looks for, and the caller's trace on every line of a build."""

import datetime
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from client import Client, ref_source, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OTHER_TRACE, OTHER_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SEVERITIES = {"debug", "info", "warning", "error"}


class ServiceLogTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {f"Dockerfile.{name}": PROLOGUE + "RUN echo " + name + "; " + cls.gate.command(name) + "\n"
                                     for name in ("traced", "killed", "crashed")})

    def lines(self, service=None):
        """All lines so far; each has to be one of JSON."""
        entries = [json.loads(line) for line in (service or self.service).log_text().splitlines()]
        for entry in entries:
            self.assertIn(entry["severity"], SEVERITIES)
            self.assertTrue(entry["message"])
            self.assertEqual("image-builder", entry["serviceContext"]["service"])
            self.assertRegex(entry["serviceContext"]["version"], r"^\d+\.\d+\.\d+")
            datetime.datetime.strptime(entry["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
        return entries

    def of_build(self, build_id, service=None):
        return [entry for entry in self.lines(service) if entry.get("build_id") == build_id]

    def assert_traced(self, entries, trace=TRACE, span=SPAN):
        self.assertTrue(entries)
        for entry in entries:
            self.assertEqual((trace, span), (entry.get("trace_id"), entry.get("span_id")), entry)
            self.assertRegex(entry["actor"], r"^house(/[A-Za-z0-9_-]+)+$", entry)

    def test_every_line_of_a_build_carries_its_id_its_actor_and_the_callers_trace(self):
        wish = request(self.source("house", "Dockerfile.traced"))
        stream = self.client.build(wish, metadata=[("traceparent", f"00-{TRACE}-{SPAN}-01")])
        first = next(stream)
        self.gate.wait_for("traced")
        with Client(self.service.address) as other:
            # Whoever joins has a trace of its own, on the line that says so.
            joined = other.build(wish, metadata=[("uber-trace-id", f"{OTHER_TRACE}:{OTHER_SPAN}:0:1")])
            self.assertEqual(first.info.build_id, next(joined).info.build_id)
            self.gate.open("traced")
            list(joined)
        self.assert_built([first, *stream])
        self.service.wait_for_log("build succeeded", build_id=first.info.build_id)
        entries = self.of_build(first.info.build_id)
        joins = [entry for entry in entries if entry["message"] == "build joined"]
        self.assert_traced(joins, OTHER_TRACE, OTHER_SPAN)
        self.assert_traced([entry for entry in entries if entry not in joins])
        self.assertEqual(["build admitted", "build succeeded"], [e["message"] for e in entries if e not in joins])
        self.assertEqual({"house/director", "house/builds/" + first.info.build_id}, {entry["actor"] for entry in entries})

    def test_a_build_that_is_taken_up_after_kill_9_keeps_its_trace(self):
        service = self.add_service({})
        with Client(service.address) as client:
            stream = client.build(request(self.source("house", "Dockerfile.killed")),
                                  metadata=[("traceparent", f"00-{TRACE}-{SPAN}-01")])
            build_id = next(stream).info.build_id
            self.gate.wait_for("killed")
            service.kill()
        service.start()
        self.gate.open("killed")
        service.wait_for_log("build succeeded", build_id=build_id)
        self.assert_traced(self.of_build(build_id, service))
        self.end_service(service)

    def test_a_caller_without_a_trace_or_with_a_wrong_one_leaves_none(self):
        self.images.push("plain", "1", {"file": b"content"})
        for metadata in ([], [("traceparent", "00-nonsense")], [("uber-trace-id", "%%%"), ("traceparent", "~" * 99)]):
            self.client.build_to_end(request(ref_source(self.registry.address + "/plain:1"), force_rebuild=True),
                                     metadata=metadata)
        admitted = [entry for entry in self.lines() if entry["message"] == "build admitted"]
        self.assertLessEqual(3, len(admitted))
        for entry in admitted:
            if entry.get("trace_id") != TRACE:
                self.assertNotIn("trace_id", entry)
                self.assertNotIn("span_id", entry)

    def test_what_the_grpc_library_says_is_a_line_like_any_other(self):
        service = self.add_service({"log": {"level": "debug"}})
        host, port = service.address.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while stranger.recv(4096):
                pass
        self.end_service(service)
        self.lines(service)


if __name__ == "__main__":
    main()
