"""A buildah that talks instead of building: for what the service does with a child's output, at its full speed.

The real one copies the output of a Dockerfile's commands by itself, and that bounds everything behind it.
"""

import pathlib

SCRIPT = """#!/bin/sh
# A build whose context has a file `talk` is the talker with these arguments, and fails; all else is the real program.
for last; do :; done
case " $* " in
*" build "*)
  if [ -f "$last/talk" ]; then
    {talker} $(cat "$last/talk")
    exit 1
  fi
  ;;
esac
exec {real} "$@"
"""
# buildah itself, and what the engine starts it with as root.
PROGRAMS = ("/usr/bin/buildah", "/usr/bin/unshare")


def write(folder, talker):
    """Makes the programs in a folder for the service's PATH."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    for real in PROGRAMS:
        script = folder / pathlib.Path(real).name
        script.write_text(SCRIPT.format(talker=talker, real=real))
        script.chmod(0o755)
    return folder


def files(*arguments):
    """The files of a repository whose build talks."""
    return {"Dockerfile": b"FROM scratch\n", "talk": " ".join(map(str, arguments)).encode()}
