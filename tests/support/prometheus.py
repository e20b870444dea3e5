"""A real Prometheus that scrapes what a test tells it to."""

import json
import os
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from child import PATIENCE, Child


class Prometheus:
    """Scrapes `targets` as the job `image-builder` five times a second. Ends with `close`."""

    def __init__(self, folder, targets):
        os.makedirs(folder)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="ascii") as file:
            json.dump({"global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
                       "scrape_configs": [{"job_name": "image-builder", "static_configs": [{"targets": targets}]}]}, file)
        self._child = Child(["prometheus", "--config.file=" + config, "--storage.tsdb.path=" + os.path.join(folder, "data"),
                             "--web.listen-address=127.0.0.1:0"])
        self._address = self._child.wait_for_error_line(_listening)
        self._child.wait_for_error_line(lambda line: "Server is ready" in line)

    def ask(self, path, **parameters):
        """The data of an answer of its API; raises with its words where it refuses the question."""
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        try:
            with urllib.request.urlopen(f"http://{self._address}/api/v1/{path}{query}", timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{path} {parameters}: {refused.read().decode(errors='replace')}") from None

    def values(self, expression):
        """What an expression gives now: label sets and values."""
        return [(series["metric"], float(series["value"][1])) for series in self.ask("query", query=expression)["result"]]

    def wait_for(self, expression, wanted):
        """Waits until an expression gives one value, and that one."""
        deadline = time.monotonic() + PATIENCE
        pause = threading.Event()
        while True:
            seen = self.values(expression)
            if [value for _, value in seen] == [wanted]:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{expression} is {seen}, not {wanted}")
            pause.wait(0.1)

    def close(self):
        self._child.kill()


def _listening(line):
    hit = re.search(r'msg="Listening on" address=(\S+)', line)
    return hit and hit[1]
