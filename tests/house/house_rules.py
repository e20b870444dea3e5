"""Checks the rules of the house that a compiler does not see; names every breach as FILE:LINE: what is wrong.

    house_rules.py SOURCE_FOLDER

Exit code 0 where all rules are kept, 1 where one is broken.
"""

import pathlib
import re
import sys

# The arrows between the folders: whose files may include whose. The longest matching folder counts.
MAY_INCLUDE = {
    "actors/domain": ["actors/domain"],
    "actors/io": ["actors/io", "actors/domain"],
    "actors": ["actors", "config"],
    "config": ["config", "actors/domain"],
    "gateway": ["gateway", "actors", "config"],
    "gateway/http": ["gateway/http", "actors/domain", "actors/io", "config"],
    "tools/imgctl": ["tools/imgctl"],
    "tests": ["tests", "actors", "config", "gateway", "tools/imgctl"],
}

# Where headers made from proto files may be included, by the folder of the proto file; the first match counts. The
# engine that speaks ws-manager knows no type of our own API, and nobody else knows a type of ws-manager's.
MAY_INCLUDE_PROTO = [
    (re.compile(r"ws-manager-api/"), re.compile(r"actors/engine/wsman_|tests/")),
    (re.compile(r"content-service-api/|google/protobuf/"),
     re.compile(r"(gateway|tools/imgctl|tests)/|actors/engine/wsman_")),
    (re.compile(r""), re.compile(r"(gateway|tools/imgctl|tests)/")),
]

# Headers that a folder never includes, nor what is below it.
FORBIDDEN_HEADERS = {
    "actors/domain": r"(caf|grpc|grpcpp|google|nlohmann|curl|prometheus|sys)/|sqlite3|chrono|thread|mutex|shared_mutex"
    r"|condition_variable|future|unistd\.h|fstream|iostream|filesystem|ctime",
    "actors/io": r"(caf|grpc|grpcpp|prometheus)/",
    "gateway/http": r"(caf|grpc|grpcpp|google|nlohmann|prometheus)/",
    "config": r"(caf|grpc|grpcpp|curl|prometheus)/",
    "tools/imgctl": r"(caf|prometheus)/",
}

FORBIDDEN_WORDS = {
    r"\bcaf::infinite\b": "a timeout is finite",
    r"\bsleep_for\b|\bsleep_until\b|\busleep\b": "wait for the event, not for time to pass",
    r"caf/all\.hpp": "include the narrow headers",
    # for (...; auto* next = f(); last = next): from -O1 on GCC 12 takes next for gone in the last part.
    r"\bfor \([^;]*; *(const )?[\w:]+[ *&]+\w+ = [^;]*; *[^;)]+\)": "GCC 12 forgets what a loop's condition declares",
}

TOP_FOLDERS = ["proto", "config", "actors", "gateway", "tests", "tools"]
LONGEST_FILE = 400
LONG_ON_PURPOSE = "Long on purpose:"


def folder_rule(rules, path):
    """The rule of the longest folder that holds the file, or None."""
    holding = [folder for folder in rules if path.startswith(folder + "/")]
    return rules[max(holding, key=len)] if holding else None


def include_breach(path, header, quoted):
    """Why this file must not include this header, or None."""
    forbidden = folder_rule(FORBIDDEN_HEADERS, path)
    if forbidden and re.match(rf"(?:{forbidden})", header):
        return f"{header} has no place in this folder"
    if header.endswith(".pb.h"):
        places = next(places for headers, places in MAY_INCLUDE_PROTO if headers.match(header))
        return None if places.match(path) else f"{header}: proto types have no place here"
    allowed = folder_rule(MAY_INCLUDE, path)
    if not quoted or allowed is None:
        return None
    # A name without a folder would be found beside the file: paths start at the top.
    if "/" not in header:
        return f"{header}: paths of our own headers start at the top folder"
    if not any(header.startswith(folder + "/") for folder in allowed):
        return f"{header}: this folder may include {', '.join(allowed)}"
    return None


def file_breaches(path, text):
    """All breaches in one C++ file, as (line, words)."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if include:
            words = include_breach(path, include[2], include[1] == '"')
            if words:
                yield number, words
        for pattern, words in FORBIDDEN_WORDS.items():
            if re.search(pattern, line):
                yield number, words
    if len(lines) > LONGEST_FILE and not any(LONG_ON_PURPOSE in line for line in lines[:10]):
        yield len(lines), f'over {LONGEST_FILE} lines; split it, or say "{LONG_ON_PURPOSE} ..." at its top'


def breaches(root):
    """All breaches below a source folder, as text."""
    for top in TOP_FOLDERS:
        if not (root / top / "README.md").is_file():
            yield f"{top}/README.md: missing; every top folder says what it is for"
        for file in sorted((root / top).rglob("*.[ch]pp")):
            path = file.relative_to(root).as_posix()
            for number, words in file_breaches(path, file.read_text(encoding="utf-8")):
                yield f"{path}:{number}: {words}"


def main():
    root = pathlib.Path(sys.argv[1])
    if not (root / "actors").is_dir():
        sys.exit(f"{root} is not the project's folder")
    found = list(breaches(root))
    for words in found:
        print(words)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
