"""A loopback port that stays the same while what is behind it comes and goes: connections are passed on byte by byte."""

import contextlib
import socket
import threading


class Forwarder:
    """Passes every new connection on to `target` ("host:port"), which may be changed. Ends with `close`."""

    def __init__(self, target):
        self.target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open = []
        self._lock = threading.Lock()
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return  # closed
            host, _, port = self.target.rpartition(":")
            try:
                service = socket.create_connection((host, int(port)))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open += [client, service]
            for source, sink in ((client, service), (service, client)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()

    def close(self):
        self._server.close()
        with self._lock:
            for connection in self._open:
                _end(connection)


def _pump(source, sink):
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    _end(source)
    _end(sink)


def _end(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
