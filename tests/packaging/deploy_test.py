#!/usr/bin/python3
"""The container image and how it comes to a cluster: built by buildah without a network, pushed, set; run without root.

The registry is real. Of the cluster there is only a `kubectl` that writes down what it is told.
"""

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
from fake_kubectl import FakeKubectl  # noqa: E402
from image_store import ImageStore  # noqa: E402
from images import Images  # noqa: E402
from places import BIN_DIR, SOURCE_DIR  # noqa: E402
from registry import Registry, pushed_manifests  # noqa: E402

SKIPPED = 77
CONTEXT, SERVER, NAMESPACE = "the-dev-cluster", "https://cluster.example.com:6443", "workspaces"
CLUSTER = ["--context", CONTEXT, "--namespace", NAMESPACE]
DEPLOYMENT = "deployment/image-builder-mk3"
ANSWERS = {
    "config current-context": (0, CONTEXT + "\n"),
    "jsonpath={.clusters[0]": (0, SERVER),
    "jsonpath={.contexts[0]": (0, NAMESPACE),
    "get deployment": (0, "registry.example.com/image-builder:old"),
    "set image": (0, ""),
    "rollout status": (0, ""),
}


class DeployTest(unittest.TestCase):
    """`deployed` is what one run of the script said; the tests look at what it did, and try others that do nothing."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ib-deploy-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.store = ImageStore(os.path.join(cls.folder, "store"))
        cls.addClassCleanup(cls.store.close)
        cls.registry = Registry(os.path.join(cls.folder, "registry"))
        cls.addClassCleanup(cls.registry.close)
        cls.repository = cls.registry.address + "/dev/image-builder"
        cls.base = debian_base.build(cls.store, cls.folder, package.dependencies(package.build(cls.folder)))
        cls.kubectl = FakeKubectl(os.path.join(cls.folder, "cluster"), ANSWERS)
        cls.deployed = cls.deploy("--yes")
        cls.calls = cls.kubectl.calls()

    @classmethod
    def run_script(cls, *options, kubectl=None, answer=""):
        """Exit code and all that is said."""
        kubectl = kubectl or cls.kubectl
        # A step of the image's own build needs no more than `chroot`, which works on any machine.
        environment = {**cls.store.environment, "PATH": kubectl.folder + ":" + os.environ["PATH"],
                       "BUILDAH_ISOLATION": "chroot"}
        ended = subprocess.run(
            [os.path.join(SOURCE_DIR, "tools/deploy"), "--plain-http", "--base", cls.base, "--build-folder",
             os.path.dirname(BIN_DIR), *options, cls.repository], check=False, input=answer, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        return ended.returncode, ended.stdout

    @classmethod
    def deploy(cls, *options, **more):
        code, said = cls.run_script(*options, **more)
        assert code == 0, said
        return said

    def another_cluster(self, **answers):
        return FakeKubectl(tempfile.mkdtemp(dir=self.folder) + "/cluster",
                           {**ANSWERS, **{key.replace("_", " "): value for key, value in answers.items()}})

    def pushes(self):
        return pushed_manifests(self.registry.requests(), "dev/image-builder")

    def test_the_cluster_is_shown_and_gets_what_was_pushed(self):
        for word in (CONTEXT, SERVER, NAMESPACE + "/image-builder-mk3", "registry.example.com/image-builder:old"):
            self.assertIn(word, self.deployed)
        tag, = self.pushes()
        self.assertRegex(tag, r"^dev-[0-9a-f]{12}(-changed)?$")
        digest = Images(self.registry.address).digest(f"{self.repository}:{tag}")
        self.assertEqual([*CLUSTER, "set", "image", DEPLOYMENT, f"image-builder-mk3={self.repository}@{digest}"],
                         self.calls[-2])
        self.assertEqual([*CLUSTER, "rollout", "status", DEPLOYMENT, "--timeout=180s"], self.calls[-1])
        changing = [call for call in self.calls if not {"config", "get", "status"} & set(call)]
        self.assertEqual(1, len(changing), changing)
        labels = json.loads(self.store.run("inspect", f"{self.repository}:{tag}"))["Docker"]["config"]["Labels"]
        self.assertEqual(tag.removeprefix("dev-"), labels["org.opencontainers.image.revision"])

    def test_only_yes_is_yes(self):
        for answer in ("", "\n", "n\n", "no\n", "sure\n"):
            cluster = self.another_cluster()
            code, said = self.run_script(kubectl=cluster, answer=answer)
            self.assertEqual(1, code)
            self.assertIn(CONTEXT, said)
            self.assertIn("nothing was done", said)
            self.assertEqual([], [call for call in cluster.calls() if not {"config", "get"} & set(call)])

    def test_a_dry_run_prints_each_step_and_changes_nothing(self):
        cluster, before = self.another_cluster(), self.pushes()
        said = self.deploy("--dry-run", "--deployment", "mine", "--container", "main", kubectl=cluster)
        steps = [line for line in said.splitlines() if line.startswith("+ ")]
        self.assertEqual(4, len(steps), said)
        for step, words in zip(steps, ("container/build", "buildah push", "set image deployment/mine main=",
                                       "rollout status deployment/mine")):
            self.assertIn(words, step)
        self.assertEqual([], [call for call in cluster.calls() if not {"config", "get"} & set(call)])
        self.assertEqual(before, self.pushes())

    def test_what_is_wrong_is_said_before_anything_is_done(self):
        for answers, words in (({"config_current-context": (1, "error: current-context is not set\n")}, "no current context"),
                               ({"get_deployment": (1, "Error from server (NotFound)\n")}, "cannot be read"),
                               ({"get_deployment": (0, "")}, "no container image-builder-mk3")):
            code, said = self.run_script("--yes", kubectl=self.another_cluster(**answers))
            self.assertEqual(1, code)
            self.assertIn(words, said)
            self.assertNotIn("+ ", said)
        for arguments in (["--unknown"], ["-x"]):
            self.assertEqual(2, self.run_script(*arguments)[0])

    def test_the_image_is_run_without_root_and_builds(self):
        tag, = self.pushes()
        image = f"{self.repository}:{tag}"
        settings = json.loads(self.store.run("inspect", image))["Docker"]["config"]
        self.assertEqual("33333:33333", settings["User"])
        self.assertEqual({"8080/tcp", "9500/tcp", "9501/tcp"}, set(settings["ExposedPorts"]))
        self.assertEqual("SIGTERM", settings["StopSignal"])
        environment = dict(entry.split("=", 1) for entry in settings["Env"])
        healthy = settings["Healthcheck"]["Test"]
        self.assertEqual("CMD", healthy[0])

        shared = os.path.join(self.folder, "shared")
        os.mkdir(shared)
        container = machine.Machine("folder", self.store.mount(image), shared)
        self.addCleanup(container.close)
        container.run("sh", "-c", "echo 127.0.0.1 localhost > /etc/hosts")  # as every engine of containers does
        sample_build.prepare(container, shared)
        self.assertFalse(container.works(*healthy[1:]), "healthy before it was started")
        service = container.start(*settings["Entrypoint"], *settings["Cmd"], "--json-log", user="33333", **environment)
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
