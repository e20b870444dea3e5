"""A build by hand: the commands that the local engine runs (actors/engine/buildah.cpp), with a layer cache of their own."""

import json
import os
import re
import shutil
import subprocess

import bench_house

DOCKERFILE = b"""FROM scratch
COPY stamp sh /bin/
"""


def files(steps, stamp):
    """A repository whose build copies a shell and runs so many commands, each of which prints some lines. No layer of
    it is cached where the stamp is new."""
    commands = [b"RUN for line in 1 2 3 4 5; do echo \"step %d, line $line\"; done\n" % step for step in range(steps)]
    return {"Dockerfile": DOCKERFILE + b"".join(commands), "sh": bench_house.busybox(), "stamp": str(stamp).encode()}


class ByHand:
    def __init__(self, house):
        self.house = house
        self.folder = house.folder / "hand"
        self.folder.mkdir(mode=0o700)
        taken = re.search(r"build isolation: (oci|chroot): .*; storage (\w+)(; processes and mounts end)?",
                          house.log("service"))
        if not taken:
            raise RuntimeError("the service's log does not tell its isolation")
        self.isolation, self.driver, namespaces = taken.groups()
        unshare = ["unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--"] if namespaces else []
        self.buildah = [*unshare, "buildah", "--root", self.folder / "storage", "--runroot",
                        self.folder / "runtime", "--storage-driver", self.driver,
                        "--registries-conf", self.folder / "registries.conf"]
        self._write_configuration()

    def _write_configuration(self):
        registry = f"localhost:{self.house.registry_port}"
        (self.folder / "tmp").mkdir()
        (self.folder / "registries.conf").write_text(
            f'unqualified-search-registries = ["docker.io"]\n\n[[registry]]\nlocation = "{registry}"\n'
            "insecure = true\n")
        (self.folder / "storage.conf").write_text(f'[storage]\ndriver = "{self.driver}"\n')
        (self.folder / "containers.conf").write_text("")
        (self.folder / "auth.json").write_text('{"auths": {}}')
        (self.folder / "policy.json").write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))

    def _run(self, argv):
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder),
                     "TMPDIR": str(self.folder / "tmp"), "LANG": "C.UTF-8",
                     "CONTAINERS_CONF": str(self.folder / "containers.conf"),
                     "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
                     "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run([str(a) for a in argv], env=variables, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, argv))}: {done.stdout}")

    def build(self, commit, version):
        tree = self.folder / "tree"
        git = ["git", "-C", tree]
        tree.mkdir()
        self._run([*git, "init", "--quiet", "--template="])
        self._run([*git, "remote", "add", "origin", self.house.git_url])
        self._run([*git, "fetch", "--no-progress", "--no-recurse-submodules", "--no-tags", "--depth", "1", "origin",
                   commit])
        self._run([*git, "checkout", "--quiet", "--detach", commit + "^{commit}"])
        common = ["--signature-policy", self.folder / "policy.json", "--authfile", self.folder / "auth.json"]
        self._run([*self.buildah, "build", "--isolation", self.isolation, "--layers", "--format", "oci",
                   "--pull-always", *common, "--iidfile", self.folder / "id", "--file", tree / "Dockerfile", tree])
        image = (self.folder / "id").read_text().strip().partition(":")[2]
        self._run([*self.buildah, "push", *common, "--tls-verify=false", "--format", "oci", image,
                   f"docker://localhost:{self.house.registry_port}/by-hand:{version}"])
        shutil.rmtree(tree)
