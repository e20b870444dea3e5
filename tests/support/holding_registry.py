"""A registry that lets whoever asks for a manifest wait until the test says so, and notices who goes away."""

import http.server
import select
import socket
import threading

from child import PATIENCE

DIGEST = "sha256:" + "a" * 64


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        registry = self.server.registry
        registry.note("came", self.path)
        if not registry.hold(self.path, self.connection):
            self.close_connection = True
            return registry.note("went", self.path)
        self.send_response(registry.status)
        if registry.status == 200:
            self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            self.send_header("Docker-Content-Digest", DIGEST)
        self.end_headers()
        return None

    def log_message(self, *_arguments):
        pass


class HoldingRegistry:
    """Answers with `status` what `release` lets go, with an image of its own where that is 200. Ends with `close`."""

    def __init__(self, status=200):
        self.status = status
        self._events, self._held, self._released = [], [], False
        self._changed = threading.Condition()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.registry = self
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def note(self, what, path):
        with self._changed:
            self._events.append((what, path))
            self._changed.notify_all()

    def hold(self, path, connection):
        """Waits; False where whoever asked has closed the connection meanwhile."""
        here, there = socket.socketpair()
        with here, there:
            with self._changed:
                self._held.append((path, there))
                if self._released:
                    there.send(b"!")
            ready = select.select([here, connection], [], [])[0]
            with self._changed:
                self._held.remove((path, there))
            return connection not in ready

    def release(self):
        """Lets everybody go on, now and later."""
        with self._changed:
            self._released = True
            for _, there in self._held:
                there.send(b"!")

    def wait_for(self, what, part, call=None):
        """Waits until somebody "came" or "went" whose path has `part`; raises what ends `call` before."""
        if call:
            call.add_done_callback(lambda _: self.note("ended", ""))
        with self._changed:
            self._changed.wait_for(lambda: self.count(what, part) or call and call.done(), PATIENCE)
            if self.count(what, part):
                return
            ended = call and call.done() and call.exception()
            raise ended or AssertionError(f"nobody {what} for {part!r}; so far: {self._events}")

    def count(self, what, part):
        with self._changed:
            return sum(event == what and part in path for event, path in self._events)

    def close(self):
        self.release()
        self._server.shutdown()
        self._server.server_close()
