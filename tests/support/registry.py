"""The distribution's own `docker-registry` on a free loopback port, with a log of what was asked of it."""

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid

from certificates import self_signed
from child import Child

_CONFIG = """version: 0.1
log: {{level: info, formatter: json, accesslog: {{disabled: false}}}}
storage:
  filesystem: {{rootdirectory: "{root}"}}
  delete: {{enabled: true}}
  maintenance: {{uploadpurging: {{enabled: false}}}}
http: {{addr: "{address}:{port}"{tls}}}
{auth}"""
_ACCESS = re.compile(r'"([A-Z]+) (\S+) HTTP/[0-9.]+" ([0-9]{3}) ')


class Registry:
    """`users` maps names to passwords; None lets everybody in, or whom the line `auth` of its configuration says. With
    `host` ("DNS:a.test") it speaks HTTPS under that name, with a CA of its own in `ca_file`, to those whose
    certificate `client_ca` signed where that is given. Ends with `close`."""

    def __init__(self, folder, users=None, host=None, auth="", client_ca=None, address="127.0.0.1"):
        self._folder = folder
        os.makedirs(folder)
        self._auth, self._address = auth, address
        if users:
            entries = "".join(subprocess.run(["htpasswd", "-Bbn", name, password], check=True, capture_output=True,
                                             text=True).stdout.strip() + "\n" for name, password in users.items())
            path = os.path.join(folder, "htpasswd")
            with open(path, "w", encoding="ascii") as file:
                file.write(entries)
            self._auth = f'auth: {{htpasswd: {{realm: tests, path: "{path}"}}}}\n'
        self._tls = self.ca_file = ""
        if host:
            self.ca_file, key = (os.path.join(folder, name) for name in ("ca.pem", "key.pem"))
            self_signed(host, key, self.ca_file)
            clients = f', clientcas: ["{client_ca}"]' if client_ca else ""
            self._tls = f', tls: {{certificate: "{self.ca_file}", key: "{key}"{clients}}}'
        self._child = self._kept = None
        self._start(0)

    def _start(self, port):
        config = os.path.join(self._folder, "config.yml")
        with open(config, "w", encoding="ascii") as file:
            file.write(_CONFIG.format(root=os.path.join(self._folder, "images"), port=port, auth=self._auth,
                                      tls=self._tls, address=self._address))
        self._child = Child(["docker-registry", "serve", config])
        self.address = self._child.wait_for_error_line(_listening)

    def requests(self):
        """(method, path with query, status) of everything that was asked so far, in the order of the answers."""
        # A log line is written after its answer, and each connection has its own thread: the line of a last request
        # of our own shows that the log is read up to here, but for requests whose answers are still under way.
        mark = f"/v2/?mark={uuid.uuid4().hex}"
        scheme = "https" if self._tls else "http"
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{scheme}://{self.address}{mark}", timeout=60,
                                   context=unverified() if self._tls else None).close()
        self._child.out.wait_for(lambda line: mark in line)
        hits = [_ACCESS.search(line) for line in self._child.out.all()]
        return [(hit[1], hit[2], int(hit[3])) for hit in hits if hit and "mark=" not in hit[2]]

    def stop(self):
        """Nobody answers at its address any more, nor will another test's server, which could get its port else."""
        self._child.stop()
        host, _, port = self.address.rpartition(":")
        family, kind, _, _, place = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        self._kept = socket.socket(family, kind)
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind(place)

    def close(self):
        self._child.kill()
        if self._kept:
            self._kept.close()


def _listening(line):
    try:
        message = json.loads(line).get("msg", "")
    except ValueError:
        return None
    if not message.startswith("listening on "):
        return None
    return message.removeprefix("listening on ").removesuffix(", tls")


def unverified():
    """For requests of the test's own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def moved_blobs(requests):
    """Those requests that carry bytes of blobs: everything but a mount."""
    return [(method, path) for method, path, _ in requests
            if method in ("PATCH", "PUT") and "/blobs/" in path
            or method == "POST" and "/blobs/uploads/" in path and "mount=" not in path]


def pushed_manifests(requests, repository):
    """The tags and digests that were pushed to a repository."""
    prefix = f"/v2/{repository}/manifests/"
    return [path.removeprefix(prefix) for method, path, status in requests
            if method == "PUT" and path.startswith(prefix) and status == 201]
