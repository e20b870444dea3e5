#!/usr/bin/python3
"""Chaos on the way to ws-manager, on it, and on us: every build ends once, with the state that is there at the end.

    wsman_chaos_test.py [SEED [ROUNDS]]
"""

import os
import random
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from child import PATIENCE  # noqa: E402
from client import Client, builds, request  # noqa: E402
from tcp_proxy import TcpProxy  # noqa: E402
from wsman_house import WsmanTest, main  # noqa: E402

SEED, ROUNDS = 4711, 5
BUILDS = 6
ENDS = ("built", "failed", "imageless", "vanished", "built and vanished")


class Follower(threading.Thread):
    """A client that follows a build, and once its stream broke asks how the build has ended."""

    def __init__(self, test, name):
        super().__init__(daemon=True)
        self._test, self._name = test, name
        self.first, self.end, self.problem, self.messages = None, None, None, []
        self.began = threading.Event()
        self.start()

    def run(self):
        # Nothing is broken before all builds have begun; but gRPC's client (1.51) takes a connection that is being
        # made for one that failed now and then (grpc/grpc#35064), and says "unavailable" at once.
        for _ in range(5):
            if self.first or not self._begin():
                break
        while self.first and not self.end and self._test.serves.wait(PATIENCE):
            try:
                with Client(self._test.service.address) as client:
                    client.log_text(self.first.info.build_id)  # ends with the build
                    self.end = client.get(self.first.info.build_id)
            except grpc.RpcError as error:
                self.problem = error
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                    return

    def _begin(self):
        """Follows the build to the end of its stream; False where trying again is of no use."""
        try:
            with Client(self._test.service.address) as client:
                for response in client.build(request(self._test.source(self._name))):
                    self.first = self.first or response
                    self.messages.append(response.message)
                    # Told after it is kept: from here on no accepted build may be lost or begun twice.
                    if "is requested" in response.message or "waiting for a place" in response.message:
                        self.began.set()
        except grpc.RpcError as error:
            self.problem = error
            return error.code() == grpc.StatusCode.UNAVAILABLE
        return False


class ChaosTest(WsmanTest):
    @classmethod
    def prepare(cls):
        cls.proxy = TcpProxy(cls.manager.address)
        cls.addClassCleanup(cls.proxy.close)
        cls.serves = threading.Event()
        cls.serves.set()

    @classmethod
    def wsman_config(cls):
        return {"address": cls.proxy.address}

    def disturb(self, chance):
        how = chance.choice(("restart", "reset", "half close", "refuse", "kill", "quiet", "subscriptions", "storm"))
        if how == "restart":
            self.manager.down()
            self.manager.up()
        elif how == "reset":
            self.proxy.reset()
        elif how == "half close":
            self.proxy.half_close()
        elif how == "refuse":
            self.proxy.refuse()
            self.proxy.reset()
        elif how == "quiet":
            self.manager.quiet(True)
        elif how == "storm":
            for method in ("GetWorkspaces", "DescribeWorkspace", "Subscribe"):
                self.manager.script(method, *[{"code": 14, "message": "storm"}] * chance.randint(1, 3))
        elif how == "subscriptions":
            self.manager.end_subscriptions(chance.choice((1, 13, 14)))
        else:
            self.serves.clear()
            self.service.signal(signal.SIGKILL)
            self.service.wait()
            self.service.start()
            self.serves.set()
        return how

    def end(self, follower, how):
        build_id = follower.first.info.build_id
        if how.startswith("built"):
            self.push_image(follower.first.ref)
        if how.endswith("vanished"):
            self.manager.forget(build_id)
        else:
            self.manager.end(build_id, **({"failed": "words of " + build_id} if how == "failed" else {}))

    def test_every_build_ends_once_with_the_state_that_is_there(self):
        print(f"seed {SEED}, {ROUNDS} rounds")
        chance = random.Random(SEED)
        for round_number in range(ROUNDS):
            names = [f"{self.id()} {round_number} {i}" for i in range(BUILDS)]
            starts = self.manager.count("StartWorkspace")
            followers = [Follower(self, name) for name in names]
            for follower in followers:
                self.assertTrue(follower.began.wait(PATIENCE), (follower.messages, follower.problem))
            self.manager.wait_for("StartWorkspace", starts + BUILDS)
            wanted, told = {}, []
            for follower in chance.sample(followers, BUILDS):
                if chance.random() < 0.7:
                    told.append(self.disturb(chance))
                self.manager.run(follower.first.info.build_id)
                if chance.random() < 0.7:
                    told.append(self.disturb(chance))
                wanted[follower] = how = chance.choice(ENDS)
                self.end(follower, how)
            # Peace: from here on everything can be known.
            self.manager.unscript()
            self.manager.quiet(False)
            self.proxy.flow()
            self.proxy.reset()
            for follower in followers:
                with self.subTest(seed=SEED, round=round_number, end=wanted[follower], told=told):
                    follower.join(PATIENCE)
                    self.assert_end(follower, wanted[follower])
            # Nothing was started twice.
            ids = [start.id for start in self.manager.starts()[starts:]]
            self.assertEqual(sorted(ids), sorted(set(ids)), told)

    def assert_end(self, follower, how):
        build = follower.end
        self.assertIsNotNone(build, f"the build did not end: {follower.problem}")
        built = how.startswith("built")
        self.assertEqual(builds.Build.SUCCEEDED if built else builds.Build.FAILED, build.state, build.message)
        if how == "failed":
            self.assertEqual("words of " + follower.first.info.build_id, build.message)
        elif not built:
            self.assertEqual("image build did not produce a workspace image", build.message)

    def test_a_silent_network_is_noticed(self):
        stream, first = self.workspace()
        self.wait_for_message(stream, "building")
        self.proxy.stall()
        self.push_image(first.ref)
        self.manager.end(first.info.build_id)
        self.service.wait_for_text("lost ws-manager")
        self.proxy.flow()
        self.assert_built(stream)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SEED, ROUNDS = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
        del sys.argv[1:]
    main()
