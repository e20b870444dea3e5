"""Unary calls and joins: how many a second, against a bare handler with the same answer."""

import sys

import bench_house
import bench_load
from bench_report import Figure, Point

sys.path.insert(0, str(bench_house.SOURCE / "tests" / "support"))

LIST = "/builder.ImageBuilder/ListBuilds"
GET = "/imagebuilder.v1.Builds/GetBuild"
RESOLVE = "/builder.ImageBuilder/ResolveBaseImage"
BUILD = "/builder.ImageBuilder/Build"
CALLERS = (1, 16, 64)
BUILDS = (1, 10, 100)
# Short turns, since who else is on the machine comes and goes within seconds; many, since one is off by a tenth; and
# with several bare servers and connections, since each is lucky or not with its threads and memory while it lives.
ROUND_MS = 100
# (bare servers, rounds with each): where the goal is near, less so, far, and where there is none.
NEAR, LESS_NEAR, FAR, NONE = (7, 6), (5, 5), (3, 4), (1, 4)

STAYING = b'FROM scratch\nCOPY talker /talker\nRUN ["/talker", "lines", "%d", "stay"]\n'


def staying(house, lines):
    """A commit whose build prints so many lines of 256 bytes and then stays."""
    return house.commit({"Dockerfile": STAYING % lines, "talker": (house.bin / "bench_talker").read_bytes()})


def rate(figures):
    return figures["done"] / figures["seconds"]


def point(house, kind, method, request, answer, size, callers, often=NEAR):
    methods = {"answers" if kind == "unary" else "greetings": {method: answer}}
    measured = {"ours": [], "limit": []}
    parts, rounds = often
    for _ in range(parts):
        with bench_load.Bare(house, **methods) as bare:
            part = bench_load.load(house, kind, [bench_load.ours(house), bare.target], method, request, callers=callers,
                                   connections=min(callers, 4), rounds=rounds, round_ms=ROUND_MS)
        for side, some in part.items():
            measured[side] += some
    ours, limit, ratio = bench_load.compare(measured, rate)
    _, _, processor = bench_load.compare(measured, lambda r: r["processor_seconds"] / r["done"])
    return Point(size, ours, limit, ratio, f"server's processor time x {processor:.2f}")


def over_callers(house, kind, method, request, answer, often=NEAR):
    """Points for 1, 16 and 64 callers."""
    return [point(house, kind, method, request, answer, callers, callers, often) for callers in CALLERS]


def lists(house, commit):
    """Fills the queue as it goes; ListBuilds at several lengths."""
    request = house.pb.ListBuildsRequest()
    by_length = Figure("list_builds_length", "ListBuilds by builds listed, 16 callers", "builds", "calls/s")
    for count in BUILDS:
        for number in range(len(house.streams), count):
            house.start(commit, f"staying-{number}")
        answer = bench_load.raw_call(house, LIST, request)
        by_length.points.append(point(house, "unary", LIST, request, answer, count, 16, NONE))
    yield by_length
    yield Figure("list_builds", "ListBuilds, 100 builds", "callers", "calls/s", "ratio >= 0.95",
                 points=over_callers(house, "unary", LIST, request, answer))


def gets(house):
    """The newest of the builds on the list."""
    build = house.stub.ListBuilds(house.pb.ListBuildsRequest()).builds[-1].build_id
    request = house.builds.GetBuildRequest(build_id=build)
    answer = bench_load.raw_call(house, GET, request)
    yield Figure("get_build", "GetBuild, 100 builds", "callers", "calls/s", "ratio >= 0.95",
                 points=over_callers(house, "unary", GET, request, answer))


def resolves(house, ref):
    request = house.pb.ResolveBaseImageRequest(ref=ref)
    answer = bench_load.raw_call(house, RESOLVE, request)
    yield Figure("resolve", "ResolveBaseImage from memory", "callers", "calls/s", "ratio >= 0.9",
                 points=over_callers(house, "unary", RESOLVE, request, answer, LESS_NEAR))


def joins(house, commit):
    request = house.request(commit, "staying-0")
    first = bench_load.first_message(house, BUILD, request)
    yield Figure("join", "Build (forced) joined to a running one, to the first response", "callers", "calls/s",
                 "ratio >= 0.7", points=over_callers(house, "join", BUILD, request, first, FAR))
    # Not forced: the registry is asked for the image before, as the API wants it.
    request.force_rebuild = False
    yield Figure("join_looking", "Build joined after a look for its image, to the first response", "callers",
                 "calls/s", points=over_callers(house, "join", BUILD, request, first, NONE))


def figures(context):
    with bench_house.House(context.bin, {"local": {"concurrentBuilds": 1}}) as house:
        from images import Images
        Images(f"localhost:{house.registry_port}").push("bench", "known", {"file": b"content"})
        ref = f"localhost:{house.registry_port}/bench:known"
        house.restart_service({"refCache": {"refs": [ref]}})
        commit = staying(house, 64)
        yield from lists(house, commit)
        yield from gets(house)
        yield from resolves(house, ref)
        yield from joins(house, commit)
