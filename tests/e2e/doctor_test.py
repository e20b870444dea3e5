#!/usr/bin/python3
"""`image-builder doctor` against things that are really broken, and against things that are not."""

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from certificates import Authority  # noqa: E402
from places import program  # noqa: E402
from workshop import WorkshopTest, main  # noqa: E402

USER, PASSWORD, WRONG = "doctor", "right-pa55word", "wrong-pa55word"
FREE = "127.0.0.1:0"


class DoctorTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.closed_registry = cls.add_registry("closed", {USER: PASSWORD})
        cls.secure = cls.add_registry("secure", host="IP:127.0.0.1")
        cls.other_name = cls.add_registry("other", host="DNS:other.test")
        # A port that is taken, so that nobody else gets it, and that nobody listens on.
        deaf = socket.socket()
        cls.addClassCleanup(deaf.close)
        deaf.bind(("127.0.0.1", 0))
        cls.gone = f"127.0.0.1:{deaf.getsockname()[1]}"

    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="doctor-test-", dir=self.folder)
        self.state = os.path.join(self.place, "state")

    def write(self, name, text):
        path = os.path.join(self.place, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def configuration(self, registry, **more):
        """A configuration that is fine where the registry at this address is."""
        orchestrator = {"baseImageRepository": registry + "/base-images", "workspaceImageRepository": registry + "/ws"}
        return {"server": {"services": {"grpc": {"address": FREE}}}, "metrics": {"address": FREE}, "health": {"address": FREE},
                "debug": {"address": FREE}, "local": {"stateDirectory": self.state, "isolation": "chroot"}, **more,
                "orchestrator": {**orchestrator, **more.get("orchestrator", {})}}

    def examine(self, configuration, environment=None):
        """Exit code and findings, by what they are about and the check."""
        path = self.write("config.json", json.dumps(configuration))
        ended = subprocess.run([program("image-builder"), "doctor", "--json", "--config", path], capture_output=True, text=True,
                               env={**os.environ, **(environment or {})}, timeout=100)
        findings = json.loads(ended.stdout)
        self.assertEqual(findings["healthy"], ended.returncode == 0, ended.stdout)
        for secret in (PASSWORD, WRONG, base64.b64encode(f"{USER}:{WRONG}".encode()).decode()):
            self.assertNotIn(secret, ended.stdout + ended.stderr)
        return ended.returncode, {(f["about"], f["check"]): f for f in findings["checks"]}

    def assert_failed(self, findings, about, check, detail, advice):
        """That this check failed, and with it only what is named after it in the same subject."""
        found = findings[about, check]
        self.assertEqual("failed", found["result"], found)
        self.assertRegex(found["detail"], detail)
        self.assertRegex(found["advice"], advice)
        others = [f for (subject, _), f in findings.items() if subject != about and f["result"] == "failed"]
        self.assertEqual([], others)

    def test_where_all_is_well_it_says_so_and_leaves_nothing_behind(self):
        before = self.registry.requests()
        code, findings = self.examine(self.configuration(self.registry.address))
        self.assertEqual(0, code, findings)
        registry = "registry " + self.registry.address
        for about, check in (("configuration", "file"), ("state folder", "writing"), ("state folder", "space"),
                             ("port", "server.services.grpc.address"), ("port", "metrics.address"), (registry, "name"),
                             (registry, "connection"), (registry, "proxy"), (registry, "TLS"), (registry, "credentials"),
                             (registry, "push to base-images"), (registry, "push to ws"), ("build tools", "git"),
                             ("build tools", "buildah"), ("build tools", "skopeo"), ("build tools", "isolation")):
            self.assertIn(findings[about, check]["result"], ("ok", "warning"), findings[about, check])
        self.assertFalse(os.path.exists(self.state))
        self.assertEqual(["config.json"], os.listdir(self.place))
        asked = [(method, path.partition("?")[0].rpartition("/uploads/")[0], status)
                 for method, path, status in self.registry.requests()[len(before):] if "uploads" in path]
        self.assertEqual([("POST", f"/v2/{name}/blobs", 202) if i % 2 == 0 else ("DELETE", f"/v2/{name}/blobs", 204)
                          for name in ("base-images", "ws") for i in range(2)], asked)

    def test_people_get_lines_and_a_summary(self):
        path = self.write("config.json", json.dumps(self.configuration(self.gone)))
        ended = subprocess.run([program("image-builder"), "doctor", "--config", path], capture_output=True, text=True)
        self.assertEqual(1, ended.returncode)
        self.assertRegex(ended.stdout, r"(?m)^failed  registry \S+, connection: port \d+: IPv4 127\.0\.0\.1: Connection refused$")
        self.assertRegex(ended.stdout, r"(?m)^          Does the registry run and listen there\?")
        self.assertRegex(ended.stdout, r"(?m)^skipped registry \S+, push to ws: ")
        self.assertRegex(ended.stdout, r"(?m)^\d+ checks: 1 failed, \d+ with a warning\n\Z")

    def test_a_wrong_password_and_none(self):
        address = self.closed_registry.address
        for password, secret in ((WRONG, True), (None, False), (PASSWORD, True)):
            auths = {address: {"username": USER, "password": password}} if secret else {}
            secret_file = self.write("docker.json", json.dumps({"auths": auths}))
            code, findings = self.examine(self.configuration(address, orchestrator={"pullSecretFile": secret_file}))
            about = "registry " + address
            if password == PASSWORD:
                self.assertEqual(0, code, findings)
                self.assertEqual("ok", findings[about, "push to ws"]["result"])
                continue
            self.assertEqual(1, code)
            for check in ("credentials", "push to base-images", "push to ws"):
                self.assert_failed(findings, about, check, "401", "password is missing or wrong.*pullSecretFile")

    def test_a_password_file_that_is_none(self):
        broken = self.write("docker.json", "{")
        code, findings = self.examine(self.configuration(self.registry.address, orchestrator={"pullSecretFile": broken}))
        self.assertEqual(1, code)
        self.assert_failed(findings, "credentials", "password file", "docker.json", "docker login")

    def test_a_closed_port(self):
        code, findings = self.examine(self.configuration(self.gone))
        self.assertEqual(1, code)
        about = "registry " + self.gone
        self.assert_failed(findings, about, "connection", "Connection refused", "Does the registry run")
        for check in ("credentials", "push to ws", "push to base-images"):
            self.assertEqual("skipped", findings[about, check]["result"])

    def test_a_ca_that_nobody_trusts_another_name_and_one_that_fits(self):
        stranger = Authority(os.path.join(self.place, "stranger")).certificate
        about = "registry " + self.secure.address
        for ca_file in (None, stranger):
            how = {"plainHttp": False, **({"caFile": ca_file} if ca_file else {})}
            code, findings = self.examine(self.configuration(self.secure.address, registries={self.secure.address: how}))
            self.assertEqual(1, code)
            self.assert_failed(findings, about, "TLS", "self-signed|issuer", r"caFile")
        how = {"plainHttp": False, "caFile": self.secure.ca_file}
        code, findings = self.examine(self.configuration(self.secure.address, registries={self.secure.address: how}))
        self.assertEqual(0, code, findings)
        self.assertRegex(findings[about, "TLS"]["detail"], r"^TLSv1\.[23], certificate until ")
        how = {"plainHttp": False, "caFile": self.other_name.ca_file}
        code, findings = self.examine(self.configuration(self.other_name.address, registries={self.other_name.address: how}))
        self.assert_failed(findings, "registry " + self.other_name.address, "TLS", "mismatch", "another name")

    def test_a_registry_that_speaks_plain_http_is_no_https(self):
        address = self.registry.address
        code, findings = self.examine(self.configuration(address, registries={address: {"plainHttp": False}}))
        self.assertEqual(1, code)
        self.assert_failed(findings, "registry " + address, "TLS", ".", "plainHttp")

    def test_something_that_is_no_registry(self):
        # Our own metrics: HTTP, but nothing below /v2/.
        address = self.service.listening("metrics")
        code, findings = self.examine(self.configuration(address))
        self.assertEqual(1, code)
        self.assert_failed(findings, "registry " + address, "credentials", "404", ".")

    def test_a_state_folder_that_cannot_be_written(self):
        for folder, check in ((os.path.join(self.write("file", ""), "state"), "place"), ("/proc/image-builder/state", "writing")):
            code, findings = self.examine(self.configuration(self.registry.address,
                                                             local={"stateDirectory": folder, "isolation": "chroot"}))
            self.assertEqual(1, code)
            self.assert_failed(findings, "state folder", check, ".", "local.stateDirectory")
            self.assertEqual("skipped", findings["build tools", "isolation"]["result"])

    def test_a_port_that_is_taken_and_one_that_is_not_ours(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = f"127.0.0.1:{other.getsockname()[1]}"
            code, findings = self.examine(self.configuration(self.registry.address, metrics={"address": taken},
                                                             health={"address": "198.51.100.7:9"}))
        self.assertEqual(1, code)
        self.assert_failed(findings, "port", "metrics.address", "in use by another program", "ss -ltnp")
        self.assert_failed(findings, "port", "health.address", "assign", "ip address")
        self.assertEqual("ok", findings["port", "debug.address"]["result"])

    def test_beside_a_service_that_runs_nothing_is_wrong_and_nobody_is_disturbed(self):
        configuration = self.configuration(self.registry.address, metrics={"address": self.service.listening("metrics")},
                                           local={"stateDirectory": self.service.state, "isolation": "chroot"})
        configuration["server"]["services"]["grpc"]["address"] = self.service.address
        code, findings = self.examine(configuration)
        self.assertEqual(0, code, findings)
        for check in ("server.services.grpc.address", "metrics.address"):
            self.assertIn(f"process {self.service.pid}", findings["port", check]["detail"])
        self.assertIn(f"process {self.service.pid}", findings["state folder", "lock"]["detail"])
        self.assertEqual([], [name for name in os.listdir(self.service.state) if name.startswith("doctor")])
        self.assertEqual([], self.client.list())

    def test_certificates_that_have_ended_or_do_not_belong_together(self):
        authority = Authority(os.path.join(self.place, "authority"))
        late, late_key = authority.issue("late", days=-1)
        _, other_key = authority.issue("other")
        for key, detail in ((late_key, "it is over"), (other_key, "is not the key of")):
            tls = {"caPath": authority.certificate, "certPath": late, "keyPath": key}
            configuration = self.configuration(self.registry.address)
            configuration["server"]["services"]["grpc"]["tls"] = tls
            code, findings = self.examine(configuration)
            self.assertEqual(1, code)
            self.assert_failed(findings, "certificate", "server.services.grpc.tls", detail, ".")

    def test_tools_that_are_missing(self):
        code, findings = self.examine(self.configuration(self.registry.address), {"PATH": self.place})
        self.assertEqual(1, code)
        for tool in ("git", "buildah", "skopeo"):
            self.assert_failed(findings, "build tools", tool, "not installed", "apt install " + tool)
        self.assertEqual("skipped", findings["build tools", "isolation"]["result"])

    def test_a_proxy_that_does_not_answer(self):
        with_proxy = {"http_proxy": "http://user:" + WRONG + "@" + self.gone, "https_proxy": "", "no_proxy": "", "NO_PROXY": ""}
        configuration = self.configuration(self.registry.address, registries={"registry.test": {"plainHttp": True}})
        code, findings = self.examine(configuration, with_proxy)
        self.assertEqual(1, code)
        self.assertEqual("ok", findings["registry " + self.registry.address, "credentials"]["result"])
        self.assert_failed(findings, "registry registry.test", "connection", "refused", "proxy")
        self.assertIn(self.gone, findings["registry registry.test", "proxy"]["detail"])

    def test_ws_manager_that_is_not_there_or_something_else(self):
        for address, check, advice in ((self.gone, "connection", "network policies"),
                                       (self.registry.address, "answer", "plain gRPC|as that")):
            orchestrator = {"engine": "wsman", "wsman": {"address": address}, "builderImage": "registry.test/bob:1"}
            code, findings = self.examine(self.configuration(self.registry.address, orchestrator=orchestrator))
            self.assertEqual(1, code)
            self.assert_failed(findings, "ws-manager", check, ".", advice)
            self.assertNotIn(("build tools", "buildah"), findings)

    def test_a_configuration_with_faults_is_told_with_all_of_them(self):
        code, findings = self.examine({"queue": {"length": -1}, "log": {"level": "loud"}})
        self.assertEqual(1, code)
        self.assertEqual({("configuration", "queue.length"), ("configuration", "log.level")}, set(findings))

    def test_wrong_usage_is_told_by_exit_code_2(self):
        self.assertEqual(2, subprocess.run([program("image-builder"), "doctor", "--jason"], capture_output=True).returncode)


if __name__ == "__main__":
    main()
