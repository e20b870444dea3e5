#!/usr/bin/python3
"""The guide of the API: what it shows is run, in its order, against the service that the package installs.

Python and shell as they stand; a call of grpcurl, which no package has, as the request that its JSON is.
"""

import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import machine  # noqa: E402
import package  # noqa: E402
import sample_build  # noqa: E402
from clean_root import LayeredRoot  # noqa: E402
from places import SOURCE_DIR  # noqa: E402

SKIPPED = 77
#: Sends one JSON request by the stubs of the guide: METHOD JSON; prints the responses as JSON.
CALLER = """
import sys
sys.path.insert(0, "stubs")
import grpc
from google.protobuf import json_format, symbol_database
from image_builder_api import imgbuilder_pb2, imgbuilder_pb2_grpc
from imagebuilder.v1 import builds_pb2, builds_pb2_grpc

service, method = sys.argv[1].split("/")
messages, stub = {"builder.ImageBuilder": (imgbuilder_pb2, imgbuilder_pb2_grpc.ImageBuilderStub),
                  "imagebuilder.v1.Builds": (builds_pb2, builds_pb2_grpc.BuildsStub)}[service]
what = messages.DESCRIPTOR.services_by_name[service.rpartition(".")[2]].methods_by_name[method]
request = symbol_database.Default().GetPrototype(what.input_type)()
json_format.Parse(sys.argv[2], request)
call = getattr(stub(grpc.insecure_channel("127.0.0.1:8080")), method)
try:
    answer = call(request, timeout=100)
    for response in answer if hasattr(answer, "__iter__") else [answer]:
        print(json_format.MessageToJson(response, indent=None))
except grpc.RpcError as failed:
    print('{"code": "%s"}' % failed.code().name)
"""


def blocks():
    """(language, text) of every code block of the guide, in its order."""
    with open(os.path.join(SOURCE_DIR, "proto/guide.md"), encoding="utf-8") as file:
        return re.findall(r"^```(\w+)\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


class GuideTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ib-guide-")
        cls.addClassCleanup(folder.cleanup)
        shared = os.path.join(folder.name, "shared")
        os.mkdir(shared)
        for path in (folder.name, shared):
            os.chmod(path, 0o755)
        cls.shared = shared
        shutil.copytree(os.path.join(SOURCE_DIR, "proto"), os.path.join(shared, "proto"))
        cls.root = LayeredRoot(folder.name, shared)
        cls.addClassCleanup(cls.root.close)
        cls.root.install("/srv/" + os.path.basename(package.build(shared)))
        sample_build.prepare(cls.root.machine, shared)
        cls.root.start_service()
        cls.root.wait_for_log("build isolation: ")
        # The image that the examples find in the registry is the one of a first build.
        image = sample_build.check(unittest.TestCase(), cls.root.machine)
        cls.root.machine.run("skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://" + image,
                             "docker://localhost:5000/library/tools:v1")

    build_id = ""  # of the newest build, once an example has started one

    def run_script(self, *argv):
        return self.root.machine.run("env", "--chdir=/srv", *argv)

    def test_everything_it_shows_works(self):
        shell = [text for language, text in blocks() if language == "sh"]
        python = [text for language, text in blocks() if language == "python"]
        self.assertEqual({"sh", "python"}, {language for language, _ in blocks()})
        self.run_script("sh", "-euc", "\n".join(text for text in shell if "grpcurl" not in text))
        calls = [line for text in shell if "grpcurl" in text for line in text.replace("\\\n", " ").split("grpcurl ")[1:]]
        self.assertEqual(10, len(calls))
        for call in calls:
            self.check_grpcurl(shlex.split(call.replace("$build", self.build_id)))
        with open(os.path.join(self.shared, "guide.py"), "w", encoding="utf-8") as file:
            file.write("\n".join(python))
        said = self.run_script("/usr/bin/python3", "guide.py")
        for words in ("localhost:5000/base-images:", "==> building the base image", "STEP 1/",
                      "built localhost:5000/workspace-images:", "build source is missing", "-> SUCCEEDED",
                      "build cancelled: superseded"):
            self.assertIn(words, said)

    def check_grpcurl(self, argv):
        self.assertEqual("-plaintext", argv.pop(0))
        request = "{}"
        if argv[0] == "-d":
            request = argv[1]
            argv = argv[2:]
        address, method = argv
        self.assertEqual("127.0.0.1:8080", address)
        if method == "list":
            return
        with open(os.path.join(self.shared, "caller.py"), "w", encoding="utf-8") as file:
            file.write(CALLER)
        said = [json.loads(line) for line in self.run_script("/usr/bin/python3", "caller.py", method,
                                                             request).splitlines()]
        if method.endswith("/Build"):
            self.assertEqual("done_success", said[-1]["status"], said)
            self.build_id = said[0]["info"]["buildId"]
        elif method.endswith("/GetBuild"):
            self.assertEqual(("SUCCEEDED", self.build_id), (said[0]["state"], said[0]["buildId"]), said)
        elif method.endswith("/Builds/ListBuilds"):
            self.assertEqual(self.build_id, said[0]["builds"][0]["buildId"], said)
        elif method.endswith("/WatchBuild"):
            self.assertEqual("SUCCEEDED", said[-1]["step"]["state"], said)
        elif method.endswith("/ReadLog"):
            self.assertEqual("100", said[0]["offset"], said)
        elif method.endswith("/CancelBuild"):
            self.assertEqual("FAILED_PRECONDITION", said[-1]["code"], said)
        elif method.endswith("/ResolveBaseImage"):
            self.assertRegex(said[0]["ref"], r"^localhost:5000/library/tools@sha256:[0-9a-f]{64}$")


if __name__ == "__main__":
    if not machine.may_be_made():
        print("needs root and the right to mount", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
