#!/usr/bin/python3
"""The manual pages: good troff, and everything in them that the programs know."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from places import SOURCE_DIR, program  # noqa: E402

PAGES = ("image-builder.1", "imgctl.1", "image-builder.json.5")


def output_of(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def keys_of(schema, path=""):
    """The paths of all keys in a schema, those of named entries with DOMAIN for the name."""
    for name, value in schema.get("properties", {}).items():
        below = list(keys_of(value, f"{path}{name}."))
        yield from below or [path + name]
    if isinstance(schema.get("additionalProperties"), dict):
        yield from keys_of(schema["additionalProperties"], path + "DOMAIN.")


class ManPagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ib-man-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        subprocess.run(
            [sys.executable, "-B", os.path.join(SOURCE_DIR, "tools/packaging/man/make_pages.py"), "--version", "1.2.3",
             "--date", "2024-01-02", "--image-builder", program("image-builder"), "--imgctl", program("imgctl"), "--to",
             cls.folder], check=True)

    def rendered(self, page):
        """A page as a terminal shows it, in wide lines and without formatting."""
        return output_of("groff", "-man", "-Tutf8", "-rLL=500n", "-P-c", "-P-b", "-P-u", os.path.join(self.folder, page))

    def test_no_page_has_a_fault(self):
        for page in PAGES:
            said = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", os.path.join(self.folder, page)], check=True,
                                  capture_output=True, text=True)
            self.assertEqual("", said.stderr, page)
            self.assertIn("image-builder 1.2.3", self.rendered(page))

    def test_every_option_of_every_command_is_there(self):
        for name in ("image-builder", "imgctl"):
            shown = self.rendered(name + ".1")
            commands = [()]
            while commands:
                words = commands.pop()
                said = output_of(program(name), *words, "--help")
                for line in re.findall(r"^  (-.*?)(?:\s{2,}.*)?$", said, re.MULTILINE):
                    self.assertIn(line, shown, f"{name} {words}")
                below = re.search(r"^Subcommands:\n((?:  .*\n)*)", said, re.MULTILINE)
                for line in below[1].splitlines() if below else []:
                    commands.append((*words, line.split()[0]))
                    self.assertIn(" ".join(commands[-1]), shown)

    def test_every_key_of_the_configuration_is_there(self):
        shown = self.rendered("image-builder.json.5")
        keys = list(keys_of(json.loads(output_of(program("image-builder"), "generate", "schema"))))
        self.assertGreater(len(keys), 40)
        for key in keys:
            self.assertRegex(shown, rf"(?m)^\s+{re.escape(key)}\b")


if __name__ == "__main__":
    unittest.main(verbosity=2)
