"""A store of images for `buildah`, of a test's own."""

import os
import shutil
import subprocess


class ImageStore:
    """Ends with `close`. Programs that build into it get `environment`."""

    def __init__(self, folder):
        self._folder = folder
        os.makedirs(folder)
        settings = os.path.join(folder, "storage.conf")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(f'[storage]\ndriver = "{_driver(folder)}"\nrunroot = "{folder}/run"\ngraphroot = "{folder}/layers"\n')
        self.environment = {**os.environ, "CONTAINERS_STORAGE_CONF": settings, "TMPDIR": folder}
        self._containers = []

    def run(self, *argv):
        """What a buildah command says on its standard output."""
        ended = subprocess.run(["buildah", *argv], check=False, capture_output=True, text=True, env=self.environment)
        assert ended.returncode == 0, f"buildah {' '.join(argv)} ended with {ended.returncode}:\n{ended.stderr}"
        return ended.stdout

    def mount(self, image):
        """A folder with the files of a container of this image, until `close`."""
        container = self.run("from", "--pull-never", image).strip()
        self._containers.append(container)
        return self.run("mount", container).strip()

    def close(self):
        for container in self._containers:
            self.run("rm", container)
        shutil.rmtree(self._folder)


def _driver(folder):
    """`vfs` where the folder is on an overlay itself, as in a container."""
    kind = subprocess.run(["stat", "--file-system", "--format=%T", folder], check=True, capture_output=True, text=True)
    return "vfs" if kind.stdout.strip() == "overlayfs" else "overlay"
