#!/usr/bin/python3
"""The metrics of the service: what a real Prometheus reads of them, and that dashboard and alerts name nothing else."""

import json
import os
import re
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

import log_follower  # noqa: E402
from client import Client, request  # noqa: E402
from places import SOURCE_DIR  # noqa: E402
from prometheus import Prometheus  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

MONITORING = os.path.join(SOURCE_DIR, "tools", "monitoring")
CODES = ("OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted "
         "FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated").split()
BUCKETS = ".005 .025 .05 .1 .5 1 2.5 5 30 60 120 240 600".split()
OURS = re.compile(r"\b(?:gitpod|image_builder|grpc_server|process)_[a-z0-9_]+")
#: Known by their labels only once something happens: there is no list of what may.
LATER = {"image_builder_certificate_expiry_timestamp_seconds"}


def parse(text):
    """Series of the text format: "name{labels}" to value."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {series: float(value) for series, _, value in lines}


class MetricsTest(WorkshopTest):
    config = {"local": {"concurrentBuilds": 1}, "server": {"services": {"http": {"address": "127.0.0.1:0"}}}}

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile.good": PROLOGUE + "RUN echo working; " + cls.gate.command("good") + "\n",
            "Dockerfile.next": PROLOGUE + "RUN echo next\n",
            "Dockerfile.bad": PROLOGUE + "RUN false\n",
        })

    def text(self, service=None):
        address = (service or self.service).listening("metrics")
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
            self.assertIn("text/plain", answer.headers["Content-Type"])
            return answer.read().decode()

    def test_all_methods_and_codes_of_every_service_are_there_from_the_start(self):
        service = self.add_service(self.config)
        series = parse(self.text(service))
        methods = [("unary", "builder.ImageBuilder", "ResolveBaseImage"),
                   ("unary", "builder.ImageBuilder", "ResolveWorkspaceImage"),
                   ("server_stream", "builder.ImageBuilder", "Build"), ("server_stream", "builder.ImageBuilder", "Logs"),
                   ("unary", "builder.ImageBuilder", "ListBuilds"), ("unary", "grpc.health.v1.Health", "Check"),
                   ("server_stream", "grpc.health.v1.Health", "Watch"),
                   ("bidi_stream", "grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo")]
        for kind, name, method in methods:
            labels = f'grpc_method="{method}",grpc_service="{name}",grpc_type="{kind}"'
            for code in CODES:
                self.assertEqual(0, series[f'grpc_server_handled_total{{grpc_code="{code}",{labels}}}'])
            for what in ("started", "msg_received", "msg_sent"):
                self.assertEqual(0, series[f"grpc_server_{what}_total{{{labels}}}"])
            limits = [hit[1] for hit in (re.match(r'grpc_server_handling_seconds_bucket\{.*le="([^"]*)"', name)
                                         for name in series) if hit and labels in hit[0]]
            self.assertEqual([float(limit) for limit in BUCKETS] + [float("inf")], [float(limit) for limit in limits])
        for success in ("true", "false"):
            self.assertEqual(0, series[f'gitpod_image_builder_builds_done_total{{success="{success}"}}'])
        self.assertEqual(0, series["gitpod_image_builder_builds_started_total"])
        self.assertEqual([1], [value for name, value in series.items() if name.startswith("gitpod_server_version{version=")])
        for name in ("cpu_seconds_total", "open_fds", "max_fds", "virtual_memory_bytes", "resident_memory_bytes",
                     "start_time_seconds"):
            self.assertGreaterEqual(series["process_" + name], 0)
        self.end_service(service)

    def test_every_service_that_reflection_names_is_counted(self):
        with Client(self.service.address) as client:
            # ServerReflectionRequest{list_services: ""} and, in the answer, ListServiceResponse{service{name}}.
            answer = client.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")(
                iter([b"\x3a\x00"]), timeout=60)
            names = set(re.findall(rb"[a-z0-9.]+\.[A-Z][A-Za-z]+", b"".join(answer)))
        self.assertIn(b"builder.ImageBuilder", names)
        series = self.text()
        for name in names:
            self.assertIn(f'grpc_service="{name.decode()}"', series)

    def test_promtool_finds_no_fault(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.text(), capture_output=True, text=True)
        self.assertEqual((0, "", ""), (checked.returncode, checked.stdout, checked.stderr))
        rules = subprocess.run(["promtool", "check", "rules", os.path.join(MONITORING, "alerts.yml")],
                               capture_output=True, text=True)
        self.assertEqual(0, rules.returncode, rules.stdout + rules.stderr)

    def test_a_real_prometheus_sees_builds_calls_and_logs(self):
        service = self.add_service(self.config)
        prometheus = Prometheus(os.path.join(self.folder, "prometheus"), [service.listening("metrics")])
        self.addCleanup(prometheus.close)
        prometheus.wait_for("up", 1)
        prometheus.wait_for('gitpod_image_builder_builds_done_total{success="true"}', 0)
        with Client(service.address) as client:
            wish = request(self.source("house", "Dockerfile.good"))
            stream = client.build(wish)
            first = next(stream)
            self.gate.wait_for("good")
            joined = client.build(wish)
            next(joined)
            waiting = client.build(request(self.source("house", "Dockerfile.next")))
            next(waiting)
            log = client.logs(build_id=first.info.build_id)
            next(log)
            info = first.info.log_info
            by_http = log_follower.follow(info.url, dict(info.headers))
            next(by_http)
            prometheus.wait_for("image_builder_builds_running", 1)
            prometheus.wait_for("image_builder_builds_queued", 1)
            prometheus.wait_for('image_builder_subscribers{stream="log"}', 2)
            prometheus.wait_for('image_builder_subscribers{stream="build"}', 3)
            prometheus.wait_for("image_builder_builds_joined_total", 1)
            prometheus.wait_for('image_builder_actors{kind="build"}', 2)
            prometheus.wait_for("image_builder_engine_processes > bool 0", 1)
            self.gate.open("good")
            responses = [first, *stream]
            self.assert_built(responses)
            for rest in (joined, waiting, log, by_http):
                list(rest)
            self.assert_failed(client.build_to_end(request(self.source("house", "Dockerfile.bad"))))
            with self.assertRaises(grpc.RpcError):
                client.resolve_base("Bad:::")
            with self.assertRaises(grpc.RpcError):
                client.resolve_base(self.registry.address + "/nowhere:1")
        prometheus.wait_for("gitpod_image_builder_builds_started_total", 3)
        prometheus.wait_for('gitpod_image_builder_builds_done_total{success="true"}', 2)
        prometheus.wait_for('gitpod_image_builder_builds_done_total{success="false"}', 1)
        prometheus.wait_for("image_builder_builds_running + image_builder_builds_queued", 0)
        prometheus.wait_for('grpc_server_handled_total{grpc_method="Build",grpc_code="OK"}', 4)
        prometheus.wait_for('grpc_server_handled_total{grpc_method="ResolveBaseImage",grpc_code="InvalidArgument"}', 1)
        prometheus.wait_for('grpc_server_handled_total{grpc_method="ResolveBaseImage",grpc_code="NotFound"}', 1)
        prometheus.wait_for('grpc_server_handling_seconds_count{grpc_method="Build"}', 4)
        prometheus.wait_for('grpc_server_msg_received_total{grpc_method="Build"}', 4)
        prometheus.wait_for(f'grpc_server_msg_sent_total{{grpc_method="Build"}} >= bool {2 * len(responses)}', 1)
        prometheus.wait_for('image_builder_build_phase_seconds_count{phase="building"}', 3)
        prometheus.wait_for('image_builder_build_phase_seconds_count{phase="verifying"}', 2)
        prometheus.wait_for("image_builder_queue_wait_seconds_count", 3)
        prometheus.wait_for("sum(image_builder_subscribers)", 0)
        prometheus.wait_for('image_builder_actors{kind="build"}', 0)
        prometheus.wait_for('image_builder_actors{kind="director"}', 1)
        prometheus.wait_for('image_builder_actor_mailbox_messages{kind="build"}', 0)
        prometheus.wait_for("image_builder_log_received_bytes_total > bool 0", 1)
        prometheus.wait_for("image_builder_log_sent_bytes_total > bool 0", 1)
        prometheus.wait_for(f'image_builder_resolver_errors_total{{registry="{self.registry.address}",code="not_found"}} '
                            "> bool 0", 1)
        prometheus.wait_for(f'image_builder_registry_seconds_count{{registry="{self.registry.address}",operation="publish"}}',
                            2)
        self.end_service(service)

    def test_dashboard_and_alerts_name_what_there_is_and_are_understood(self):
        expressions = []
        with open(os.path.join(MONITORING, "dashboard.json"), encoding="utf-8") as file:
            for panel in json.load(file)["panels"]:
                expressions += [target["expr"] for target in panel.get("targets", [])]
        with open(os.path.join(MONITORING, "alerts.yml"), encoding="utf-8") as file:
            alerts = file.read()
        text = self.text()
        there = {re.sub(r"_(bucket|count|sum)$", "", series.partition("{")[0]) for series in parse(text)} | LATER
        named = {re.sub(r"_(bucket|count|sum)$", "", name)
                 for name in OURS.findall("\n".join(expressions) + re.sub(r"(?m)^\s*(summary|description):.*", "", alerts))}
        self.assertEqual(set(), named - there)
        prometheus = Prometheus(os.path.join(self.folder, "understands"), [self.service.listening("metrics")])
        self.addCleanup(prometheus.close)
        for expression in expressions:
            prometheus.values(expression.replace("$instance", ".*").replace("$__rate_interval", "1m"))


if __name__ == "__main__":
    main()
