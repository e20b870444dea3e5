"""The body of a request to a server of the tests, announced by its length or in chunks (as some clients do)."""


def read_body(handler):
    """Of a http.server.BaseHTTPRequestHandler; b"" where there is none."""
    if "chunked" not in handler.headers.get("Transfer-Encoding", ""):
        return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    body = b""
    while length := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(length)
        handler.rfile.readline()
    handler.rfile.readline()
    return body
