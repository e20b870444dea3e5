#!/usr/bin/python3
"""imgctl against the real service: what it shows, lists and cancels, and a log that it reads on over a killed service."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from child import PATIENCE, Child  # noqa: E402
from client import Client, request  # noqa: E402
from forwarder import Forwarder  # noqa: E402
from places import program  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


class ImgctlTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile.fails": PROLOGUE + "RUN echo last words; \\\n    exit 7\n",
            "Dockerfile.killed": PROLOGUE + "RUN seq 1 5000; " + cls.gate.command("killed") + "; seq 5001 9000\n",
            "Dockerfile.cancel": PROLOGUE + "RUN " + cls.gate.command("cancel") + "\n",
        })

    def imgctl(self, *arguments, code=0):
        """Runs it to its end; (standard output, standard error)."""
        done = subprocess.run([program("imgctl"), "--address", self.service.address, *arguments], timeout=PATIENCE,
                              capture_output=True, text=True, check=False)
        self.assertEqual(code, done.returncode, done.stderr)
        return done.stdout, done.stderr

    def started(self, dockerfile, client=None):
        stream = (client or self.client).build(request(self.source("house", dockerfile, version=self.id())))
        first = next(stream)
        return stream, first.info.build_id, first.ref

    def test_a_failed_build_is_shown_and_listed_with_where_it_failed(self):
        stream, build_id, ref = self.started("Dockerfile.fails")
        self.assert_failed(list(stream))
        for target in (build_id, ref):
            text, _ = self.imgctl("show", target)
            for part in (f"build       {build_id}\n", "state       failed after ", "Dockerfile, line 3: RUN echo last words; exit 7\n",
                         "at fault: the Dockerfile", "\nlast lines\n  last words\n"):
                self.assertIn(part, text)
        self.assertEqual(3, json.loads(self.imgctl("show", "--json", build_id)[0])["failure"]["dockerfileLine"])
        self.assertIn(build_id, self.imgctl("list", "--all", "--state", "failed", "--since", "1h", "--reference", ref)[0])
        listed = json.loads(self.imgctl("list", "--all", "--reference", ref, "--json")[0])
        self.assertEqual([build_id], [build["buildId"] for build in listed["builds"]])
        self.assertIn("no builds", self.imgctl("list", "--all", "--until", "30d")[1])
        log = self.client.log_text(build_id=build_id).decode()
        self.assertEqual(log, self.imgctl("logs", build_id)[0])
        self.assertEqual(log, self.imgctl("logs", "-f", ref)[0])
        self.assertEqual(log[50:], self.imgctl("logs", "--offset", "50", build_id)[0])

    def test_pages_lead_to_each_other(self):
        for _ in range(3):
            stream, _, ref = self.started("Dockerfile.fails")
            self.assert_failed(list(stream))
        whole = json.loads(self.imgctl("list", "--all", "--reference", ref, "--json")[0])["builds"]
        first, more = self.imgctl("list", "--all", "--reference", ref, "--limit", "2")
        self.assertIn(whole[1]["buildId"], first)
        self.assertNotIn(whole[2]["buildId"], first)
        token = more.strip().rpartition(" ")[2]
        second, end = self.imgctl("list", "--all", "--reference", ref, "--page-token", token)
        self.assertIn(whole[2]["buildId"], second)
        self.assertNotIn(whole[1]["buildId"], second)
        self.assertEqual("", end)

    def test_a_build_is_cancelled_once(self):
        stream, build_id, _ = self.started("Dockerfile.cancel")
        self.gate.wait_for("cancel")
        self.imgctl("cancel", build_id, "--reason", "superseded")
        self.assertEqual("build cancelled: superseded", self.assert_failed(list(stream)))
        self.assertIn("has ended", self.imgctl("cancel", build_id, code=1)[1])
        self.assertIn("nobody", self.imgctl("cancel", "nobody", code=1)[1])
        self.assertIn("reason", self.imgctl("cancel", build_id, "--reason", "two\nlines", code=2)[1])
        self.assertIn("nobody", self.imgctl("show", "nobody", code=1)[1])

    def test_a_log_is_read_on_over_a_killed_service(self):
        service = self.add_service({})
        door = Forwarder(service.address)
        self.addCleanup(door.close)
        with Client(service.address) as client:
            stream, build_id, _ = self.started("Dockerfile.killed", client)
            self.gate.wait_for("killed")
            reader = Child([program("imgctl"), "--address", door.address, "logs", "-f", build_id])
            self.addCleanup(reader.kill)
            self.assertTrue(reader.out.wait_for(lambda line: line == "5000"))
            service.kill()
            self.assertTrue(reader.err.wait_for(lambda line: "lost the connection" in line))
            stream.cancel()
        self.gate.open("killed")
        service.start()
        door.target = service.address
        self.assertEqual(0, reader.wait(), reader.text()[-2000:])
        with Client(service.address) as client:
            self.assertEqual(client.log_text(build_id=build_id).decode().splitlines(), reader.out.all())
        self.assertEqual(2, reader.out.all().count("5000"))
        self.assertEqual(1, reader.out.all().count("9000"))
        self.end_service(service)


if __name__ == "__main__":
    main()
