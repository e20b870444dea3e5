"""A program on a terminal of its own, and what is seen there."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time

from child import PATIENCE, SETPRIV

_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_FRAME = "\x1b[H"


class Terminal:
    """Runs `argv`; `close` ends it."""

    def __init__(self, argv, columns=120, lines=40, environment=None):
        self._master, slave = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(slave)
        # It is the terminal of its session: the kernel tells the program of a new size, and of Ctrl-C.
        self._process = subprocess.Popen([SETPRIV, "--pdeathsig", "TERM", "--", "setsid", "--ctty", *argv],
                                         stdin=slave, stdout=slave, stderr=slave,
                                         env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(environment or {})})
        self._slave = slave
        self.pid = self._process.pid
        self._seen, self._changed = "", threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            try:
                some = os.read(self._master, 65536)
            except OSError:
                some = b""
            with self._changed:
                self._seen += some.decode(errors="replace")
                self._changed.notify_all()
            if not some:
                return

    def resize(self, columns, lines):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text):
        os.write(self._master, text.encode())

    def signal(self, number):
        self._process.send_signal(number)

    def raw(self):
        """Every byte so far."""
        with self._changed:
            return self._seen

    def picture(self):
        """The lines of the last whole picture, without colours."""
        frames = self.raw().split(_FRAME)
        whole = [frame for frame in frames[1:] if "\x1b[J" in frame]
        text = _SEQUENCE.sub("", whole[-1].split("\x1b[J")[0]) if whole else ""
        return text.replace("\r", "").split("\n") if text else []  # the terminal itself adds a return to a line end

    def wait_for(self, wanted):
        """Waits until `wanted(self.picture())` answers something true, and returns that."""
        deadline = time.monotonic() + PATIENCE
        while not (answer := wanted(self.picture())):
            with self._changed:
                if time.monotonic() > deadline:
                    raise AssertionError("not seen; last:\n" + "\n".join(self.picture()) + self._seen[-2000:])
                self._changed.wait(1)
        return answer

    def wait(self):
        """The exit status, once the program has ended."""
        return self._process.wait(PATIENCE)

    def settings(self):
        """Of the terminal, as the next program finds them."""
        return termios.tcgetattr(self._slave)

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE)
        if self._slave >= 0:
            os.close(self._slave)
            self._thread.join(PATIENCE)
            os.close(self._master)
            self._slave = -1
