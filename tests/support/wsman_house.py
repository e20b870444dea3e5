"""What the tests of the engine `wsman` stand on: a registry, ws-manager's stand-in and the service, one of each per class."""

import os
import shutil
import tempfile
import unittest

import grpc

from child import show
from client import FAILURE, RUNNING, SUCCESS, Client, content, file_source, git, request
from images import Images
from registry import Registry
from service import Service
from ws_manager import WsManager

BUILDER_IMAGE = "registry.example/bob:1"


class WsmanTest(unittest.TestCase):
    """Subclasses set what they need; everything ends with the class."""

    orchestrator = {}  # laid over this house's own
    config = {}  # laid over the service's

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="ib-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.registry = Registry(os.path.join(cls.folder, "registry"))
        cls.addClassCleanup(cls.registry.close)
        cls.images = Images(cls.registry.address)
        cls.manager = cls.add_manager()
        cls.prepare()
        cls.service = cls.add_service()
        cls.client = Client(cls.service.address)
        cls.addClassCleanup(cls.client.close)

    @classmethod
    def prepare(cls):
        """For subclasses: what the service is to find."""

    @classmethod
    def add_manager(cls):
        manager = WsManager()
        cls.addClassCleanup(manager.close)
        return manager

    @classmethod
    def wsman_config(cls):
        return {"address": cls.manager.address}

    @classmethod
    def add_service(cls, **more):
        service = Service(cls.folder, {**cls.config, "orchestrator": {
            "wsman": cls.wsman_config(), "builderImage": BUILDER_IMAGE, "pullSecret": "pull-secret",
            "baseImageRepository": cls.registry.address + "/base-images",
            "workspaceImageRepository": cls.registry.address + "/workspace-images", **cls.orchestrator, **more}})
        cls.addClassCleanup(service.kill)
        return service

    @classmethod
    def tearDownClass(cls):
        if cls.service.is_alive():
            code = cls.service.stop()
            assert code == 0, f"SIGTERM ended the service with {code}:\n{cls.service.log_text()}"

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > failures:
            show(f"log of the service in {self.id()}", "\n".join(self.service.log_text().splitlines()[-40:]))

    # --- builds ---

    def source(self, version=None, dockerfile="Dockerfile", **more):
        """A Dockerfile source of this test alone: its version makes the references."""
        return file_source(git("https://git.example/repository.git"), dockerfile, version=version or self.id(), **more)

    def begin(self, source=None, **more):
        """Starts a build; returns its stream and the first response."""
        stream = self.client.build(request(source or self.source(), **more))
        return stream, next(stream)

    def begin_held(self):
        """A build whose start is not answered before `release(self.id())`: everything can be prepared for it."""
        started = self.manager.count("StartWorkspace")
        self.manager.script("StartWorkspace", {"hold": self.id()})
        stream, first = self.begin()
        self.manager.wait_for("StartWorkspace", started + 1)
        return stream, first

    def workspace(self, source=None, text=None, **more):
        """A build whose workspace runs and whose terminal has printed; returns its stream and the first response."""
        started = self.manager.count("StartWorkspace")
        stream, first = self.begin(source, **more)
        self.manager.wait_for("StartWorkspace", started + 1)
        self.manager.run(first.info.build_id)
        if text is not None:
            self.manager.terminal(first.info.build_id)
            self.manager.write(first.info.build_id, text)
        return stream, first

    def push_image(self, ref):
        """What the builder image would have pushed."""
        repository, _, tag = ref.removeprefix(self.registry.address + "/").rpartition(":")
        return self.images.push(repository, tag, {"built": ref.encode()})

    def succeed(self, first):
        self.push_image(first.ref)
        self.manager.end(first.info.build_id)

    def assert_built(self, responses):
        """The shape of the rest of a successful build; returns the last response."""
        responses = list(responses)
        self.assertEqual([RUNNING] * (len(responses) - 1) + [SUCCESS], [r.status for r in responses], _words(responses))
        return responses[-1]

    def assert_failed(self, responses):
        """The shape of the rest of a failed build; returns its message."""
        responses = list(responses)
        self.assertEqual([RUNNING] * (len(responses) - 1) + [FAILURE], [r.status for r in responses], _words(responses))
        return responses[-1].message

    def wait_for_message(self, stream, words):
        """Reads responses until one says so."""
        seen = []
        try:
            for response in stream:
                seen.append(response.message)
                if words in response.message:
                    return response
        except grpc.RpcError as error:
            raise AssertionError(f"nobody said {words!r}, but {seen}") from error
        raise AssertionError(f"nobody said {words!r}, but {seen}")

    def wait_for_log(self, build_id, wanted):
        """Reads a log from its beginning until it has some text; returns what was read."""
        text = b""
        stream = self.client.logs(build_id)
        for part in stream:
            text += part.content
            if wanted.encode() in text:
                stream.cancel()
                return text.decode()
        raise AssertionError(f"the log ended without {wanted!r}:\n{text.decode()}")


def _words(responses):
    return "\n".join(f"{r.status} {r.message}" for r in responses)


def main():
    unittest.main(verbosity=2)


__all__ = ["BUILDER_IMAGE", "WsmanTest", "content", "main"]
