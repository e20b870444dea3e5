#!/usr/bin/python3
"""A client that shares nothing with us and expects what deployed ones expect; by Node and by Python."""

import base64
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from child import PATIENCE, Child, show  # noqa: E402
from client import Client, builder, imgbuilder_pb2_grpc  # noqa: E402
from places import SOURCE_DIR  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

FOLDER = os.path.join(SOURCE_DIR, "tests", "support", "reference_client")
LISTENING = {"server": {"services": {"http": {"address": "127.0.0.1:0"}}}}
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE.value[0]


def python_client():
    return ["/usr/bin/python3", os.path.join(FOLDER, "client.py")]


def node_client(folder):
    """Installs the client's packages by its lock file into a folder of the test's own."""
    for name in ("package.json", "package-lock.json", "client.js"):
        shutil.copy(os.path.join(FOLDER, name), folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5 * PATIENCE, check=False)
    if done.returncode != 0:
        show("npm ci", done.stdout + done.stderr)
        raise AssertionError("the packages of the reference client cannot be installed")
    return ["node", os.path.join(folder, "client.js")]


class Clients(unittest.TestCase):
    """Which clients there are on this machine, by name."""

    @classmethod
    def make_clients(cls, folder):
        cls.clients = {"python": python_client()}
        if shutil.which("node") and shutil.which("npm"):
            node = os.path.join(folder, "node")
            os.makedirs(node)
            cls.clients["node"] = node_client(node)

    def start(self, name, address, request):
        child = Child([*self.clients[name], address, os.path.join(SOURCE_DIR, "proto"), json.dumps(request)])
        self.addCleanup(child.kill)
        return child

    def run_client(self, name, address, request):
        """The exit code and everything that the client printed."""
        child = self.start(name, address, request)
        code = child.wait()
        self.assertEqual([], child.err.all())
        return code, [json.loads(line) for line in child.out.all()]


