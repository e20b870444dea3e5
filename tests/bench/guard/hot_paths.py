"""Counts the instructions of the hot paths under valgrind and compares them with the committed figures.

    hot_paths.py PROGRAM             fails where one is more than 10% above its figure, and says where one is below
    hot_paths.py PROGRAM --update    writes figures.json anew

Only instructions of the program's own object count: those of the C and C++ libraries and of OpenSSL depend on the
processor, whose features they choose their code by.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FIGURES = pathlib.Path(__file__).with_name("figures.json")
BAND = 0.10
NAMED = re.compile(r"c?ob=\((\d+)\)(?: (.+))?")


def own_instructions(text, program):
    """The self cost of the program's object in one callgrind file (valgrind's manual, "Callgrind Format")."""
    names, current, total, is_call = {}, None, 0, False
    for line in text.splitlines():
        named = NAMED.fullmatch(line)
        if named:
            number, name = named.groups()
            if name:
                names[number] = name
            if line.startswith("ob="):
                current = names[number]
        elif line.startswith("calls="):
            is_call = True  # the next line is the cost of the callee
        elif line[:1] in "+-*0123456789" and line:
            if not is_call and current == program:
                total += int(line.split()[1])
            is_call = False
    return total


def count(program):
    """{name of a hot path: instructions}."""
    counts = {}
    with tempfile.TemporaryDirectory(prefix="ib-hot-paths-") as folder:
        out = pathlib.Path(folder) / "out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={out}", program],
            check=False, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{program} failed under valgrind:\n{done.stdout}{done.stderr}")
        for file in pathlib.Path(folder).iterdir():
            text = file.read_text()
            name = re.search(r"^desc: Trigger: Client Request: (.+)$", text, re.MULTILINE)
            if name:
                counts[name[1]] = own_instructions(text, program)
    if not counts or 0 in counts.values():
        sys.exit(f"nothing was counted: {counts}")
    return counts


def compare(counts, figures):
    """Prints the table; what is wrong, in words."""
    wrong = []
    for name in sorted(counts | figures):
        if name not in counts or name not in figures:
            wrong.append(f"{name}: only {'counted' if name in counts else 'in ' + FIGURES.name}")
            continue
        change = counts[name] / figures[name] - 1
        print(f"{name:24} {counts[name]:>12,} {change:+8.1%}")
        if change > BAND:
            wrong.append(f"{name}: {change:+.1%}, {BAND:.0%} are allowed")
        elif change < -BAND:
            print(f"{name} has become cheaper: keep it so with --update")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--update", action="store_true", help="write the committed figures anew")
    arguments = parser.parse_args()
    counts = count(str(arguments.program.resolve()))
    if arguments.update:
        FIGURES.write_text(json.dumps(counts, indent=2, sort_keys=True) + "\n")
        print(FIGURES.read_text(), end="")
        return
    wrong = compare(counts, json.loads(FIGURES.read_text()))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
