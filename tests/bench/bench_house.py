"""What the programs of this folder share: a house of their own (registry, git daemon, service) on free ports.

Everything is below one temporary folder and ends with `House.close()`, which also runs when a program is interrupted.
"""

import contextlib
import importlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import grpc

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROTO_FILES = ["image-builder-api/imgbuilder.proto", "content-service-api/initializer.proto",
               "imagebuilder/v1/builds.proto", "imagebuilder/v1/faults.proto"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ready(deadline, is_ready, process, what, pause=0.05):
    """Polls until `is_ready()`, while the process lives."""
    while not is_ready():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with exit code {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} is not ready in time")
        select.select([], [], [], pause)


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def stubs(folder):
    """The generated modules of the compatible API, its stubs, the initializers, the extension and the faults."""
    folder.mkdir()
    plugin = shutil.which("grpc_python_plugin")
    if plugin is None:
        raise RuntimeError("grpc_python_plugin is missing; tools/setup installs it")
    subprocess.run(
        ["protoc", f"--proto_path={SOURCE / 'proto'}", f"--python_out={folder}", f"--grpc_out={folder}",
         f"--plugin=protoc-gen-grpc={plugin}", *PROTO_FILES], check=True)
    sys.path.insert(0, str(folder))
    return (importlib.import_module("image_builder_api.imgbuilder_pb2"),
            importlib.import_module("image_builder_api.imgbuilder_pb2_grpc"),
            importlib.import_module("content_service_api.initializer_pb2"),
            importlib.import_module("imagebuilder.v1.builds_pb2"),
            importlib.import_module("imagebuilder.v1.faults_pb2"))


class House:
    """A registry, a git daemon with one repository, and the service.

    `path`: a folder whose programs the service finds before the system's.
    """

    own_session = True  # of each process

    def __init__(self, bin_folder, settings, path=None):
        # So that a terminated program cleans up like an interrupted one.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ib-bench-"))
        self.bin = pathlib.Path(bin_folder).resolve()
        self.processes = []
        self.streams = []
        self.channel = None
        self._path = path
        try:
            self.registry_port = self._start_registry()
            self.git_port = self._start_git()
            self._write_config(settings)
            self.pb, self._grpc, self.content, self.builds, self.faults = stubs(self.folder / "stubs")
            self.start_service()
        except BaseException:
            self.close()
            raise

    def close(self):
        for stream in self.streams:
            stream.cancel()
        if self.channel is not None:
            self.channel.close()
        for process in reversed(self.processes):
            end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _spawn(self, name, argv, environment=None):
        with open(self.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=self.own_session, env={**os.environ, **(environment or {})})
        self.processes.append(process)
        return process

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _start_registry(self):
        port = free_port()
        config = self.folder / "registry.yml"
        # JSON is YAML.
        config.write_text(json.dumps({
            "version": 0.1, "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "registry")}},
            "http": {"addr": f"127.0.0.1:{port}", "secret": "bench"}}))
        process = self._spawn("registry", ["docker-registry", "serve", config])
        ready(time.monotonic() + 30, lambda: accepts(port), process, "the registry")
        return port

    def _start_git(self):
        port = free_port()
        self.repository = self.folder / "git" / "bench.git"
        self.repository.mkdir(parents=True)
        self.git("init", "-q", "--bare", "-b", "main")
        core = subprocess.run(["git", "--exec-path"], check=True, capture_output=True, text=True).stdout.strip()
        base = self.repository.parent
        process = self._spawn("git", [f"{core}/git-daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}",
                                      "--export-all", f"--base-path={base}", base])
        ready(time.monotonic() + 30, lambda: accepts(port), process, "git daemon")
        return port

    def _write_config(self, settings):
        self.state = self.folder / "state"
        self.config = self.folder / "config.json"
        registry = f"localhost:{self.registry_port}"
        self.config.write_text(json.dumps(laid_over({
            "orchestrator": {"engine": "local", "baseImageRepository": f"{registry}/base-images",
                             "workspaceImageRepository": f"{registry}/workspace-images"},
            "server": {"services": {"grpc": {"address": "127.0.0.1:0"}}},
            "health": {"address": "127.0.0.1:0"}, "metrics": {"address": "127.0.0.1:0"},
            "debug": {"address": "127.0.0.1:0"}, "local": {"stateDirectory": str(self.state)}}, settings)))

    def start_service(self):
        path = f"{self._path}:{os.environ['PATH']}" if self._path else os.environ["PATH"]
        self.service = self._spawn("service", [self.bin / "image-builder", "run", "--config", self.config],
                                   {"PATH": path})
        serving = re.compile(r'"message":"serving gRPC".*"address":"[^"]*:(\d+)"')
        try:
            # How long that takes is a figure.
            ready(time.monotonic() + 30, lambda: serving.search(self.log("service")), self.service, "the service", 0.002)
        except RuntimeError as fault:
            raise RuntimeError(f"{fault}: {self.log('service')}") from None
        self.service_port = int(serving.search(self.log("service"))[1])
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.service_port}")
        self.stub = self._grpc.ImageBuilderStub(self.channel)

    def end_service(self):
        # The channel first: who reads nothing while nothing is asked does not hear that the server leaves, and is
        # waited for.
        if self.channel is not None:
            self.channel.close()
        end(self.service)

    def restart_service(self, settings):
        """With these settings laid over the former ones."""
        self.end_service()
        self.config.write_text(json.dumps(laid_over(json.loads(self.config.read_text()), settings)))
        self.start_service()
        self.wait_until_able()

    def memory_kib(self):
        """What the service's process occupies."""
        for line in pathlib.Path(f"/proc/{self.service.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError("the service is gone")

    def wait_until_able(self):
        """Until the service knows how builds can be isolated here, and does nothing any more."""
        ready(time.monotonic() + 60, lambda: "build isolation: " in self.log("service"), self.service, "the engine")

    def git(self, *arguments, environment=None):
        """Runs git on the bare repository, without anybody's configuration."""
        variables = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
                     "GIT_DIR": str(self.repository), "GIT_AUTHOR_NAME": "image-builder",
                     "GIT_AUTHOR_EMAIL": "image-builder@localhost", "GIT_COMMITTER_NAME": "image-builder",
                     "GIT_COMMITTER_EMAIL": "image-builder@localhost", **(environment or {})}
        return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True,
                              env=variables).stdout.strip()

    def commit(self, files):
        """Commits these files, {name: bytes}; the commit's id. Executable where they begin like a program."""
        tree = self.folder / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        for name, content in files.items():
            (tree / name).write_bytes(content)
            (tree / name).chmod(0o755 if content[:2] in (b"\x7fE", b"#!") else 0o644)
        self.git("--work-tree", str(tree), "add", "--all")
        self.git("--work-tree", str(tree), "commit", "-q", "--allow-empty", "-m", "Bench")
        shutil.rmtree(tree)
        return self.git("rev-parse", "HEAD")

    @property
    def git_url(self):
        return f"git://127.0.0.1:{self.git_port}/bench.git"

    def request(self, commit, version):
        git = self.content.GitInitializer(remote_uri=self.git_url, target_mode=self.content.REMOTE_COMMIT,
                                          clone_taget=commit)
        source = self.pb.BuildSource(file=self.pb.BuildSourceDockerfile(
            source=self.content.WorkspaceInitializer(git=git), dockerfile_version=version,
            dockerfile_path="Dockerfile"))
        return self.pb.BuildRequest(source=source, force_rebuild=True, triggered_by="bench")

    def start(self, commit, version):
        """Starts a build and goes on; its first response. The build ends with the house."""
        stream = self.stub.Build(self.request(commit, version))
        self.streams.append(stream)
        return next(stream)

    def leave_streams(self):
        """The clients of the builds that were started go away."""
        for stream in self.streams:
            stream.cancel()
        self.streams.clear()

    def subscribers(self):
        """How many clients follow a build, as the service counts them."""
        port = re.search(r'"message":"serving metrics".*"address":"[^"]*:(\d+)"', self.log("service"))[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as page:
            text = page.read().decode()
        return sum(int(float(n)) for n in re.findall(r"^image_builder_subscribers\{[^}]*\} (\S+)$", text, re.M))

    def wait_for_subscribers(self, count):
        ready(time.monotonic() + 60, lambda: self.subscribers() == count, self.service, f"{count} clients that follow")

    def build(self, commit, version):
        """Builds through the service and waits for the end; the last response."""
        return self.finish(self.request(commit, version))

    def finish(self, request):
        """Builds what the request wants and waits for the end; the last response."""
        last = None
        for last in self.stub.Build(request, timeout=600):
            pass
        if last is None or last.status != self.pb.done_success:
            raise RuntimeError(f"the build failed: {last.message if last else 'no answer'}\n{self.log('service')}")
        return last


def end(process):
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def laid_over(base, more):
    """One JSON object laid over another."""
    for key, value in more.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        base[key] = laid_over(base[key], value) if both else value
    return base


def busybox():
    path = shutil.which("busybox")
    if path is None:
        raise RuntimeError("busybox is missing; tools/setup installs it")
    return pathlib.Path(path).read_bytes()


def default_bin():
    return os.environ.get("IB_BIN_DIR", str(SOURCE / "build" / "release" / "bin"))