class ReferenceClientTest(Clients, WorkshopTest):
    config = LISTENING

    @classmethod
    def prepare(cls):
        cls.make_clients(cls.folder)
        cls.add_repository("house", {
            **{f"Dockerfile.{name}": PROLOGUE + f"RUN seq 1 2000; echo for {name}\n" for name in cls.clients},
            "Dockerfile.bad": PROLOGUE + "RUN echo before the end; false\n",
            "Dockerfile.stop": PROLOGUE + "RUN " + cls.gate.command("stop") + "\n",
            "Dockerfile.join": PROLOGUE + "RUN " + cls.gate.command("join") + "\n",
        })

    def request(self, dockerfile, version, **more):
        return {"source": {"file": {"source": {"git": {"remote_uri": self.url("house")}}, "dockerfile_path": dockerfile,
                                    "dockerfile_version": version}}, **more}

    def events(self, printed, *kinds):
        self.assertEqual([*kinds], [event["event"] for event in printed if event["event"] != "running"], printed)
        return [event for event in printed if event["event"] == "running"], printed[-1]

    def assert_log(self, printed, build_id):
        log = base64.b64decode(printed[-2]["data"])
        self.assertEqual(self.client.log_text(build_id=build_id), log)
        return log

    def test_a_build_is_followed_to_its_success_and_its_image_needs_none_afterwards(self):
        for name in self.clients:
            with self.subTest(client=name):
                request = self.request("Dockerfile." + name, name, triggered_by="tester")
                code, printed = self.run_client(name, self.service.address, request)
                self.assertEqual(0, code, printed)
                running, done = self.events(printed, "log", "done")
                self.assertEqual("done_success", done["status"])
                self.assertEqual({done["ref"]}, {event["ref"] for event in running})
                self.assertIn(b"\n2000\n", self.assert_log(printed, running[0]["buildId"]))
                code, printed = self.run_client(name, self.service.address, request)
                self.assertEqual((0, [{"event": "done", "status": "done_success", "ref": done["ref"], "message": ""}]),
                                 (code, printed))

    def test_a_failed_build_says_why_and_its_log_can_be_read(self):
        for name in self.clients:
            with self.subTest(client=name):
                code, printed = self.run_client(name, self.service.address, self.request("Dockerfile.bad", name))
                self.assertEqual(0, code, printed)
                running, done = self.events(printed, "log", "done")
                self.assertEqual("done_failure", done["status"])
                self.assertTrue(done["message"].startswith("build failed: "), done)
                self.assertIn(b"\nbefore the end\n", self.assert_log(printed, running[0]["buildId"]))

    def test_clients_of_one_source_share_one_build(self):
        names = list(self.clients) * 3
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            answers = [pool.submit(self.run_client, name, self.service.address, self.request("Dockerfile.join", "all"))
                       for name in names]
            self.gate.wait_for("join")
            # Nobody's stream ends before the door opens: once all are running, all have joined.
            with Client(self.service.address) as client:
                self.assertEqual(1, len(client.list()))
            self.gate.open("join")
            printed = [answer.result()[1] for answer in answers]
        built = [events for events in printed if events[0]["event"] == "running"]
        self.assertGreater(len(built), 0)
        self.assertEqual(1, len({event["buildId"] for events in built for event in events if event["event"] == "running"}))
        for events in printed:
            self.assertEqual("done_success", events[-1].get("status"), events)

    def test_a_service_that_stops_is_an_error_and_no_end(self):
        for name in self.clients:
            with self.subTest(client=name):
                service = self.add_service(LISTENING)
                child = self.start(name, service.address, self.request("Dockerfile.stop", name))
                self.assertTrue(child.out.wait_for(lambda line: "running" in line), child.text())
                service.signal(signal.SIGTERM)
                self.assertEqual(1, child.wait(), child.text())
                last = json.loads(child.out.all()[-1])
                # What it notices first, the end of the call or that of the log, is chance.
                self.assertEqual("error", last["event"], last)
                self.assertIn(last["code"], (UNAVAILABLE, "ECONNRESET", ""), last)
                self.assertEqual(0, service.wait(), service.log_text())


class Scripted(imgbuilder_pb2_grpc.ImageBuilderServicer):
    """A server that says what it is told to, however wrong."""

    def __init__(self, responses):
        self._responses = responses

    def Build(self, request, context):
        yield from self._responses


class StrictnessTest(Clients):
    """That the clients see what they are there to see."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="ib-reference-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.make_clients(folder)

    def assert_violation(self, words, *responses):
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        imgbuilder_pb2_grpc.add_ImageBuilderServicer_to_server(Scripted(responses), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(None).wait())
        for name in self.clients:
            with self.subTest(client=name):
                code, printed = self.run_client(name, f"127.0.0.1:{port}", {"source": {"ref": {"ref": "alpine"}}})
                self.assertEqual(1, code)
                self.assertEqual("violation", printed[-1]["event"], printed)
                self.assertIn(words, printed[-1]["what"])

    def test_an_early_end_is_a_violation(self):
        self.assert_violation("ended before a terminal response")

    def test_a_failure_without_a_running_response_is_a_violation(self):
        self.assert_violation("without a running", builder.BuildResponse(status=builder.done_failure, message="no"))

    def test_a_running_response_without_log_info_is_a_violation(self):
        self.assert_violation("without a log URL", builder.BuildResponse(status=builder.running, ref="a", base_ref="b"))
        info = builder.BuildInfo(build_id="1", log_info=builder.LogInfo(url="http://127.0.0.1:1"))
        self.assert_violation("without log headers", builder.BuildResponse(status=builder.running, ref="a", base_ref="b",
                                                                           info=info))

    def test_an_unknown_status_is_a_violation(self):
        self.assert_violation("a response of status", builder.BuildResponse(status=builder.unknown))


if __name__ == "__main__":
    main()
