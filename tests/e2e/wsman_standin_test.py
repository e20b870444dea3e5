#!/usr/bin/python3
"""The stand-in of ws-manager does what the tests of the engine `wsman` take for granted."""

import http.client
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from certificates import Authority  # noqa: E402
from child import PATIENCE  # noqa: E402
from client import workspaces  # noqa: E402
from ws_manager import BUILD_TERMINAL, WsManager  # noqa: E402
from ws_manager_api import core_pb2_grpc  # noqa: E402

OURS = workspaces.MetadataFilter(annotations={"managed-by": "image-builder"})


class StandinTest(unittest.TestCase):
    def setUp(self):
        self.manager = WsManager()
        self.addCleanup(self.manager.close)
        self.channel = grpc.insecure_channel(self.manager.address)
        self.addCleanup(self.channel.close)
        self.stub = core_pb2_grpc.WorkspaceManagerStub(self.channel)

    def start(self, name):
        wish = workspaces.StartWorkspaceRequest(id=name, type=workspaces.IMAGEBUILD)
        wish.metadata.annotations["managed-by"] = "image-builder"
        return self.stub.StartWorkspace(wish)

    def listed(self):
        found = self.stub.GetWorkspaces(workspaces.GetWorkspacesRequest(must_match=OURS), wait_for_ready=True,
                                        timeout=PATIENCE).status
        return {status.id: workspaces.WorkspacePhase.Name(status.phase) for status in found}

    def supervisor(self, name, path, token=None):
        connection = http.client.HTTPConnection(self.manager.http_address, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", f"/{name}/_supervisor/v1/{path}",
                           headers={"x-gitpod-owner-token": token or f"owner-token-of-{name}"})
        return connection.getresponse()

    def test_workspaces_are_started_once_told_and_stopped(self):
        self.start("other")
        changes = self.stub.Subscribe(workspaces.SubscribeRequest(must_match=OURS))
        self.addCleanup(changes.cancel)
        self.manager.wait_for("subscribed")
        answer = self.start("one")
        self.assertEqual(("http://" + self.manager.http_address + "/one", "owner-token-of-one"),
                         (answer.url, answer.owner_token))
        with self.assertRaises(grpc.RpcError) as caught:
            self.start("one")
        self.assertEqual(grpc.StatusCode.ALREADY_EXISTS, caught.exception.code())
        self.manager.run("one")
        self.stub.StopWorkspace(workspaces.StopWorkspaceRequest(id="one"))
        phases = [next(changes).status.phase for _ in range(4)]
        self.assertEqual([workspaces.PENDING, workspaces.RUNNING, workspaces.STOPPING, workspaces.STOPPED], phases)
        self.assertEqual({"other": "PENDING"}, self.listed())
        self.assertEqual(["other", "one", "one"], [start.id for start in self.manager.starts()])
        self.assertEqual(["one"], [stop.id for stop in self.manager.stops()])

    def test_answers_are_scripted(self):
        self.manager.script("StartWorkspace", {"code": 14, "message": "busy"}, {"code": 14, "do_it": True})
        for _ in range(2):
            with self.assertRaises(grpc.RpcError) as caught:
                self.start("one")
            self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code())
        self.assertEqual({"one": "PENDING"}, self.listed())
        self.manager.script("StartWorkspace", {"hold": "door"})
        wish = workspaces.StartWorkspaceRequest(id="two")
        held = self.stub.StartWorkspace.future(wish)
        self.manager.wait_for("StartWorkspace", 3)
        self.assertFalse(held.done())
        self.manager.release("door")
        self.assertTrue(held.result().url)

    def test_it_goes_away_and_comes_back_at_the_same_port(self):
        self.start("one")
        changes = self.stub.Subscribe(workspaces.SubscribeRequest(must_match=OURS))
        self.manager.wait_for("subscribed")
        self.manager.down()
        with self.assertRaises(grpc.RpcError):
            next(changes)
        with self.assertRaises(grpc.RpcError):
            self.start("two")
        self.manager.up()
        self.assertEqual({"one": "PENDING"}, self.listed())

    def test_terminals_are_replayed_followed_and_ended(self):
        self.start("one")
        self.assertEqual(404, self.supervisor("one", "status/tasks").status)
        self.manager.bare_task("one")
        self.assertIn(b'"terminal":""', self.supervisor("one", "status/tasks").read())
        self.manager.terminal("one")
        self.assertIn(f'"terminal":"{BUILD_TERMINAL}"'.encode(), self.supervisor("one", "status/tasks").read())
        self.assertEqual(401, self.supervisor("one", "status/tasks", "wrong").status)
        self.manager.write("one", "first\n")
        self.manager.cut("one", 5)
        listener = self.supervisor("one", "terminal/listen/" + BUILD_TERMINAL)
        self.manager.wait_for("listening:one")
        self.manager.write("one", "second\n")
        self.manager.raw("one", '{"result":{"title":"bob"}}\n')
        self.manager.exit("one", 3)
        self.assertEqual(['{"result":{"data":"Zmlyc3QK"}}', '{"result":{"data":"c2Vjb25kCg=="}}',
                          '{"result":{"title":"bob"}}', '{"result":{"exitCode":3}}'],
                         listener.read().decode().splitlines())

    def test_automatic_terminals_are_there_whoever_speaks_of_their_workspace_first(self):
        self.manager.do("auto_run", on=True)
        self.start("printed")
        self.manager.write("printed", "first\n", "terminal")
        self.start("asked")
        for name in ("printed", "asked"):
            self.assertIn(b'"terminal":"terminal"', self.supervisor(name, "status/tasks").read(), name)
        listener = self.supervisor("printed", "terminal/listen/terminal")
        self.manager.exit("printed", name="terminal")
        self.assertEqual(b'{"result":{"data":"Zmlyc3QK"}}\n{"result":{"exitCode":0}}\n', listener.read())

    def test_a_listener_that_is_cut_off_knows(self):
        self.start("one")
        self.manager.terminal("one")
        self.manager.write("one", "x")
        for how in ("close", "reset", "mid_frame"):
            listener = self.supervisor("one", "terminal/listen/" + BUILD_TERMINAL)
            self.manager.part("one", how)
            with self.assertRaises((http.client.IncompleteRead, ConnectionError), msg=how):
                listener.read()
        self.manager.http("one", "listen", 500, 0)
        self.assertEqual(500, self.supervisor("one", "terminal/listen/" + BUILD_TERMINAL).status)
        with self.assertRaises(http.client.RemoteDisconnected):
            self.supervisor("one", "terminal/listen/" + BUILD_TERMINAL)


class MutualTlsTest(unittest.TestCase):
    def test_only_clients_of_the_authority_are_let_in(self):
        folder = tempfile.mkdtemp(prefix="ib-standin-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        ours = Authority(os.path.join(folder, "ours"))
        other = Authority(os.path.join(folder, "other"))
        manager = WsManager(ours)
        self.addCleanup(manager.close)

        def listed(issuer):
            certificate, key = issuer.issue("client")
            texts = [pathlib.Path(path).read_bytes() for path in (ours.certificate, key, certificate)]
            with grpc.secure_channel(manager.address, grpc.ssl_channel_credentials(*texts),
                                     [("grpc.ssl_target_name_override", "ws-manager")]) as channel:
                stub = core_pb2_grpc.WorkspaceManagerStub(channel)
                return stub.GetWorkspaces(workspaces.GetWorkspacesRequest(), timeout=60)

        self.assertEqual(0, len(listed(ours).status))
        with self.assertRaises(grpc.RpcError):
            listed(other)


if __name__ == "__main__":
    unittest.main(verbosity=2)
