#!/usr/bin/python3
"""What the commands of a Dockerfile reach under each isolation is what tools/packaging/security.md says, cell by cell.

A service runs on a machine of the test's own, as root and as the user of the package, and builds an image whose
only command tries everything. An isolation that does not work on this machine is left out, and named.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import git_repositories  # noqa: E402
import machine  # noqa: E402
import package  # noqa: E402
import sample_build  # noqa: E402
from clean_root import LayeredRoot  # noqa: E402
from places import SOURCE_DIR  # noqa: E402

SKIPPED = 77
USER = "image-builder"
PAGE = os.path.join(SOURCE_DIR, "tools/packaging/security.md")
#: The columns of the table: who runs the service, and the isolation.
COLUMNS = [(USER, "oci"), ("root", "oci"), (USER, "chroot"), ("root", "chroot")]


def claims():
    """What the page says: the name of a probe to the four cells of its row."""
    with open(PAGE, encoding="utf-8") as file:
        rows = re.findall(r"^\|.*<!-- (\w+) -->.*?\|(.*)\|$", file.read(), re.MULTILINE)
    return {name: [cell.split()[0].strip("*") for cell in cells.split("|")] for name, cells in rows}


class IsolationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ib-isolation-")
        cls.addClassCleanup(folder.cleanup)
        cls.shared = os.path.join(folder.name, "shared")
        os.mkdir(cls.shared)
        for path in (folder.name, cls.shared):
            os.chmod(path, 0o755)
        cls.root = LayeredRoot(folder.name, cls.shared)
        cls.addClassCleanup(cls.root.close)
        cls.root.install("/srv/" + os.path.basename(package.build(cls.shared)))
        sample_build.prepare(cls.root.machine, cls.shared)
        probe = os.path.join(cls.shared, "reach")
        subprocess.run(["cc", "-static", "-O1", "-o", probe, os.path.join(SOURCE_DIR, "tests/support/reach.c")], check=True)
        with open(probe, "rb") as file:
            cls.probe = file.read()

    def build(self, user, isolation):
        """What the probe says in a build; None where the service has no such isolation here."""
        state = f"/tmp/{user}-{isolation}"
        dockerfile = f'FROM scratch\nCOPY reach /reach\nRUN ["/reach", "{state}", "8080"]\n'
        git_repositories.Repository().commit("only", "main", {
            "reach": ("100755", self.probe), "Dockerfile": dockerfile.encode()}).write(
                os.path.join(self.shared, "git", f"{user}-{isolation}.git"))
        settings = os.path.join(self.shared, f"{user}-{isolation}.json")
        with open(settings, "w", encoding="ascii") as file:
            json.dump({"local": {"stateDirectory": state, "isolation": isolation}}, file)

        service = self.root.machine.start("image-builder", "run", "--json-log", "--config", "/srv/" +
                                          os.path.basename(settings), user=user, HOME="/tmp")
        try:
            found = service.wait_for_error_line(lambda line: re.search(r"build isolation: (\w+)|(cannot build from.*)", line))
            if found[2]:
                return None
            self.assertEqual(isolation, found[1])
            said = self.root.machine.run("imgctl", "build", "--git", f"git://127.0.0.1/{user}-{isolation}.git")
        finally:
            self.assertEqual(0, service.stop())
        return dict(re.findall(r"^REACH (\w+) (yes|no)$", said, re.MULTILINE))

    def test_the_page_says_what_is_so(self):
        table, tried = claims(), 0
        for column, (user, isolation) in enumerate(COLUMNS):
            with self.subTest(f"{isolation} as {user}"):
                found = self.build(user, isolation)
                if found is None:
                    print(f"{isolation} as {user} does not work on this machine", file=sys.stderr)
                    continue
                tried += 1
                self.assertEqual({name: cells[column] for name, cells in table.items()}, found)
        self.assertGreater(tried, 1)


if __name__ == "__main__":
    if not machine.may_be_made():
        print("needs root and the right to mount", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
