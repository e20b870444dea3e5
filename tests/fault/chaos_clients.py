"""The clients of a chaos run: they ask for builds, listen to logs, cancel, go away and come back."""

import time

import fault_case  # noqa: F401  first: it says where the rest is

import grpc

from client import FAILURE, SUCCESS, Client, request

#: What the message of a failed build may have in it when nothing but crashes of actors was injected: the intensity of
#: the build's actor, or of its runs, was used up.
USED_UP = ("this is a fault of the service", "the build's run was lost while")
#: And beside those when operations failed and children were killed on purpose.
INJECTED = ("an injected fault", "signal 9", "was killed", "Killed")

CANCELLED = "build cancelled: no longer needed"


class ChaosClients:
    """The threads of chaos.Chaos, which keeps what they saw."""

    def _client(self):
        self._up.wait()
        return Client(self.service.address)

    def _build(self, rng):
        while not self._stopping.is_set():
            wanted = request(rng.choice(self.sources), force_rebuild=rng.random() < 0.7,
                             triggered_by=f"user-{rng.randint(1, 3)}")
            self._build_once(wanted, patience=300)

    def _build_once(self, wanted, patience):
        """Asks again, as clients do, until the build has ended."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with self._client() as client:
                try:
                    if self._follow(client, wanted):
                        return
                except grpc.RpcError as failure:
                    # DEADLINE_EXCEEDED: of the call, not of the build.
                    if failure.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED,
                                              grpc.StatusCode.RESOURCE_EXHAUSTED) and not self._is_injected(failure):
                        self._breach(f"Build: {failure.code()} {failure.details()}")
                        return
            time.sleep(0.05)
        self._breach(f"no end within {patience} s of {wanted.source}")

    def _is_injected(self, failure):
        return self.operations and any(words in failure.details() for words in INJECTED)

    def _follow(self, client, wanted):
        build_id = ""
        for response in client.build(wanted):
            if response.info.build_id:
                if build_id not in ("", response.info.build_id):
                    self._breach(f"one stream of two builds: {build_id}, {response.info.build_id}")
                build_id = response.info.build_id
                with self._lock:
                    self._accepted[build_id] = response.ref
            if response.status in (SUCCESS, FAILURE):
                self._note_end(build_id, response)
                return True
        self._breach(f"the stream of build {build_id} ended with OK and without an end")
        return True

    def _note_end(self, build_id, response):
        self.counts["builds"] += 1
        if response.status == SUCCESS and not self._is_there(response.ref):
            self._breach(f"build {build_id} succeeded, but the registry has no {response.ref}")
        if response.status == FAILURE:
            allowed = USED_UP + (INJECTED if self.operations else ())
            if build_id in self._cancelled:
                allowed += (CANCELLED,)
            if not any(words in response.message for words in allowed):
                self._breach(f"build {build_id} failed although nothing was done to it: {response.message}")
        if not build_id:
            return  # the image existed
        with self._lock:
            before = self._ends.setdefault(build_id, (response.status, response.message))
        if before != (response.status, response.message):
            self._breach(f"build {build_id} has two ends: {before}, {(response.status, response.message)}")

    def _is_there(self, ref):
        """The registry of the tests answers 500 now and then while somebody else pushes the same tag."""
        for _ in range(50):
            try:
                return self.images.digest(ref) is not None
            except AssertionError:
                time.sleep(0.1)
        return False

    def _listen(self, rng):
        while not self._stopping.is_set():
            with self._lock:
                known = sorted(self._accepted)
            if known:
                # Of the newest ones, which are still growing.
                self._read_once(rng.choice(known[-40:]), rng)
            time.sleep(rng.uniform(0, 0.05))

    def _read_once(self, build_id, rng):
        bytes_read, whole, limit = b"", False, rng.choice([1, 2000, 10 ** 9])
        with self._client() as client:
            stream = client.logs(build_id=build_id)
            try:
                for part in stream:
                    bytes_read += part.content
                    if len(bytes_read) >= limit:
                        stream.cancel()
                        break
                else:
                    whole = True
            except grpc.RpcError:
                pass  # what came before counts
        with self._lock:
            self._read.append((build_id, bytes_read, whole))
            self.counts["reads"] += 1

    def _follow_log(self, rng):
        """Reads logs by offset, goes on where a connection was lost, and leaves now and then."""
        while not self._stopping.is_set():
            with self._lock:
                known = sorted(self._accepted)
            if known:
                self._follow_one_log(rng.choice(known[-40:]), rng)
            time.sleep(rng.uniform(0, 0.05))

    def _follow_one_log(self, build_id, rng):
        text, whole, patience = b"", False, time.monotonic() + 300
        while not whole and time.monotonic() < patience and not self._stopping.is_set():
            limit = rng.choice([1, 500, 10 ** 9])
            with self._client() as client:
                stream = client.read_log(build_id, offset=len(text), follow=True)
                try:
                    for piece in stream:
                        if piece.offset != len(text) or piece.skipped_bytes:
                            self._breach(f"log of {build_id}: asked for {len(text)}, got {piece.offset}")
                        text += piece.content
                        if len(piece.content) > limit:
                            stream.cancel()
                            break
                    else:
                        whole = True
                except grpc.RpcError:
                    time.sleep(0.05)
            self.counts["resumes"] += 1
        with self._lock:
            self._read.append((build_id, text, whole))

    def _cancel(self, rng):
        while not self._stopping.is_set():
            with self._lock:
                known = [build_id for build_id in self._accepted if build_id not in self._ends]
            if known:
                self._cancel_one(rng.choice(known))
            time.sleep(rng.uniform(1, 12))

    def _cancel_one(self, build_id):
        with self._lock:
            self._cancelled.setdefault(build_id, False)
        with self._client() as client:
            try:
                client.cancel(build_id, "no longer needed")
            except grpc.RpcError:
                return  # it has ended, or will be heard of again: nothing was promised
        with self._lock:
            self._cancelled[build_id] = True
