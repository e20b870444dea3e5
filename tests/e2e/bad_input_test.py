#!/usr/bin/python3
"""Requests that no decent client sends: each is refused by the name of its field, and nothing comes of it."""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

import leftovers  # noqa: E402
from client import Client, builder, content, file_source, git, git_initializer, ref_source, request  # noqa: E402
from workshop import WorkshopTest, main  # noqa: E402

FUZZ_ROUNDS = 3000
MEBIBYTE = 1024 * 1024
GOOD_URL = "https://example.com/some/thing.git"


def initializer(**spec):
    return content.WorkspaceInitializer(**spec)


def download(url="https://example.com/file", path="file", digest="", target=""):
    info = content.FileDownloadInitializer.FileInfo(url=url, file_path=path, digest=digest)
    return initializer(download=content.FileDownloadInitializer(files=[info], target_location=target))


def composite(*parts):
    return initializer(composite=content.CompositeInitializer(initializer=parts))


def nested(depth):
    source = git(GOOD_URL)
    for _ in range(depth):
        source = composite(source)
    return source


def with_git(**fields):
    return file_source(initializer(git=content.GitInitializer(**{"remote_uri": GOOD_URL, **fields})))


def with_config(**fields):
    return with_git(config=content.GitConfig(**fields))


#: What is wrong, the source, and the field that the answer has to name.
SOURCES = [
    ("a source that says nothing", builder.BuildSource(), "source"),
    ("an empty reference", ref_source(""), "source.ref.ref"),
    ("a reference in upper case", ref_source("example.com/Some/Thing"), "source.ref.ref"),
    ("a reference like an option", ref_source("--help"), "source.ref.ref"),
    ("a reference with a bad digest", ref_source("example.com/a@sha256:123"), "source.ref.ref"),
    ("an over-long reference", ref_source("example.com/" + "a" * 300), "source.ref.ref"),
    ("a reference with a control character", ref_source("example.com/a\nb"), "source.ref.ref"),
    ("a file without source", builder.BuildSource(file=builder.BuildSourceDockerfile()), "source.file.source"),
    ("an initializer that says nothing", file_source(initializer()), "source.file.source"),
    ("a snapshot", file_source(initializer(snapshot=content.SnapshotInitializer(snapshot="s"))),
     "source.file.source.snapshot"),
    ("a backup", file_source(initializer(backup=content.FromBackupInitializer())), "source.file.source.backup"),
    ("a prebuild of nothing", file_source(initializer(prebuild=content.PrebuildInitializer())), "prebuild.git"),
    ("an empty composite", file_source(composite()), "composite.initializer"),
    ("a part of a composite that says nothing", file_source(composite(git(GOOD_URL), initializer())),
     "composite.initializer[1]"),
    ("a repository in a prebuild without address", file_source(initializer(prebuild=content.PrebuildInitializer(
        git=[git_initializer(GOOD_URL), git_initializer("")]))), "prebuild.git[1].remote_uri"),
    ("composites nested too deep", file_source(nested(20)), "composite"),
    ("too many parts", file_source(composite(*[git(GOOD_URL)] * 2000)), "composite.initializer"),
    *((f"the remote {url[:60]!r}", with_git(remote_uri=url), "git.remote_uri") for url in (
        "", "file:///etc", "FILE:///etc", "/etc/passwd", "../up", "ext::sh -c id", "EXT::id", "fd::17",
        "ftp://example.com/a", "--upload-pack=touch /tmp/x", "-oProxyCommand=id", "ssh://-oProxyCommand=id/x",
        "git@-oProxyCommand=id:x", "https://example.com/a\nb", "https://example.com/a\x00b",
        "https://" + "a" * 10000, "https://", "transport::address")),
    ("an upstream that runs a program", with_git(upstream_Remote_uri="ext::sh -c id"), "git.upstream_Remote_uri"),
    ("an unknown target mode", with_git(target_mode=17), "git.target_mode"),
    *((f"the commit {target!r}", with_git(target_mode=content.REMOTE_COMMIT, clone_taget=target), "git.clone_taget")
      for target in ("", "main", "--help", "abc", "g" * 40, "a" * 65)),
    *((f"the branch {target!r}", with_git(target_mode=mode, clone_taget=target), "git.clone_taget")
      for mode in (content.REMOTE_BRANCH, content.LOCAL_BRANCH)
      for target in ("", "-b", "--upload-pack=id", "a..b", "a b", "a:b", "a^", "a\nb", "a\x00", "x.lock", "/a", "b" * 5000)),
    *((f"the check-out location {path!r}", with_git(checkout_location=path), "git.checkout_location")
      for path in ("..", "a/../..", "/etc", "a/../../b", "a\x00b", ".git", "a/.git/hooks")),
    ("an unknown way to authenticate", with_config(authentication=9), "git.config.authentication"),
    ("a one-time secret without address", with_config(authentication=content.BASIC_AUTH_OTS), "git.config.auth_ots"),
    ("a one-time secret in a file", with_config(authentication=content.BASIC_AUTH_OTS, auth_ots="file:///etc/passwd"),
     "git.config.auth_ots"),
    ("a user with a line end", with_config(authentication=content.BASIC_AUTH, auth_user="a\nhost=b"),
     "git.config.auth_user"),
    ("a password with a line end", with_config(authentication=content.BASIC_AUTH, auth_password="a\nhost=b"),
     "git.config.auth_password"),
    *((f"the setting {key!r}", with_config(custom_config={key: "sh -c id"}), "git.config.custom_config")
      for key in ("core.sshCommand", "core.fsmonitor", "core.hooksPath", "credential.helper", "filter.x.smudge",
                  "alias.x", "include.path", "protocol.ext.allow", "nodot", "")),
    *((f"the download {url[:40]!r}", file_source(download(url)), "download.files[0].url")
      for url in ("", "file:///etc/passwd", "ftp://example.com/x", "/etc/passwd", "--output=x", "https://a\nb/c")),
    *((f"the file path {path!r}", file_source(download(path=path)), "download.files[0].file_path")
      for path in ("", "..", "../x", "/etc/passwd", "a/../../x", "a/", ".git/config", "a\x00b")),
    *((f"the digest {digest!r}", file_source(download(digest=digest)), "download.files[0].digest")
      for digest in ("sha256:12", "md5:" + "0" * 32, "sha256:" + "G" * 64)),
    ("a target that leads out", file_source(download(target="../..")), "download.target_location"),
    *((f"the Dockerfile {path!r}", file_source(git(GOOD_URL), path), "source.file.dockerfile_path")
      for path in ("../Dockerfile", "a/../../Dockerfile", "/etc/passwd", "/workspace/../etc", "a\x00b", "d" * 5000)),
    *((f"the context {path!r}", file_source(git(GOOD_URL), "Dockerfile", path), "source.file.context_path")
      for path in ("..", "../..", "/etc", "/workspace/..", "a\x00b", "c" * 5000)),
    ("an over-long version", file_source(git(GOOD_URL), version="v" * 100000), "source.file.dockerfile_version"),
]

