"""Checks that every relative link in the project's pages leads to a file; names the others as FILE:LINE: LINK.

    links.py SOURCE_FOLDER

Exit code 0 where all of them do.
"""

import pathlib
import re
import subprocess
import sys

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def dead_links(root):
    """What leads nowhere, as text."""
    tracked = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
                             check=True, capture_output=True, text=True).stdout
    for name in sorted(filter(None, tracked.split("\0"))):
        page = pathlib.Path(root, name)
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            for link in _LINK.findall(line):
                if "://" not in link and not (page.parent / link).exists():
                    yield f"{name}:{number}: {link}"


def main():
    found = list(dead_links(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
