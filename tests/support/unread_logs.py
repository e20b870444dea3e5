"""How much of a running build's log the service has in memory, as its debug endpoint tells it."""

import http.client
import json
import time

from child import PATIENCE


def in_memory(service, build_id):
    """Bytes of the log, and how many of them are in memory."""
    connection = http.client.HTTPConnection(service.listening("debug"), timeout=PATIENCE)
    try:
        connection.request("GET", "/debug/running")
        rows = {row["id"]: row for row in json.load(connection.getresponse())["rows"]}
    finally:
        connection.close()
    return rows[build_id]["log_bytes"], rows[build_id]["log_bytes_in_memory"]


def wait_until_away(service, build_id, size):
    """Until a log has so many bytes and none of them is in memory; a test cannot be told, so it looks."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        whole, held = in_memory(service, build_id)
        if whole >= size and held == 0:
            return whole
        time.sleep(0.05)
    raise AssertionError(f"of {whole} bytes {held} are in memory")
