"""The Debian package of the build under test."""

import glob
import os
import re
import subprocess

from places import BIN_DIR


def build(folder):
    """Packs what is built by `cpack` into a folder; the path of the package."""
    build_folder = os.path.dirname(BIN_DIR)
    packing = os.path.join(folder, "packing")
    # Packed as it would be in any folder of a user's: what is under way stays in the folder named.
    subprocess.run(["cpack", "-G", "DEB", "-B", packing, "--config", os.path.join(build_folder, "CPackConfig.cmake")],
                   cwd=build_folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    made = glob.glob(os.path.join(packing, "*.deb"))
    assert len(made) == 1, made
    path = os.path.join(folder, os.path.basename(made[0]))
    os.rename(made[0], path)
    return path


def dependencies(path):
    """The names of the packages that a package depends on."""
    said = subprocess.run(["dpkg-deb", "--field", path, "Depends"], check=True, capture_output=True, text=True).stdout
    return [re.split(r"[ (|]", entry.strip())[0] for entry in said.split(",")]
