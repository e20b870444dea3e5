#!/usr/bin/python3
"""A journal that is late, fails, is full, read-only, torn or broken."""

import contextlib
import glob
import os
import subprocess
import time
import urllib.error
import urllib.request

import grpc

from fault_case import ENABLED, Client, FaultCase, main, request


class JournalTest(FaultCase):
    config = {**ENABLED, "local": {"concurrentBuilds": 4}}
    gates = ("failing", "late", "full", "refused", "torn", "corrupt", "finished", "again")

    def test_a_build_stands_still_while_its_journal_fails_and_then_goes_on(self):
        stream, build_id = self.begin("failing")
        self.faults.fail("journal", count=10_000, message="the disk is on strike")
        self.gate.open("failing")
        said = []
        for response in stream:
            said.append(response)
            if "the disk is on strike" in response.message:
                break
        self.assertIn("waiting for the storage", said[-1].message)
        with self.assertRaises(grpc.RpcError) as refused:
            list(self.client.build(request(self.source("house", "Dockerfile.refused"))))
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, refused.exception.code())
        self.assertIn("the disk is on strike", refused.exception.details())
        self.faults.clear()
        self.assert_built(said + list(stream))
        self.assert_whole_log("failing", build_id)

    def test_a_late_journal_delays_a_build_and_loses_nothing(self):
        stream, build_id = self.begin("late")
        self.faults.delay("journal", 200, count=5)
        self.finish("late", stream)
        self.assert_whole_log("late", build_id)

    def test_a_full_disk_is_told_and_a_build_goes_on_once_there_is_room(self):
        service = self.add_service(self.config)
        self.assertEqual(0, service.stop())
        with self.small_disk(os.path.join(service.state, "journal")) as disk:
            service.start()
            with Client(service.address) as client:
                stream = client.build(request(self.source("house", "Dockerfile.full")))
                build_id = next(stream).info.build_id
                self.gate.wait_for("full")
                ballast = self.fill(disk)
                self.gate.open("full")
                said = []
                for response in stream:
                    said.append(response)
                    if "waiting for the storage" in response.message:
                        break
                self.assertRegex(said[-1].message, "No space left on device|disk is full")
                self.assertEqual(1, len(client.list()))
                with self.assertRaises(grpc.RpcError) as refused:
                    list(client.build(request(self.source("house", "Dockerfile.refused"))))
                self.assertEqual(grpc.StatusCode.UNAVAILABLE, refused.exception.code())
                os.remove(ballast)
                self.assert_built(said + list(stream))
                self.assert_whole_log("full", build_id, client)
            self.assertEqual(0, service.stop(), service.log_text())

    def test_a_disk_that_is_read_only_is_told_and_nothing_is_started(self):
        service = self.add_service(self.config)
        self.assertEqual(0, service.stop())
        with self.small_disk(os.path.join(service.state, "journal")) as disk:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            service.start()
            self.assert_refuses(service)
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            # Mended under the running service: it goes on by itself.
            with Client(service.address) as client:
                self.gate.open("finished")
                self.assert_built(self.build_once_it_may(client, "finished"))
            self.assertEqual(0, service.stop(), service.log_text())

    def test_a_journal_that_was_opened_read_only_is_written_as_soon_as_it_can_be(self):
        service = self.add_service(self.config)
        self.assertEqual(0, service.stop())
        with self.small_disk(os.path.join(service.state, "journal")) as disk:
            service.start()
            self.gate.open("again")
            with Client(service.address) as client:
                first = client.build_to_end(request(self.source("house", "Dockerfile.again")))
                self.assert_built(first)
            # SQLite opens a database whose files a killed service left for reading where it cannot write.
            service.kill()
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            service.start()
            # It finds out by itself, and nothing that only reads makes it forget.
            service.wait_for_text("it is read-only")
            while self.readiness(service) != 503:
                time.sleep(0.01)
            self.assert_refuses(service)
            self.assertEqual(503, self.readiness(service))
            # What is there can be read all the same.
            with Client(service.address) as client:
                self.assert_whole_log("again", first[0].info.build_id, client)
                self.assertEqual(1, len(client.page().builds))
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            with Client(service.address) as client:
                again = self.build_once_it_may(client, "again", force_rebuild=True)
                self.assert_built(again)
                self.assertNotEqual(first[0].info.build_id, again[0].info.build_id)
                self.assert_whole_log("again", first[0].info.build_id, client)
            self.assertEqual(0, service.stop(), service.log_text())

    @staticmethod
    def readiness(service):
        """What a probe is told."""
        try:
            with urllib.request.urlopen(f"http://{service.listening('health')}/ready", timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            return answer.code

    def build_once_it_may(self, client, name, **more):
        while True:
            try:
                return client.build_to_end(request(self.source("house", "Dockerfile." + name), **more))
            except grpc.RpcError as refused:
                self.assertEqual(grpc.StatusCode.UNAVAILABLE, refused.code(), refused.details())
                time.sleep(0.1)

    def assert_refuses(self, service):
        """No build, and says why; what needs no journal is served."""
        with Client(service.address) as client:
            with self.assertRaises(grpc.RpcError) as refused:
                list(client.build(request(self.source("house", "Dockerfile.refused"))))
            self.assertEqual(grpc.StatusCode.UNAVAILABLE, refused.exception.code())
            self.assertIn("journal", refused.exception.details())
            self.assertEqual([], client.list())
            digest = self.images.push("elsewhere", "tag", {"file": b"x"})
            self.assertTrue(client.resolve_base(self.registry.address + "/elsewhere:tag").endswith(digest))

    def test_a_broken_database_is_told_and_nothing_is_started(self):
        service = self.add_service(self.config)
        self.assertEqual(0, service.stop())
        databases = glob.glob(os.path.join(service.state, "journal", "journal.sqlite*"))
        self.assertTrue(databases)
        for path in databases:
            with open(path, "wb") as file:
                file.write(b"this is no database " * 1000)
        service.start()
        self.assert_refuses(service)
        self.assertEqual(0, service.stop(), service.log_text())

    def test_a_torn_log_is_cut_at_its_last_good_record(self):
        service = self.add_service(self.config)
        with Client(service.address) as client:
            stream = client.build(request(self.source("house", "Dockerfile.torn")))
            build_id = next(stream).info.build_id
            self.gate.wait_for("torn")
            log = client.logs(build_id=build_id)
            sent = b""
            for part in log:
                sent += part.content
                if b"\n200\n" in sent:
                    break
            service.kill()
        newest = sorted(glob.glob(os.path.join(service.state, "journal", "logs", build_id, "*.log")))[-1]
        with open(newest, "ab") as file:
            file.write(b"IBLG\xff\xff\x00\x00 half a record")
        service.start()
        self.gate.open("torn")
        with Client(service.address) as client:
            self.assert_built(client.build_to_end(request(self.source("house", "Dockerfile.torn"))))
            whole = client.log_text(build_id=build_id)
        self.assertTrue(whole.startswith(sent))
        self.assertIn("torn record", service.log_text())
        self.end_service(service)

    @contextlib.contextmanager
    def small_disk(self, folder):
        if os.geteuid() != 0:
            self.skipTest("only root may mount a small disk")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False)
        if mounted.returncode != 0:
            self.skipTest("this machine does not let a small disk be mounted")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)

    @staticmethod
    def fill(disk):
        path = os.path.join(disk, "ballast")
        with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)
        return path


if __name__ == "__main__":
    main()
