"""A door before a registry that answers 429 to the next requests of a kind, as registries with pull limits do."""

import http.client
import http.server
import threading


class LimitingRegistry:
    """Passes everything on to `registry` (host:port) but what `limit` asks for. Ends with `close`."""

    def __init__(self, registry):
        self._limited = []  # (part of the path, seconds), one for each request to refuse
        self._lock = threading.Lock()
        door = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                body = self.read_body()
                seconds = door.refusal(self.path)
                if seconds is not None:
                    return self.refuse(seconds)
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

            def read_body(self):
                if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = b""
                while length := int(self.rfile.readline(), 16):
                    body += self.rfile.read(length)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def refuse(self, seconds):
                self.send_response(429)
                self.send_header("Retry-After", str(seconds))
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def limit(self, part, seconds):
        """Refuses the next request whose path has `part`, for so many seconds."""
        with self._lock:
            self._limited.append((part, seconds))

    def refusal(self, path):
        with self._lock:
            for entry in self._limited:
                if entry[0] in path:
                    self._limited.remove(entry)
                    return entry[1]
        return None

    def close(self):
        self._server.shutdown()
        self._server.server_close()
