"""A door that a build's RUN step knocks at and waits behind until the test opens it: tests by events, not by time."""

import http.server
import threading

from child import PATIENCE


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.gate.arrive(self.path.lstrip("/"))
        try:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"open\n")
        except OSError:
            pass  # the step was ended while it waited

    def log_message(self, *_arguments):
        pass


class Gate:
    """Answers GET /NAME when `open(NAME)` was called. Ends with `close`, which opens everything."""

    def __init__(self):
        self._arrivals, self._opened, self._closed = [], set(), False
        self._changed = threading.Condition()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.gate = self
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_arguments: None
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def command(self, name):
        """A shell command for busybox that waits at the door."""
        return f"wget -q -O /dev/null http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def arrive(self, name):
        with self._changed:
            self._arrivals.append(name)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or name in self._opened)

    def open(self, *names):
        with self._changed:
            self._opened.update(names)
            self._changed.notify_all()

    def wait_for(self, name, count=1):
        """Waits until somebody stands before the door (for the `count`th time)."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._arrivals.count(name) >= count, PATIENCE):
                raise AssertionError(f"nobody came to {name!r}; came so far: {self._arrivals}")

    def arrivals(self):
        with self._changed:
            return list(self._arrivals)

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
