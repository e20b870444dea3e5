#!/usr/bin/python3
"""imgctl actors, top and doctor against the real service: on a terminal and in a pipe, over kills, with tokens and TLS."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from certificates import Authority  # noqa: E402
from child import PATIENCE, Child  # noqa: E402
from client import request  # noqa: E402
from forwarder import Forwarder  # noqa: E402
from places import program  # noqa: E402
from terminal import Terminal  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


def imgctl(*arguments, environment=None):
    return subprocess.run([program("imgctl"), *arguments], timeout=PATIENCE, capture_output=True, text=True, check=False,
                          env={**os.environ, **(environment or {})})


def free_port():
    """A port that nobody listens on: it is bound as long as the answer lives."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken


class WatchTest(WorkshopTest):
    config = {"faultInjection": {"enabled": True}, "local": {"concurrentBuilds": 1}, "tagCache": "10m"}

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {f"Dockerfile.{name}": PROLOGUE + "RUN " + cls.gate.command(name) + "\n"
                                     for name in ("top", "second", "third")})

    def setUp(self):
        self.place = ("--address", self.service.address, "--debug-address", self.service.listening("debug"))

    def run_imgctl(self, *arguments, code=0):
        done = imgctl(*self.place, *arguments)
        self.assertEqual(code, done.returncode, done.stderr + done.stdout)
        return done.stdout

    def terminal(self, *arguments, **more):
        terminal = Terminal([program("imgctl"), *self.place, *arguments], **more)
        self.addCleanup(terminal.close)
        return terminal

    def kill(self, path):
        self.client.raw("/imagebuilder.v1.Faults/KillActor", bytes([0x0a, len(path)]) + path.encode())

    def test_actors_prints_the_tree_and_its_json(self):
        text = self.run_imgctl("actors")
        self.assertRegex(text, r"(?m)^house +idle ")
        self.assertRegex(text, r"(?m)^(├─|\|-) director +")
        self.assertNotIn("\x1b", text)
        rows = {row["path"]: row for row in json.loads(self.run_imgctl("actors", "--json"))["rows"]}
        self.assertIn("per_s", rows["house/journal"])
        self.assertEqual(["house/journal"], [line.split()[0] for line in self.run_imgctl("actors", "JOURNAL").splitlines()[1:]])

    def test_a_restart_is_seen_while_one_watches(self):
        terminal = self.terminal("actors", "--watch", "fan_out")
        terminal.wait_for(lambda lines: any(line.startswith("house/fan_out") for line in lines))
        before = json.loads(self.run_imgctl("actors", "--json"))["rows"]
        restarts = next(row["restarts"] for row in before if row["path"] == "house/fan_out")
        self.kill("house/fan_out")
        line = terminal.wait_for(lambda lines: next((line for line in lines if "kill" in line), None))
        self.assertRegex(line, rf"^house/fan_out +(idle|busy) .* {restarts + 1}  .*kill")
        terminal.type("q")
        self.assertEqual(0, terminal.wait())
        terminal.wait_for(lambda _: terminal.raw().rstrip().endswith(LEAVE))

    def test_changes_are_printed_as_lines_where_nobody_sees_a_terminal(self):
        watching = Child([program("imgctl"), *self.place, "actors", "--watch", "--json"])
        self.addCleanup(watching.kill)
        first = json.loads(watching.out.line(0))
        self.assertTrue(first["whole"])
        self.kill("house/fan_out")
        self.assertTrue(watching.out.wait_for(lambda line: any(
            row["path"] == "house/fan_out" and row["restarts"] > 0 for row in json.loads(line)["rows"])))
        watching.signal(signal.SIGINT)
        self.assertEqual(130, watching.wait())

    def test_top_draws_builds_and_the_queue_until_one_leaves(self):
        streams, ids = [], {}
        self.addCleanup(lambda: [self.gate.open(name) for name in ("top", "second", "third")])
        for name in ("top", "second", "third"):
            streams.append(self.client.build(request(self.source("house", "Dockerfile." + name), triggered_by=name)))
            ids[name] = next(streams[-1]).info.build_id
        self.gate.wait_for("top")
        terminal = self.terminal("top", columns=160, lines=50)
        lines = terminal.wait_for(lambda lines: any("building" in line and ids["top"][:8] in line for line in lines) and lines)
        self.assertRegex(lines[0], r"^image-builder \S+  ready  up .* pid " + str(self.service.pid))
        lines = terminal.wait_for(lambda lines: any(ids["third"][:8] in line for line in lines) and lines)
        places = {line.split()[1]: line.split()[0] for line in lines if re.match(r" +[12]  ", line)}
        self.assertEqual({ids["second"][:8]: "1", ids["third"][:8]: "2"}, places)
        self.assertTrue(any("queue: 2 waiting" in line for line in lines))
        self.assertTrue(any("▁" in line and "messages/s" in line for line in lines))
        self.assertTrue(any("journal" in line and "can be used" in line for line in lines))
        self.assertLessEqual(len(lines), 50)
        terminal.resize(60, 12)
        terminal.wait_for(lambda lines: 0 < len(lines) <= 12 and max(map(len, lines)) <= 60)
        terminal.resize(160, 50)
        self.gate.open("top")
        terminal.wait_for(lambda lines: any("building" in line and ids["second"][:8] in line for line in lines))
        once = self.run_imgctl("top", "--once")
        self.assertIn(ids["second"][:8], once)
        self.assertNotIn("\x1b", once)
        told = json.loads(self.run_imgctl("top", "--json"))
        self.assertEqual({"state", "running", "actors", "series", "resolver", "cache"}, set(told))
        self.assertEqual([0], [row["ahead"] for row in told["running"]["rows"] if row["id"] == ids["third"]])
        terminal.signal(signal.SIGINT)
        self.assertEqual(130, terminal.wait())
        terminal.wait_for(lambda _: terminal.raw().count(LEAVE) == 1)
        raw = terminal.raw()
        self.assertEqual(1, raw.count(ENTER))
        self.assertIn("\x1b[?25h", raw[raw.rindex("\x1b[?25l"):])
        self.assertEqual(terminal.before, terminal.settings())
        for name in ("second", "third"):
            self.gate.open(name)
        for stream in streams:
            self.assert_built([*stream])

    def test_top_gives_the_terminal_back_for_a_stop_and_goes_on(self):
        terminal = self.terminal("top")
        terminal.wait_for(lambda lines: lines and "ready" in lines[0])
        terminal.signal(signal.SIGTSTP)
        os.waitpid(terminal.pid, os.WUNTRACED)
        self.assertEqual(terminal.before, terminal.settings())
        terminal.wait_for(lambda _: terminal.raw().count(LEAVE) == 1)
        terminal.signal(signal.SIGCONT)
        terminal.wait_for(lambda _: terminal.raw().count(ENTER) == 2 and "ready" in terminal.raw().split(ENTER)[2])
        terminal.signal(signal.SIGTERM)
        self.assertEqual(143, terminal.wait())
        self.assertEqual(terminal.before, terminal.settings())

    def test_the_resolvers_cache_is_told_with_ages(self):
        ref = f"{self.registry.address}/seen/kept:1"
        digest = self.images.push("seen/kept", "1", {"file": b"kept"})
        self.run_imgctl("resolve", "base", ref)
        rows = {row["ref"]: row for row in json.loads(self.run_imgctl("top", "--json"))["cache"]["rows"]}
        self.assertEqual(digest, rows[ref]["digest"])
        self.assertGreaterEqual(rows[ref]["age_ms"], 0)
        self.assertLessEqual(rows[ref]["expires_in_ms"], 600_000)
        self.assertRegex(self.run_imgctl("top", "--once"), r"resolver: [1-9][0-9]* digests kept(.|\n)*" + re.escape(ref))

    def test_top_waits_for_a_service_that_is_away(self):
        service = self.add_service({})
        door = Forwarder(service.listening("debug"))
        self.addCleanup(door.close)
        terminal = Terminal([program("imgctl"), "--debug-address", door.address, "top"])
        self.addCleanup(terminal.close)
        terminal.wait_for(lambda lines: lines and str(service.pid) in lines[0])
        service.kill()
        terminal.wait_for(lambda lines: lines and "lost the service" in lines[0])
        service.start()
        door.target = service.listening("debug")
        terminal.wait_for(lambda lines: lines and str(service.pid) in lines[0])
        terminal.type("q")
        self.assertEqual(0, terminal.wait())
        self.end_service(service)

    def test_the_doctor_finds_nothing_where_nothing_is_wrong(self):
        self.service.wait_until_ready()
        self.client.wait_until_serving()
        text = self.run_imgctl("doctor")
        for part in ("connection: 127.0.0.1 in ", "gRPC: answers", "health of builder.ImageBuilder: serving",
                     "health of imagebuilder.v1.Builds: serving", "version: ", "readiness: takes builds", "journal: "):
            self.assertRegex(text, r"(?m)^ok +.*" + part)
        checks = json.loads(self.run_imgctl("doctor", "--json"))
        self.assertTrue(checks["healthy"])

    def test_the_doctor_says_what_is_wrong_and_what_to_do(self):
        with free_port() as nobody:
            address = "127.0.0.1:%d" % nobody.getsockname()[1]
            done = imgctl("--address", address, "--debug-address", address, "doctor")
        self.assertEqual(3, done.returncode)
        self.assertRegex(done.stdout, r"(?m)^failed +service .*, connection: .*\n +Is the service running")
        self.assertIn("warning debug endpoint", done.stdout)
        wrong = imgctl("--address", self.service.listening("debug"), "--debug-address", self.service.listening("health"), "doctor")
        self.assertEqual(3, wrong.returncode)
        self.assertIn("not the debug endpoint of an image-builder", wrong.stdout)
        self.assertIn("serving gRPC", wrong.stdout)

    def test_without_an_endpoint_each_command_says_why(self):
        with free_port() as nobody:
            address = "127.0.0.1:%d" % nobody.getsockname()[1]
            for command in (("actors",), ("actors", "--watch"), ("top",), ("top", "--once")):
                done = imgctl("--debug-address", address, *command)
                self.assertEqual((3, ""), (done.returncode, done.stdout))
                self.assertIn("cannot reach the debug endpoint at http://" + address, done.stderr)
        done = imgctl("--debug-address", self.service.listening("metrics"), "actors")
        self.assertEqual(1, done.returncode)
        self.assertIn("not the debug endpoint", done.stderr)
        self.assertEqual(2, imgctl("--debug-address", "nonsense", "top").returncode)

    def test_a_token_is_needed_and_comes_from_a_file_a_variable_or_the_configuration(self):
        path = os.path.join(self.folder, "token")
        with open(path, "w", encoding="utf-8") as file:
            file.write("t0ken-of-the-test\n")
        service = self.add_service({"debug": {"address": "0.0.0.0:0", "tokenFile": path}})
        address = "127.0.0.1:" + service.listening("debug").rpartition(":")[2]
        bare = imgctl("--debug-address", address, "actors")
        self.assertEqual(1, bare.returncode)
        self.assertIn("wants a token", bare.stderr)
        self.assertIn("--debug-token-file", bare.stderr)
        wrong = imgctl("--debug-address", address, "actors", environment={"IMGCTL_DEBUG_TOKEN": "wrong"})
        self.assertIn("refuses this token", wrong.stderr)
        for done in (imgctl("--debug-address", address, "--debug-token-file", path, "actors"),
                     imgctl("--debug-address", address, "actors", environment={"IMGCTL_DEBUG_TOKEN": "t0ken-of-the-test"})):
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("house", done.stdout)
        # As the configuration of a service with known ports says it.
        known = os.path.join(self.folder, "known.json")
        with open(known, "w", encoding="utf-8") as file:
            json.dump({"server": {"services": {"grpc": {"address": service.address}}},
                       "debug": {"address": "0.0.0.0:" + address.rpartition(":")[2], "tokenFile": path}}, file)
        done = imgctl("--config", known, "top", "--once")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn(f"pid {service.pid}", done.stdout)
        self.assertEqual(0, imgctl("--config", known, "list").returncode)
        self.assertIn("lets the service choose a port", imgctl("--config", service.config_file, "top").stderr)
        self.end_service(service)


class WatchTlsTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.authority = Authority(os.path.join(cls.folder, "certificates"))
        cls.certificate, cls.key = cls.authority.issue("server")
        cls.config = {"server": {"services": {"grpc": {"address": "127.0.0.1:0", "tls": {
            "caPath": cls.authority.certificate, "certPath": cls.certificate, "keyPath": cls.key}}}}}

    def doctor(self, *arguments):
        done = imgctl("--address", self.service.address, "--debug-address", self.service.listening("debug"), *arguments, "doctor")
        return done.returncode, done.stdout

    def test_every_command_speaks_tls_where_it_is_told_to(self):
        certificate, key = self.authority.issue("client")
        tls = ("--ca", self.authority.certificate, "--cert", certificate, "--key", key)
        done = imgctl("--address", self.service.address, *tls, "list", "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual([], json.loads(done.stdout).get("builds", []))
        code, text = self.doctor(*tls)
        self.assertEqual(0, code, text)
        self.assertRegex(text, r"(?m)^(ok|warning) +.*TLS: (trusted|the service's certificate ends)")
        self.assertIn("health of builder.ImageBuilder: serving", text)

    def test_the_doctor_tells_what_is_wrong_with_tls(self):
        code, text = self.doctor()
        self.assertEqual(3, code, text)
        self.assertIn("It speaks TLS: give --ca", text)
        stranger = Authority(os.path.join(self.folder, "strangers"))
        certificate, key = self.authority.issue("client")
        code, text = self.doctor("--ca", stranger.certificate, "--cert", certificate, "--key", key)
        self.assertEqual(3, code, text)
        self.assertRegex(text, r"(?m)^failed +.*TLS: .*certificate")
        code, text = self.doctor("--ca", self.authority.certificate)
        self.assertEqual(3, code, text)
        self.assertIn("--cert and --key have to be signed by the authority", text)
        code, text = self.doctor("--ca", self.authority.certificate, "--cert", certificate, "--key", key,
                                 "--server-name", "not.the.name")
        self.assertEqual(3, code, text)
        self.assertIn("--server-name", text)


if __name__ == "__main__":
    main()
