#!/usr/bin/python3
"""Actors that crash while builds run."""

import re
import urllib.request

import grpc

from fault_case import ENABLED, PROLOGUE, Client, FaultCase, Faults, main, request

HOUSE = ("journal", "resolver", "ref_cache", "engine", "fan_out", "builds", "director", "gateway")


class ActorsTest(FaultCase):
    config = {**ENABLED, "local": {"concurrentBuilds": 8}}
    gates = ("each", "own", "poison", "beside", "run", "thrower", "late", "asker", "stream_a", "stream_b", "counted")
    dockerfiles = {"Dockerfile.plain": PROLOGUE + "RUN echo plain\n"}

    def child_of(self, build_id):
        """The run's folder shows that the same run is still at work."""
        return [name for name in self.build_folders() if name.startswith(build_id)]

    def build_folders(self):
        import leftovers
        return leftovers.build_folders(self.service.state)

    def test_each_actor_of_the_house_may_crash_during_a_build(self):
        stream, build_id = self.begin("each")
        before = self.child_of(build_id)
        for name in HOUSE:
            with self.subTest(actor=name):
                self.faults.kill_and_wait("house/" + name)
        for worker in range(4):
            self.faults.kill(f"house/resolver/{worker}")
        self.assertEqual(before, self.child_of(build_id))
        responses = self.finish("each", stream)
        self.assertEqual({build_id}, {response.info.build_id for response in responses})
        self.assert_whole_log("each", build_id)
        self.assertGreaterEqual(self.faults.counts()["actor_killed"], len(HOUSE) + 4)
        # No run was begun anew.
        self.assertNotIn("anew", " ".join(response.message for response in responses))

    def test_each_actor_of_the_house_may_lose_a_message_or_an_answer(self):
        stream, build_id = self.begin("thrower")
        for name in ("journal", "engine", "fan_out", "director", "builds"):
            self.faults.throw("house/" + name)
            self.faults.throw("house/" + name, after=True)
        self.finish("thrower", stream)
        self.assert_whole_log("thrower", build_id)

    def test_a_restarted_build_actor_goes_on_with_its_running_child(self):
        stream, build_id = self.begin("own")
        before = self.child_of(build_id)
        self.faults.kill_and_wait(f"house/builds/{build_id}")
        self.faults.kill_and_wait(f"house/builds/{build_id}")
        self.assertEqual(before, self.child_of(build_id))
        self.finish("own", stream)
        self.assert_whole_log("own", build_id)

    def test_a_build_that_crashes_its_actor_each_time_fails_alone(self):
        beside, other = self.begin("beside")
        stream, build_id = self.begin("poison")
        self.faults.throw(f"house/builds/{build_id}", count=1)
        # Each incarnation is killed as soon as it lives.
        for crashes in range(1, 4):
            self.faults.kill(f"house/builds/{build_id}")
            self.faults.wait_for(f"house/builds/{build_id}",
                                 lambda actor, n=crashes: actor.alive and actor.crashes >= n)
        self.faults.kill(f"house/builds/{build_id}")
        message = self.assert_failed(list(stream))
        self.assertIn("fault of the service", message)
        log = self.client.log_text(build_id=build_id).decode()
        self.assertIn("fault of the service", log)
        self.gate.open("poison")
        self.finish("beside", beside)
        self.assert_whole_log("beside", other)

    def test_a_run_whose_actor_crashes_is_begun_anew_and_says_so(self):
        stream, build_id = self.begin("run")
        self.faults.kill(f"house/engine/{build_id}")
        self.gate.wait_for("run", 2)
        responses = self.finish("run", stream)
        self.assertIn("the build's run was lost while building; building anew",
                      [response.message for response in responses])
        log = self.client.log_text(build_id=build_id).decode()
        self.assertIn("image-builder: the build's run was lost while building; building anew\n", log)

    def test_a_held_mailbox_delays_and_loses_nothing(self):
        stream, build_id = self.begin("late")
        for name in ("journal", "fan_out", f"builds/{build_id}", f"engine/{build_id}"):
            self.faults.hold_mailbox("house/" + name, 300, count=2)
        self.finish("late", stream)
        self.assert_whole_log("late", build_id)

    def test_the_actor_of_a_request_may_crash_and_nobody_else_notices(self):
        stream, _ = self.begin("asker")
        self.faults.delay("registry", 30_000)
        lost = self.client.build(request(self.source("house", "Dockerfile.stream_a")))
        path = self.wait_for_intake()
        self.faults.kill(path)
        with self.assertRaises(grpc.RpcError) as caught:
            list(lost)
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code())
        self.finish("asker", stream)
        again, build_id = self.begin("stream_b")
        self.finish("stream_b", again)
        self.assert_whole_log("stream_b", build_id)

    def test_every_injected_fault_is_logged_and_counted(self):
        service = self.add_service(self.config)
        faults = Faults(service.address)
        self.addCleanup(faults.close)
        with Client(service.address) as client:
            stream = client.build(request(self.source("house", "Dockerfile.counted")))
            build_id = next(stream).info.build_id
            self.gate.wait_for("counted")
            self.assertEqual({0}, set(faults.counts().values()))
            faults.hold_pipe(build_id, 1)
            faults.kill_child(build_id)
            self.gate.wait_for("counted", 2)
            faults.kill_and_wait("house/ref_cache")
            faults.throw("house/fan_out")
            faults.hold_mailbox("house/director", 1)
            faults.delay("git", 1)
            faults.fail("git")
            self.gate.open("counted")
            self.assert_built(list(stream))
            self.assert_built(client.build_to_end(request(self.source("house", "Dockerfile.plain"))))
        places = {"pipe_held": build_id, "child_killed": build_id, "actor_killed": "house/ref_cache",
                  "handler_threw": "house/fan_out", "mailbox_held": "house/director", "operation_delayed": "git",
                  "operation_failed": "git"}
        self.assertEqual({kind: 1 for kind in places}, faults.counts())
        for kind, where in places.items():
            self.assertEqual("warning", service.wait_for_log("fault injected", fault=kind, where=where)["severity"])
        with urllib.request.urlopen(f"http://{service.listening('metrics')}/metrics", timeout=60) as page:
            told = dict(re.findall(r'image_builder_faults_injected_total\{kind="(\w+)"\} (\d+)', page.read().decode()))
        self.assertEqual({kind: "1" for kind in places}, told)
        self.end_service(service)

    def wait_for_intake(self):
        import time
        for _ in range(1000):
            paths = [path for path, actor in self.faults.actors().items() if actor.kind == "build_intake"]
            if paths:
                return paths[0]
            time.sleep(0.01)
        raise AssertionError("the request has no actor")


class DisabledTest(FaultCase):
    config = {}

    def setUp(self):
        pass

    def test_without_the_configuration_there_is_no_fault_injection(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.raw("/imagebuilder.v1.Faults/ListActors", b"")
        self.assertEqual(grpc.StatusCode.UNIMPLEMENTED, caught.exception.code())


if __name__ == "__main__":
    main()
