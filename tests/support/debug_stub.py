"""The debug page with a service behind it that says what a test wants."""

import http.server
import json
import os
import queue
import threading

from places import SOURCE_DIR

FOLDER = os.path.join(SOURCE_DIR, "gateway", "debug", "page")
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:"


def state(**more):
    return {"version": "1.2.3", "now_ms": 2_000_000, "ready": True, "reasons": {},
            "process": {"pid": 1, "rss_bytes": 1 << 20, "threads": 3, "descriptors": 9, "started_ms": 1_000_000},
            "builds": {"running": 0, "queued": 0, "ended": 0},
            "storage": {"trouble": "", "commits": 1, "writes": 2, "log_bytes": 3, "last_commit_us": 4,
                        "slowest_commit_us": 5}, **more}


def actor(path, **more):
    return {"id": path, "path": path, "parent": path.rpartition("/")[0], "kind": "kind", "alive": True, "busy": False,
            "mailbox": 0, "handled": 0, "restarts": 0, "last_error": "", "age_ms": 1000, "idle_ms": 10, **more}


def build(name, **more):
    return {"id": name, "ref": "registry.test/images:" + name, "base_ref": "registry.test/base:1", "triggered_by": "somebody",
            "source": "somewhere", "created_ms": 1_000_000, "ended_ms": 0, "since_ms": 1_000_000, "state": "building",
            "attempt": 1, "retries": 0, "losses": 0, "message": "building", "failure": None, "log_begin": 0, "log_bytes": 0,
            "steps": [], **more}


def changes(rows, gone=(), whole=False):
    return {"whole": whole, "rows": rows, "gone": list(gone)}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.partition("?")[0]
        name = "page.html" if path == "/" else path[1:]
        if "/" not in name and os.path.exists(os.path.join(FOLDER, name)):
            with open(os.path.join(FOLDER, name), "rb") as file:
                return self._answer(200, file.read(), TYPES[name.rpartition(".")[2]])
        stub = self.server.stub
        if stub.token and self.headers.get("Authorization") != "Bearer " + stub.token:
            return self._answer(401, b"a token is needed", "text/plain")
        if path == "/debug/events":
            return self._stream(stub.listener())
        answer = stub.answers.get(path)
        if answer is None:
            return self._answer(404, b"there is nothing at this path", "text/plain")
        if isinstance(answer, bytes):
            return self._answer(200, answer, "text/plain")
        return self._answer(200, json.dumps(answer).encode(), "application/json")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.stub.posted.put((self.path, json.loads(body)))
        self._answer(202, b"{}", "application/json")

    def _answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while (event := events.get()) is not None:
                self.wfile.write(f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n".encode())
        except OSError:
            pass  # the page has gone

    def log_message(self, *_arguments):
        pass


class DebugStub:
    """`first` are the events that every listener gets at once; `say` sends one to all. Ends with `close`."""

    def __init__(self, first=(), answers=None, token=""):
        self.token, self.first, self.posted = token, list(first), queue.Queue()
        self.answers = {"/debug/may": {"cancel": True}, "/debug/builds": {"rows": []}, "/debug/config": {"a": 1},
                        "/debug/cache": {"kept": 0, "rows": []}, **(answers or {})}
        self._listeners, self._lock = [], threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.stub, self._server.daemon_threads = self, True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def listener(self):
        events = queue.Queue()
        with self._lock:
            for event in self.first:
                events.put(event)
            self._listeners.append(events)
        return events

    def say(self, event, data):
        with self._lock:
            for events in self._listeners:
                events.put((event, data))

    def cut(self):
        """Ends every stream; a new one begins with `first`."""
        with self._lock:
            for events in self._listeners:
                events.put(None)
            self._listeners.clear()

    def close(self):
        self.cut()
        self._server.shutdown()
        self._server.server_close()
