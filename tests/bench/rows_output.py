"""A child's output on its way into the log, with the journal on; and what a journal that stands still costs."""

import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time

import bench_house
import fake_tools
from bench_report import Figure, Point, middle

LINE = 256
SIZES = (32, 128, 512)  # MiB
ROUNDS = 3
STALLED = (64, 256, 1024)  # MiB
HELD_SECONDS = 2


def rate(mebibytes, text):
    nanoseconds = int(re.findall(rb"took (\d+) ns", text)[-1])
    return mebibytes * 1.048576 / (nanoseconds / 1e9)


def by_hand(house, mebibytes):
    """The talker's own clock, with `cat` at the other end of its pipe."""
    file = house.folder / "by-hand"
    talker = subprocess.Popen([house.bin / "bench_talker", "lines", str(mebibytes * (1 << 20) // LINE)],
                              stdout=subprocess.PIPE)
    with open(file, "wb") as out:
        subprocess.run(["cat"], stdin=talker.stdout, stdout=out, check=True)
    talker.stdout.close()
    talker.wait()
    with open(file, "rb") as out:
        out.seek(-200, 2)
        return rate(mebibytes, out.read())


def wait_for_end(house, commit, name, meanwhile=lambda: None):
    """Starts a build that talks and fails; its id once it has ended. Nobody follows its log."""
    stream = house.stub.Build(house.request(commit, name), timeout=600)
    build_id = next(stream).info.build_id
    meanwhile()
    for _ in stream:
        pass
    return build_id


def through_service(house, commit, name, mebibytes):
    build_id = wait_for_end(house, commit, name)
    parts = house.stub.Logs(house.pb.LogsRequest(build_id=build_id), timeout=60)
    return rate(mebibytes, b"".join(part.content for part in parts)[-4096:])


def output(house):
    figure = Figure("output", "A child's output into the log, journal on, against `cat` to a file", "MiB", "MB/s",
                    "ratio >= 0.5")
    for mebibytes in SIZES:
        commit = house.commit(fake_tools.files("lines", mebibytes * (1 << 20) // LINE))
        ours, limit = [], []
        for number in range(ROUNDS):
            ours.append(through_service(house, commit, f"output-{mebibytes}-{number}", mebibytes))
            limit.append(by_hand(house, mebibytes))
        figure.points.append(Point(mebibytes, statistics.median(ours), statistics.median(limit),
                                   middle(a / b for a, b in zip(ours, limit))))
    return figure


def hold_journal(house):
    """The next write of the journal takes seconds."""
    request = house.faults.DisturbOperationsRequest(operation=house.faults.OPERATION_JOURNAL, count=1)
    request.delay.seconds = HELD_SECONDS
    house.channel.unary_unary("/imagebuilder.v1.Faults/DisturbOperations")(request.SerializeToString(), timeout=60)


def stalled(house):
    """How much memory a child gets the service to take while the journal stands still: over what it takes after a
    build that talked little, each time in a process of its own."""
    figure = Figure("output_stalled", "Memory while the journal stands still, by what the child wants to write", "MiB",
                    "MiB more", "ours <= 32")
    for mebibytes in STALLED:
        house.restart_service({})
        wait_for_end(house, house.commit(fake_tools.files("lines", 64)), f"calm-{mebibytes}")
        commit = house.commit(fake_tools.files("lines", mebibytes * (1 << 20) // LINE))
        before = house.memory_kib()
        peak = []
        done = threading.Event()

        def watch():
            while not done.wait(0.02):
                peak.append(house.memory_kib())

        watcher = threading.Thread(target=watch)
        watcher.start()
        begin = time.monotonic()
        wait_for_end(house, commit, f"stalled-{mebibytes}", lambda: hold_journal(house))
        took = time.monotonic() - begin
        done.set()
        watcher.join()
        if took < HELD_SECONDS:
            raise RuntimeError("the journal was not held")
        figure.points.append(Point(mebibytes, max(max(peak) - before, 1) / 1024))
    return figure


def figures(context):
    with tempfile.TemporaryDirectory(prefix="ib-bench-") as folder:
        tools = fake_tools.write(pathlib.Path(folder) / "bin", context.bin / "bench_talker")
        # All output goes into the journal. A build's log keeps so much of it in memory and on disk.
        settings = {"retention": {"logBytesPerBuild": "1MiB", "finishedBuilds": 3},
                    "faultInjection": {"enabled": True}}
        with bench_house.House(context.bin, settings, path=tools) as house:
            house.wait_until_able()
            yield output(house)
            yield stalled(house)
