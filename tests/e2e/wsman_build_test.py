#!/usr/bin/python3
"""Builds on ws-manager as its clients see them: from the start request to the end, however ws-manager behaves."""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from client import RUNNING, SUCCESS, builder, content, file_source, git, ref_source, request, workspaces  # noqa: E402
from wsman_house import BUILDER_IMAGE, WsmanTest, main  # noqa: E402

NO_IMAGE = "image build did not produce a workspace image"
UNAVAILABLE = {"code": 14, "message": "no place"}


class StartTest(WsmanTest):
    def start_of(self, build_id):
        found = [start for start in self.manager.starts() if start.id == build_id]
        self.assertEqual(1, len(found))
        return found[0]

    def test_every_field_of_the_start_request(self):
        initializer = content.WorkspaceInitializer(git=content.GitInitializer(
            remote_uri="https://git.example/a.git", target_mode=content.REMOTE_BRANCH, clone_taget="main",
            config=content.GitConfig(authentication=content.BASIC_AUTH, auth_user="u", auth_password="p")))
        auth = builder.BuildRegistryAuth(
            total=builder.BuildRegistryAuthTotal(allow_all=True),
            additional={"private.example": base64.b64encode(b"user:pass").decode()})
        source = file_source(initializer, "docker/Dockerfile", "", self.id())
        _, first = self.workspace(source, auth=auth, triggered_by="somebody", supervisor_ref="registry.example/sup:1")
        start = self.start_of(first.info.build_id)
        wanted = workspaces.StartWorkspaceRequest(
            id=first.info.build_id, service_prefix=first.info.build_id, type=workspaces.IMAGEBUILD,
            metadata=workspaces.WorkspaceMetadata(owner="somebody", meta_id=first.info.build_id, annotations={
                "ref": first.ref, "baseref": first.base_ref, "managed-by": "image-builder"}),
            spec=workspaces.StartWorkspaceSpec(
                workspace_image=BUILDER_IMAGE, initializer=initializer, timeout="1h0m0s",
                workspace_location="/workspace/docker",
                ide_image=workspaces.IDEImage(web_ref=BUILDER_IMAGE, supervisor_ref="registry.example/sup:1")))
        variables = {
            "BOB_TARGET_REF": "localhost:8080/target:latest", "BOB_BASE_REF": "localhost:8080/base:latest",
            "BOB_BUILD_BASE": "true", "BOB_DOCKERFILE_PATH": "/workspace/docker/Dockerfile",
            "BOB_CONTEXT_DIR": "/workspace/docker",
            "GITPOD_TASKS": '[{"name": "build", "init": "sudo -E /app/bob build"}]',
            "WORKSPACEKIT_RING2_ENCLAVE": "/app/bob proxy", "WORKSPACEKIT_BOBPROXY_BASEREF": first.base_ref,
            "WORKSPACEKIT_BOBPROXY_TARGETREF": first.ref, "SUPERVISOR_DEBUG_ENABLE": "false"}
        found = {variable.name: variable for variable in start.spec.envvars}
        self.assertEqual(len(start.spec.envvars), len(found))
        secret = found.pop("WORKSPACEKIT_BOBPROXY_AUTH")
        self.assertEqual(("", "pull-secret", ".dockerconfigjson"),
                         (secret.value, secret.secret.secret_name, secret.secret.key))
        additional = json.loads(found.pop("WORKSPACEKIT_BOBPROXY_ADDITIONALAUTH").value)
        self.assertEqual({"private.example": {"username": "user", "password": "pass", "auth": "dXNlcjpwYXNz"}},
                         additional)
        self.assertEqual(variables, {name: variable.value for name, variable in found.items()})
        del start.spec.envvars[:]
        self.assertEqual(wanted, start)
        self.succeed(first)

    def test_a_build_from_an_image_has_an_empty_context(self):
        digest = self.images.push("library/plain", "v1", {"plain": b"plain\n"})
        _, first = self.workspace(ref_source(self.registry.address + "/library/plain:v1"))
        start = self.start_of(first.info.build_id)
        self.assertEqual("empty", start.spec.initializer.WhichOneof("spec"))
        found = {variable.name: variable.value for variable in start.spec.envvars}
        self.assertEqual(
            ("false", "localhost:8080/base@" + digest, "/workspace/Dockerfile", "/workspace"),
            tuple(found[name] for name in ("BOB_BUILD_BASE", "BOB_BASE_REF", "BOB_DOCKERFILE_PATH", "BOB_CONTEXT_DIR")))
        self.assertEqual("/workspace", start.spec.workspace_location)
        self.succeed(first)

    def test_unavailable_is_tried_again(self):
        self.manager.script("StartWorkspace", UNAVAILABLE, UNAVAILABLE)
        before = len(self.manager.starts())
        stream, first = self.begin()
        self.wait_for_message(stream, "workspace services are currently unavailable")
        self.manager.wait_for("StartWorkspace", before + 3)
        self.succeed(first)
        self.assert_built(stream)
        self.assertEqual({first.info.build_id}, {start.id for start in self.manager.starts()[before:]})
        self.assertEqual(before + 3, len(self.manager.starts()))

    def test_a_workspace_that_exists_runs(self):
        self.manager.script("StartWorkspace", {"code": 14, "do_it": True})
        before = len(self.manager.starts())
        stream, first = self.begin()
        self.manager.wait_for("StartWorkspace", before + 1)
        self.manager.run(first.info.build_id)
        self.wait_for_message(stream, "building")
        self.succeed(first)
        self.assertEqual(f"http://{self.manager.http_address}/{first.info.build_id}",
                         self.assert_built(stream).info.log_info.url)

    def test_a_refused_start_fails_the_build(self):
        self.manager.script("StartWorkspace", {"code": 9, "message": "no such workspace class"})
        before = len(self.manager.starts())
        stream, first = self.begin()
        self.assertIn("no such workspace class", self.assert_failed(stream))
        self.assertEqual(before + 1, len(self.manager.starts()))
        self.assertEqual([], [build for build in self.client.list() if build.build_id == first.info.build_id])

    def test_an_existing_image_starts_nothing(self):
        before = len(self.manager.starts())
        stream, first = self.workspace()
        self.succeed(first)
        self.assert_built(stream)
        again = self.client.build_to_end(request(self.source()))
        self.assertEqual([(SUCCESS, first.ref)], [(response.status, response.ref) for response in again])
        self.assertEqual(before + 1, len(self.manager.starts()))

    def test_builds_of_one_reference_are_one_workspace(self):
        before = len(self.manager.starts())
        stream, first = self.workspace()
        others = [self.begin() for _ in range(3)]
        self.assertEqual({first.info.build_id}, {response.info.build_id for _, response in others})
        self.succeed(first)
        for one in [stream, *(other for other, _ in others)]:
            self.assert_built(one)
        self.assertEqual(before + 1, len(self.manager.starts()))


