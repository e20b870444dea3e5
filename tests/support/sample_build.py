"""A small build for machines: what it needs around it, and what is to come out of it."""

import json
import os
import re

import git_repositories

#: Shows whose ids a build has: with a single one, `chown` fails.
_DOCKERFILE = """FROM scratch
COPY bin /bin
RUN echo hello > /greeting && chown 1000:1001 /greeting && ls -n /greeting
USER 1000
RUN id
"""
#: Ends when it is told to.
_SLOW = """FROM scratch
COPY bin /bin
RUN sleep 3600
"""
_REGISTRY = """version: 0.1
storage: {{filesystem: {{rootdirectory: "{folder}/registry"}}}}
http: {{addr: "127.0.0.1:5000"}}
"""
BUILD = ("imgctl", "build", "--git", "git://127.0.0.1/sample.git", "--triggered-by", "the-test")


def prepare(machine, folder):
    """A registry on port 5000 of the machine, as a service without further configuration wants it, and a git server."""
    with open("/bin/busybox", "rb") as file:
        entries = {"bin/busybox": ("100755", file.read()), "Dockerfile": _DOCKERFILE.encode(),
                   "Dockerfile.slow": _SLOW.encode()}
    entries.update({f"bin/{name}": (git_repositories.LINK, "busybox") for name in ("sh", "ls", "id", "chown", "sleep")})
    git_repositories.Repository().commit("only", "main", entries).write(os.path.join(folder, "git", "sample.git"))
    config = os.path.join(folder, "registry.yml")
    with open(config, "w", encoding="ascii") as file:
        file.write(_REGISTRY.format(folder=folder))
    registry = machine.start_beside("docker-registry", "serve", config)
    registry.wait_for_error_line(lambda line: "listening on" in line)
    git = machine.start_beside("/usr/lib/git-core/git-daemon", "--listen=127.0.0.1", "--port=9418", "--export-all",
                               "--verbose", f"--base-path={folder}/git", folder + "/git")
    git.wait_for_error_line(lambda line: "Ready to rumble" in line)


def check(test, machine):
    """Builds in the machine, twice; the image's reference."""
    said = machine.run(*BUILD)
    test.assertRegex(said, r"\s1000\s+1001\s.*/greeting", "the build has a range of ids")
    test.assertIn("uid=1000", said)
    image = re.search(r"^workspace (\S+)$", said, re.MULTILINE)[1]
    test.assertTrue(image.startswith("localhost:5000/workspace-images:"), image)
    found = json.loads(machine.run("skopeo", "inspect", "--tls-verify=false", "docker://" + image))
    test.assertEqual(3, len(found["Layers"]), found)
    test.assertIn("workspace " + image, machine.run(*BUILD))
    return image
