#!/usr/bin/python3
"""A client of the image builder's API; README.md says how it behaves and what it prints."""

import base64
import http.client
import json
import os
import sys
import threading
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import grpc  # noqa: E402
from google.protobuf import json_format  # noqa: E402

from child import PATIENCE  # noqa: E402
from client import builder, imgbuilder_pb2_grpc  # noqa: E402


class Violation(Exception):
    pass


def say(**event):
    print(json.dumps(event), flush=True)


def get(url, headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE)
    except urllib.error.HTTPError as refused:
        raise Violation(f"GET {url} answered {refused.code}") from refused


def follow_log(info):
    with get(info.url + "/_supervisor/v1/status/tasks", info.headers) as tasks:
        terminal = json.load(tasks)["result"]["tasks"][0]["terminal"]
    log, rest = b"", b""
    with get(f"{info.url}/_supervisor/v1/terminal/listen/{terminal}", info.headers) as stream:
        while data := stream.read1(65536):
            *lines, rest = (rest + data).split(b"\n")
            log += b"".join(base64.b64decode(json.loads(line)["result"]["data"]) for line in lines)
    if rest:
        raise Violation("the log stream ends inside a line")
    return log


class Follower(threading.Thread):
    """Follows the log beside the stream; `log()` is all of it, or raises what went wrong."""

    def __init__(self, info):
        super().__init__(daemon=True)
        self._info, self._log, self._failure = info, None, None
        self.start()

    def run(self):
        try:
            self._log = follow_log(self._info)
        except Exception as failure:  # pylint: disable=broad-except  # raised again where it is read
            self._failure = failure

    def log(self):
        self.join(PATIENCE)
        if self._failure:
            raise self._failure
        return self._log


def check_running(response):
    info = response.info
    if not info.log_info.url:
        raise Violation("a running response without a log URL")
    if not info.log_info.headers:
        raise Violation("a running response without log headers")
    if not response.ref or not response.base_ref or not info.build_id:
        raise Violation("a running response without references")


def build(stub, request):
    """Reads the whole stream of a Build: who follows the log (None where nothing was built), and the last response."""
    follower = terminal = None
    for response in stub.Build(request, timeout=PATIENCE):
        if terminal:
            raise Violation("a response after the terminal one")
        if response.status == builder.running:
            check_running(response)
            follower = follower or Follower(response.info.log_info)
            say(event="running", ref=response.ref, baseRef=response.base_ref, buildId=response.info.build_id,
                message=response.message)
        elif response.status in (builder.done_success, builder.done_failure):
            if not follower and response.status == builder.done_failure:
                raise Violation("a failure without a running response")
            terminal = response
        else:
            raise Violation(f"a response of status {response.status}")
    if not terminal:
        raise Violation("the stream ended before a terminal response")
    return follower, terminal


def main():
    address, _proto_folder, request = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        try:
            stub = imgbuilder_pb2_grpc.ImageBuilderStub(channel)
            follower, terminal = build(stub, json_format.ParseDict(json.loads(request), builder.BuildRequest()))
            if follower:
                say(event="log", data=base64.b64encode(follower.log()).decode())
            say(event="done", status=builder.BuildStatus.Name(terminal.status), ref=terminal.ref, message=terminal.message)
            return 0
        except Violation as violation:
            say(event="violation", what=str(violation))
        except grpc.RpcError as failure:
            say(event="error", code=failure.code().value[0], details=failure.details())
        except (OSError, http.client.HTTPException) as failure:
            say(event="error", code="", details=str(failure))
        return 1


if __name__ == "__main__":
    sys.exit(main())
