"""What the fault scenarios stand on: a workshop whose service can be broken on purpose."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

# pylint: disable=wrong-import-position
import grpc  # noqa: E402

from client import RUNNING, Client, request  # noqa: E402
from faults import ENABLED, Faults  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402,F401


class FaultCase(WorkshopTest):
    """Repository "house" has a Dockerfile for each name in `gates`, which stands at the gate of that name."""

    config = ENABLED
    gates = ()
    dockerfiles = {}

    @classmethod
    def prepare(cls):
        files = {f"Dockerfile.{name}": cls.gated(name) for name in cls.gates}
        cls.add_repository("house", {**files, **cls.dockerfiles, "Dockerfile": PROLOGUE})

    @classmethod
    def gated(cls, name):
        """Talks, waits at the gate, talks on."""
        return (f"{PROLOGUE}RUN echo before {name}; seq 1 200; {cls.gate.command(name)}; "
                f"seq 201 400; echo after {name}\n")

    def setUp(self):
        self.faults = Faults(self.service.address)
        self.addCleanup(self.faults.close)
        self.addCleanup(self.faults.clear)

    def begin(self, name, wait=True, **more):
        """Starts a build of its own; its stream and its id. It stands at its gate when this returns."""
        stream, first = self.ask_until_taken(request(self.source("house", "Dockerfile." + name), **more))
        if wait:
            self.gate.wait_for(name)
        return stream, first.info.build_id

    def ask_until_taken(self, wanted):
        """As a client does that is told to try again: an actor may be restarting from the test before."""
        for _ in range(100):
            stream = self.client.build(wanted)
            try:
                return stream, next(stream)
            except grpc.RpcError as refused:
                self.assertEqual(grpc.StatusCode.UNAVAILABLE, refused.code(), refused.details())
                time.sleep(0.1)
        raise AssertionError("the service refuses every build")

    def finish(self, name, stream):
        """Lets a build go and sees it succeed; everything it said."""
        self.gate.open(name)
        responses = list(stream)
        self.assert_built(responses)
        return responses

    def assert_whole_log(self, name, build_id, client=None):
        """Nothing of a build's output is missing, nothing is there twice."""
        log = (client or self.client).log_text(build_id=build_id).decode()
        lines = [line for line in log.splitlines() if line.isdigit()]
        self.assertEqual([str(number) for number in range(1, 401)], lines, log)
        self.assertEqual(1, log.splitlines().count("before " + name), log)
        self.assertEqual(1, log.splitlines().count("after " + name), log)
        return log


__all__ = ["RUNNING", "Client", "FaultCase", "Faults", "WorkshopTest", "main", "request", "PROLOGUE", "ENABLED"]
