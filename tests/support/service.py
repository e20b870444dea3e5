"""The service as a child of a test, with a state folder of its own."""

import json
import os
import tempfile

from child import Child
from places import program


class Service:
    """`config` is laid over a small default: `chroot` isolation (a step reaches the test's gate), free ports."""

    def __init__(self, folder, config, environment=None):
        # Beside the test's other folders, which hold registries: what mentions this path belongs to the service.
        self.state = tempfile.mkdtemp(prefix="state-", dir=folder)
        self.config_file = os.path.join(self.state + ".json")
        self._environment = {**os.environ, **(environment or {})}
        self._whole = _laid_over({
            "server": {"services": {"grpc": {"address": "127.0.0.1:0"}}},
            "health": {"address": "127.0.0.1:0"}, "debug": {"address": "127.0.0.1:0"},
            "metrics": {"address": "127.0.0.1:0"},
            "local": {"stateDirectory": self.state, "isolation": "chroot", "stopGrace": "2s"},
        }, config)
        self.configure({})
        self.start()

    def configure(self, more):
        """Lays something over the configuration in its file; the service reads it at its next start or SIGHUP."""
        _laid_over(self._whole, more)
        with open(self.config_file + ".new", "w", encoding="utf-8") as file:
            json.dump(self._whole, file)
        os.replace(self.config_file + ".new", self.config_file)

    def start(self):
        self._child = Child([program("image-builder"), "run", "--config", self.config_file, "--json-log"],
                            self._environment)
        self.pid = self._child.pid
        self.address = self.listening("gRPC")

    def listening(self, what):
        """The address where the service serves "logs", "health" or "debug"."""
        return self._child.wait_for_error_line(lambda line: _serving(line, what))

    def wait_until_ready(self):
        """Waits until the service knows how to build here: only its trial of the tools is over then."""
        self._child.wait_for_error_line(lambda line: "build isolation: " in line or "cannot build from" in line)

    def wait_for_log(self, message, **fields):
        """The first log line with that message and these fields."""
        return self._child.wait_for_error_line(lambda line: _matches(line, {"message": message, **fields}))

    def is_alive(self):
        return self._child.is_alive()

    def signal(self, number):
        self._child.signal(number)

    def wait(self):
        return self._child.wait()

    def stop(self):
        return self._child.stop()

    def kill(self):
        self._child.kill()

    def wait_for_text(self, part):
        """The first line of the log that has this in it."""
        return self._child.wait_for_error_line(lambda line: part in line and line)

    def log_text(self):
        return self._child.text()


def _entry(line):
    try:
        return json.loads(line)
    except ValueError:
        return {}


def _matches(line, fields):
    entry = _entry(line)
    return entry if all(entry.get(name) == value for name, value in fields.items()) else None


def _serving(line, what="gRPC"):
    entry = _matches(line, {"message": "serving " + what})
    return entry and entry.get("address")


def _laid_over(base, more):
    for key, value in more.items():
        base[key] = _laid_over(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return base
