"""What callers of a service with builds on ws-manager see: measured before the crowd comes, and amid it."""

import json
import pathlib
import subprocess
import threading
import time

LISTENERS = 100
LINES_PER_SECOND = 200
ROUNDS = 7


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


class Driver:
    """`bench_load` with one service as its target."""

    def __init__(self, program, service, folder):
        self._program, self._folder = program, pathlib.Path(folder)
        self._target = f"ours={service.address}@{service.pid}"

    def rounds(self, kind, method, request, **flags):
        file = self._folder / "request"
        file.write_bytes(request.SerializeToString())
        argv = [self._program, kind, "--target", self._target, "--method", method, "--request", file]
        for name, value in flags.items():
            argv += ["--" + name.replace("_", "-"), value]
        done = subprocess.run([str(a) for a in argv], check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)["ours"]


def median(values):
    return sorted(values)[len(values) // 2]


def take(driver, manager, probe, requests):
    """{figure: (what one costs, what one costs the service's processor, unit)}, for all of them less is better."""
    figures = {}
    for name, (kind, method, request) in requests.items():
        per = "bytes" if name == "ListBuilds" else "done"
        rounds = driver.rounds(kind, method, request, callers=4, connections=4, rounds=ROUNDS)
        scale, unit = (1e9, "ns/B") if per == "bytes" else (1e6, "us")
        figures[name] = (median([r["seconds"] / r[per] * scale for r in rounds]),
                         median([r["processor_seconds"] / r[per] * scale for r in rounds]), unit)
    producer = Producer(manager, probe)
    try:
        request = requests_of_log(probe)
        tails = driver.rounds("tail", "/builder.ImageBuilder/Logs", request, callers=LISTENERS, connections=4, rounds=3,
                              round_ms=3000)
    finally:
        producer.close()
    for part in ("p50", "p99"):
        figures[f"live tail, {part}"] = (median([tail[part + "_us"] / 1000 for tail in tails]), None, "ms")
    return figures


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
