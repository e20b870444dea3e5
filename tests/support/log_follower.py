"""Follows a build's log as clients of a workspace's supervisor do: by the URL and headers of `log_info` alone."""

import base64
import http.client
import json
import urllib.parse

from child import PATIENCE


class Refused(Exception):
    """An answer that is not 200."""

    def __init__(self, response):
        self.status = response.status
        self.allow = response.getheader("Allow")
        super().__init__(f"{response.status}: {response.read()!r}")


def open_url(url, headers, context=None):
    """The response of a GET, its connection, which ends with `close()`; Refused where it is not 200."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, timeout=PATIENCE, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            raise Refused(response)
        return response, connection
    except BaseException:
        connection.close()
        raise


def terminal_url(url, headers, context=None):
    """Where the log of the build's task is streamed."""
    response, connection = open_url(url + "/_supervisor/v1/status/tasks", headers, context)
    try:
        tasks = json.load(response)["result"]["tasks"]
    finally:
        connection.close()
    return f"{url}/_supervisor/v1/terminal/listen/{tasks[0]['terminal']}"


def follow(url, headers, context=None):
    """The log's bytes piece by piece until the stream ends in order; http.client.IncompleteRead where it is cut."""
    response, connection = open_url(terminal_url(url, headers, context), headers, context)
    try:
        yield from pieces(response)
    finally:
        connection.close()


def pieces(response):
    """What a terminal's stream carries. Not by lines: http.client takes a stream that is cut for one that has ended there."""
    rest = b""
    while data := response.read1(65536):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield base64.b64decode(json.loads(line)["result"]["data"], validate=True)
    assert not rest, rest


def whole(url, headers, context=None):
    return b"".join(follow(url, headers, context))
