"""What the end-to-end tests stand on: a registry, a git server, a gate, and the service, one of each per test class."""

import base64
import json
import os
import shutil
import sys
import tempfile
import unittest

import git_repositories
import leftovers
from child import Child, show
from client import FAILURE, RUNNING, SUCCESS, Client, file_source, git
from gate import Gate
from git_server import GitServer
from images import Images
from places import SOURCE_DIR
from registry import Registry
from service import Service

BUSYBOX = "/bin/busybox"
#: Every image that runs something starts like this; the folder `bin` is in every repository that `add_repository` makes.
PROLOGUE = "FROM scratch\nCOPY bin /bin\n"
COMMANDS = ("sh", "wget", "cat", "echo", "seq", "printf", "false", "base64", "ls")

GIT_USER, GIT_PASSWORD = "e2e-git-user", "e2e:git@p4ss w0rd/x"


def encoded(user):
    """A (name, password) pair as registries want it."""
    return base64.b64encode(":".join(user).encode()).decode()


class WorkshopTest(unittest.TestCase):
    """Subclasses set what they need; everything ends with the class, and what the service left behind is an error."""

    config = {}  # laid over the service's defaults
    environment = None  # and over the test's environment
    registry_users = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="ib-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.gate = Gate()
        cls.addClassCleanup(cls.gate.close)
        cls.git_server = GitServer(os.path.join(cls.folder, "git"), GIT_USER, GIT_PASSWORD)
        cls.addClassCleanup(cls.git_server.close)
        cls.registry = cls.add_registry("registry", cls.registry_users)
        user = next(iter((cls.registry_users or {}).items()), None)
        cls.images = Images(cls.registry.address, user)
        cls.prepare()
        cls.service = cls.add_service(cls.config, cls.environment)
        cls.client = Client(cls.service.address)
        cls.addClassCleanup(cls.client.close)

    @classmethod
    def prepare(cls):
        """For subclasses: repositories and images that the service is to find."""

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.end_service(cls.service)

    @classmethod
    def end_service(cls, service):
        """Ends a service and sees to it that nothing of it is left."""
        if service.is_alive():
            service.wait_until_ready()
            left = leftovers.of_builds(service.state, service.pid)
            code = service.stop()
            assert code == 0, f"SIGTERM ended the service with {code}:\n{service.log_text()}"
            assert not left, f"builds left behind: {left}"
        left = leftovers.processes(service.state) + leftovers.mounts(service.state)
        assert not left, f"the service left behind: {left}"

    @classmethod
    def add_registry(cls, name, users=None, **more):
        registry = Registry(os.path.join(cls.folder, name), users, **more)
        cls.addClassCleanup(registry.close)
        return registry

    @classmethod
    def add_service(cls, config, environment=None):
        orchestrator = {"engine": "local", "baseImageRepository": cls.registry.address + "/base-images",
                        "workspaceImageRepository": cls.registry.address + "/workspace-images"}
        service = Service(cls.folder, {**config, "orchestrator": {**orchestrator, **config.get("orchestrator", {})}},
                          environment)
        cls.addClassCleanup(service.kill)
        return service

    @classmethod
    def add_program(cls, name, *arguments):
        """Starts a server of tests/support and returns the address that it tells."""
        server = Child(["/usr/bin/python3", os.path.join(SOURCE_DIR, "tests", "support", name), *arguments])
        cls.addClassCleanup(server.kill)
        said = "listening on "
        return server.out.wait_for(lambda line: line.startswith(said) and line.removeprefix(said).rstrip(";"))

    @classmethod
    def write_pull_secret(cls, name, users):
        """A Docker config file with a (name, password) pair for each registry, put in place at once; its path."""
        return cls.write_docker_config(name, {"auths": {address: {"auth": encoded(user)}
                                                        for address, user in users.items()}})

    @classmethod
    def write_docker_config(cls, name, content):
        path = os.path.join(cls.folder, name)
        with open(path + ".new", "w", encoding="ascii") as file:
            json.dump(content, file)
        os.replace(path + ".new", path)
        return path

    @classmethod
    def add_repository(cls, name, files, branch="main", with_busybox=True):
        """Makes a repository that the git server serves at /open/NAME.git and /private/NAME.git; returns its commit."""
        entries = dict(files)
        if with_busybox:
            with open(BUSYBOX, "rb") as file:
                entries["bin/busybox"] = ("100755", file.read())
            entries.update({f"bin/{command}": (git_repositories.LINK, "busybox") for command in COMMANDS})
        folder = os.path.join(cls.git_server.state.repositories, name + ".git")
        commits = git_repositories.Repository().commit("only", branch, entries).write(folder, head=branch)
        return commits["only"]

    def url(self, name, area="open"):
        return self.git_server.url(f"/{area}/{name}.git")

    def source(self, name, dockerfile="Dockerfile", **more):
        """A Dockerfile in the root of an open repository."""
        return file_source(git(self.url(name)), dockerfile, **more)

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > failures:
            show(f"log of the service in {self.id()}", "\n".join(self.service.log_text().splitlines()[-40:]))

    def assert_built(self, responses):
        """The shape of every successful build that ran; returns the last response."""
        self.assertEqual([RUNNING] * (len(responses) - 1) + [SUCCESS], [r.status for r in responses], _words(responses))
        self.assertGreater(len(responses), 1)
        return responses[-1]

    def assert_failed(self, responses):
        """The shape of every failed build; returns its message."""
        self.assertEqual([RUNNING] * (len(responses) - 1) + [FAILURE], [r.status for r in responses], _words(responses))
        return responses[-1].message

    def assert_nothing_left(self):
        self.assertEqual([], leftovers.of_builds(self.service.state, self.service.pid))


def _words(responses):
    return "\n".join(f"{r.status} {r.message}" for r in responses)


def main():
    for tool in ("buildah", "docker-registry", "git", "protoc"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed")
    unittest.main(verbosity=2)
