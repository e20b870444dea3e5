#!/usr/bin/python3
"""A configuration as it is deployed, with mutual TLS on every side, runs unchanged but for its places."""

import base64
import json
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from certificates import Authority  # noqa: E402
from child import Child  # noqa: E402
from client import builder, content, file_source, git, request  # noqa: E402
from image_builder_api import imgbuilder_pb2_grpc  # noqa: E402
from places import SOURCE_DIR, program  # noqa: E402
from registry import Registry  # noqa: E402
from ws_manager import WsManager  # noqa: E402
from wsman_house import WsmanTest, main  # noqa: E402

USER, PASSWORD = "deployed-user", "deployed-password"


class DeployedService:
    """The service with the deployed configuration, laid over by nothing but its places."""

    def __init__(self, path):
        self._child = Child([program("image-builder"), "run", "--config", path, "--json-log"])
        self.address = self._child.wait_for_error_line(_serving)

    def is_alive(self):
        return self._child.is_alive()

    def stop(self):
        return self._child.stop()

    def kill(self):
        self._child.kill()

    def log_text(self):
        return self._child.text()


def _serving(line):
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry.get("address") if entry.get("message") == "serving gRPC" else None


class DeployedTest(WsmanTest):
    @classmethod
    def add_manager(cls):
        cls.inner = Authority(os.path.join(cls.folder, "wsman-ca"))
        manager = WsManager(cls.inner)
        cls.addClassCleanup(manager.close)
        return manager

    @classmethod
    def prepare(cls):
        cls.private = Registry(os.path.join(cls.folder, "private"), {USER: PASSWORD})
        cls.addClassCleanup(cls.private.close)
        cls.images = type(cls.images)(cls.private.address, (USER, PASSWORD))
        cls.registry = cls.private

    @classmethod
    def add_service(cls, **more):
        cls.outer = Authority(os.path.join(cls.folder, "ca"))
        folder = tempfile.mkdtemp(dir=cls.folder)
        secret = os.path.join(folder, "pull-secret.json")
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        pathlib.Path(secret).write_text(json.dumps({"auths": {cls.private.address: {"auth": auth}}}), encoding="ascii")
        certificate, key = cls.inner.issue("image-builder")
        server_certificate, server_key = cls.outer.issue("server")
        text = pathlib.Path(SOURCE_DIR, "config", "deployed-wsman.json").read_text(encoding="utf-8")
        for deployed, here in (("ws-manager:8080", cls.manager.address), ("0.0.0.0:8080", "127.0.0.1:0"),
                               ("/wsman-certs/ca.crt", cls.inner.certificate), ("/wsman-certs/tls.crt", certificate),
                               ("/wsman-certs/tls.key", key), ("/config/pull-secret/pull-secret.json", secret),
                               ("/certs/ca.crt", cls.outer.certificate), ("/certs/tls.crt", server_certificate),
                               ("/certs/tls.key", server_key), ("registry.example.com", cls.private.address)):
            assert deployed in text, deployed
            text = text.replace(f'"{deployed}', f'"{here}')
        config = json.loads(text)
        # Where a test has no place of its own: state and fixed ports.
        config.update({"local": {"stateDirectory": os.path.join(folder, "state")}, "health": {"address": "off"},
                       "debug": {"address": "off"}, "metrics": {"address": "off"}})
        path = os.path.join(folder, "config.json")
        pathlib.Path(path).write_text(json.dumps(config), encoding="utf-8")
        service = DeployedService(path)
        cls.addClassCleanup(service.kill)
        return service

    def stub(self, authority=None):
        issuer = authority or self.outer
        certificate, key = issuer.issue("client")
        texts = [pathlib.Path(path).read_bytes() for path in (self.outer.certificate, key, certificate)]
        channel = grpc.secure_channel(self.service.address, grpc.ssl_channel_credentials(*texts))
        self.addCleanup(channel.close)
        return imgbuilder_pb2_grpc.ImageBuilderStub(channel)

    def test_a_build_runs_through_all_of_it(self):
        stream = self.stub().Build(request(file_source(git("https://git.example/a.git")), triggered_by="somebody"),
                                   timeout=120)
        first = next(stream)
        self.manager.wait_for("StartWorkspace")
        self.manager.wait_for("subscribed")
        start = self.manager.starts()[0]
        self.assertEqual(self.private.address + "/image-builder-mk3/bob:release", start.spec.workspace_image)
        secrets = [variable.secret.secret_name for variable in start.spec.envvars if variable.HasField("secret")]
        self.assertEqual(["builtin-registry-auth"], secrets)
        self.manager.run(first.info.build_id)
        self.succeed(first)
        self.assert_built(stream)

    def test_only_clients_of_the_authority_are_served(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub(Authority(os.path.join(self.folder, "stranger"))).ListBuilds(
                builder.ListBuildsRequest(), timeout=60)
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code())

    def test_keys_without_effect_are_told_once(self):
        log = self.service.log_text()
        self.assertEqual(1, log.count("subassemblyBucketName"), log)


__all__ = ["content"]

if __name__ == "__main__":
    main()
