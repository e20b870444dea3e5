#!/usr/bin/python3
"""The Kubernetes manifests: valid in every field, consistent with each other and with the image, and what operators know."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import yaml  # noqa: E402

import kubernetes_schema  # noqa: E402
from places import SOURCE_DIR, program  # noqa: E402

FOLDER = os.path.join(SOURCE_DIR, "tools/packaging/kubernetes")
NAME = "image-builder-mk3"
LABELS = {"app": "gitpod", "component": NAME}
KUBECTL = shutil.which("kubectl")


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def kubectl(*argv, stdin=None):
    ended = subprocess.run([KUBECTL, *argv], check=False, capture_output=True, text=True, input=stdin,
                           env={**os.environ, "KUBECONFIG": os.devnull})
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def missing(before, after, path=""):
    """The paths of fields that are in one object and not in the other."""
    if isinstance(before, dict):
        for key, value in before.items():
            if not isinstance(after, dict) or key not in after:
                yield f"{path}.{key}"
            else:
                yield from missing(value, after[key], f"{path}.{key}")
    elif isinstance(before, list):
        for index, value in enumerate(before):
            yield from missing(value, after[index], f"{path}[{index}]")


class ManifestsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kustomization = yaml.safe_load(read("kustomization.yaml"))
        cls.objects = [item for name in cls.kustomization["resources"] for item in yaml.safe_load_all(read(name))]
        cls.deployment = cls.one("Deployment")
        cls.pod = cls.deployment["spec"]["template"]["spec"]
        cls.container, cls.proxy = cls.pod["containers"]

    @classmethod
    def one(cls, kind):
        found = [item for item in cls.objects if item["kind"] == kind]
        assert len(found) == 1, kind
        return found[0]

    def test_every_field_is_known_and_of_its_type(self):
        for item in self.objects:
            with self.subTest(item["kind"]):
                self.assertEqual([], list(kubernetes_schema.faults(item)))
        # The check itself: a wrong name, a wrong type, a missing field.
        for change, wanted in ((("replicaz", 1), ".spec.replicaz: unknown"), (("replicas", "1"), ".spec.replicas: str"),
                               (("selector", None), "selector")):
            broken = json.loads(json.dumps(self.deployment))
            broken["spec"][change[0]] = change[1]
            self.assertIn(wanted, " ".join(kubernetes_schema.faults(broken)))

    @unittest.skipUnless(KUBECTL, "kubectl is not installed")
    def test_kubectl_reads_all_of_it(self):
        rendered = list(yaml.safe_load_all(kubectl("kustomize", FOLDER)))
        self.assertEqual({"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Deployment", "Service", "NetworkPolicy",
                          "ConfigMap"}, {item["kind"] for item in rendered})
        settings = next(item for item in rendered if item["kind"] == "ConfigMap")
        self.assertEqual(LABELS, settings["metadata"]["labels"])
        deployment = next(item for item in rendered if item["kind"] == "Deployment")
        volumes = deployment["spec"]["template"]["spec"]["volumes"]
        self.assertIn(settings["metadata"]["name"], [volume.get("configMap", {}).get("name") for volume in volumes])
        # kubectl drops what its own types do not know.
        after = kubectl("set", "env", "--local", "-f", "-", "-o", "json", "A=b", stdin=yaml.safe_dump(deployment))
        self.assertEqual([], list(missing(deployment, json.loads(after))))

    def test_operators_find_the_ports_and_the_security_context_they_know(self):
        ports = {port["name"]: port["containerPort"] for part in (self.container, self.proxy) for port in part["ports"]}
        self.assertEqual({"service": 8080, "health": 9501, "metrics": 9500}, ports)
        self.assertEqual({"service": 8080, "metrics": 9500},
                         {port["targetPort"]: port["port"] for port in self.one("Service")["spec"]["ports"]})
        self.assertEqual(("/live", "health"), tuple(self.container["livenessProbe"]["httpGet"].values()))
        self.assertEqual(("/ready", "health"), tuple(self.container["readinessProbe"]["httpGet"].values()))
        allowed = self.container["securityContext"]
        self.assertEqual((False, False, 33333),
                         (allowed["privileged"], allowed["allowPrivilegeEscalation"], allowed["runAsUser"]))
        self.assertIn("--upstream=http://127.0.0.1:9500/", self.proxy["args"])

    def test_the_parts_fit_together(self):
        for item in self.objects:
            self.assertEqual(LABELS, item["metadata"]["labels"], item["kind"])
        self.assertEqual(LABELS, self.deployment["spec"]["selector"]["matchLabels"])
        self.assertEqual(LABELS, self.deployment["spec"]["template"]["metadata"]["labels"])
        self.assertEqual(LABELS, self.one("Service")["spec"]["selector"])
        self.assertEqual(LABELS, self.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"])
        self.assertEqual(self.pod["serviceAccountName"], self.one("ServiceAccount")["metadata"]["name"])
        self.assertEqual(self.one("ClusterRoleBinding")["roleRef"]["name"], self.one("ClusterRole")["metadata"]["name"])
        volumes = {volume["name"] for volume in self.pod["volumes"]}
        mounted = {mount["name"] for part in (self.container, self.proxy) for mount in part["volumeMounts"]}
        self.assertEqual(volumes, mounted)
        maps = {volume["configMap"]["name"] for volume in self.pod["volumes"] if "configMap" in volume}
        self.assertEqual(maps, {entry["name"] for entry in self.kustomization["configMapGenerator"]})

    def test_the_image_is_what_the_pod_expects(self):
        with open(os.path.join(SOURCE_DIR, "tools/packaging/container/Containerfile"), encoding="utf-8") as file:
            containerfile = file.read()
        user = self.container["securityContext"]
        self.assertIn(f"USER {user['runAsUser']}:{user['runAsGroup']}\n", containerfile)
        self.assertIn("XDG_STATE_HOME=/var/lib ", containerfile)
        self.assertIn("/var/lib/image-builder", [mount["mountPath"] for mount in self.container["volumeMounts"]])

    def test_the_configuration_is_good_and_finds_its_files(self):
        text = read("image-builder.json")
        mounts = [mount["mountPath"] for mount in self.container["volumeMounts"]]
        self.assertIn("/config/image-builder.json", mounts)
        with tempfile.TemporaryDirectory(prefix="ib-manifests-") as folder:
            for path in re.findall(r'"(/[^"]+)"', text):
                self.assertTrue(any(path.startswith(mount + "/") for mount in mounts), f"{path} is not mounted")
                os.makedirs(folder + os.path.dirname(path), exist_ok=True)
                with open(folder + path, "w", encoding="ascii") as file:
                    file.write("{}")
            settings = os.path.join(folder, "image-builder.json")
            with open(settings, "w", encoding="utf-8") as file:
                file.write(re.sub(r'"(/[^"]+)"', rf'"{folder}\1"', text))
            said = subprocess.run([program("image-builder"), "check-config", settings], check=False, capture_output=True,
                                  text=True)
        self.assertEqual((0, f"{settings}: fine\n", ""), (said.returncode, said.stdout, said.stderr))
        self.assertNotIn("address", json.loads(text).get("metrics", {}), "kube-rbac-proxy expects the default")


if __name__ == "__main__":
    unittest.main(verbosity=2)
