"""A chaos run: many builds and listeners, while actors crash, operations fail and the service is killed; afterwards
everything that a client saw is compared with what the service says.

The plan (who asks for what in which order, which fault comes after which pause) follows from the seed alone. How the
threads interleave does not, and so neither which of the actors that are alive then a fault meets.
"""

import os
import random
import threading
import time

import fault_case  # noqa: F401  first: it says where the rest is

import grpc

import leftovers
from chaos_clients import CANCELLED, USED_UP, ChaosClients
from client import FAILURE, SUCCESS, builder, builds
from faults import Faults

ENDED = (builds.Build.SUCCEEDED, builds.Build.FAILED)


class Chaos(ChaosClients):
    """One run over a service of its own. `sources` are build sources that all succeed where nothing is injected."""

    def __init__(self, service, images, sources, seed, builders=6, listeners=4, operations=True):
        self.service, self.images, self.sources, self.seed = service, images, sources, seed
        self.operations = operations
        self.counts = {"kill": 0, "crash": 0, "other": 0, "builds": 0, "reads": 0, "resumes": 0}
        self.breaches = []
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._up = threading.Event()
        self._up.set()
        self._stopping = threading.Event()
        self._accepted = {}   # build id -> reference
        self._ends = {}       # build id -> (status, message)
        self._cancelled = {}  # build id -> whether the service said that it keeps the wish
        self._read = []       # (build id, bytes, whole)
        self._threads = [threading.Thread(target=self._guard, args=(body, self._rng.random()), daemon=True)
                         for body in [self._build] * builders + [self._listen] * listeners + [self._follow_log] * 2 +
                         [self._cancel, self._watch_children]]
        self._planned = 0

    # --- the run ---

    def run(self, seconds=None, kills=None, crashes=None):
        """Until the time is over, or so many kills or crashes of actors were injected; then everything ends."""
        for thread in self._threads:
            thread.start()
        deadline = time.monotonic() + (seconds or 10 ** 9)
        while time.monotonic() < deadline and not self.breaches:
            if kills is not None and self.counts["kill"] >= kills:
                break
            if crashes is not None and self.counts["crash"] >= crashes:
                break
            rng = self._next_fault()
            if kills is not None:
                self._kill(rng.uniform(0.05, 4))
            else:
                # An actor of the house that crashes more often than ten times a minute is down for 5 s each time: a
                # service that is hammered for longer loses nothing and gets nowhere.
                self._inject(rng, with_kills=crashes is None, pause=0.12 if crashes is None else 0.8)
        self._stopping.set()
        self._calm()
        patience = time.monotonic() + 360
        for thread in self._threads:
            thread.join(max(0, patience - time.monotonic()))
            if thread.is_alive():
                self._breach(f"{thread.name} does not come to an end")
        self._check()
        return self.breaches

    def _guard(self, body, seed):
        try:
            body(random.Random(seed))
        except Exception as failure:  # pylint: disable=broad-except
            self._breach(f"{body.__name__}: {failure!r}")

    def _breach(self, words):
        with self._lock:
            self.breaches.append(words)

    # --- faults ---

    def _calm(self):
        self._up.wait()
        faults = Faults(self.service.address)
        faults.clear()
        faults.close()

    def _kill(self, after):
        time.sleep(after)
        self._up.clear()
        self.service.kill()
        self.service.start()
        self._up.set()
        self.counts["kill"] += 1

    def _next_fault(self):
        """The numbers of one fault: what it meets, and how often it draws, does not change the next one."""
        self._planned += 1
        return random.Random(f"{self.seed}/{self._planned}")

    def _inject(self, rng, with_kills, pause):
        time.sleep(rng.uniform(0.0, pause))
        if with_kills and rng.random() < 0.02:
            return self._kill(0)
        faults = Faults(self.service.address)
        try:
            self._inject_one(faults, rng)
        except grpc.RpcError as failure:
            # Whoever was to be hit has just ended.
            if failure.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE):
                raise
        finally:
            faults.close()
        return None

    def _inject_one(self, faults, rng):
        actors = [path for path, actor in sorted(faults.actors().items()) if actor.alive and path != "house"]
        if not actors:
            return  # just starting
        path = rng.choice(actors)
        kind = rng.random()
        if kind < 0.45:
            faults.kill(path)
            self.counts["crash"] += 1
        elif kind < 0.75:
            before = faults.counts()["handler_threw"]
            faults.throw(path, after=rng.random() < 0.5)
            time.sleep(rng.uniform(0, 0.1))
            self.counts["crash"] += faults.counts()["handler_threw"] - before
        elif kind < 0.85 or not self.operations:
            faults.hold_mailbox(path, rng.randint(1, 300))
            self.counts["other"] += 1
        else:
            self._disturb(faults, rng)
            self.counts["other"] += 1

    def _disturb(self, faults, rng):
        operation = rng.choice(["registry", "git", "process", "journal"])
        kind = rng.random()
        with self._lock:
            build_id = rng.choice(sorted(self._accepted)) if self._accepted else ""
        if kind < 0.3:
            faults.fail(operation, count=rng.randint(1, 3))
        elif kind < 0.7:
            faults.delay(operation, rng.randint(1, 500), count=rng.randint(1, 5))
        elif kind < 0.85:
            faults.kill_child(build_id)
        else:
            faults.hold_pipe(build_id, rng.randint(1, 1000))

    # --- invariants ---

    def _watch_children(self, _rng):
        """At most one run of a reference has children."""
        while not self._stopping.is_set():
            doubles = self._doubles(_children(self.service.state))
            # Seen one after the other, the two need not have lived at the same time; seen twice they have.
            if doubles and (again := doubles & self._doubles(_children(self.service.state))):
                self._breach(f"two runs of one reference have children: {sorted(again)}")
            time.sleep(0.02)

    def _doubles(self, children):
        """(reference, process) of those references for which several runs have a child."""
        by_ref = {}
        with self._lock:
            for run, process in children:
                ref = self._accepted.get(run[:36])
                if ref:
                    by_ref.setdefault(ref, {}).setdefault(run, set()).add(process)
        return {(ref, process) for ref, runs in by_ref.items() if len(runs) > 1
                for processes in runs.values() for process in processes}

    def _check(self):
        with self._client() as client:
            for build_id, ref in sorted(self._accepted.items()):
                self._check_build(client, build_id, ref)
            logs = {build_id: client.log_text(build_id=build_id) for build_id in self._accepted}
            if client.list():
                self._breach(f"builds still run: {[build.build_id for build in client.list()]}")
        for build_id, bytes_read, whole in self._read:
            if bytes_read != logs[build_id] if whole else not logs[build_id].startswith(bytes_read):
                self._breach(f"a listener of {build_id} read something else than its log: "
                             f"{_difference(bytes_read, logs[build_id])}")
        if left := self._left():
            self._breach(f"builds left behind: {left}")

    def _check_build(self, client, build_id, ref):
        """Waits for the build's end: nobody may be following it any more."""
        deadline = time.monotonic() + 180
        while (build := client.get(build_id)).state not in ENDED:
            if time.monotonic() > deadline:
                return self._breach(f"build {build_id} has no end: {build.state} {build.message}")
            time.sleep(0.05)
        status = SUCCESS if build.state == builds.Build.SUCCEEDED else FAILURE
        if build_id in self._ends and self._ends[build_id] != (status, build.message):
            self._breach(f"build {build_id} ended as {self._ends[build_id]} and is kept as {(status, build.message)}")
        if self._cancelled.get(build_id) and build.message != CANCELLED and not any(
                words in build.message for words in USED_UP):
            self._breach(f"build {build_id} was cancelled and ended as {build.state} {build.message}")
        if build.workspace_ref != ref:
            self._breach(f"build {build_id} is of {build.workspace_ref}, not of {ref}")
        ends = [step for step in build.steps if step.state in ENDED]
        if len(ends) != 1:
            self._breach(f"build {build_id} has {len(ends)} ends in its journal")
        if status == FAILURE and build_id not in self._ends:
            self._note_end(build_id, builder.BuildResponse(ref=ref, status=status, message=build.message))
        return None

    def _left(self):
        """Pruning and the removal of folders go on for a moment after a build's end."""
        deadline = time.monotonic() + 60
        while (left := leftovers.of_builds(self.service.state, self.service.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def report(self):
        ends = [status for status, _ in self._ends.values()]
        return (f"seed {self.seed}: {self.counts['kill']} kills, {self.counts['crash']} actor crashes, "
                f"{self.counts['other']} other faults; {len(self._accepted)} builds "
                f"({ends.count(SUCCESS)} seen to succeed, {ends.count(FAILURE)} to fail, {sum(self._cancelled.values())} cancelled), "
                f"{self.counts['reads']} logs read, {self.counts['resumes']} read on; {len(self.breaches)} breaches")


def _children(state):
    """(name of the run's folder, process) of what works for runs; a process by pid and start, for pids come again."""
    found, mark = set(), (state + "/builds/").encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read()
            if mark not in command:
                continue
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        run = command.partition(mark)[2].partition(b"/")[0].partition(b"\0")[0].decode()
        if fields[0] not in (b"Z", b"X") and len(run) > 36:
            found.add((run, (pid, fields[19])))
    return found


def _difference(read, log):
    at = next((i for i, (a, b) in enumerate(zip(read, log)) if a != b), min(len(read), len(log)))
    return f"{len(read)} and {len(log)} bytes, from {at} on: {read[at:at + 80]!r}, not {log[at:at + 80]!r}"
