"""Checks hashes, base64 and references of the domain against an implementation of their own in Python.

Usage: hash_property_test.py PROGRAM, where PROGRAM is the built hash_cli. The seed is fixed: a failure can be repeated.
"""

import base64
import binascii
import hashlib
import random
import re
import subprocess
import sys

RANDOM = random.Random(20240611)
MODES = ["remote_head", "remote_commit", "remote_branch", "local_branch"]
SAMPLES = ["", "main", ".", "a b", "\n", "a\nRemoteURI: x", "https://example.com/r.git", "ä", "日本語", "🙂", "\0", "x" * 300,
           "Source: git", "1:a\n", "\r\n", "%s", "-", "\ufeff", "é", "e\u0301"]


def text():
    """A field value: a sample, or random bytes of any kind."""
    if RANDOM.random() < 0.6:
        return RANDOM.choice(SAMPLES).encode()
    return RANDOM.randbytes(RANDOM.randrange(20))


def field(value):
    return f"{len(value)}:".encode() + value + b"\n"


def count(number):
    return f"{number}\n".encode()


class Source:
    """A random initializer: its fields for the program, and its canonical form."""

    def __init__(self, depth=0):
        kinds = ["empty", "git", "git", "download", "prebuild"] + (["composite"] if depth < 3 else [])
        self.kind = RANDOM.choice(kinds)
        self.fields = [self.kind.encode()]
        self.form = self.kind.encode() + b"\n"
        self.remote_and_target = None
        getattr(self, self.kind)(depth)

    def number(self):
        value = RANDOM.randrange(4)
        self.fields.append(str(value).encode())
        self.form += count(value)
        return value

    def empty(self, _):
        pass

    def git_fields(self):
        remote, upstream, target, location, user = (text() for _ in range(5))
        mode, full = RANDOM.randrange(4), RANDOM.randrange(2)
        config = {text(): text() for _ in range(RANDOM.randrange(4))}
        hidden = {b"http.extraHeader": text()} if RANDOM.random() < 0.3 else {}
        everything = list((config | hidden).items())
        RANDOM.shuffle(everything)
        self.fields += [remote, upstream, str(mode).encode(), target, location, str(full).encode(),
                        str(len(everything)).encode()]
        for key, value in everything:
            self.fields += [key, value]
        self.fields.append(user)
        self.form += field(remote) + field(upstream) + MODES[mode].encode() + b"\n" + field(target) + field(location)
        self.form += (b"full\n" if full else b"shallow\n") + count(len(config))
        for key in sorted(config):
            self.form += field(key) + field(config[key])
        return remote, target

    def git(self, _):
        self.remote_and_target = self.git_fields()

    def download(self, _):
        target = text()
        self.fields.append(target)
        self.form += field(target)
        for _ in range(self.number()):
            for value in (text(), text(), text()):
                self.fields.append(value)
                self.form += field(value)

    def prebuild(self, _):
        for _ in range(self.number()):
            self.git_fields()

    def composite(self, depth):
        for _ in range(self.number()):
            part = Source(depth + 1)
            self.fields += part.fields
            self.form += part.form


def base_case():
    version, path, context = text(), text(), text()
    source = Source()
    if source.kind == "git":
        remote, target = source.remote_and_target
        message = b"CloneTarget: " + target + b"\nContextPath: " + context + b"\nDockerfilePath: " + path
        message += b"\nDockerfileVersion: " + version + b"\nRemoteURI: " + remote + b"\nSource: git\n\n"
    else:
        message = b"image-builder source hash v1\n" + field(version) + field(path) + field(context) + source.form
    return "base", [version, path, context] + source.fields, hashlib.sha256(message).hexdigest()


def workspace_case():
    ref = text()
    return "workspace", [ref], hashlib.sha256(ref + b"\n2\n").hexdigest()


def sha256_case():
    value = RANDOM.randbytes(RANDOM.randrange(200))
    return "sha256", [value], hashlib.sha256(value).hexdigest()


def encode_case():
    value = RANDOM.randbytes(RANDOM.randrange(40))
    return "encode", [value], base64.b64encode(value).hex() or "-"


def decoded(value):
    """Strict base64 with or without padding, from the standard library: what it encodes to must be `value`."""
    padded = value if value.endswith(b"=") else value + b"=" * (-len(value) % 4)
    try:
        result = base64.b64decode(padded, validate=True)
    except binascii.Error:
        return "error"
    return (result.hex() or "-") if base64.b64encode(result) == padded else "error"


