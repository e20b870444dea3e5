#!/usr/bin/python3
"""The output of workspaces in builds' logs, however their supervisors and terminals behave."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from certificates import Authority  # noqa: E402
from client import builds  # noqa: E402
from tls_door import TlsDoor  # noqa: E402
from wsman_house import WsmanTest, main  # noqa: E402

MASK = "[redacted]"


class LogsTest(WsmanTest):
    def output(self, build_id):
        """The whole log of an ended build without what the service itself says."""
        log = self.client.log_text(build_id).decode()
        return "".join(line for line in log.splitlines(True) if not line.startswith("image-builder: "))

    def finish(self, stream, first, name=None):
        """Ends terminal and build well; returns the output."""
        self.manager.exit(first.info.build_id, **({"name": name} if name else {}))
        self.succeed(first)
        self.assert_built(stream)
        return self.output(first.info.build_id)

    def test_output_reaches_the_log_while_it_comes(self):
        stream, first = self.workspace(text="one\n")
        build_id = first.info.build_id
        self.wait_for_log(build_id, "one\n")
        self.manager.write(build_id, "two\n")
        self.wait_for_log(build_id, "one\ntwo\n")
        self.assertEqual("one\ntwo\n", self.finish(stream, first))

    def test_a_terminal_may_be_late(self):
        stream, first = self.workspace()
        build_id = first.info.build_id
        self.manager.wait_for("tasks:" + build_id, 2)  # 404: the supervisor is not there yet
        self.manager.http(build_id, "tasks", 502, 0, 0, 404)
        self.manager.bare_task(build_id)
        self.manager.wait_for("tasks:" + build_id, 8)
        self.manager.terminal(build_id)
        self.manager.write(build_id, "at last\n")
        self.wait_for_log(build_id, "at last\n")
        self.assertEqual("at last\n", self.finish(stream, first))

    def test_a_lost_connection_repeats_nothing(self):
        stream, first = self.workspace(text="a line before\n")
        build_id = first.info.build_id
        text = "a line before\n"
        self.wait_for_log(build_id, text)
        for number, how in enumerate(("close", "reset", "mid_frame", "finish", "close"), 2):
            self.manager.part(build_id, how)
            more = f"after {how} {number}\n"
            self.manager.write(build_id, more)
            text += more
            self.manager.wait_for("listen:" + build_id, number)
            self.wait_for_log(build_id, more)
        self.assertEqual(text, self.finish(stream, first))

    def test_a_terminal_that_has_forgotten_its_beginning_repeats_nothing(self):
        stream, first = self.workspace(text="")
        build_id = first.info.build_id
        text = "".join(f"step {i} of the build\n" for i in range(5000))
        self.manager.write(build_id, text)
        self.wait_for_log(build_id, "step 4999 of the build\n")
        self.manager.replay(build_id, "last_bytes", 20_000)
        self.manager.part(build_id, "close")
        self.manager.write(build_id, "and one\n")
        self.wait_for_log(build_id, "and one\n")
        self.assertEqual(text + "and one\n", self.finish(stream, first))

    def test_a_terminal_that_repeats_nothing_is_followed(self):
        stream, first = self.workspace(text="before\n")
        build_id = first.info.build_id
        self.wait_for_log(build_id, "before\n")
        self.manager.replay(build_id, "nothing")
        self.manager.part(build_id, "close")
        self.manager.wait_for("listen:" + build_id, 2)
        self.manager.write(build_id, "after\n")
        self.wait_for_log(build_id, "after\n")
        self.assertEqual("before\nafter\n", self.finish(stream, first))

    def test_titles_exits_and_other_frames_are_no_output(self):
        stream, first = self.workspace(text="one\n")
        build_id = first.info.build_id
        self.wait_for_log(build_id, "one\n")
        self.manager.cut(build_id, 3)
        self.manager.raw(build_id, '{"result":{"title":"bob"}}\n{"result":{}}{"other":[1,2]} garbage\n')
        self.manager.write(build_id, "two\n")
        self.wait_for_log(build_id, "two\n")
        # A stream that reports an error is a lost one.
        self.manager.cut(build_id, 0)
        self.manager.raw(build_id, '{"error":{"grpc_code":13,"message":"oops"}}\n')
        self.manager.wait_for("listen:" + build_id, 2)
        self.manager.write(build_id, "three\n")
        self.assertEqual("one\ntwo\nthree\n", self.finish(stream, first))

    def test_a_terminal_that_is_not_known_any_more_is_asked_for_again(self):
        stream, first = self.workspace(text="of the first\n")
        build_id = first.info.build_id
        self.wait_for_log(build_id, "of the first\n")
        self.manager.http(build_id, "listen", 404)
        self.manager.part(build_id, "close")
        self.manager.wait_for("listen:" + build_id, 3)
        self.assertEqual("of the first\n", self.finish(stream, first))

    def test_bytes_are_kept_as_they_are_and_much_of_them(self):
        stream, first = self.workspace(text="")
        build_id = first.info.build_id
        piece = "".join(f"{i:07d} \x1b[32mgrün\x1b[0m\r\n" for i in range(20_000))
        for _ in range(4):
            self.manager.write(build_id, piece)
        self.assertEqual(piece * 4, self.finish(stream, first))

    def test_where_output_cannot_be_had_one_line_says_so_and_the_build_goes_on(self):
        for prepare, words in ((lambda build_id: None, "HTTP status 404"),
                               (self.manager.bare_task, "no task has a terminal")):
            with self.subTest(words):
                stream, first = self.workspace(self.source(self.id() + words))
                build_id = first.info.build_id
                prepare(build_id)
                self.manager.wait_for("tasks:" + build_id, 3)
                self.succeed(first)
                self.assert_built(stream)
                log = self.client.log_text(build_id).decode()
                self.assertEqual(1, log.count("the build's output could not be had: "), log)
                self.assertIn(words, log)

    def test_a_supervisor_that_refuses_is_not_asked_for_ever(self):
        stream, first = self.begin_held()
        build_id = first.info.build_id
        self.manager.terminal(build_id)
        self.manager.http(build_id, "listen", *[401] * 5)
        self.manager.release(self.id())
        self.wait_for_log(build_id, "the build's output could not be had: HTTP status 401")
        self.assertEqual(5, self.manager.count("listen:" + build_id))
        self.succeed(first)
        self.assert_built(stream)

    def test_the_owner_token_is_never_shown(self):
        stream, first = self.workspace(text="")
        build_id = first.info.build_id
        self.manager.write(build_id, f"curl -H x-gitpod-owner-token:owner-token-of-{build_id}\n")
        self.assertEqual(f"curl -H x-gitpod-owner-token:{MASK}\n", self.finish(stream, first))
        self.assertNotIn("owner-token-of-", self.service.log_text())

    def test_a_short_build_is_read_to_its_end(self):
        stream, first = self.workspace()
        build_id = first.info.build_id
        self.manager.wait_for("tasks:" + build_id)
        self.manager.terminal(build_id)
        self.manager.write(build_id, "all there is\n")
        self.assertEqual("all there is\n", self.finish(stream, first))

    def test_a_failure_has_its_last_lines(self):
        stream, first = self.workspace(text="step 1\nmake: *** [all] Error 2\n")
        build_id = first.info.build_id
        self.wait_for_log(build_id, "Error 2\n")
        self.manager.end(build_id, headlessTaskFailed="exit status 2")
        self.assertEqual("build failed: exit status 2", self.assert_failed(stream))
        log = self.client.log_text(build_id).decode()
        self.assertTrue(log.endswith("Error 2\nimage-builder: build failed: exit status 2\n"), log)
        failure = self.client.get(build_id).failure
        self.assertEqual((builds.Failure.USER, ["step 1", "make: *** [all] Error 2"]),
                         (failure.fault, list(failure.last_lines)))


class HttpsTest(WsmanTest):
    @classmethod
    def prepare(cls):
        authority = Authority(os.path.join(cls.folder, "logs-ca"))
        cls.authority = authority
        cls.door = TlsDoor(cls.manager.http_address, *authority.issue("workspaces"))
        cls.addClassCleanup(cls.door.close)

    @classmethod
    def wsman_config(cls):
        return {**super().wsman_config(), "logCaFile": cls.authority.certificate}

    def test_logs_are_read_over_tls(self):
        stream, first = self.begin_held()
        build_id = first.info.build_id
        url = f"https://{self.door.address}/{build_id}/"
        self.manager.terminal(build_id)
        self.manager.write(build_id, "a secret way\n")
        self.manager.release(self.id())
        self.manager.wait_for("subscribed")
        self.manager.alter(build_id, phase="RUNNING", spec={"url": url})
        self.wait_for_log(build_id, "a secret way\n")
        self.succeed(first)
        self.assert_built(stream)


if __name__ == "__main__":
    main()
