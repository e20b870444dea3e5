"""A client of the service's fault injection; the service has to be started with `ENABLED` in its configuration."""

import time

import grpc

from child import PATIENCE

# The stubs are made by this import.
import client  # noqa: F401  pylint: disable=unused-import

# pylint: disable=wrong-import-position,wrong-import-order
from imagebuilder.v1 import faults_pb2 as pb  # noqa: E402
from imagebuilder.v1 import faults_pb2_grpc  # noqa: E402

ENABLED = {"faultInjection": {"enabled": True}}

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE.value[0]
INTERNAL = grpc.StatusCode.INTERNAL.value[0]


class Faults:
    """One connection. Every method injects what its name says."""

    def __init__(self, address):
        self._channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])
        self._stub = faults_pb2_grpc.FaultsStub(self._channel)

    def close(self):
        self._channel.close()

    def actors(self):
        """Path to actor, of all on the board."""
        return {actor.path: actor for actor in self._call("ListActors").actors}

    def kill(self, path):
        self._call("KillActor", path=path)

    def kill_and_wait(self, path):
        """Kills an actor and waits until its successor lives."""
        before = self.actors()[path].crashes
        self.kill(path)
        self.wait_for(path, lambda actor: actor.alive and actor.crashes > before)

    def wait_for(self, path, wanted):
        """Waits until an actor is as wanted; a test cannot be told, so it looks."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            actor = self.actors().get(path)
            if actor and wanted(actor):
                return actor
            time.sleep(0.01)
        raise AssertionError(f"{path} does not become as wanted: {self.actors().get(path)}")

    def throw(self, path, count=1, after=False):
        self._call("ThrowInActor", path=path, count=count,
                   moment=pb.THROW_MOMENT_AFTER if after else pb.THROW_MOMENT_BEFORE)

    def hold_mailbox(self, path, milliseconds, count=1):
        self._call("HoldMailbox", path=path, count=count, duration=_duration(milliseconds))

    def fail(self, operation, count=1, code=UNAVAILABLE, message="an injected fault"):
        self._call("DisturbOperations", operation=_operation(operation), count=count, code=code, message=message)

    def delay(self, operation, milliseconds, count=1):
        self._call("DisturbOperations", operation=_operation(operation), count=count, delay=_duration(milliseconds))

    def clear(self):
        self._call("ClearFaults")

    def kill_child(self, build_id):
        self._call("KillChild", build_id=build_id)

    def hold_pipe(self, build_id, milliseconds):
        self._call("HoldPipe", build_id=build_id, duration=_duration(milliseconds))

    def counts(self):
        return dict(self._call("CountFaults").injected)

    def _call(self, method, **fields):
        return getattr(self._stub, method)(getattr(pb, method + "Request")(**fields), timeout=PATIENCE)


def _duration(milliseconds):
    return {"seconds": milliseconds // 1000, "nanos": milliseconds % 1000 * 1_000_000}


def _operation(name):
    """"registry", "git", "process", "journal", "ws_manager"."""
    return pb.Operation.Value("OPERATION_" + name.upper())
