#!/usr/bin/python3
"""Logs as they are censored, refused and kept; and the two standard services on the same port."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import Client, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

COPIES = 4000


class LogsTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("bare", {"Dockerfile": "FROM scratch\n"}, with_busybox=False)

    def assert_refused(self, code, word, **which):
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.log_text(**which)
        self.assertEqual(code, caught.exception.code())
        self.assertIn(word, caught.exception.details())

    def test_logs_that_are_not_there_are_refused(self):
        self.assert_refused(grpc.StatusCode.INVALID_ARGUMENT, "build_id")
        self.assert_refused(grpc.StatusCode.INVALID_ARGUMENT, "build_id", censored=True)
        self.assert_refused(grpc.StatusCode.NOT_FOUND, "no-such-build", build_id="no-such-build")
        self.assert_refused(grpc.StatusCode.NOT_FOUND, "example.com", ref="example.com/none:v1")

    def test_a_censored_log_lacks_references_and_repositories_wherever_the_text_is_cut(self):
        source = self.source("talkative")
        refs = self.client.resolve_workspace(source)
        names = [refs.ref, refs.base_ref, self.registry.address + "/workspace-images", "base-images"]
        # Without any line end and much longer than a chunk of the stream: some name lies across every border.
        half = len(refs.ref) // 2
        self.add_repository("talkative", {
            "Dockerfile": PROLOGUE + "COPY said /said\nRUN cat /said\n"
                          f"RUN printf 'begin {refs.ref[:half]}'; {self.gate.command('half')}; "
                          f"printf '{refs.ref[half:]} end\\n'\n",
            "said": "".join(f"{name}|" for name in names) * COPIES + "\n",
        })
        stream = self.client.build(request(source))
        first = next(stream)
        self.assertEqual(refs.ref, first.ref)
        live = self.client.logs(build_id=first.info.build_id, censored=True)
        seen = next(live).content
        self.gate.wait_for("half")
        self.gate.open("half")
        seen += b"".join(part.content for part in live)
        self.assert_built([first, *stream])

        whole = self.client.log_text(build_id=first.info.build_id)
        self.assertEqual(COPIES, whole.count("|".join(names).encode()))
        self.assertEqual(seen, self.client.log_text(build_id=first.info.build_id, censored=True))
        for name in [*names, "workspace-images", refs.ref.rpartition(":")[2]]:
            self.assertNotIn(name.encode(), seen)
        self.assertEqual(4 * COPIES, seen.count(b"|") - whole.partition(b"STEP")[0].count(b"|"))
        self.assertRegex(seen.decode(), r"\nbegin \S* end\n")

    def test_a_log_stream_ends_with_the_build_and_repeats_for_every_reader(self):
        last = self.assert_built(self.client.build_to_end(request(self.source("bare"))))
        texts = {self.client.log_text(build_id=last.info.build_id) for _ in range(3)}
        self.assertEqual(1, len(texts))
        self.assertEqual(texts, {self.client.log_text(ref=last.ref)})
        # The id decides where both are given.
        self.assertEqual(texts, {self.client.log_text(build_id=last.info.build_id, ref="example.com/none:v1")})

    def test_a_log_above_its_limit_says_first_how_much_was_dropped(self):
        service = self.add_service({"retention": {"logBytesPerBuild": "256KiB"}})
        self.add_repository("long", {"Dockerfile": PROLOGUE + "RUN seq 1 200000\n"})
        with Client(service.address) as client:
            last = self.assert_built(client.build_to_end(request(self.source("long"))))
            text = client.log_text(build_id=last.info.build_id)
        self.assertRegex(text[:200].decode(), r"^\[image-builder: the first [0-9]+ bytes of this log are not kept any more\]\n")
        self.assertIn(b"\n199999\n200000\n", text)
        self.assertLess(len(text), 1024 * 1024)
        self.end_service(service)


class StandardServicesTest(WorkshopTest):
    def test_the_health_service_says_that_we_serve(self):
        self.client.wait_until_serving()
        serving = b"\x08\x01"  # HealthCheckResponse { status: SERVING }
        for name in (b"", b"builder.ImageBuilder", b"imagebuilder.v1.Builds"):
            wish = b"\x0a" + bytes([len(name)]) + name  # HealthCheckRequest { service: name }
            self.assertEqual(serving, self.client.raw("/grpc.health.v1.Health/Check", wish))

    def test_reflection_lists_the_services(self):
        list_services = b"\x3a\x01*"  # ServerReflectionRequest { list_services: "*" }
        method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        answers = list(self.client.channel.stream_stream(method)(iter([list_services]), timeout=60))
        self.assertEqual(1, len(answers))
        for name in (b"builder.ImageBuilder", b"imagebuilder.v1.Builds", b"grpc.health.v1.Health", b"grpc.reflection.v1alpha.ServerReflection"):
            self.assertIn(name, answers[0])


if __name__ == "__main__":
    main()
