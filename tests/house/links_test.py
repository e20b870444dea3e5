"""The check of the links finds what leads nowhere."""

import pathlib
import subprocess
import tempfile
import unittest

import links


class Links(unittest.TestCase):
    def test_only_links_that_lead_nowhere_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            subprocess.run(["git", "init", "-q", folder], check=True)
            (root / "below").mkdir()
            (root / "below/page.md").write_text("[up](../README.md)\n[none](gone.md) and [far](https://example.com)\n")
            (root / "README.md").write_text("[below](below/page.md#part) [here](#part) [no](below/none)\n")
            self.assertEqual(["README.md:1: below/none", "below/page.md:2: gone.md"], list(links.dead_links(folder)))


if __name__ == "__main__":
    unittest.main()
