"""A client of the API that shares nothing with the service but the proto files: the stubs are made when a test starts."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile

import grpc

from child import PATIENCE
from places import SOURCE_DIR


def _make_stubs():
    folder = tempfile.mkdtemp(prefix="ib-stubs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(
        ["protoc", "-I" + os.path.join(SOURCE_DIR, "proto"), "--python_out=" + folder, "--grpc_python_out=" + folder,
         "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", "image-builder-api/imgbuilder.proto",
         "content-service-api/initializer.proto", "ws-manager-api/core.proto", "imagebuilder/v1/builds.proto",
         "imagebuilder/v1/faults.proto"], check=True)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True


_make_stubs()

# pylint: disable=wrong-import-position
from content_service_api import initializer_pb2 as content  # noqa: E402
from image_builder_api import imgbuilder_pb2 as builder  # noqa: E402
from image_builder_api import imgbuilder_pb2_grpc  # noqa: E402
from imagebuilder.v1 import builds_pb2 as builds  # noqa: E402
from imagebuilder.v1 import builds_pb2_grpc  # noqa: E402
from ws_manager_api import core_pb2 as workspaces  # noqa: E402,F401

RUNNING, SUCCESS, FAILURE = builder.running, builder.done_success, builder.done_failure
SERVICE = "/builder.ImageBuilder/"


class Client:
    """One connection of its own to the service."""

    def __init__(self, address, options=()):
        self.channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1), *options])
        self._stub = imgbuilder_pb2_grpc.ImageBuilderStub(self.channel)
        self._builds = builds_pb2_grpc.BuildsStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_what):
        self.close()

    def close(self):
        self.channel.close()

    def build(self, request, metadata=()):
        """The stream of responses; iterate or `cancel()` it."""
        return self._stub.Build(request, timeout=PATIENCE, metadata=metadata)

    def build_to_end(self, request, metadata=()):
        return list(self.build(request, metadata))

    def logs(self, build_id="", ref="", censored=False):
        return self._stub.Logs(builder.LogsRequest(build_id=build_id, build_ref=ref, censored=censored),
                               timeout=PATIENCE)

    def log_text(self, build_id="", ref="", censored=False):
        return b"".join(part.content for part in self.logs(build_id, ref, censored))

    def list(self):
        return list(self._stub.ListBuilds(builder.ListBuildsRequest(), timeout=PATIENCE).builds)

    def resolve_base(self, ref, **more):
        return self._stub.ResolveBaseImage(builder.ResolveBaseImageRequest(ref=ref, **more), timeout=PATIENCE).ref

    def resolve_workspace(self, source, **more):
        return self._stub.ResolveWorkspaceImage(
            builder.ResolveWorkspaceImageRequest(source=source, **more), timeout=PATIENCE)

    def resolve_base_later(self, ref, **more):
        """A call under way: ask for its `result()` or `cancel()` it."""
        return self._stub.ResolveBaseImage.future(builder.ResolveBaseImageRequest(ref=ref, **more), timeout=PATIENCE)

    def resolve_workspace_later(self, source, **more):
        return self._stub.ResolveWorkspaceImage.future(
            builder.ResolveWorkspaceImageRequest(source=source, **more), timeout=PATIENCE)

    def get(self, build_id):
        """The build as the extension service tells it."""
        return self._builds.GetBuild(builds.GetBuildRequest(build_id=build_id), timeout=PATIENCE)

    def page(self, **request):
        """One page of builds; the fields of ListBuildsRequest."""
        return self._builds.ListBuilds(builds.ListBuildsRequest(**request), timeout=PATIENCE)

    def watch(self, build_id):
        """The steps of a build as they come."""
        for response in self._builds.WatchBuild(builds.WatchBuildRequest(build_id=build_id), timeout=PATIENCE):
            yield response.step

    def read_log(self, build_id, **request):
        """The stream of pieces; the fields of ReadLogRequest."""
        return self._builds.ReadLog(builds.ReadLogRequest(build_id=build_id, **request), timeout=PATIENCE)

    def cancel(self, build_id, reason=""):
        return self._builds.CancelBuild(builds.CancelBuildRequest(build_id=build_id, reason=reason), timeout=PATIENCE)

    def raw(self, method, payload):
        """Sends bytes as a request of a unary method ("ListBuilds", "/package.Service/Method"); returns bytes."""
        return self.channel.unary_unary(_path(method))(payload, timeout=PATIENCE)

    def raw_stream(self, method, payload):
        return list(self.channel.unary_stream(_path(method))(payload, timeout=PATIENCE))


    def health(self, service=""):
        """What the health service says from now on, "SERVING" or "NOT_SERVING", as it changes; a stream."""
        names = {b"\x08\x01": "SERVING", b"\x08\x02": "NOT_SERVING", b"\x08\x03": "SERVICE_UNKNOWN"}
        request = bytes([0x0a, len(service)]) + service.encode()  # HealthCheckRequest { service }
        for answer in self.channel.unary_stream("/grpc.health.v1.Health/Watch")(request, timeout=PATIENCE):
            yield names[answer]

    def wait_until_serving(self):
        """Until the builds of an earlier life are taken over."""
        for status in self.health():
            if status == "SERVING":
                return


def _path(method):
    return method if method.startswith("/") else SERVICE + method


def git_initializer(remote, mode=content.REMOTE_HEAD, target="", **more):
    return content.GitInitializer(remote_uri=remote, target_mode=mode, clone_taget=target, **more)


def git(remote, mode=content.REMOTE_HEAD, target="", **more):
    return content.WorkspaceInitializer(git=git_initializer(remote, mode, target, **more))


def file_source(initializer, dockerfile="Dockerfile", context="", version=""):
    return builder.BuildSource(file=builder.BuildSourceDockerfile(
        source=initializer, dockerfile_path=dockerfile, context_path=context, dockerfile_version=version))


def ref_source(ref):
    return builder.BuildSource(ref=builder.BuildSourceReference(ref=ref))


def request(source, **more):
    return builder.BuildRequest(source=source, **more)
