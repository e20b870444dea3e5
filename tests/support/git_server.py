"""Git over HTTP and `git daemon`, downloads and one-time credentials for tests, on free loopback ports.

    git_server.py --root FOLDER --user USER --password PASSWORD

Prints one JSON line {"port", "daemon_port", "commits"} and ends when its standard input closes. Paths:

    /open/NAME.git      anonymous                     /private/NAME.git   Basic auth
    /legacy/NAME.git    anonymous, protocol v0: refuses to give a commit by its id
    /busy/NAME.git      answers 503                   /wait/NAME.git      Basic auth, then never answers
    /ots/KEY            "USER:PASSWORD" once, then 410; /ots/wrong-KEY gives wrong credentials
    /files/NAME         downloads                     /redirect/NAME      302 to /files/NAME
    /redirect-to-file/  302 to a local file
    /stall/NAME         a download that stops in its middle
    /until-waiting      answers once somebody waits at /wait/ or /stall/
    /requests           JSON list of [host, path, has credentials] of all requests so far
"""

import argparse
import base64
import gzip
import http.server
import json
import os
import socketserver
import subprocess
import sys
import threading

import git_repositories

HTTP_BACKEND = "/usr/lib/git-core/git-http-backend"


class State:
    """What the handlers share."""

    def __init__(self, root, user, password):
        self.repositories = os.path.join(root, "repositories")
        self.files = os.path.join(root, "files")
        self.user, self.password = user, password
        self.used_secrets = set()
        self.requests = []
        self.lock = threading.Lock()
        self.somebody_waits = threading.Event()
        self.closing = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def state(self):
        return self.server.state

    def do_GET(self):
        area, _, rest = self.path.lstrip("/").partition("/")
        with self.state.lock:
            self.state.requests.append([self.headers.get("Host"), self.path, "Authorization" in self.headers])
        body = self._body()
        serve = getattr(self, "serve_" + area.replace("-", "_").partition("?")[0], None)
        if serve:
            serve(rest, body)
        else:
            self._answer(404)

    do_POST = do_GET

    def serve_open(self, rest, body):
        self._git(rest, body)

    def serve_legacy(self, rest, body):
        self._git(rest, body, protocol=None)

    def serve_private(self, rest, body):
        if self._is_authorized():
            self._git(rest, body)

    def serve_busy(self, _rest, _body):
        self._answer(503)

    def serve_wait(self, _rest, _body):
        if self._is_authorized():
            self._wait()

    def serve_ots(self, key, _body):
        with self.state.lock:
            used = key in self.state.used_secrets
            self.state.used_secrets.add(key)
        if used:
            self._answer(410)
        elif key.startswith("wrong-"):
            self._answer(200, b"nobody:nothing")
        elif key.startswith("malformed-"):
            self._answer(200, b"no separator here")
        else:
            self._answer(200, f"{self.state.user}:{self.state.password}\n".encode())

    def serve_files(self, name, _body):
        path = os.path.join(self.state.files, os.path.basename(name.partition("?")[0]))
        if not os.path.isfile(path):
            self._answer(404)
            return
        with open(path, "rb") as file:
            self._answer(200, file.read())

    def serve_redirect(self, name, _body):
        self._answer(302, headers={"Location": "/files/" + name})

    def serve_redirect_to_file(self, _name, _body):
        self._answer(302, headers={"Location": "file:///etc/hostname"})

    def serve_stall(self, _name, _body):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"beginning")
        self._wait()

    def serve_until_waiting(self, _rest, _body):
        self.state.somebody_waits.wait(60)
        self._answer(200, b"waiting")

    def serve_requests(self, _rest, _body):
        with self.state.lock:
            self._answer(200, json.dumps(self.state.requests).encode())

    def _wait(self):
        self.state.somebody_waits.set()
        self.state.closing.wait()
        self.close_connection = True

    def _is_authorized(self):
        wanted = base64.b64encode(f"{self.state.user}:{self.state.password}".encode()).decode()
        if self.headers.get("Authorization") == "Basic " + wanted:
            return True
        self._answer(401, headers={"WWW-Authenticate": 'Basic realm="tests"'})
        return False

    def _git(self, rest, body, protocol="from the client"):
        path, _, query = rest.partition("?")
        environment = dict(
            git_repositories.GIT_ENVIRONMENT, GIT_PROJECT_ROOT=self.state.repositories, GIT_HTTP_EXPORT_ALL="1",
            PATH_INFO="/" + path, QUERY_STRING=query, REQUEST_METHOD=self.command, REMOTE_ADDR="127.0.0.1",
            CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)))
        if protocol and "Git-Protocol" in self.headers:
            environment["GIT_PROTOCOL"] = self.headers["Git-Protocol"]
        backend = subprocess.run([HTTP_BACKEND], input=body, env=environment, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, check=False)
        head, _, content = backend.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        self._answer(int(headers.pop("Status", "200").split()[0]), content, headers)

    def _body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _answer(self, status, content=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_arguments):
        pass


class HttpServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that went away is what many tests are about."""


class DaemonHandler(socketserver.BaseRequestHandler):
    """Every connection gets a `git daemon` of its own, so that no port has to be guessed."""

    def handle(self):
        subprocess.run(
            ["git", "daemon", "--inetd", "--export-all", "--base-path=" + self.server.state.repositories],
            stdin=self.request.fileno(), stdout=self.request.fileno(), stderr=subprocess.DEVNULL,
            env=git_repositories.GIT_ENVIRONMENT, check=False)


class DaemonServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class GitServer:
    """Both servers, running in threads from construction until `close`."""

    def __init__(self, root, user="user", password="password"):
        self.state = State(root, user, password)
        os.makedirs(self.state.files)
        with open(os.path.join(self.state.files, "hello.txt"), "wb") as file:
            file.write(b"hello\n")
        self._servers = [HttpServer(("127.0.0.1", 0), Handler), DaemonServer(("127.0.0.1", 0), DaemonHandler)]
        self.port, self.daemon_port = (server.server_address[1] for server in self._servers)
        self.commits = git_repositories.create_fixtures(self.state.repositories, self.port)
        for server in self._servers:
            server.state = self.state
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self):
        self.state.closing.set()
        for server in self._servers:
            server.shutdown()
            server.socket.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--root", required=True)
    arguments.add_argument("--user", default="user")
    arguments.add_argument("--password", default="password")
    options = arguments.parse_args()
    server = GitServer(options.root, options.user, options.password)
    print(json.dumps({"port": server.port, "daemon_port": server.daemon_port, "commits": server.commits}), flush=True)
    sys.stdin.read()
    server.close()


if __name__ == "__main__":
    main()
