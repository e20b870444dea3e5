"""Start to serving, and memory."""

import pathlib
import statistics
import tempfile
import time

import bench_house
import fake_tools
from bench_report import Figure, Point

STARTS = 5
RUNNING = (10, 40, 160)


def seconds_to_serving(house):
    """From the start of the process to its first answer."""
    begin = time.monotonic()
    house.start_service()
    house.stub.ListBuilds(house.pb.ListBuildsRequest(), wait_for_ready=True, timeout=60)
    took = time.monotonic() - begin
    bench_house.end(house.service)
    return took


def starts(context):
    with bench_house.House(context.bin, {}) as house:
        house.wait_until_able()
        bench_house.end(house.service)
        took = statistics.median(seconds_to_serving(house) for _ in range(STARTS)) * 1000
    yield Figure("start_empty", "Start to serving, empty journal", "", "ms", "ours <= 100", points=[Point(1, took)])


def idle(context):
    with bench_house.House(context.bin, {}) as house:
        house.wait_until_able()
        yield Figure("memory_idle", "Memory of the idle service", "", "MiB", "ours <= 40",
                     points=[Point(1, house.memory_kib() / 1024)])


def per_build(context):
    """Builds that run, each with a log of 16 KiB. A process of buildah's own is not the service's memory."""
    figure = Figure("memory_build", "Memory of a running build with a log of 16 KiB (engine local)", "builds",
                    "KiB each", "ours <= 24")
    with tempfile.TemporaryDirectory(prefix="ib-bench-") as folder:
        tools = fake_tools.write(pathlib.Path(folder) / "bin", context.bin / "bench_talker")
        settings = {"local": {"concurrentBuilds": max(RUNNING) + 1}}
        with bench_house.House(context.bin, settings, path=tools) as house:
            house.wait_until_able()
            commit = house.commit(fake_tools.files("lines", 64, "stay"))
            wait_for_log(house, house.start(commit, "first").info.build_id)
            before, known = house.memory_kib(), 0
            for count in RUNNING:
                started = [house.start(commit, f"running-{n}").info.build_id for n in range(known, count)]
                known = count
                for build in started:
                    wait_for_log(house, build)
                figure.points.append(Point(count, max(house.memory_kib() - before, 1) / count))
    yield figure


def wait_for_log(house, build_id, size=16 << 10):
    stream = house.stub.Logs(house.pb.LogsRequest(build_id=build_id), timeout=120)
    got = 0
    for part in stream:
        got += len(part.content)
        if got >= size:
            break
    stream.cancel()


def figures(context):
    yield from starts(context)
    yield from idle(context)
    yield from per_build(context)
