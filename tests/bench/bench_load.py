"""The two sides of a comparison over gRPC: the service and a bare server, asked in turns by the load driver."""

import json
import statistics
import subprocess

import bench_house
import bench_report


class Bare:
    """`bench_bare` with these methods: {method: bytes} for answers and greetings, {method: count} for pours."""

    def __init__(self, house, answers=None, greetings=None, pours=None):
        self._house = house
        argv = [house.bin / "bench_bare"]
        for flag, methods in (("--answer", answers or {}), ("--greet", greetings or {})):
            for number, (method, content) in enumerate(methods.items()):
                file = house.folder / f"bare{flag}-{number}"
                file.write_bytes(content)
                argv += [flag, f"{method}={file}"]
        for method, count in (pours or {}).items():
            argv += ["--pour", f"{method}={count}"]
        # Where the service has a session of its own: the kernel shares out the processor between sessions first.
        self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        start_new_session=house.own_session)
        house.processes.append(self.process)
        self.target = f"limit=127.0.0.1:{int(self.process.stdout.readline())}@{self.process.pid}"

    def close(self):
        self.process.stdin.close()
        self.process.wait(40)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ours(house):
    return f"ours=127.0.0.1:{house.service_port}@{house.service.pid}"


def command(house, kind, targets, method, request, **flags):
    file = house.folder / "request"
    file.write_bytes(request.SerializeToString())
    argv = [house.bin / "bench_load", kind, "--method", method, "--request", file]
    for target in targets:
        argv += ["--target", target]
    for name, value in flags.items():
        argv += ["--" + name.replace("_", "-"), value]
    return [str(a) for a in argv]


def load(house, kind, targets, method, request, **flags):
    """{"ours": [round, ...], "limit": [round, ...]}: what load_main.cpp prints."""
    done = subprocess.run(command(house, kind, targets, method, request, **flags), check=False, capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{done.stderr}\n{house.log('service')[-4000:]}")
    return json.loads(done.stdout)


def compare(rounds, value):
    """Medians of both sides, and the middle of the rounds' ratios: a drift of the machine hits both sides of one."""
    mine, limit = [value(r) for r in rounds["ours"]], [value(r) for r in rounds["limit"]]
    return (statistics.median(mine), statistics.median(limit),
            bench_report.middle(a / b for a, b in zip(mine, limit)))


def raw_call(house, method, request):
    """The bytes that the service answers a unary call with."""
    return house.channel.unary_unary(method)(request.SerializeToString(), timeout=60)


def first_message(house, method, request):
    """The bytes of the first message of a server stream."""
    stream = house.channel.unary_stream(method)(request.SerializeToString(), timeout=60)
    message = next(stream)
    stream.cancel()
    return message