#: The same for whole requests with a good source.
REQUESTS = [
    ("no source", builder.BuildRequest(), "source"),
    ("an over-long name", request(git_source := file_source(git(GOOD_URL)), triggered_by="x" * 100000), "triggered_by"),
    ("an over-long supervisor", request(git_source, supervisor_ref="x" * 100000), "supervisor_ref"),
    ("a resolved base that is no reference", request(git_source, base_image_name_resolved="Not/A/Reference"),
     "base_image_name_resolved"),
    ("an over-long registry", request(git_source, auth=builder.BuildRegistryAuth(additional={"d" * 300: "eA=="})),
     "auth.additional"),
    ("an over-long credential", request(git_source, auth=builder.BuildRegistryAuth(
        additional={"example.com": "x" * 100000})), "auth.additional"),
]


class BadInputTest(WorkshopTest):
    def tearDown(self):
        self.assertTrue(self.service.is_alive())
        self.assertEqual([], self.client.list())
        self.assertEqual([], [name for name in leftovers.build_folders(self.service.state) if name != "probe"])
        self.assertEqual([], self.registry.requests())

    def code_of(self, call, *arguments):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments)
        return caught.exception.code(), caught.exception.details()

    def assert_invalid(self, field, call, *arguments):
        code, details = self.code_of(call, *arguments)
        self.assertEqual(grpc.StatusCode.INVALID_ARGUMENT, code, details)
        self.assertIn(field, details)

    def test_every_malformed_source_is_refused_by_the_name_of_its_field(self):
        for what, source, field in SOURCES:
            with self.subTest(what):
                self.assert_invalid(field, self.client.build_to_end, request(source))
                self.assert_invalid(field, self.client.resolve_workspace, source)

    def test_every_malformed_request_is_refused_by_the_name_of_its_field(self):
        for what, wish, field in REQUESTS:
            with self.subTest(what):
                self.assert_invalid(field, self.client.build_to_end, wish)
        self.assert_invalid("ref", self.client.resolve_base, "")
        self.assert_invalid("ref", self.client.resolve_base, "-o")
        self.assert_invalid("source", self.client.resolve_workspace, None)
        self.assert_invalid("build_id", self.client.log_text)
        code, _ = self.code_of(self.client.log_text, "no-such-build")
        self.assertEqual(grpc.StatusCode.NOT_FOUND, code)

    def test_text_that_is_not_utf_8_is_refused_by_the_name_of_its_field(self):
        marker = "MARKER-OF-EIGHT"
        for field, wish in (
                ("source.ref.ref", request(ref_source(marker))),
                ("triggered_by", request(ref_source("example.com/a"), triggered_by=marker)),
                ("remote_uri", request(with_git(remote_uri=marker))),
                ("dockerfile_path", request(file_source(git(GOOD_URL), marker))),
                ("auth_password", request(with_config(auth_password=marker)))):
            with self.subTest(field):
                payload = wish.SerializeToString().replace(marker.encode(), b"\xff\xfe\xc0\x80" + b"x" * (len(marker) - 4))
                self.assert_invalid(field, self.client.raw_stream, "Build", payload)

    def test_random_bytes_are_answered_with_an_error_or_an_empty_answer(self):
        chance = random.Random(20240511)
        seeds = [request(source).SerializeToString() for _, source, _ in SOURCES]
        allowed = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
        with Client(self.service.address) as client:
            for _ in range(FUZZ_ROUNDS):
                payload = self.random_payload(chance, seeds)
                method = chance.choice(["Build", "Logs", "ResolveWorkspaceImage", "ResolveBaseImage"])
                call = client.raw_stream if method in ("Build", "Logs") else client.raw
                code, details = self.code_of(call, method, payload)
                self.assertIn(code, allowed, (method, payload, details))

    def random_payload(self, chance, seeds):
        if chance.random() < 0.5:
            return chance.randbytes(chance.choice([0, 1, 2, 7, 50, 400]))
        # Cut and spoiled where it says what is wrong with it: what stays readable stays wrong, or is no message.
        payload = bytearray(chance.choice(seeds)[:4000])
        for _ in range(chance.randint(1, 4)):
            if payload:
                payload[chance.randrange(min(len(payload), 12))] = chance.randrange(256)
        return bytes(payload[:chance.randint(0, len(payload))])

    def test_a_request_above_16_mebibytes_is_refused_and_one_below_is_read(self):
        large = request(file_source(git(GOOD_URL), version="v" * (17 * MEBIBYTE)))
        code, details = self.code_of(self.client.build_to_end, large)
        self.assertEqual(grpc.StatusCode.RESOURCE_EXHAUSTED, code, details)
        bearable = request(file_source(git(GOOD_URL), version="v" * (15 * MEBIBYTE)))
        self.assert_invalid("dockerfile_version", self.client.build_to_end, bearable)

    def test_a_message_nested_beyond_every_measure_is_refused(self):
        payload = git(GOOD_URL).SerializeToString()
        for _ in range(5000):
            payload = tag(5) + length(wrapped := tag(1) + length(payload) + payload) + wrapped
        source = tag(1) + length(payload) + payload
        file = tag(2) + length(source) + source
        self.assert_invalid("", self.client.raw_stream, "Build", tag(1) + length(file) + file)


def tag(number):
    """The tag of a length-delimited field."""
    return bytes([number << 3 | 2])


def length(payload):
    value, coded = len(payload), b""
    while value > 127:
        coded += bytes([value & 127 | 128])
        value >>= 7
    return coded + bytes([value])


if __name__ == "__main__":
    main()
