#!/usr/bin/python3
"""The log over HTTP: what follows `log_info` reads what the API's Logs gives."""

import http.client
import os
import signal
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import log_follower  # noqa: E402
from certificates import Authority  # noqa: E402
from client import Client, request  # noqa: E402
from log_follower import Refused  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

LISTENING = {"server": {"services": {"http": {"address": "127.0.0.1:0"}}}}
TOKEN = "x-gitpod-owner-token"


def log_info(response):
    return response.info.log_info.url, dict(response.info.log_info.headers)


class LogUrlTest(WorkshopTest):
    config = LISTENING

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile": PROLOGUE + "RUN seq 1 5000; " + cls.gate.command("live") + "; printf 'no line end \\303\\244 '\n",
            "Dockerfile.loud": PROLOGUE + "RUN " + cls.gate.command("loud") + "; seq 1 3000000\n",
            "Dockerfile.many": PROLOGUE + "RUN seq 1 1000; " + cls.gate.command("many") + "; seq 1 100000\n",
            "Dockerfile.again": PROLOGUE + "RUN " + cls.gate.command("again") + "\n",
            "Dockerfile.stop": PROLOGUE + "RUN " + cls.gate.command("stop") + "\n",
        })
        cls.add_repository("bare", {"Dockerfile": "FROM scratch\n"}, with_busybox=False)

    def assert_refused(self, status, url, headers):
        with self.assertRaises(Refused) as caught:
            log_follower.open_url(url, headers)
        self.assertEqual(status, caught.exception.status, caught.exception)

    def test_a_running_build_is_followed_from_its_first_byte_to_its_end_and_a_finished_one_replayed(self):
        stream = self.client.build(request(self.source("house")))
        first = next(stream)
        url, headers = log_info(first)
        self.assertEqual([TOKEN], list(headers))
        self.gate.wait_for("live")
        late = log_follower.follow(url, headers)
        seen = next(late)
        while b"\n5000\n" not in seen:
            seen += next(late)
        self.gate.open("live")
        seen += b"".join(late)
        self.assert_built([first, *stream])
        by_api = self.client.log_text(build_id=first.info.build_id)
        self.assertEqual(by_api, seen)
        self.assertIn("no line end ä ".encode(), seen)
        self.assertEqual(by_api, log_follower.whole(url, headers))

    def test_the_url_names_the_listener_and_the_build(self):
        first = self.client.build_to_end(request(self.source("bare")))[0]
        url, _ = log_info(first)
        self.assertRegex(url, r"^http://127\.0\.0\.1:[0-9]+/builds/" + first.info.build_id + "$")

    def test_without_the_builds_own_token_nothing_is_read(self):
        url, headers = log_info(self.client.build_to_end(request(self.source("bare", version="mine")))[0])
        _, others = log_info(self.client.build_to_end(request(self.source("bare", version="yours")))[0])
        self.assertNotEqual(headers, others)
        token = headers[TOKEN]
        for wrong in ({}, others, {TOKEN: ""}, {TOKEN: token[:-1]}, {TOKEN: token + "0"}, {TOKEN: token.upper()},
                      {"Authorization": "Bearer " + token}):
            self.assert_refused(401, url + "/_supervisor/v1/status/tasks", wrong)
            self.assert_refused(401, url + "/_supervisor/v1/terminal/listen/build", wrong)
        self.assertTrue(log_follower.whole(url, headers))
        self.assertNotIn(token, self.service.log_text())

    def test_what_is_not_there_is_not_found(self):
        url, headers = log_info(self.client.build_to_end(request(self.source("bare", version="found")))[0])
        top = url.rpartition("/")[0]
        for path in ("/no-such-build", "/", "/%2e%2e", "/" + "x" * 10000):
            self.assert_refused(404, top + path + "/_supervisor/v1/status/tasks", headers)
        for path in ("", "/_supervisor/v1/terminal/listen/other", "/_supervisor/v1/terminal/listen/",
                     "/_supervisor/v1/terminal/open"):
            self.assert_refused(404, url + path, headers)

    def test_a_reader_that_does_not_read_delays_nobody_and_misses_nothing(self):
        stream = self.client.build(request(self.source("house", "Dockerfile.loud")))
        first = next(stream)
        url, headers = log_info(first)
        self.gate.wait_for("loud")
        response, connection = log_follower.open_url(log_follower.terminal_url(url, headers), headers)
        self.addCleanup(connection.close)
        self.gate.open("loud")
        self.assert_built([first, *stream])
        by_api = self.client.log_text(build_id=first.info.build_id)
        self.assertGreater(len(by_api), 20_000_000)
        self.assertTrue(by_api == log_follower.whole(url, headers))
        self.assertTrue(by_api == b"".join(log_follower.pieces(response)))

    def test_fifty_readers_of_one_build_read_the_same(self):
        stream = self.client.build(request(self.source("house", "Dockerfile.many")))
        first = next(stream)
        url, headers = log_info(first)
        self.gate.wait_for("many")
        texts = [None] * 50

        def read(i):
            texts[i] = log_follower.whole(url, headers)

        threads = [threading.Thread(target=read, args=(i,)) for i in range(len(texts))]
        for thread in threads:
            thread.start()
        self.gate.open("many")
        self.assert_built([first, *stream])
        for thread in threads:
            thread.join()
        self.assertEqual({self.client.log_text(build_id=first.info.build_id)}, set(texts))

    def test_a_stream_is_cut_where_the_service_stops(self):
        service = self.add_service(LISTENING)
        with Client(service.address) as client:
            first = next(client.build(request(self.source("house", "Dockerfile.stop"))))
            self.gate.wait_for("stop")
            reader = log_follower.follow(*log_info(first))
            next(reader)
            service.signal(signal.SIGTERM)
            with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
                list(reader)
            self.assertEqual(0, service.wait(), service.log_text())

    def test_a_log_above_its_limit_says_first_how_much_was_dropped(self):
        service = self.add_service({**LISTENING, "retention": {"logBytesPerBuild": "256KiB"}})
        self.add_repository("long", {"Dockerfile": PROLOGUE + "RUN seq 1 200000\n"})
        with Client(service.address) as client:
            responses = client.build_to_end(request(self.source("long")))
            text = log_follower.whole(*log_info(responses[0]))
            self.assertEqual(client.log_text(build_id=responses[0].info.build_id), text)
        self.assertRegex(text[:100].decode(), r"^\[image-builder: the first [0-9]+ bytes")
        self.end_service(service)

    def test_a_build_that_is_found_again_names_the_listener_of_today(self):
        service = self.add_service(LISTENING)
        with Client(service.address) as client:
            first = next(client.build(request(self.source("house", "Dockerfile.again"))))
            self.gate.wait_for("again")
            service.kill()
        service.start()
        with Client(service.address) as client:
            client.wait_until_serving()
            build = next(build for build in client.list() if build.build_id == first.info.build_id)
            self.assertEqual(f"http://{service.listening('logs')}/builds/{build.build_id}", build.log_info.url)
            self.gate.open("again")
            text = log_follower.whole(build.log_info.url, log_info(first)[1])
            self.assertEqual(client.log_text(build_id=build.build_id), text)
        self.end_service(service)

    def test_the_url_that_clients_are_told_can_be_configured(self):
        listening = {"server": {"services": {"http": {"address": "127.0.0.1:0", "url": "https://logs.example.com/x/"}}}}
        service = self.add_service(listening)
        with Client(service.address) as client:
            first = client.build_to_end(request(self.source("bare", version="url")))[0]
        self.assertEqual("https://logs.example.com/x/builds/" + first.info.build_id, log_info(first)[0])
        self.end_service(service)


class LogTlsTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("bare", {"Dockerfile": "FROM scratch\n"}, with_busybox=False)
        cls.authority = Authority(os.path.join(cls.folder, "certificates"))
        certificate, key = cls.authority.issue("server")
        cls.config = {"server": {"services": {"http": {"address": "127.0.0.1:0", "tls": {
            "caPath": cls.authority.certificate, "certPath": certificate, "keyPath": key}}}}}

    def test_a_client_needs_a_certificate_and_a_renewed_one_of_the_server_is_used(self):
        responses = self.client.build_to_end(request(self.source("bare")))
        url, headers = log_info(responses[0])
        self.assertTrue(url.startswith("https://127.0.0.1:"), url)
        by_api = self.client.log_text(build_id=responses[0].info.build_id)
        known = self.authority.client_context(*self.authority.issue("client"))
        self.assertEqual(by_api, log_follower.whole(url, headers, known))
        stranger = Authority(os.path.join(self.folder, "others")).issue("stranger")
        for context in (self.authority.client_context(), self.authority.client_context(*stranger)):
            with self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
                log_follower.whole(url, headers, context)
        before = self.server_certificate(url, known)
        self.authority.issue("server")
        self.assertEqual(by_api, log_follower.whole(url, headers, known))
        self.assertNotEqual(before, self.server_certificate(url, known))

    @staticmethod
    def server_certificate(url, context):
        connection = http.client.HTTPSConnection(url.split("/")[2], timeout=60, context=context)
        connection.connect()
        try:
            return connection.sock.getpeercert(binary_form=True)
        finally:
            connection.close()


if __name__ == "__main__":
    main()
