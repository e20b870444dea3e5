"""A TCP proxy that a test breaks: it passes bytes on until it is told to stall, to reset, or to close one direction."""

import contextlib
import socket
import struct
import threading


class TcpProxy:
    """`target` is where the bytes go. `reach` may be changed at any time; connections of before stay as they are."""

    def __init__(self, target):
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._changed = threading.Condition()
        self._pairs = []
        self._flows = True
        self._accepts = True
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        self.reset()
        self.flow()

    def stall(self):
        """Nothing gets through any more, in neither direction, and nobody is told."""
        self._set(flows=False)

    def flow(self):
        self._set(flows=True, accepts=True)

    def refuse(self):
        """New connections are reset at once."""
        self._set(accepts=False)

    def reset(self):
        """Every connection ends by a reset, on both sides."""
        for pair in self._taken():
            for side in pair:
                with contextlib.suppress(OSError):
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    side.close()

    def half_close(self):
        """The client is told that nothing more comes, and may go on sending."""
        for outside, _ in self._taken():
            with contextlib.suppress(OSError):
                outside.shutdown(socket.SHUT_WR)

    def _set(self, flows=None, accepts=None):
        with self._changed:
            self._flows = self._flows if flows is None else flows
            self._accepts = self._accepts if accepts is None else accepts
            self._changed.notify_all()

    def _taken(self):
        with self._changed:
            pairs, self._pairs = self._pairs, []
            return pairs

    def _accept(self):
        while True:
            try:
                outside, _ = self._listener.accept()
            except OSError:
                return
            try:
                if not self._accepts:
                    raise OSError("refused")
                inside = socket.create_connection(self._target)
            except OSError:
                outside.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                outside.close()
                continue
            with self._changed:
                self._pairs.append((outside, inside))
            for source, sink in ((outside, inside), (inside, outside)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                with self._changed:
                    self._changed.wait_for(lambda: self._flows)
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
