#!/usr/bin/python3
"""The container image: built by buildah without a network, and run as its configuration says, without root."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import debian_base  # noqa: E402
import machine  # noqa: E402
import package  # noqa: E402
import sample_build  # noqa: E402
from image_store import ImageStore  # noqa: E402
from places import BIN_DIR, SOURCE_DIR  # noqa: E402

SKIPPED = 77
NAME = "localhost/image-builder"


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ib-image-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.store = ImageStore(os.path.join(cls.folder, "store"))
        cls.addClassCleanup(cls.store.close)
        base = debian_base.build(cls.store, cls.folder, package.dependencies(package.build(cls.folder)))
        subprocess.run([os.path.join(SOURCE_DIR, "tools/packaging/container/build"), "--base", base, "--build-folder",
                        os.path.dirname(BIN_DIR), "--isolation", "chroot", "--pull=never", NAME], check=True,
                       env=cls.store.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def setUp(self):
        self.settings = json.loads(self.store.run("inspect", NAME))["Docker"]["config"]

    def test_it_says_how_it_is_run(self):
        self.assertEqual("33333:33333", self.settings["User"])
        self.assertEqual({"8080/tcp", "9500/tcp", "9501/tcp"}, set(self.settings["ExposedPorts"]))
        self.assertEqual(["/usr/bin/image-builder"], self.settings["Entrypoint"])
        self.assertEqual("SIGTERM", self.settings["StopSignal"])

    def test_it_serves_and_builds_as_its_user(self):
        shared = os.path.join(self.folder, "shared")
        os.mkdir(shared)
        container = machine.Machine("folder", self.store.mount(NAME), shared)
        self.addCleanup(container.close)
        container.run("sh", "-c", "echo 127.0.0.1 localhost > /etc/hosts")  # as every engine of containers does
        sample_build.prepare(container, shared)
        environment = dict(entry.split("=", 1) for entry in self.settings["Env"])
        healthy = self.settings["Healthcheck"]["Test"]
        self.assertEqual("CMD", healthy[0])

        self.assertFalse(container.works(*healthy[1:]), "healthy before it was started")
        service = container.start(*self.settings["Entrypoint"], *self.settings["Cmd"], "--json-log", user="33333",
                                  **environment)
        service.wait_for_error_line(lambda line: "serving gRPC" in line)
        self.assertTrue(container.works(*healthy[1:]), "not healthy")
        sample_build.check(self, container)
        self.assertEqual(0, service.stop())
        self.assertIn("journal", container.run("ls", "/var/lib/image-builder"))
        self.assertFalse(container.works(*healthy[1:]), "healthy after it was stopped")


if __name__ == "__main__":
    if not machine.may_be_made():
        print("needs root and the right to mount", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