class EndTest(WsmanTest):
    def test_the_first_response_says_where_the_log_is(self):
        stream, first = self.workspace()
        self.assertEqual(RUNNING, first.status)
        info = first.info
        self.assertEqual((f"http://{self.manager.http_address}/{info.build_id}",
                          {"x-gitpod-owner-token": "owner-token-of-" + info.build_id}),
                         (info.log_info.url, dict(info.log_info.headers)))
        listed = {build.build_id: build for build in self.client.list()}[info.build_id]
        self.assertEqual((info.log_info.url, {}), (listed.log_info.url, dict(listed.log_info.headers)))
        self.succeed(first)
        self.assert_built(stream)

    def test_the_place_of_the_log_comes_before_the_end_however_late_it_is(self):
        stream, first = self.begin_held()
        self.assertFalse(first.info.HasField("log_info"))
        self.manager.release(self.id())
        told = next(response for response in stream if response.info.HasField("log_info"))
        self.assertEqual(RUNNING, told.status)
        self.assertTrue(told.info.log_info.url.endswith(first.info.build_id))
        self.succeed(first)
        self.assert_built(stream)

    def test_phases_are_told_in_plain_words(self):
        stream, first = self.begin()
        build_id = first.info.build_id
        self.manager.wait_for("subscribed")
        for phase, words in (("PENDING", "waiting for a place in the cluster: no node"),
                             ("CREATING", "creating the build's workspace"), ("INITIALIZING", "fetching the source"),
                             ("RUNNING", "building")):
            self.manager.alter(build_id, phase=phase, message="no node" if phase == "PENDING" else "")
            if phase == "CREATING":
                continue  # protobuf's merge keeps the old message
            self.assertEqual(RUNNING, self.wait_for_message(stream, words.split(":")[0]).status)
        self.succeed(first)
        self.assert_built(stream)

    def test_a_failed_task_is_the_users_failure(self):
        stream, first = self.workspace()
        self.manager.end(first.info.build_id, headlessTaskFailed="headless task failed: exit status 1")
        self.assertEqual("build failed: headless task failed: exit status 1", self.assert_failed(stream))

    def test_a_failed_workspace_fails_the_build_with_its_words(self):
        stream, first = self.workspace()
        self.manager.end(first.info.build_id, failed="cannot pull the builder image")
        self.assertEqual("cannot pull the builder image", self.assert_failed(stream))

    def test_success_is_told_only_where_the_image_is(self):
        stream, first = self.workspace()
        self.manager.end(first.info.build_id)
        self.assertEqual(NO_IMAGE, self.assert_failed(stream))

    def test_stopped_without_stopping_ends_a_build(self):
        stream, first = self.workspace()
        self.push_image(first.ref)
        self.manager.alter(first.info.build_id, phase="STOPPED")
        self.assert_built(stream)

    def test_old_versions_and_repetitions_are_ignored(self):
        stream, first = self.workspace()
        self.wait_for_message(stream, "building")
        build_id = first.info.build_id
        for version in (1, 2, 2, 1):
            self.manager.put(keep=False, id=build_id, phase="STOPPED", statusVersion=version,
                             conditions={"failed": "of an older life"})
        self.succeed(first)
        for _ in range(3):
            self.manager.end(build_id, failed="too late")
        self.assert_built(stream)

    def test_statuses_with_nothing_in_them_do_no_harm(self):
        stream, first = self.workspace()
        build_id = first.info.build_id
        self.manager.put(keep=False)
        self.manager.put(keep=False, id=build_id)
        self.manager.put(keep=False, id="nobody's", phase="RUNNING")
        self.manager.alter(build_id, without=("auth", "spec", "metadata", "conditions"), phase="RUNNING")
        self.wait_for_message(stream, "building")
        self.push_image(first.ref)
        self.manager.alter(build_id, phase="STOPPING")
        self.assert_built(stream)

    def test_a_build_is_cancelled_by_stopping_its_workspace(self):
        stream, first = self.workspace()
        self.wait_for_message(stream, "building")
        self.client.cancel(first.info.build_id, "not needed")
        self.assertEqual("build cancelled: not needed", self.assert_failed(stream))
        self.assertIn((first.info.build_id, workspaces.IMMEDIATELY),
                      [(stop.id, stop.policy) for stop in self.manager.stops()])

    def test_a_build_that_is_cancelled_while_it_waits_for_ws_manager_leaves_nothing(self):
        self.manager.script("StartWorkspace", {"code": 14, "do_it": True})
        self.manager.quiet(True)
        self.addCleanup(self.manager.quiet, False)
        stream, first = self.begin()
        self.wait_for_message(stream, "currently unavailable")
        self.client.cancel(first.info.build_id, "not needed")
        self.assertEqual("build cancelled: not needed", self.assert_failed(stream))
        self.assertIn(first.info.build_id, [stop.id for stop in self.manager.stops()])


class TimeLimitTest(WsmanTest):
    config = {"local": {"buildTimeLimit": "1s"}}

    def test_a_build_that_takes_too_long_is_stopped(self):
        stream, first = self.workspace()
        self.assertIn("build exceeded its time limit of 1 s", self.assert_failed(stream))
        self.assertIn(first.info.build_id, [stop.id for stop in self.manager.stops()])


if __name__ == "__main__":
    main()
