"""A door that speaks TLS to the outside and passes the bytes on in plain text; opens on a free loopback port."""

import socket
import ssl
import threading


class TlsDoor:
    """`address` is where the bytes go; `certificate` and `key` are files. Ends with `close`."""

    def __init__(self, address, certificate, key):
        host, _, port = address.rpartition(":")
        self._target = (host, int(port))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                outside, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(outside,), daemon=True).start()

    def _serve(self, outside):
        try:
            with self._context.wrap_socket(outside, server_side=True) as secure, \
                    socket.create_connection(self._target) as inside:
                # The request has no body: what comes after it is the answer.
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = secure.recv(65536)
                    if not piece:
                        return
                    head += piece
                inside.sendall(head)
                while piece := inside.recv(65536):
                    secure.sendall(piece)
        except OSError:
            pass  # a side is gone; the other will notice
