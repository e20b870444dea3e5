"""Log streams: draining a full log, following a live one, and what a listener that waits costs."""

import re
import subprocess

import bench_house
import bench_load
from bench_report import Figure, Point
from rows_calls import staying

LOGS = "/builder.ImageBuilder/Logs"
READ = "/imagebuilder.v1.Builds/ReadLog"
LOG_BYTES = 48 << 20
# Listeners, what each one reads, and rounds: one listener is through in some 40 ms, which is short on a shared machine.
DRAINS = ((1, 40 << 20, 25), (100, 4 << 20, 9), (1000, 1 << 20, 5))
RATE = 200  # lines a second
CROWDS = (10, 100, 1000)
SITTERS = (100, 400, 1600)

TALKING = b'FROM scratch\nCOPY talker stamp /\nRUN ["/talker", "paced", "%d", "%d"]\n'


def connections(listeners):
    return min(listeners, 4)


def full_log(house):
    """A build that runs, whose log is full."""
    info = house.start(staying(house, LOG_BYTES // 256), "full").info
    got = 0
    for part in house.stub.Logs(house.pb.LogsRequest(build_id=info.build_id)):
        got += len(part.content)
        if got >= LOG_BYTES:
            return info
    raise RuntimeError("the log ended early")


def drain(house, key, title, method, request, goal="ratio >= 0.85"):
    """Listeners of both sides leave in the middle, and what is on its way to them then is lost to both."""
    figure = Figure(key, title, "listeners", "MB/s", goal)
    for listeners, amount, rounds_of_it in DRAINS:
        with bench_load.Bare(house, pours={method: LOG_BYTES}) as bare:
            rounds = bench_load.load(house, "drain", [bench_load.ours(house), bare.target], method, request,
                                     callers=listeners, connections=connections(listeners), bytes=amount,
                                     rounds=rounds_of_it if goal else rounds_of_it // 3)
        ours, limit, ratio = bench_load.compare(rounds, lambda r: r["bytes"] / r["seconds"] / 1e6)
        _, _, processor = bench_load.compare(rounds, lambda r: r["processor_seconds"] / r["bytes"])
        figure.points.append(Point(listeners, ours, limit, ratio, f"server's processor time x {processor:.2f}"))
    return figure


class Producer:
    """A build that writes RATE lines a second, for a time, into a log that others follow."""

    def __init__(self, house, name, seconds):
        self.house = house
        # With a stamp, or the next one would find its step in the cache.
        commit = house.commit({"Dockerfile": TALKING % (RATE, RATE * seconds), "stamp": name.encode(),
                               "talker": (house.bin / "bench_talker").read_bytes()})
        self.info = house.start(commit, name).info

    def took(self):
        """Seconds from the first line to the last, and the slowest write, by the producer's own clock."""
        text = b"".join(part.content for part in self.house.stub.Logs(
            self.house.pb.LogsRequest(build_id=self.info.build_id), timeout=120))
        total, slowest = re.search(rb"took (\d+) ns, slowest write (\d+) ns", text).groups()
        return int(total) / 1e9, int(slowest) / 1e9


def tails(house, context):
    """200 lines a second, and everybody listens."""
    seconds = 5 if context.quick else 6
    house.wait_until_able()
    alone, _ = Producer(house, "alone", seconds).took()
    latency = Figure("tail_latency", "Live tail, 200 lines/s: p99 from write to arrival", "listeners", "ms",
                     "ours <= 60")
    cores = Figure("tail_cores", "Live tail, 200 lines/s: the server's processors", "listeners", "cores", "ours <= 0.6")
    slowed = Figure("tail_producer", "Live tail, 200 lines/s: the producer's time", "listeners", "s", "ratio <= 1.02")
    for listeners in CROWDS:
        producer = Producer(house, f"tail-{listeners}", seconds)
        request = house.pb.LogsRequest(build_id=producer.info.build_id)
        round_, = bench_load.load(house, "tail", [bench_load.ours(house)], LOGS, request, callers=listeners,
                                  connections=connections(listeners), rounds=1,
                                  round_ms=(seconds - 4) * 500)["ours"]
        latency.points.append(Point(listeners, round_["p99_us"] / 1000, note=f"p50 {round_['p50_us'] / 1000:.1f} ms"))
        cores.points.append(Point(listeners, round_["processor_seconds"] / round_["seconds"]))
        took, slowest = producer.took()
        slowed.points.append(Point(listeners, took, alone, took / alone,
                                   f"slowest write {slowest * 1000:.1f} ms"))
    return [latency, cores, slowed]


def sitters(house, info):
    """What a listener that has read everything costs, on one connection."""
    figure = Figure("memory_listener", "Memory of a listener that waits, on a shared connection", "listeners",
                    "KiB each", "ours <= 20")
    request = house.pb.LogsRequest(build_id=info.build_id)
    for listeners in SITTERS:
        before = house.memory_kib()
        argv = bench_load.command(house, "sit", [bench_load.ours(house)], LOGS, request, callers=listeners)
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        house.processes.append(process)
        if process.stdout.readline() != b"seated\n":
            raise RuntimeError("the listeners found no place")
        figure.points.append(Point(listeners, max(house.memory_kib() - before, 0) / listeners))
        process.stdin.close()
        process.wait(60)
    return figure


def figures(context):
    with bench_house.House(context.bin, {"local": {"concurrentBuilds": 1}}) as house:
        yield from tails(house, context)
    with bench_house.House(context.bin, {"local": {"concurrentBuilds": 2}}) as house:
        short = house.start(staying(house, 64), "short").info
        yield sitters(house, short)
        info = full_log(house)
        yield drain(house, "fan_out", "Log fan-out (Logs), 256 B lines", LOGS,
                    house.pb.LogsRequest(build_id=info.build_id))
        yield drain(house, "fan_out_read", "Log fan-out (ReadLog), 256 B lines", READ,
                    house.builds.ReadLogRequest(build_id=info.build_id, follow=True))
        # Each listener looks for the words by itself.
        yield drain(house, "fan_out_censored", "Log fan-out (Logs, censored), 256 B lines", LOGS,
                    house.pb.LogsRequest(build_id=info.build_id, censored=True), goal="")
