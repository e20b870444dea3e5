#!/usr/bin/python3
"""kill -9 at each phase of a build, and what the next start finds."""

import http.server
import os
import signal
import subprocess
import threading

import grpc

from fault_case import ENABLED, PROLOGUE, Client, FaultCase, Faults, main, request  # first: it says where the rest is

import leftovers
from client import SUCCESS, content, file_source, git
from places import program
from workshop import GIT_PASSWORD, GIT_USER


class _OnceHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        first = len(self.server.asked) == 1
        body = f"{GIT_USER}:{GIT_PASSWORD}".encode() if first else b"used up"
        self.send_response(200 if first else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


class KillTest(FaultCase):
    config = {**ENABLED, "local": {"concurrentBuilds": 1}}
    gates = ("queued", "blocker", "building", "once", "stopped", "root")
    dockerfiles = {f"Dockerfile.{phase}": PROLOGUE + f"RUN echo {phase}\n"
                   for phase in ("preparing", "pushing", "publishing", "verifying")}

    def kill_in_phase(self, name, reached, prepare=lambda faults: None, opens=None):
        """A build of its own service that is killed once `reached` says so of a response; the next service ends it."""
        service = self.add_service(self.config)
        faults = Faults(service.address)
        self.addCleanup(faults.close)
        prepare(faults)
        seen = []
        with Client(service.address) as client:
            stream = client.build(request(self.source("house", "Dockerfile." + name)))
            for response in stream:
                seen.append(response)
                if reached(response):
                    break
            build_id = seen[0].info.build_id
            service.kill()
            with self.assertRaises(grpc.RpcError) as caught:
                list(stream)
            self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code())
        service.start()
        if opens:
            self.gate.open(opens)
        with Client(service.address) as client:
            # The image may be there before the client asks; then there is nothing to follow any more.
            self.assertEqual(SUCCESS, client.build_to_end(request(self.source("house", "Dockerfile." + name)))[-1].status)
            whole = client.log_text(build_id=build_id)
        self.assertIsNotNone(self.images.digest(seen[0].ref))
        self.end_service(service)
        return whole.decode()

    def test_a_build_that_is_killed_while_preparing_is_built_anew(self):
        log = self.kill_in_phase("preparing", lambda r: r.message.startswith("cloning"),
                                 lambda faults: faults.delay("git", 30_000))
        self.assertIn("the service was restarted while preparing; building anew", log)

    def test_a_build_that_is_killed_while_building_is_built_anew(self):
        def stands_at_the_gate(response):
            if not response.message.startswith("building"):
                return False
            self.gate.wait_for("building")
            return True
        log = self.kill_in_phase("building", stands_at_the_gate, opens="building")
        self.assertIn("the service was restarted while building; building anew", log)

    def test_a_build_that_is_killed_while_pushing_publishing_or_verifying_ends_well(self):
        for phase in ("pushing", "publishing", "verifying"):
            with self.subTest(phase=phase):
                # Late answers keep the build in its last phases while the kill is on its way.
                self.kill_in_phase(phase, lambda r, word=phase: r.message.startswith(word),
                                   lambda faults: faults.delay("registry", 200, count=1000))

    def test_a_queued_build_is_still_queued_after_a_kill(self):
        service = self.add_service(self.config)
        with Client(service.address) as client:
            first = client.build(request(self.source("house", "Dockerfile.blocker")))
            blocker = next(first).info.build_id
            self.gate.wait_for("blocker")
            second = client.build(request(self.source("house", "Dockerfile.queued")))
            queued = next(second).info.build_id
            service.kill()
        service.start()
        self.gate.wait_for("blocker", 2)
        with Client(service.address) as client:
            self.assertEqual([blocker, queued], [build.build_id for build in client.list()])
            self.gate.open("blocker", "queued")
            responses = client.build_to_end(request(self.source("house", "Dockerfile.queued")))
            self.assertEqual({queued}, {response.info.build_id for response in responses})
            self.assert_whole_log("queued", queued, client)
        self.end_service(service)

    def test_a_build_that_sigterm_interrupts_goes_on_with_the_next_start_and_has_not_failed(self):
        service = self.add_service(self.config)
        with Client(service.address) as client:
            stream = client.build(request(self.source("house", "Dockerfile.stopped")))
            build_id = next(stream).info.build_id
            self.gate.wait_for("stopped")
            self.assertEqual(0, service.stop(), service.log_text())
            with self.assertRaises(grpc.RpcError):
                list(stream)
        service.start()
        self.gate.open("stopped")
        with Client(service.address) as client:
            self.assert_built(client.build_to_end(request(self.source("house", "Dockerfile.stopped"))))
            log = client.log_text(build_id=build_id).decode()
            steps = client.get(build_id).steps
        self.assertIn("the service was restarted while building; building anew", log)
        for text in [log, *(step.message for step in steps)]:
            self.assertNotIn("trying once more", text)
        self.end_service(service)

    def test_a_service_whose_root_crashes_ends_and_the_next_one_loses_nothing(self):
        service = self.add_service(self.config)
        faults = Faults(service.address)
        self.addCleanup(faults.close)
        with Client(service.address) as client:
            build_id = next(client.build(request(self.source("house", "Dockerfile.root")))).info.build_id
            self.gate.wait_for("root")
            faults.kill("house")
            self.assertEqual(70, service.wait(), service.log_text())
        self.assertEqual([], leftovers.processes(service.state))
        service.start()
        self.gate.open("root")
        with Client(service.address) as client:
            responses = client.build_to_end(request(self.source("house", "Dockerfile.root")))
            self.assert_built(responses)
            self.assertEqual(build_id, responses[0].info.build_id)
        self.end_service(service)

    def test_a_one_time_credential_survives_a_kill(self):
        once = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OnceHandler)
        once.asked, once.daemon_threads = [], True
        threading.Thread(target=once.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(once.server_close)
        self.addCleanup(once.shutdown)
        config = content.GitConfig(authentication=content.BASIC_AUTH_OTS,
                                   auth_ots=f"http://127.0.0.1:{once.server_address[1]}/once")
        source = file_source(git(self.url("house", "private"), config=config), "Dockerfile.once")
        service = self.add_service(self.config)
        with Client(service.address) as client:
            next(client.build(request(source)))
            self.gate.wait_for("once")
            service.kill()
        service.start()
        self.gate.open("once")
        with Client(service.address) as client:
            self.assert_built(client.build_to_end(request(source)))
        self.assertEqual(["/once"], once.asked)
        self.assertNotIn(GIT_PASSWORD, service.log_text())
        self.end_service(service)
        for folder, _, names in os.walk(os.path.join(service.state, "journal")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(GIT_PASSWORD.encode(), file.read(), name)

    def test_a_second_service_on_the_same_state_folder_refuses_and_names_the_holder(self):
        service = self.service
        refused = subprocess.run([program("image-builder"), "run", "--config", service.config_file], check=False,
                                 capture_output=True, timeout=60)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn(f"in use by process {service.pid}", refused.stderr.decode())
        self.assertTrue(service.is_alive())

    def test_a_process_that_the_kill_left_is_found_by_the_next_start(self):
        service = self.add_service(self.config)
        service.kill()
        # As a git helper that outlived its git: no child of anybody, with the mark of its service.
        orphan = subprocess.Popen(["sleep", "1000"], start_new_session=True, cwd="/",
                                  env={"IMAGE_BUILDER_STATE": service.state, "PATH": "/usr/bin:/bin"})
        self.addCleanup(orphan.wait)
        self.addCleanup(orphan.kill)
        service.start()
        self.assertEqual(-signal.SIGKILL, orphan.wait(60))
        self.end_service(service)


if __name__ == "__main__":
    main()
