"""A door before a registry that answers 429 to the next requests of a kind, as registries with pull limits do."""

import collections
import http.client
import http.server
import threading

from http_body import read_body


_Limit = collections.namedtuple("_Limit", "part seconds method once_asked")


class LimitingRegistry:
    """Passes everything on to `registry` (host:port) but what `limit` asks for. Ends with `close`."""

    def __init__(self, registry):
        self._limited, self._later = [], []  # one for each request to refuse
        self._asked = []  # (method, path) of every request
        self._lock = threading.Lock()
        self.out_of_order = False  # True: connections are closed without an answer
        door = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                body = read_body(self)
                if door.out_of_order:
                    self.close_connection = True
                    return None
                limit = door.refusal(self.command, self.path)
                if limit is not None:
                    return self.refuse(limit)
                upstream = http.client.HTTPConnection(registry, timeout=60)
                fields = {name: ", ".join(self.headers.get_all(name)) for name in self.headers
                          if name.lower() != "transfer-encoding"}
                fields["Content-Length"] = str(len(body))
                upstream.request(self.command, self.path, body, fields)
                answer = upstream.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
                if length is not None:
                    self.send_header("Content-Length", length)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                upstream.close()
                return None

            def refuse(self, limit):
                self.send_response(429)
                self.send_header("Retry-After", str(limit.seconds))
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def limit(self, part, seconds, method="", count=1, once_asked=""):
        """Refuses the next `count` requests (of a method) whose path has `part`, for so many seconds; with
        `once_asked` only from the next request of that method on."""
        with self._lock:
            (self._later if once_asked else self._limited).extend([_Limit(part, seconds, method, once_asked)] * count)

    def refusal(self, method, path):
        with self._lock:
            self._asked.append((method, path))
            due = [limit for limit in self._later if limit.part in path and limit.once_asked == method]
            self._later = [limit for limit in self._later if limit not in due]
            self._limited += due
            for limit in self._limited:
                if limit.part in path and limit.method in ("", method):
                    self._limited.remove(limit)
                    return limit
        return None

    def requests(self, method, part):
        """How many requests of a method came so far whose path has `part`."""
        with self._lock:
            return sum(asked == method and part in path for asked, path in self._asked)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
