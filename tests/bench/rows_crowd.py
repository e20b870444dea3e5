"""Builds on ws-manager, ten thousand at last, each with a live terminal and a listener: memory, calls, logs, restarts.

Goals of calls, logs and restarts are those of the other rows, within a factor of 1.5.
"""

import bench_load
from bench_report import Figure, Point
from rows_calls import BUILD, GET, LIST, RESOLVE, rate
from rows_life import crash
from rows_streams import LOGS

SIZES = (100, 1_000, 10_000)
EVERY_MS = 10_000  # between two lines of a terminal
MEMORY_MIB = {False: 512, True: 768}  # whether clients stay on their Build streams
CALLERS, ROUNDS, ROUND_MS = 4, 8, 100
LISTENERS = 100  # of one build
LOG_MIB, DRAINED_MIB, LARGE_LOG_MIB = 2, 1, 10  # a log that is followed stays in memory
LISTS = 50


def requests(crowd):
    """{figure's key: (title, kind, method, request, goal)}."""
    from client import builder, builds
    return {
        "get_build": ("GetBuild", "unary", GET, builds.GetBuildRequest(build_id=crowd.probe), 0.95),
        "resolve": ("ResolveBaseImage", "unary", RESOLVE, builder.ResolveBaseImageRequest(ref=crowd.known_image), 0.9),
        "join": ("Build (forced) joined", "join", BUILD,
                 builder.BuildRequest(source=crowd.probe_source, force_rebuild=True, triggered_by="bench"), 0.7),
        "list_builds": ("ListBuilds of all", "unary", LIST, builder.ListBuildsRequest(), 0.95),
    }


class Table:
    """Figures by key, each of which gets a point for each size of the crowd."""

    def __init__(self):
        self.figures = {}

    def add(self, size, key, title, unit, value, goal="", limit=None, ratio=None, note=""):
        figure = self.figures.setdefault(key, Figure(f"crowd_{key}", f"Crowd: {title}", "builds", unit, goal))
        figure.points.append(Point(size, value, limit, ratio, note))


def calls(crowd, table):
    """Beside a bare server with the same answer."""
    for key, (title, kind, method, request, goal) in requests(crowd).items():
        answer = (bench_load.raw_call if kind == "unary" else bench_load.first_message)(crowd, method, request)
        with bench_load.Bare(crowd, **{"answers" if kind == "unary" else "greetings": {method: answer}}) as bare:
            rounds = bench_load.load(crowd, kind, [bench_load.ours(crowd), bare.target], method, request,
                                     callers=CALLERS, connections=CALLERS, rounds=ROUNDS, round_ms=ROUND_MS)
        ours, limit, ratio = bench_load.compare(rounds, rate)
        table.add(crowd.size, key, f"{title}, {CALLERS} callers", "calls/s", ours, f"ratio >= {goal / 1.5:.2f}", limit,
                  ratio)


def streams(crowd, table):
    """A log of one build: its live tail, its restart, and its draining."""
    from client import builder
    crowd.fill_log(LOG_MIB << 20)
    request = builder.LogsRequest(build_id=crowd.probe)
    with crowd.producer():
        tail, = bench_load.load(crowd, "tail", [bench_load.ours(crowd)], LOGS, request, callers=LISTENERS,
                                connections=CALLERS, rounds=1, round_ms=2000)["ours"]
        table.add(crowd.size, "tail", f"live tail of one build, {LISTENERS} listeners, p99", "ms",
                  tail["p99_us"] / 1000, "ours <= 90", note=f"p50 {tail['p50_us'] / 1000:.1f} ms")
        table.add(crowd.size, "tail_cores", "the server's processors meanwhile", "cores",
                  tail["processor_seconds"] / tail["seconds"], "ours <= 0.9")
        table.add(crowd.size, "restart", f"a crashed build, {LOG_MIB} MiB of log: its watcher's longest wait", "ms",
                  crash(crowd, crowd.probe), "ours <= 75")
    with bench_load.Bare(crowd, pours={LOGS: LOG_MIB << 20}) as bare:
        rounds = bench_load.load(crowd, "drain", [bench_load.ours(crowd), bare.target], LOGS, request,
                                 callers=LISTENERS, connections=CALLERS, bytes=DRAINED_MIB << 20, rounds=ROUNDS)
    ours, limit, ratio = bench_load.compare(rounds, lambda r: r["bytes"] / r["seconds"] / 1e6)
    table.add(crowd.size, "fan_out", f"fan-out of one build's log, {LISTENERS} listeners", "MB/s", ours,
              "ratio >= 0.57", limit, ratio)


def large_restart(crowd, table):
    crowd.choose_probe(1)
    crowd.fill_log(LARGE_LOG_MIB << 20)
    with crowd.producer():
        table.add(crowd.size, "restart_large", f"the same, {LARGE_LOG_MIB} MiB of log", "ms", crash(crowd, crowd.probe),
                  "ours <= 75")


def measure(crowd, table, size):
    table.add(size, "accepted", "builds accepted while it grows", "builds/s", crowd.grow(size))
    table.add(size, "processor", "processors while its terminals print", "cores", crowd.print_lines(),
              note=f"{max(size, 500) * 1000 / crowd.every_ms:.0f} lines/s")
    most = f"ours <= {MEMORY_MIB[crowd.stay]}"
    table.add(size, "memory", "memory with so many builds and listeners", "MiB", crowd.memory_mib(), most)
    calls(crowd, table)
    listed = crowd.list(LISTS)
    table.add(size, "list_time", "ListBuilds of all, one caller, answer parsed, median", "ms", listed["p50_ms"],
              "ours <= 50", note=f"{listed['bytes'] / 1e6:.2f} MB, slowest {listed['max_ms']:.1f} ms")
    table.add(size, "reconnect", "ws-manager back with news of each build, until all is told", "s", crowd.reconnect(),
              "ours <= 5")
    table.add(size, "memory_after", "memory after that", "MiB", crowd.memory_mib(), most)


def figures(context, sizes=SIZES, every_ms=EVERY_MS, stay=False):
    from crowd import Crowd
    table = Table()
    sizes = sizes[:2] if context.quick else sizes
    with Crowd(context.bin, every_ms, stay) as crowd:
        for size in sizes:
            measure(crowd, table, size)
            streams(crowd, table)
        large_restart(crowd, table)
    yield from table.figures.values()
