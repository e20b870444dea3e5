"""A machine of a test's own: namespaces with another root, without a network, that end with the test."""

import contextlib
import os
import signal
import subprocess

from child import Child

_BOOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "machine_boot.sh")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def may_be_made():
    """Whether this process may make one: it mounts file systems and switches users."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False,
                                                capture_output=True).returncode == 0


class Machine:
    """Ends with `close`. The folder `shared` is seen at /srv."""

    def __init__(self, kind, root, shared, init=()):
        # Killed with this process, however that ends: `unshare` itself would ignore anything milder.
        self._child = Child(["setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc",
                             "--propagation", "private", "--", "bash", _BOOT, kind, root, shared, *init])
        self._first, self._started = None, []
        if not self._child.out.wait_for(lambda line: line == "ready"):
            self.close()
            raise AssertionError("the machine did not come up:\n" + self._child.text())
        with open(f"/proc/{self._child.pid}/task/{self._child.pid}/children", encoding="ascii") as file:
            self._first = file.read().split()[0]

    def _entering(self, argv, user, environment):
        variables = {"PATH": _PATH, "LANG": "C.UTF-8", **environment}
        switch = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"] if user else []
        return ["nsenter", "--target", self._first, "--mount", "--pid", "--net", "--uts", "--ipc", "--root",
                "--", *switch, "env", "--chdir=/", "-i", *(f"{name}={value}" for name, value in variables.items()), *argv]

    def run(self, *argv, user=None, check=True, **environment):
        """What a program said on both outputs; raises with that where it fails and `check` is given."""
        ended = subprocess.run(self._entering(argv, user, environment), check=False, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check and ended.returncode != 0:
            raise AssertionError(f"{' '.join(argv)} ended with {ended.returncode}:\n{ended.stdout}")
        return ended.stdout

    def works(self, *argv):
        """Whether a program succeeds."""
        return subprocess.run(self._entering(argv, None, {}), check=False, capture_output=True).returncode == 0

    def start(self, *argv, user=None, **environment):
        """A program that goes on: a Child."""
        child = Child(self._entering(("sh", "-c", 'echo $$ >&2; exec "$@"', "sh", *argv), user, environment))
        self._started.append(child)
        return Process(self, child)

    def start_beside(self, *argv):
        """A program of this system that shares nothing with the machine but the network: a Child."""
        child = Child(["nsenter", "--target", self._first, "--net", "--", *argv])
        self._started.append(child)
        return child

    def close(self):
        """Ends the machine and everything in it: its first process is gone only when all others are."""
        if self._first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._first), signal.SIGKILL)
            self._child.wait()
        self._child.kill()
        for child in self._started:
            child.kill()


class Process:
    """A program that runs in a machine. What is started is a door into the machine, which passes on no signal."""

    def __init__(self, machine, child):
        self._machine, self._child = machine, child
        self._pid = child.wait_for_error_line(lambda line: line if line.isdigit() else None)
        self.wait_for_error_line = child.wait_for_error_line
        self.wait_for_line = child.out.wait_for
        self.text = child.text

    def stop(self):
        """Its exit code after TERM."""
        self._machine.run("sh", "-c", f"kill -TERM {self._pid}")
        return self._child.wait()
