"""Where the programs under test and the sources are. CTest says so; by hand it is the release build of this tree."""

import os

SOURCE_DIR = os.environ.get("IB_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN_DIR = os.environ.get("IB_BIN_DIR") or os.path.join(SOURCE_DIR, "build", "release", "bin")


def program(name):
    return os.path.join(BIN_DIR, name)
