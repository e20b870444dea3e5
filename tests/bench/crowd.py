"""Builds on ws-manager's stand-in, each with a live terminal and a listener of its log, and what is done with them."""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time

import bench_house
import grpc

sys.path.insert(0, str(bench_house.SOURCE / "tests" / "support"))

# pylint: disable=wrong-import-position
from child import Child  # noqa: E402
from client import builder, content, imgbuilder_pb2_grpc  # noqa: E402
from images import Images  # noqa: E402
from imagebuilder.v1 import faults_pb2  # noqa: E402
from places import program  # noqa: E402
from registry import Registry  # noqa: E402
from service import Service  # noqa: E402
from ws_manager import WsManager  # noqa: E402

PER_CONNECTION = 100  # builds
PATIENCE = 900  # seconds
SAMPLE_SECONDS = 4
LINES_PER_SECOND = 200
LINE_BYTES, PIECE_BYTES = 256, 256 << 10


def source_of(version):
    """As clients.cpp has it."""
    git = content.GitInitializer(remote_uri="https://git.example/repository.git")
    return builder.BuildSource(file=builder.BuildSourceDockerfile(
        source=content.WorkspaceInitializer(git=git), dockerfile_version=version))


class Clients:
    """`bench_wsman_clients`: has so many builds started and listens to each; leaves each once it runs, or stays."""

    def __init__(self, address, count, prefix, stay):
        connections = max(4, count // PER_CONNECTION)
        self._child = Child([program("bench_wsman_clients"), address, str(count), str(connections), prefix,
                             "stay" if stay else "leave"], with_input=True)
        self._answers = 0

    def do(self, line):
        self._child.tell(line)
        answer = self._child.out.line(self._answers, patience=PATIENCE)
        self._answers += 1
        if answer is None:
            raise RuntimeError("the clients ended:\n" + self._child.text())
        return json.loads(answer)

    def close(self):
        self._child.kill()


class Producer:
    """A terminal that prints a line with the time, so many a second, until it is closed."""

    def __init__(self, manager, build_id):
        self._manager, self._build_id = manager, build_id
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        begin = time.monotonic()
        for number in range(1 << 30):
            if self._over.wait(max(0, begin + number / LINES_PER_SECOND - time.monotonic())):
                return
            line = f"stamp {time.monotonic_ns()} ".ljust(LINE_BYTES - 1, ".") + "\n"
            self._manager.write(self._build_id, line, name="terminal")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


class Crowd:
    """A registry, the stand-in, the service, and the crowd; for `bench_load` what a `bench_house.House` is."""

    own_session = False  # neither has the service, which is the test support's
    pb, faults = builder, faults_pb2

    def __init__(self, bin_folder, every_ms, stay):
        self.bin, self.every_ms, self.stay = pathlib.Path(bin_folder).resolve(), every_ms, stay
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ib-bench-"))
        self.processes, self._parts, self._clients = [], [], []
        self.size = self.losses = 0
        self.channel = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        registry = self._keep(Registry(str(self.folder / "registry")))
        Images(registry.address).push("bench", "known", {"file": b"content"})
        self.known_image = registry.address + "/bench:known"
        self.manager = self._keep(WsManager())
        self.service = self._keep(Service(str(self.folder), {
            "orchestrator": {
                "wsman": {"address": self.manager.address}, "builderImage": "registry.example/bob:1",
                "baseImageRepository": registry.address + "/base-images",
                "workspaceImageRepository": registry.address + "/workspace-images"},
            "refCache": {"refs": [self.known_image]}, "faultInjection": {"enabled": True}}))
        self.service_port = int(self.service.address.rpartition(":")[2])
        # The list of all builds is larger than a client takes by default.
        self.channel = grpc.insecure_channel(self.service.address, [("grpc.max_receive_message_length", -1)])
        self.stub = imgbuilder_pb2_grpc.ImageBuilderStub(self.channel)
        self.manager.do("auto_run", on=True)

    def _keep(self, part):
        self._parts.append(part)
        return part

    def close(self):
        if self.channel is not None:
            self.channel.close()
        for part in reversed(self._parts):
            part.kill() if isinstance(part, Service) else part.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def log(self, _):
        return self.service.log_text()

    def grow(self, size):
        """Until so many builds run, each with its listener; how many a second were accepted."""
        new, self._prefix = size - self.size, f"amid-{size}-"
        clients = self._keep(Clients(self.service.address, new, self._prefix, self.stay))
        took = clients.do("begin")["seconds"]
        clients.do("run")
        self._clients.append(clients)
        self.size = size
        self.choose_probe(0)
        return new / took

    def choose_probe(self, number):
        """One of the builds that came last is the one that is looked at from now on."""
        self.probe_source = source_of(f"{self._prefix}{number}")
        request = builder.BuildRequest(source=self.probe_source, force_rebuild=True, triggered_by="bench")
        joined = self.stub.Build(request, timeout=PATIENCE)
        self.probe = next(joined).info.build_id
        joined.cancel()

    def fill_log(self, size):
        """The probe's terminal prints so many bytes; returns once its log has them."""
        line = b"x".ljust(LINE_BYTES - 1, b".") + b"\n"
        for _ in range(size // PIECE_BYTES):
            self.manager.write(self.probe, line * (PIECE_BYTES // LINE_BYTES), name="terminal")
        stream, got = self.stub.Logs(builder.LogsRequest(build_id=self.probe), timeout=PATIENCE), 0
        while got < size:
            got += len(next(stream).content)
        stream.cancel()

    def producer(self):
        return Producer(self.manager, self.probe)

    def print_lines(self):
        """Every terminal prints a line each `every_ms`; the processors the service takes for that, once every listener
        has heard its own."""
        self.manager.do("live", bytes=100, every_ms=self.every_ms)
        for clients in reversed(self._clients):
            clients.do("hear")
        cpu, then = self.cpu_seconds(), time.monotonic()
        time.sleep(SAMPLE_SECONDS)
        return (self.cpu_seconds() - cpu) / (time.monotonic() - then)

    def list(self, times):
        """What `list` in clients_main.cpp tells."""
        return self._clients[-1].do(f"list {times + 1}")

    def reconnect(self):
        """ws-manager goes, changes every build, and comes back; seconds from there until every build has told it: to
        its client where they stay, else to whoever lists the builds."""
        message = f"changed amid {self.size}"
        self.manager.do("quiet", on=True)
        self.manager.do("alter_all", fields={"phase": "INTERRUPTED", "message": message})
        self.manager.do("quiet", on=False)
        self.manager.down()
        self.losses += 1
        self._wait_for_losses()
        self.manager.up()
        if self.stay:
            return sum(clients.do(f"told {message}")["seconds"] for clients in self._clients)
        return self._clients[-1].do(f"listed {self.size} {message}")["seconds"]

    def _wait_for_losses(self):
        deadline = time.monotonic() + PATIENCE
        while self.service.log_text().count("lost ws-manager") < self.losses:
            if not self.service.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the service does not notice that ws-manager is away:\n" + self.service.log_text())
            time.sleep(0.05)

    def memory_mib(self):
        for line in pathlib.Path(f"/proc/{self.service.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the service is gone")

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.service.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
