"""Bare git repositories for tests, made by `git fast-import`: one process each, the same commit ids every time."""

import os
import subprocess

GIT_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}

FILE, LINK, SUBMODULE = "100644", "120000", "160000"


class Repository:
    """A repository under construction: `commit` as often as needed, then `write`."""

    def __init__(self):
        self._stream = []
        self._marks = {}

    def commit(self, name, branch, entries, parent=None):
        """Adds a commit. `entries` maps paths to content, or to (mode, content); `name` names it in the result."""
        mark = len(self._marks) + 1
        self._marks[name] = mark
        self._line(f"commit refs/heads/{branch}")
        self._line(f"mark :{mark}")
        self._line(f"committer Test <test@example.com> {1600000000 + mark} +0000")
        self._data(name)
        if parent:
            self._line(f"from :{self._marks[parent]}")
        for path, entry in entries.items():
            mode, content = entry if isinstance(entry, tuple) else (FILE, entry)
            if mode == SUBMODULE:
                self._line(f"M {mode} {content} {path}")
            else:
                self._line(f"M {mode} inline {path}")
                self._data(content)
        return self

    def tag(self, name, commit):
        self._line(f"reset refs/tags/{name}")
        self._line(f"from :{self._marks[commit]}")
        self._line("")
        return self

    def write(self, folder, head="main"):
        """Creates the bare repository and returns the ids of the named commits."""
        git("init", "--quiet", "--bare", "--template=", f"--initial-branch={head}", folder)
        marks = os.path.join(folder, "marks")
        git("-C", folder, "fast-import", "--quiet", "--done", f"--export-marks={marks}",
            stdin=b"".join(self._stream) + b"done\n")
        with open(marks, encoding="ascii") as lines:
            ids = {int(line.split()[0][1:]): line.split()[1] for line in lines}
        os.remove(marks)
        return {name: ids[mark] for name, mark in self._marks.items()}

    def _line(self, text):
        self._stream.append(text.encode() + b"\n")

    def _data(self, content):
        raw = content if isinstance(content, bytes) else content.encode()
        self._stream.append(b"data %d\n%s\n" % (len(raw), raw))


def git(*arguments, stdin=b""):
    subprocess.run(["git", *arguments], input=stdin, env=GIT_ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)


def submodule_file(*modules):
    """The text of a .gitmodules file for (path, url) pairs."""
    return "".join(f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n' for path, url in modules)


def create_fixtures(root, port):
    """Creates the repositories that the tests know below `root`; returns {"repository/commit name": id}."""
    os.makedirs(root)
    commits = {}

    def add(name, repository, head="main"):
        for commit, commit_id in repository.write(os.path.join(root, name + ".git"), head).items():
            commits[f"{name}/{commit}"] = commit_id

    add("app", Repository()
        .commit("first", "main", {"Dockerfile": "FROM scratch\n", "file.txt": "first\n"})
        .commit("second", "main", {"file.txt": "second\n"}, "first")
        .commit("third", "main", {"file.txt": "third\n", "sub/Dockerfile": "FROM busybox\n"}, "second")
        .commit("feature", "feature/x", {"file.txt": "feature\n"}, "first")
        .tag("v1", "second"))
    add("trunk", Repository().commit("only", "trunk", {"file.txt": "trunk\n"}), head="trunk")
    add("empty", Repository())
    add("lib", Repository()
        .commit("old", "main", {"lib.txt": "old\n"})
        .commit("new", "main", {"lib.txt": "new\n"}, "old"))
    add("links", Repository().commit("only", "main", {
        "inside/Dockerfile": "FROM scratch\n",
        "to_inside": (LINK, "inside"),
        "to_etc": (LINK, "/etc"),
        "up": (LINK, "../.."),
        "round": (LINK, "round"),
        "Dockerfile": (LINK, "/etc/passwd"),
        "dangling": (LINK, "/nonexistent-target/file"),
    }))

    def with_submodule(name, url):
        add(name, Repository().commit("only", "main", {
            ".gitmodules": submodule_file(("lib", url)),
            "lib": (SUBMODULE, commits["lib/old"]),
        }))

    with_submodule("parent", "../lib.git")
    add("grandparent", Repository().commit("only", "main", {
        ".gitmodules": submodule_file(("parent", "../parent.git")),
        "parent": (SUBMODULE, commits["parent/only"]),
    }))
    with_submodule("parent_elsewhere", f"http://localhost:{port}/private/lib.git")
    with_submodule("parent_file", "file://" + os.path.join(root, "lib.git"))
    with_submodule("parent_ext", "ext::sh -c 'touch " + os.path.join(root, "ext-has-run") + "'")
    return commits