def decode_case():
    value = bytearray(base64.b64encode(RANDOM.randbytes(RANDOM.randrange(12))))
    for _ in range(RANDOM.randrange(3)):
        change = RANDOM.randrange(4)
        if change == 0:
            value = value.rstrip(b"=")
        elif change == 1 and value:
            value[RANDOM.randrange(len(value))] = RANDOM.choice(b"AQgw/+=-_ \n\xff")
        elif change == 2:
            value = value[:-1]
        else:
            value += RANDOM.choice([b"=", b"A", b"=="])
    value = bytes(value)
    return "decode", [value], decoded(value)


NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
DOMAIN = rf"(?:{LABEL}(?:\.{LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
REFERENCE = re.compile(rf"({DOMAIN})/({NAME}(?:/{NAME})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}))?(?:@({DIGEST}))?")
DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


def normalised(ref):
    """The published regular expressions of the reference grammar, after Docker's normalisation of short names."""
    if re.fullmatch(r"[a-f0-9]{64}", ref):
        return "error"
    first, slash, rest = ref.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, rest = "docker.io", ref
    elif first == "index.docker.io":
        first = "docker.io"
    if first == "docker.io" and "/" not in rest.split("@")[0]:
        rest = "library/" + rest
    match = REFERENCE.fullmatch(f"{first}/{rest}")
    # A domain that does not fit the grammar must not be read as part of the path.
    if not match or match[1] != first or len(f"{match[1]}/{match[2]}") > 255:
        return "error"
    name = f"{match[1]}/{match[2]}"
    if not match[4]:
        return f"{name}:{match[3] or 'latest'}".encode().hex()
    algorithm, _, digits = match[4].partition(":")
    if algorithm in DIGEST_LENGTHS and not re.fullmatch(f"[0-9a-f]{{{DIGEST_LENGTHS[algorithm]}}}", digits):
        return "error"
    return f"{name}@{match[4]}".encode().hex()


PIECES = ["docker.io", "index.docker.io", "localhost", "localhost:5000", "quay.io", "a", "b1", "library", "alpine", ".", "_", "__", "-",
          "--", "/", "/", "/", ":", ":", "@", "A", "[::1]", "[::1]:5000", "latest", "3.19", "sha256:" + "a" * 64, "sha256:" + "A" * 64,
          "md5:" + "0" * 32, "x+y.z:" + "F" * 33, "sha512:" + "0" * 128, "f" * 64, "t" * 128, "n" * 240, " ", "\n"]


def reference_case():
    if RANDOM.random() < 0.5:
        ref = "".join(RANDOM.choice(PIECES) for _ in range(RANDOM.randrange(1, 7)))
    else:
        ref = RANDOM.choice(["", "", "quay.io/", "localhost:5000/", "index.docker.io/", "[::1]/", "a_b.c/", "a.-b/"])
        ref += RANDOM.choice(["a", "a/b", "a__b", "a-.b", "a_b/c--d", "A/b", "a/", "f" * 64])
        ref += RANDOM.choice(["", ":1", ":", ":_x", ":-x", ":" + "t" * 129])
        ref += RANDOM.choice(["", "", "@sha256:" + "0" * 64, "@sha256:" + "0" * 63, "@md5:" + "0" * 32, "@"])
    return "reference", [ref.encode()], normalised(ref)


def main():
    cases = [make() for make in (base_case, workspace_case, sha256_case, encode_case, decode_case, reference_case)
             for _ in range(4000)]
    lines = [" ".join([name] + [value.hex() or "-" for value in values]) for name, values, _ in cases]
    answer = subprocess.run([sys.argv[1]], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=240)
    if answer.returncode != 0:
        sys.exit(f"the program ended with {answer.returncode}: {answer.stderr}")
    answers = answer.stdout.splitlines()
    if len(answers) != len(cases):
        sys.exit(f"{len(cases)} questions, {len(answers)} answers")
    wrong = [(case, got) for case, got in zip(cases, answers) if case[2] != got]
    for (name, values, expected), got in wrong[:10]:
        print(f"{name} {values}\n  expected {expected}\n  got      {got}")
    good = {name: sum(1 for case in cases if case[0] == name and case[2] != "error") for name in {c[0] for c in cases}}
    print(f"{len(cases)} cases, {len(wrong)} wrong; cases with a value: {dict(sorted(good.items()))}")
    if min(good.values()) < 500 or wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
