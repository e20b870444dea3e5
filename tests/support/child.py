"""A program that a test runs: its output is read by threads, so that a test can wait for a line instead of for time."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

#: Longest time for anything that is expected to happen. Only a test that fails waits this long.
PATIENCE = 120

#: Looked up here: a child may be given a PATH without it.
SETPRIV = shutil.which("setpriv") or "/usr/bin/setpriv"


class Lines:
    """The lines of a stream, complete so far, and a way to wait for one of them."""

    def __init__(self, stream):
        self._stream = stream
        self._lines = []
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self._stream:
            with self._changed:
                self._lines.append(line.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        self._stream.close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def all(self):
        with self._changed:
            return list(self._lines)

    def wait_for(self, wanted, patience=PATIENCE):
        """The first line for which `wanted` answers something true: that answer, or None if the stream ends before."""
        deadline = time.monotonic() + patience
        seen = 0
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if answer := wanted(line):
                        return answer
                seen = len(self._lines)
                if self._ended or not self._changed.wait(deadline - time.monotonic()):
                    return None

    def line(self, number, patience=PATIENCE):
        """The line of that number, counted from 0, once it is complete; None if the stream ends before."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._lines) > number, patience)
            return self._lines[number] if len(self._lines) > number else None

    def join(self):
        self._thread.join(PATIENCE)


class Child:
    """A running program. `stop` ends it; whoever starts one registers `kill` as cleanup."""

    def __init__(self, argv, environment=None, with_input=False):
        self.name = os.path.basename(argv[0])
        # setpriv becomes the program. No preexec_fn: Python code between fork and exec hangs now and then where
        # other threads (gRPC's) hold a lock at that moment.
        self._process = subprocess.Popen([SETPRIV, "--pdeathsig", "TERM", "--", *argv],
                                         stdin=subprocess.PIPE if with_input else subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self.pid = self._process.pid
        self.out = Lines(self._process.stdout)
        self.err = Lines(self._process.stderr)

    def wait_for_error_line(self, wanted):
        """What `wanted` says of a line of standard error. Raises with the whole output if no such line comes."""
        answer = self.err.wait_for(wanted)
        if answer is None:
            state = "is silent" if self._process.poll() is None else f"ended with {self._process.returncode}"
            self.kill()
            raise AssertionError(f"{self.name} {state}; it said:\n" + self.text())
        return answer

    def tell(self, line):
        """Writes a line to its standard input."""
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def is_alive(self):
        return self._process.poll() is None

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self):
        """The exit code, negative for a signal."""
        if self._process.stdin:
            self._process.stdin.close()
        code = self._process.wait(PATIENCE)
        self.out.join()
        self.err.join()
        return code

    def stop(self):
        if self.is_alive():
            self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        if self.is_alive():
            self.signal(signal.SIGKILL)
        self.wait()

    def text(self):
        return "\n".join(self.out.all() + self.err.all())


def show(title, text):
    """Writes something that explains a failure where CTest shows it."""
    sys.stderr.write(f"----- {title}\n{text}\n-----\n")
