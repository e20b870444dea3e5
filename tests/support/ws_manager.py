"""The stand-in of ws-manager (tests/support/wsman_standin) as a child of a test, and what its workspaces print."""

import base64
import json
import threading

from child import Child
from client import workspaces
from places import program

BUILD_TERMINAL = "build-terminal"


class WsManager:
    """`authority` (see certificates.py) turns on mutual TLS. Every call returns once it has happened."""

    def __init__(self, authority=None):
        files = [authority.certificate, *authority.issue("ws-manager", "DNS:ws-manager")] if authority else []
        self._child = Child([program("ws-manager-standin"), *files], with_input=True)
        self._lock = threading.Lock()
        self._answers = 1
        places = json.loads(self._child.out.line(0) or self._fail("does not start"))
        self.address, self.http_address = places["grpc"], places["http"]

    def close(self):
        self._child.kill()

    def do(self, verb, **more):
        with self._lock:
            self._child.tell(json.dumps({"do": verb, **more}))
            line = self._child.out.line(self._answers)
            self._answers += 1
        answer = json.loads(line or self._fail(f"died of {verb!r}"))
        if "error" in answer:
            raise AssertionError(f"ws-manager's stand-in, {verb} {more}: {answer['error']}")
        return answer

    def _fail(self, what):
        raise AssertionError(f"ws-manager's stand-in {what}:\n{self._child.text()}")

    # --- scripts ---

    def script(self, method, *answers):
        """The next answers of a method: dictionaries, see `answer_of` in control.cpp."""
        self.do("script", method=method, answers=list(answers))

    def unscript(self):
        """Every call is answered as usual from now on."""
        self.do("unscript")

    def release(self, name):
        self.do("release", name=name)

    def down(self):
        self.do("down")

    def up(self):
        self.do("up")

    def end_subscriptions(self, code=14):
        self.do("end_subscriptions", code=code, message="scripted")

    def quiet(self, on):
        self.do("quiet", on=on)

    # --- workspaces ---

    def put(self, keep=True, **status):
        """Tells a status, in the form of protobuf's JSON; it is the workspace's own from now on unless not kept."""
        self.do("put", status=status, keep=keep)

    def alter(self, build_id, without=(), version=None, **fields):
        """Lays fields over the current status and tells it, with a newer version unless one is given."""
        more = {} if version is None else {"version": version}
        self.do("alter", id=build_id, fields=fields, without=list(without), **more)

    def run(self, build_id, **fields):
        self.alter(build_id, phase="RUNNING", **fields)

    def end(self, build_id, **conditions):
        self.alter(build_id, phase="STOPPING", conditions=conditions)

    def forget(self, build_id):
        self.do("forget", id=build_id)

    # --- what was asked ---

    def wait_for(self, what, at_least=1):
        self.do("wait", what=what, at_least=at_least)

    def count(self, what):
        return self.do("show")["counts"].get(what, 0)

    def starts(self):
        return self._messages("starts", workspaces.StartWorkspaceRequest)

    def stops(self):
        return self._messages("stops", workspaces.StopWorkspaceRequest)

    def filters(self):
        return self._messages("filters", workspaces.MetadataFilter)

    def _messages(self, what, kind):
        return [kind.FromString(base64.b64decode(text)) for text in self.do("show")[what]]

    # --- supervisors ---

    def terminal(self, build_id, name=BUILD_TERMINAL):
        self.do("terminal", id=build_id, terminal=name)

    def bare_task(self, build_id):
        self.do("bare_task", id=build_id)

    def write(self, build_id, text, name=BUILD_TERMINAL):
        self.do("write", id=build_id, terminal=name, data=_encoded(text))

    def raw(self, build_id, text, name=BUILD_TERMINAL):
        self.do("raw", id=build_id, terminal=name, data=_encoded(text))

    def exit(self, build_id, code=0, name=BUILD_TERMINAL):
        self.do("exit", id=build_id, terminal=name, code=code)

    def part(self, build_id, how, name=BUILD_TERMINAL):
        """Ends the connections of the listeners: "finish", "close", "reset" or "mid_frame"."""
        self.do("part", id=build_id, terminal=name, how=how)

    def replay(self, build_id, how, size=0):
        """What a new listener is sent first: "all", "nothing" or "last_bytes"."""
        self.do("replay", id=build_id, how=how, bytes=size)

    def cut(self, build_id, size):
        self.do("cut", id=build_id, bytes=size)

    def http(self, build_id, what, *statuses):
        """The next answers of "tasks" or "listen"; 0 ends the connection."""
        self.do("http", id=build_id, what=what, statuses=list(statuses))


def _encoded(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
