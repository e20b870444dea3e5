"""A `kubectl` that stands in for a cluster: it writes down what it is asked, and answers from a file of its own."""

import json
import os
import stat
import sys

_SCRIPT = """#!{python}
import json, sys
folder, argv = {folder!r}, sys.argv[1:]
with open(folder + "/calls", "a") as file:
    file.write(json.dumps(argv) + "\\n")
with open(folder + "/answers.json") as file:
    answers = json.load(file)
words = " ".join(argv)
for part, (code, said) in answers.items():
    if part in words:
        print(said, end="", file=sys.stderr if code else sys.stdout)
        sys.exit(code)
sys.exit("no answer to: " + words)
"""


class FakeKubectl:
    """`answers` maps a part of a command line to (exit code, what is said); the first that fits answers."""

    def __init__(self, folder, answers):
        os.makedirs(folder)
        self.folder = folder
        path = os.path.join(folder, "kubectl")
        with open(path, "w", encoding="utf-8") as file:
            file.write(_SCRIPT.format(python=sys.executable, folder=folder))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        self.answer(answers)

    def answer(self, answers):
        with open(os.path.join(self.folder, "answers.json"), "w", encoding="utf-8") as file:
            json.dump(answers, file)

    def calls(self):
        """The arguments of each call so far."""
        path = os.path.join(self.folder, "calls")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
