"""Machines that the package is tried on."""

import os
import re
import shlex
import subprocess
import time

from child import PATIENCE
from machine import Machine
from package import dependencies

_UP = ("running", "degraded")
UNIT = "/lib/systemd/system/image-builder.service"


class LayeredRoot:
    """The running system under a layer on memory: quick, offline; has all dependencies of the package already."""

    cache = "/var/lib/image-builder/storage"

    def __init__(self, _folder, shared):
        self.machine = Machine("overlay", "/", shared)
        self._service = None
        # Whoever uses the service on this very system has these already.
        self.machine.run("dpkg", "--purge", "image-builder")
        self.machine.run("rm", "-rf", "/var/lib/image-builder", "/var/cache/image-builder", "/etc/image-builder")

    def files(self):
        """What differs from the running system."""
        return set(self.machine.run("find", "/mnt", "!", "-type", "d").splitlines())

    def install(self, path):
        self.machine.run("dpkg", "--install", path, DEBIAN_FRONTEND="noninteractive")

    def start_service(self):
        """Without systemd: the command of the unit, as its user, with what systemd would tell it."""
        unit = self.machine.run("cat", UNIT)
        command = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1])
        user = re.search(r"^User=(.*)$", unit, re.MULTILINE)[1]
        self._service = self.machine.start(*command, user=user, HOME="/var/lib/" + user, USER=user)
        self.wait_for_log("serving gRPC")

    def wait_for_log(self, pattern):
        return self._service.wait_for_error_line(lambda line: re.search(pattern, line))

    def stop_service(self):
        code = self._service.stop()
        assert code == 0, f"TERM ended the service with {code}:\n{self._service.text()}"

    def close(self):
        self.machine.close()


class CleanRoot:
    """A root of nothing but the distribution's base and systemd, made by debootstrap: minutes, and a network."""

    cache = "/var/cache/image-builder"

    def __init__(self, folder, shared):
        self._folder, self._root = folder, os.path.join(folder, "root")
        self.machine = None
        environment = {**os.environ, **_proxies(), "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        _quietly("debootstrap", "--variant=minbase", "--include=systemd,dbus,ca-certificates", "bookworm", self._root,
                 _mirror(), env=environment)
        self._take_package_sources()
        package = next(os.path.join(shared, name) for name in os.listdir(shared) if name.endswith(".deb"))
        self._fetch_dependencies(package, environment)
        self.machine = Machine("folder", self._root, shared, ["/lib/systemd/systemd", "--system"])
        deadline = time.monotonic() + PATIENCE
        while self.machine.run("systemctl", "is-system-running", "--wait", check=False).strip() not in _UP:
            assert time.monotonic() < deadline, "systemd did not come up"

    def _take_package_sources(self):
        os.remove(self._root + "/etc/apt/sources.list")
        for name in ("/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/apt.conf.d", "/etc/apt/trusted.gpg.d",
                     "/usr/share/keyrings", "/etc/resolv.conf", "/etc/hosts"):
            if os.path.exists(name):
                _quietly("cp", "-rLT", name, self._root + name)

    def _fetch_dependencies(self, package, environment):
        """What the package depends on, while there is a network."""
        chroot = ["unshare", "--mount", "--pid", "--fork", "--mount-proc=" + self._root + "/proc", "chroot", self._root]
        apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        _quietly(*chroot, *apt, "update", env=environment)
        _quietly(*chroot, *apt, "install", "-y", "--no-install-recommends", *dependencies(package),
                 env=environment)

    def files(self):
        found = subprocess.run(["find", self._root, "-xdev", "!", "-type", "d"], check=True, capture_output=True)
        return set(found.stdout.decode(errors="replace").splitlines())

    def install(self, path):
        self.machine.run("dpkg", "--install", path, DEBIAN_FRONTEND="noninteractive")

    def start_service(self):
        self.machine.run("systemctl", "start", "image-builder")

    def wait_for_log(self, pattern):
        log = self.machine.run("timeout", str(PATIENCE), "sh", "-c",
                               "journalctl -u image-builder -o cat -n all -f | grep -m1 -E " + shlex.quote(pattern))
        return re.search(pattern, log)

    def stop_service(self):
        self.machine.run("systemctl", "stop", "image-builder")
        state = self.machine.run("systemctl", "show", "-P", "Result", "image-builder")
        assert state == "success\n", state

    def close(self):
        if self.machine:
            self.machine.close()
        for group in _control_groups(os.path.basename(self._folder)):
            os.rmdir(group)


def _output_of(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def _quietly(*argv, env=None):
    ended = subprocess.run(argv, check=False, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, env=env)
    assert ended.returncode == 0, f"{' '.join(argv)} ended with {ended.returncode}:\n{ended.stdout}"


def _mirror():
    """Where this machine's own packages come from."""
    for line in _output_of("apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)",
                           "Created-By: Packages").splitlines():
        codename, component, uri = line.split()
        if (codename, component) == ("bookworm", "main"):
            return uri
    raise AssertionError("no package source of this machine has Debian 12")


def _proxies():
    found = {}
    for kind in ("http", "https"):
        proxy = _output_of("apt-config", "shell", "proxy", f"Acquire::{kind}::Proxy").partition("=")[2].strip().strip("'")
        if proxy and proxy != "DIRECT":
            found[kind + "_proxy"] = proxy
    return found


def _control_groups(name):
    """The control groups of a machine, innermost first; they are empty when it has ended."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        roots = [line.split()[4] for line in file if " - cgroup2 " in line]
    return [folder for root in roots for folder, _, _ in os.walk(os.path.join(root, name), topdown=False)]
