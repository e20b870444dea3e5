#!/usr/bin/python3
"""Private repositories: the credentials work, and are seen nowhere."""

import base64
import os
import stat
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import leftovers  # noqa: E402
from client import content, file_source, git, request  # noqa: E402
from workshop import GIT_PASSWORD, GIT_USER, PROLOGUE, WorkshopTest, main  # noqa: E402

WRONG_PASSWORD = "wr0ng-p4ssword"
PAIR = base64.b64encode(f"{GIT_USER}:{GIT_PASSWORD}".encode()).decode()
ENCODED = base64.b64encode(GIT_PASSWORD.encode()).decode()
SECRETS = [GIT_PASSWORD, urllib.parse.quote(GIT_PASSWORD, safe=""), PAIR, ENCODED, WRONG_PASSWORD]
HALF = len(GIT_PASSWORD) // 2
COPIES = 20000


def basic(password=GIT_PASSWORD):
    return content.GitConfig(authentication=content.BASIC_AUTH, auth_user=GIT_USER, auth_password=password)


class PrivateTest(WorkshopTest):
    config = {"log": {"level": "debug"}}

    @classmethod
    def prepare(cls):
        cls.add_repository("vault", {
            "Dockerfile": "FROM scratch\nCOPY . /\n",
            "Dockerfile.gate": PROLOGUE + "RUN " + cls.gate.command("open") + "\n",
            "Dockerfile.tell": PROLOGUE + "COPY password pair wide /\n"
                               "RUN cat /password; echo; cat /pair; echo; base64 /password; cat /wide\n"
                               f"RUN printf 'begin {GIT_PASSWORD[:HALF]}'; {cls.gate.command('half')}; "
                               f"printf '{GIT_PASSWORD[HALF:]} end\\n'\n",
            # One line of many pieces: some secret lies across every border between two of them.
            "wide": f"{GIT_PASSWORD}|" * COPIES + "\n",
            "password": GIT_PASSWORD, "pair": PAIR,
        })

    def build(self, config, dockerfile="Dockerfile", area="private"):
        return self.client.build(request(file_source(git(self.url("vault", area), config=config), dockerfile)))

    def assert_secret_free(self, text, what):
        text = text if isinstance(text, bytes) else text.encode()
        for secret in SECRETS:
            self.assertNotIn(secret.encode(), text, what)

    def assert_said_nothing(self, responses):
        for response in responses:
            self.assert_secret_free(response.SerializeToString(), "a response")
        self.assert_secret_free(self.client.log_text(build_id=responses[0].info.build_id), "the build's log")
        self.assert_secret_free(self.service.log_text(), "the service's log")

    def test_a_password_opens_the_repository_and_is_not_left_in_the_clone(self):
        responses = list(self.build(basic()))
        files = self.images.files(self.assert_built(responses).ref)
        self.assert_said_nothing(responses)
        for path, text in files.items():
            if path.startswith(".git/"):
                self.assert_secret_free(text, path)
        self.assertIn(".git/config", files)

    def test_a_one_time_secret_opens_the_repository(self):
        address = self.git_server.url("/ots/key-1")
        config = content.GitConfig(authentication=content.BASIC_AUTH_OTS, auth_ots=address)
        source = file_source(git(self.url("vault", "private"), config=config), version="ots")
        responses = self.client.build_to_end(request(source))
        self.assert_built(responses)
        self.assert_said_nothing(responses)
        self.assertNotIn(b"key-1", self.client.log_text(build_id=responses[0].info.build_id))
        message = self.assert_failed(self.client.build_to_end(request(source, force_rebuild=True)))
        self.assertIn("410", message)
        self.assertNotIn("key-1", message)

    def test_a_wrong_password_fails_the_build_and_is_not_repeated(self):
        source = file_source(git(self.url("vault", "private"), config=basic(WRONG_PASSWORD)), version="wrong")
        responses = self.client.build_to_end(request(source))
        message = self.assert_failed(responses)
        self.assertTrue(message.startswith("build failed: "), message)
        self.assert_said_nothing(responses)
        none = file_source(git(self.url("vault", "private")), version="none")
        self.assertTrue(self.assert_failed(self.client.build_to_end(request(none))).startswith("build failed: "))

    def test_a_dockerfile_that_prints_the_secrets_prints_a_mask(self):
        stream = self.build(basic(), "Dockerfile.tell")
        first = next(stream)
        listener = self.client.logs(build_id=first.info.build_id)
        seen = next(listener).content
        self.gate.wait_for("half")
        self.gate.open("half")
        seen += b"".join(part.content for part in listener)
        responses = [first, *stream]
        self.assert_built(responses)
        self.assertIn(b"\nbegin [redacted] end\n", seen)
        self.assertIn(b"\n" + b"[redacted]\n" * 3, seen)  # plain, as the pair, encoded
        self.assertIn(b"\n" + b"[redacted]|" * COPIES + b"\n", seen)
        self.assert_secret_free(seen, "the live log")
        self.assert_said_nothing(responses)

    def test_no_argument_of_any_process_holds_a_secret_while_a_private_build_runs(self):
        with leftovers.Arguments(self.service.pid) as arguments:
            stream = self.build(basic(), "Dockerfile.gate")
            first = next(stream)
            self.gate.wait_for("open")
            self.gate.open("open")
            self.assert_built([first, *stream])
        self.assertIn(b"git", arguments.text)
        self.assertIn(b"buildah", arguments.text)
        self.assert_secret_free(arguments.text, "an argument")

    def test_files_of_a_running_private_build_are_for_the_service_alone(self):
        config = basic()
        wish = request(file_source(git(self.url("vault", "wait"), config=config)))
        stream = self.client.build(wish)
        next(stream)
        self.git_server.state.somebody_waits.wait(60)
        git_processes = [pid for pid in leftovers.children(self.service.pid) if b"git" in leftovers.command_line(pid)]
        self.assertTrue(git_processes)
        for pid in git_processes:
            self.assert_secret_free(leftovers.command_line(pid), "an argument of git")
        self.assertEqual(0, stat.S_IMODE(os.stat(self.service.state).st_mode) & 0o077)
        for name in leftovers.build_folders(self.service.state):
            mode = stat.S_IMODE(os.stat(os.path.join(self.service.state, "builds", name)).st_mode)
            self.assertEqual(0, mode & 0o077, name)
        self.git_server.state.closing.set()
        self.assert_failed(list(stream))


if __name__ == "__main__":
    main()
