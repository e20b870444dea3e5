#!/usr/bin/python3
"""Builds on ws-manager outlive whatever happens to it, to the way there, and to us: each ends once, as it did there."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from client import SUCCESS, Client, request  # noqa: E402
from ws_manager import WsManager  # noqa: E402
from wsman_house import WsmanTest, main  # noqa: E402

NO_IMAGE = "image build did not produce a workspace image"
OURS = {"managed-by": "image-builder"}


class MonitorTest(WsmanTest):
    def test_lists_and_subscriptions_are_of_our_workspaces_alone(self):
        self.manager.wait_for("subscribed")
        filters = self.manager.filters()
        self.assertGreaterEqual(len(filters), 2)
        for asked in filters:
            self.assertEqual((OURS, "", ""), (dict(asked.annotations), asked.owner, asked.meta_id))

    def test_what_happens_between_two_subscriptions_is_seen(self):
        ended, first = self.workspace(self.source(self.id() + "ended"))
        gone, other = self.workspace(self.source(self.id() + "gone"))
        lost, third = self.workspace(self.source(self.id() + "lost"))
        for stream in (ended, gone, lost):
            self.wait_for_message(stream, "building")
        self.manager.quiet(True)
        self.manager.end(first.info.build_id, failed="the node is gone")
        self.push_image(other.ref)
        self.manager.forget(other.info.build_id)
        self.manager.forget(third.info.build_id)
        self.manager.quiet(False)
        self.manager.end_subscriptions()
        self.assertEqual("the node is gone", self.assert_failed(ended))
        self.assert_built(gone)
        self.assertEqual(NO_IMAGE, self.assert_failed(lost))

    def test_a_restart_of_ws_manager_is_waited_for(self):
        stream, first = self.workspace()
        self.wait_for_message(stream, "building")
        self.manager.down()
        self.service.wait_for_text("lost ws-manager")
        self.push_image(first.ref)
        self.manager.forget(first.info.build_id)
        self.manager.up()
        self.assert_built(stream)
        # And it is followed again.
        stream, first = self.workspace(self.source(self.id() + "again"))
        self.succeed(first)
        self.assert_built(stream)

    def test_a_build_that_begins_while_ws_manager_is_away_begins_when_it_is_back(self):
        self.manager.down()
        stream, first = self.begin()
        self.wait_for_message(stream, "currently unavailable")
        self.manager.up()
        self.wait_for_message(stream, "the build's workspace is requested")
        self.succeed(first)
        self.assert_built(stream)

    def test_a_subscription_that_ends_at_once_does_no_harm(self):
        stream, first = self.workspace()
        self.wait_for_message(stream, "building")
        before = self.manager.count("Subscribe")
        self.manager.script("Subscribe", *[{"code": 13, "message": "broken"}] * 4)
        self.manager.script("GetWorkspaces", {"code": 14}, {"code": 13})
        self.manager.end_subscriptions()
        self.manager.wait_for("Subscribe", before + 5)
        self.succeed(first)
        self.assert_built(stream)


class TakingOverTest(WsmanTest):
    def setUp(self):
        if not self.service.is_alive():
            self.restart()

    def restart(self):
        self.service.start()
        self.client.close()
        type(self).client = Client(self.service.address)
        self.addClassCleanup(self.client.close)

    def kill(self, stream):
        self.service.signal(signal.SIGKILL)
        self.service.wait()
        with self.assertRaises(grpc.RpcError):
            list(stream)

    def follow(self, source):
        """Joins the build of a source; returns its stream and the first response."""
        stream = self.client.build(request(source))
        return stream, next(stream)

    def test_a_running_build_is_taken_over_with_its_id_and_log(self):
        stream, first = self.workspace(text="one\n")
        build_id = first.info.build_id
        self.wait_for_log(build_id, "one\n")
        starts = self.manager.count("StartWorkspace")
        self.kill(stream)
        self.manager.write(build_id, "two\n")
        self.restart()
        stream, again = self.follow(self.source())
        self.assertEqual((build_id, first.ref, first.base_ref, first.info.started_at),
                         (again.info.build_id, again.ref, again.base_ref, again.info.started_at))
        self.assertEqual(first.info.log_info, again.info.log_info)
        self.wait_for_log(build_id, "two\n")
        self.manager.write(build_id, "three\n")
        self.manager.exit(build_id)
        self.succeed(first)
        self.assertEqual(build_id, self.assert_built(stream).info.build_id)
        log = self.client.log_text(build_id).decode()
        self.assertEqual(1, log.count("one\ntwo\nthree\n"), log)
        self.assertEqual(1, log.count("one\n"), log)
        self.assertEqual(starts, self.manager.count("StartWorkspace"))

    def test_what_ended_while_we_were_away_has_ended(self):
        builds = {}
        for name in ("built", "failed", "vanished"):
            stream, first = self.workspace(self.source(self.id() + name))
            self.wait_for_message(stream, "building")
            builds[name] = stream, first
        self.kill(builds["built"][0])
        self.push_image(builds["built"][1].ref)
        self.manager.forget(builds["built"][1].info.build_id)
        self.manager.end(builds["failed"][1].info.build_id, failed="no memory left")
        self.manager.forget(builds["vanished"][1].info.build_id)
        self.restart()
        for name, words in (("built", ""), ("failed", "no memory left"), ("vanished", NO_IMAGE)):
            # The log of a build that has ended ends.
            log = self.client.log_text(builds[name][1].info.build_id).decode()
            self.assertIn(words, log)
        again = self.client.build_to_end(request(self.source(self.id() + "built")))
        self.assertEqual([SUCCESS], [response.status for response in again])
        self.assertEqual([], [build for build in self.client.list() if self.id() in build.ref])

    def test_a_build_that_was_accepted_and_not_started_is_started(self):
        self.manager.script("StartWorkspace", {"hold": self.id()})
        starts = self.manager.count("StartWorkspace")
        stream, first = self.begin()
        self.manager.wait_for("StartWorkspace", starts + 1)
        self.kill(stream)
        self.restart()
        self.manager.wait_for("StartWorkspace", starts + 2)
        stream, again = self.follow(self.source())
        self.assertEqual(first.info.build_id, again.info.build_id)
        self.succeed(first)
        self.assert_built(stream)

    def test_builds_of_another_image_builder_are_taken_over(self):
        build_id = "7d1f6c3e-0000-4000-8000-000000000001"
        ref = self.registry.address + "/workspace-images:of-another-builder"
        self.manager.put(
            id=build_id, phase="RUNNING", statusVersion=5, spec={
                "url": f"http://{self.manager.http_address}/{build_id}", "type": "IMAGEBUILD", "headless": True},
            auth={"ownerToken": "owner-token-of-" + build_id}, metadata={
                "owner": "somebody", "metaId": build_id, "startedAt": "2026-01-02T03:04:05Z", "annotations": {
                    **OURS, "ref": ref, "baseref": self.registry.address + "/base-images:x"}})
        self.manager.put(id="not-ours", phase="RUNNING", metadata={"annotations": {"managed-by": "other"}})
        self.manager.terminal(build_id)
        self.manager.write(build_id, "started long ago\n")
        self.service.wait_for_log("build admitted", build_id=build_id)
        found = [build for build in self.client.list() if build.build_id == build_id]
        self.assertEqual([(ref, self.registry.address + "/base-images:x", 1767323045)],
                         [(build.ref, build.base_ref, build.started_at) for build in found])
        self.wait_for_log(build_id, "started long ago\n")
        log = self.client.logs(ref=ref)
        self.push_image(ref)
        self.manager.exit(build_id)
        self.manager.end(build_id)
        text = b"".join(part.content for part in log).decode()
        self.assertEqual(1, text.count("started long ago\n"), text)
        self.assertNotIn("build failed", text)

    def test_the_workspace_of_a_build_that_has_ended_here_is_stopped(self):
        stream, first = self.workspace()
        build_id = first.info.build_id
        self.wait_for_message(stream, "building")
        self.manager.script("StopWorkspace", {"code": 5})  # "there is none": the build ends, its workspace does not
        self.client.cancel(build_id, "not needed")
        self.assertEqual("build cancelled: not needed", self.assert_failed(stream))
        self.manager.end_subscriptions()
        self.manager.wait_for("StopWorkspace", self.manager.count("StopWorkspace") + 1)
        self.assertEqual([build_id] * 2, [stop.id for stop in self.manager.stops() if stop.id == build_id])

    def test_sigterm_leaves_workspaces_alone(self):
        stream, first = self.workspace(text="one\n")
        build_id = first.info.build_id
        self.wait_for_log(build_id, "one\n")
        stops = len(self.manager.stops())
        self.assertEqual(0, self.service.stop())
        with self.assertRaises(grpc.RpcError) as caught:
            list(stream)
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code())
        self.restart()
        stream, again = self.follow(self.source())
        self.assertEqual(build_id, again.info.build_id)
        self.succeed(first)
        self.assert_built(stream)
        self.assertEqual(stops, len(self.manager.stops()))


class LateManagerTest(WsmanTest):
    @classmethod
    def prepare(cls):
        cls.manager.down()

    def test_a_service_that_starts_without_ws_manager_finds_it(self):
        stream, first = self.begin()
        self.manager.up()
        self.wait_for_message(stream, "the build's workspace is requested")
        self.succeed(first)
        self.assert_built(stream)


__all__ = ["WsManager"]

if __name__ == "__main__":
    main()
