"""What callers of a service with builds on ws-manager see: measured before the crowd comes, and amid it."""

import pathlib
import statistics
import threading
import time

import bench_load
import grpc

LISTENERS = 100
LINES_PER_SECOND = 200
ROUNDS = 15


class Producer:
    """A workspace whose terminal prints a line with the time, so many a second, until it is closed."""

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
            line = f"stamp {time.monotonic_ns()} ".ljust(255, ".") + "\n"
            self._manager.write(self._build_id, line, name="terminal")

    def close(self):
        self._over.set()
        self._thread.join()


class Place:
    """What `bench_load` asks of a house, where the service is another's."""

    own_session = False

    def __init__(self, programs, folder, service):
        self.bin, self.folder, self.service = pathlib.Path(programs), pathlib.Path(folder), service
        self.service_port = int(service.address.rpartition(":")[2])
        self.channel = grpc.insecure_channel(service.address)
        self.processes = []

    def log(self, _):
        return self.service.log_text()

    def tail(self, request, **flags):
        """Rounds of live tail, of the service alone."""
        return bench_load.load(self, "tail", [bench_load.ours(self)], "/builder.ImageBuilder/Logs", request,
                               **flags)["ours"]

    def beside_bare(self, kind, method, request):
        """(us a call takes, as a multiple of a bare server's with the same answer, processor time as such a multiple)."""
        first = bench_load.raw_call if kind == "unary" else bench_load.first_message
        methods = {"answers" if kind == "unary" else "greetings": {method: first(self, method, request)}}
        with bench_load.Bare(self, **methods) as bare:
            rounds = bench_load.load(self, kind, [bench_load.ours(self), bare.target], method, request, callers=4,
                                     connections=4, rounds=ROUNDS)
        took, _, ratio = bench_load.compare(rounds, lambda r: r["seconds"] / r["done"] * 1e6)
        _, _, processor = bench_load.compare(rounds, lambda r: r["processor_seconds"] / r["done"])
        return took, ratio, processor


def take(place, manager, probe, requests):
    """{call: (us, multiple of a bare server's time, of its processor time)}, and the live tail's {percentile: ms}."""
    calls = {name: place.beside_bare(*call) for name, call in requests.items()}
    producer = Producer(manager, probe)
    try:
        tails = place.tail(requests_of_log(probe), callers=LISTENERS, connections=4, rounds=3, round_ms=3000)
    finally:
        producer.close()
    return calls, {part: statistics.median([tail[part + "_us"] / 1000 for tail in tails]) for part in ("p50", "p99")}


def requests_of_log(build_id):
    from client import builder
    return builder.LogsRequest(build_id=build_id)


def requests_of(build_id, source, base_image):
    """What is asked: of one build, and of an image that is known ahead."""
    from client import builder, builds
    api, ours = "/builder.ImageBuilder/", "/imagebuilder.v1.Builds/"
    return {
        "GetBuild": ("unary", ours + "GetBuild", builds.GetBuildRequest(build_id=build_id)),
        "ResolveBaseImage": ("unary", api + "ResolveBaseImage", builder.ResolveBaseImageRequest(ref=base_image)),
        "Build joined": ("join", api + "Build",
                         builder.BuildRequest(source=source, force_rebuild=True, triggered_by="bench")),
        "ListBuilds": ("unary", api + "ListBuilds", builder.ListBuildsRequest()),
    }
