#!/usr/bin/python3
"""The Debian package on a machine of its own: installed, used as it is, upgraded, removed and purged.

    package_test.py                    on a layer above the running system, the service started by hand
    package_test.py --clean-root       on a root made by debootstrap from this machine's package sources, under systemd
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import machine  # noqa: E402
import package  # noqa: E402
import sample_build  # noqa: E402
from clean_root import CleanRoot, LayeredRoot  # noqa: E402
from places import SOURCE_DIR  # noqa: E402

SKIPPED = 77
MAKE_ROOT = LayeredRoot
USER = "image-builder"
STATE, SETTINGS = "/var/lib/image-builder", "/etc/image-builder/image-builder.json"


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ib-package-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder, cls.shared = folder.name, os.path.join(folder.name, "shared")
        os.mkdir(cls.shared)
        for path in (cls.folder, cls.shared):
            os.chmod(path, 0o755)
        cls.package = package.build(cls.shared)

    def test_the_changelog_begins_with_this_version(self):
        changelog = os.path.join(SOURCE_DIR, "tools/packaging/debian/changelog")
        for argv in (["dpkg-parsechangelog", "-l", changelog, "-S", "Version"], ["dpkg-deb", "-f", self.package, "Version"]):
            said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
            with open(os.path.join(SOURCE_DIR, "CMakeLists.txt"), encoding="utf-8") as file:
                self.assertIn(f"project(image-builder VERSION {said.strip()} ", file.read())

    def test_installed_used_upgraded_removed_and_purged(self):
        self.root = MAKE_ROOT(self.folder, self.shared)
        self.addCleanup(self.root.close)
        self.run_in = self.root.machine.run
        before = self.root.files()
        self.install()
        self.use()
        self.upgrade()
        self.remove()
        left = self.root.files() - before
        self.assertEqual(set(), {path for path in left if "image-builder" in path or "imgctl" in path},
                         "files that purging leaves behind")

    @unittest.skipUnless(shutil.which("lintian"), "lintian is not installed")
    def test_lintian_has_nothing_to_say(self):
        said = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", self.package], check=False,
                              capture_output=True, text=True)
        self.assertEqual((0, ""), (said.returncode, said.stdout))

    def install(self):
        self.root.install("/srv/" + os.path.basename(self.package))
        self.assertRegex(self.run_in("id", USER), r"uid=\d+\(image-builder\) gid=\d+\(image-builder\)")
        self.assertEqual(f"{USER} {USER} 700 {STATE}\n", self.run_in("stat", "-c", "%U %G %a %n", STATE))
        self.assertEqual(f"{SETTINGS}: fine\n", self.run_in("image-builder", "check-config", SETTINGS))
        for kind in ("subuid", "subgid"):
            self.assertRegex(self.run_in("grep", f"^{USER}:", "/etc/" + kind), r"^image-builder:\d+:65536\n$")
        self.assertIn("complete", self.run_in("bash", "-c", "source /usr/share/bash-completion/completions/imgctl; "
                                              "complete -p imgctl"))

    def use(self):
        """A build with the installed configuration, which pushes to a registry on port 5000."""
        sample_build.prepare(self.root.machine, self.shared)
        self.root.start_service()
        isolation = self.root.wait_for_log(r"build isolation: (\w+)")
        sample_build.check(self, self.root.machine)
        # As whoever is called at night would look at it.
        self.assertRegex(self.run_in("imgctl", "--config", SETTINGS, "doctor"), r"(?m)^ok +.*readiness: takes builds")
        self.assertIn("1 ended since the start", self.run_in("imgctl", "--config", SETTINGS, "top", "--once"))
        self.assertRegex(self.run_in("imgctl", "--config", SETTINGS, "actors"), r"(?m)^house +")
        self.assertRegex(self.run_in("ls", self.root.cache), "(?m)^(overlay|vfs)-layers$")
        print(f"built with isolation {isolation[1]}", file=sys.stderr)

    def upgrade(self):
        """The same package once more, above a changed configuration."""
        ids = self.run_in("cat", "/etc/subuid", "/etc/subgid")
        self.run_in("sh", "-c", f"echo '{{\"log\": {{\"level\": \"debug\"}}}}' > {SETTINGS}")
        self.root.install("/srv/" + os.path.basename(self.package))
        self.assertIn("debug", self.run_in("cat", SETTINGS))
        self.assertEqual(ids, self.run_in("cat", "/etc/subuid", "/etc/subgid"))

    def remove(self):
        self.root.stop_service()
        self.assertEqual("", self.processes_of_the_user())
        self.run_in("dpkg", "--remove", USER)
        self.assertFalse(self.root.machine.works("test", "-e", "/usr/bin/image-builder"))
        self.assertTrue(self.root.machine.works("test", "-e", SETTINGS), "removing keeps the configuration")
        self.assertTrue(self.root.machine.works("test", "-d", STATE + "/journal"), "removing keeps the state")
        self.run_in("dpkg", "--purge", USER)
        self.assertFalse(self.root.machine.works("test", "-e", STATE))
        self.assertFalse(self.root.machine.works("test", "-e", "/var/cache/image-builder"))

    def processes_of_the_user(self):
        return self.run_in("sh", "-c", f"find /proc -maxdepth 1 -regex '/proc/[0-9]*' -user {USER} 2>/dev/null || true")


if __name__ == "__main__":
    if "--clean-root" in sys.argv:
        sys.argv.remove("--clean-root")
        MAKE_ROOT = CleanRoot
    if not machine.may_be_made():
        print("needs root and the right to mount", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
