"""Start to serving, memory, and how soon a crashed build goes on."""

import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time

import bench_house
import fake_tools
from bench_report import Figure, Point

JOURNALS = (0, 100, 1000, 10_000)
STARTS = 3
RUNNING = (20, 60, 120, 240)
HELD = (10, 30, 50, 70)
AT_ONCE = 5  # builds that begin at the same time
LOGS = (1, 10, 50)  # MiB
KILLS = 3
RATE = 1000  # lines a second
SETTLED = 300_000_000  # nanoseconds


def seconds_to_serving(house):
    """From the start of the process to its first answer."""
    begin = time.monotonic()
    house.start_service()
    house.stub.ListBuilds(house.pb.ListBuildsRequest(), wait_for_ready=True, timeout=60)
    took = time.monotonic() - begin
    house.end_service()
    return took


def starts(context):
    figure = Figure("start", "Start to serving, by builds in the journal", "builds", "ms", "ours <= 1000")
    empty = Figure("start_empty", "Start to serving, empty journal", "builds", "ms", "ours <= 100")
    with bench_house.House(context.bin, {}) as house:
        house.wait_until_able()
        house.end_service()
        known = 0
        for builds in JOURNALS:
            if builds > known:
                subprocess.run([context.bin / "bench_journal_filler", house.state / "journal", str(builds - known)],
                               check=True)
                known = builds
            took = statistics.median(seconds_to_serving(house) for _ in range(STARTS)) * 1000
            (figure if builds else empty).points.append(Point(builds, took))
    return [empty, figure]


def idle(context):
    with bench_house.House(context.bin, {}) as house:
        house.wait_until_able()
        yield Figure("memory_idle", "Memory of the idle service", "", "MiB", "ours <= 40",
                     points=[Point(1, house.memory_kib() / 1024)])


def per_build(context):
    yield one_more_build(context, held=False)
    yield one_more_build(context, held=True)


def one_more_build(context, held):
    """What each build more takes that runs, with a log of 16 KiB: between two sizes, so that what the service takes
    for the first builds and for all of them (page caches, pools) is no build's. A process of buildah's own is not the
    service's memory, and a client that follows is a listener, not the build; `held` keeps its Build stream all the same.
    """
    figure = (Figure("memory_build_held", "Memory of one more running build whose client stays on its Build stream",
                     "builds", "KiB each") if held else
              Figure("memory_build", "Memory of one more running build with a log of 16 KiB (engine local)", "builds",
                     "KiB each", "ours <= 24"))
    with tempfile.TemporaryDirectory(prefix="ib-bench-") as folder:
        tools = fake_tools.write(pathlib.Path(folder) / "bin", context.bin / "bench_talker")
        settings = {"local": {"concurrentBuilds": max(RUNNING)}}
        with bench_house.House(context.bin, settings, path=tools) as house:
            house.wait_until_able()
            commit = house.commit(fake_tools.files("lines", 64, "stay"))
            known = before = 0
            for count in HELD if held else RUNNING:
                start_builds(house, commit, range(known, count), held)
                now = house.memory_kib()
                if known:
                    figure.points.append(Point(count, max(now - before, 1) / (count - known)))
                known, before = count, now
    return figure


def start_builds(house, commit, numbers, held):
    """A few at a time, as builds come; returns once all have their log and nobody follows any of them."""
    for some in (numbers[i:i + AT_ONCE] for i in range(0, len(numbers), AT_ONCE)):
        started = [house.start(commit, f"running-{n}").info.build_id for n in some]
        for build in started:
            wait_for_log(house, build)
        if not held:
            house.leave_streams()
    house.wait_for_subscribers(len(house.streams))


def wait_for_log(house, build_id, size=16 << 10):
    stream = house.stub.Logs(house.pb.LogsRequest(build_id=build_id), timeout=120)
    got = 0
    for part in stream:
        got += len(part.content)
        if got >= size:
            break
    stream.cancel()


class Watcher(threading.Thread):
    """Follows a log; knows when each line with a stamp was written and came."""

    def __init__(self, house, build_id):
        super().__init__(daemon=True)
        self._stream = house.stub.Logs(house.pb.LogsRequest(build_id=build_id), timeout=600)
        self._seen, self._changed = [], threading.Condition()
        self.start()

    def run(self):
        try:
            for part in self._stream:
                now = time.monotonic_ns()
                stamps = re.findall(rb"stamp (\d+) ", part.content)
                with self._changed:
                    self._seen += [(int(stamp), now) for stamp in stamps]
                    self._changed.notify_all()
        except bench_house.grpc.RpcError:
            pass  # left

    def wait_for_line(self):
        """Until the first line with a stamp has come."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._seen, 120):
                raise RuntimeError("the log does not come to its paced lines")

    def longest_wait(self, begin, end):
        """Of all lines that were written between these moments, in nanoseconds; once a later one has come."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._seen and self._seen[-1][0] > end, 60):
                raise RuntimeError("the log does not go on")
            return max(came - stamp for stamp, came in self._seen if begin <= stamp <= end)

    def close(self):
        self._stream.cancel()


def crash(house, build_id):
    """Kills a build's actor; the longest wait of its watcher for a line meanwhile, in milliseconds."""
    watcher = Watcher(house, build_id)
    watcher.wait_for_line()
    begin = time.monotonic_ns()
    house.channel.unary_unary("/imagebuilder.v1.Faults/KillActor")(
        house.faults.KillActorRequest(path=f"house/builds/{build_id}").SerializeToString(), timeout=60)
    waited = watcher.longest_wait(begin, begin + SETTLED) / 1e6
    watcher.close()
    if not re.search(f'"restarting build actor".*{build_id}', house.log("service")):
        raise RuntimeError("the crash was none")
    return waited


def restarts(context):
    figure = Figure("restart", "A crashed build: the longest wait of its watcher for a line", "MiB of log", "ms",
                    "ours <= 50", goal_sizes=[10])
    with tempfile.TemporaryDirectory(prefix="ib-bench-") as folder:
        tools = fake_tools.write(pathlib.Path(folder) / "bin", context.bin / "bench_talker")
        settings = {"local": {"concurrentBuilds": 16}, "faultInjection": {"enabled": True}}
        with bench_house.House(context.bin, settings, path=tools) as house:
            house.wait_until_able()
            for mebibytes in LOGS:
                lines = mebibytes * (1 << 20) // 256
                commit = house.commit(fake_tools.files("lines", lines, "paced", RATE, 60 * RATE))
                waits = []
                # A build each: a second crash of one would be followed by a pause.
                for number in range(KILLS):
                    waits.append(crash(house, house.start(commit, f"crash-{mebibytes}-{number}").info.build_id))
                figure.points.append(Point(mebibytes, statistics.median(waits), note=f"worst {max(waits):.1f} ms"))
    yield figure


def figures(context):
    yield from starts(context)
    yield from idle(context)
    yield from per_build(context)
    yield from restarts(context)
