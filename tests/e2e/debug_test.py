#!/usr/bin/python3
"""The debug endpoint of a running service: what it says, to whom, and the page before a real build."""

import http.client
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from browser import Browser  # noqa: E402
from child import PATIENCE  # noqa: E402
from client import Client, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

PATHS = ("state", "actors", "running", "builds", "resolver", "cache", "journal", "config", "series", "may", "events")


def call(address, path, method="GET", body=None, **headers):
    """The status, the headers and the text of an answer."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        text = "" if path == "/debug/events" and answer.status == 200 else answer.read().decode()
        return answer.status, answer.headers, text
    finally:
        connection.close()


def events(address):
    """The events of the stream, as (name, data); close it by `close()`."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("GET", "/debug/events")
        answer = connection.getresponse()
        for line in answer:
            name = line.removeprefix(b"event: ").strip().decode()
            data = json.loads(answer.readline().removeprefix(b"data: "))
            answer.readline()
            yield name, data
    finally:
        connection.close()


class DebugTest(WorkshopTest):
    config = {"debug": {"allowCancel": True}}

    @classmethod
    def prepare(cls):
        gates = ("page", "cancel", "events")
        cls.add_repository("house", {
            **{f"Dockerfile.{name}": PROLOGUE + "RUN printf '\\033[32mgreen\\033[0m\\n'; " + cls.gate.command(name) +
               f"; echo after {name}\n" for name in gates},
            "Dockerfile.bad": PROLOGUE + "RUN echo before; false\n"})

    def setUp(self):
        self.address = self.service.listening("debug")

    def get(self, path):
        status, _, text = call(self.address, path)
        self.assertEqual(200, status, text)
        return json.loads(text)

    def test_a_build_is_told_with_its_steps_and_its_log_and_without_its_token(self):
        responses = self.client.build_to_end(request(self.source("house", "Dockerfile.bad"), triggered_by="tester"))
        first, last = responses[0], responses[-1]
        build = self.get("/debug/builds/" + first.info.build_id)
        self.assertEqual(("failed", "tester", first.ref, last.message),
                         (build["state"], build["triggered_by"], build["ref"], build["message"]))
        self.assertEqual("user", build["failure"]["fault"])
        states = [step["state"] for step in build["steps"]]
        self.assertEqual(["preparing", "building", "failed"], list(dict.fromkeys(states)), build["steps"])
        self.assertGreater(build["ended_ms"], build["created_ms"])
        self.assertIn(first.info.build_id, [row["id"] for row in self.get("/debug/builds?limit=1000")["rows"]])
        _, _, log = call(self.address, f"/debug/builds/{first.info.build_id}/log")
        self.assertEqual(self.client.log_text(build_id=first.info.build_id).decode(), log)
        _, _, rest = call(self.address, f"/debug/builds/{first.info.build_id}/log?from=100")
        self.assertEqual(log.encode()[100:], rest.encode())
        token = first.info.log_info.headers["x-gitpod-owner-token"]
        for path in PATHS:
            self.assertNotIn(token, call(self.address, "/debug/" + path)[2], path)

    def test_the_list_of_builds_is_paged(self):
        self.client.build_to_end(request(self.source("house", "Dockerfile.bad", version="one")))
        self.client.build_to_end(request(self.source("house", "Dockerfile.bad", version="two")))
        whole = self.get("/debug/builds?limit=1000")
        pages, after = [], ""
        while True:
            page = self.get("/debug/builds?limit=1" + after)
            pages += page["rows"]
            if "next" not in page:
                break
            after = "&after=" + page["next"]
        self.assertEqual([row["id"] for row in whole["rows"]], [row["id"] for row in pages])
        for wrong in ("limit=x", "limit=-1", "after=x", "after=5"):
            self.assertEqual(400, call(self.address, "/debug/builds?" + wrong)[0], wrong)

    def test_the_house_the_storage_and_the_configuration_are_told(self):
        paths = {row["path"]: row for row in self.get("/debug/actors")["rows"]}
        for name in ("house", "house/journal", "house/engine", "house/builds", "house/director", "house/gateway", "house/resolver/0"):
            self.assertIn(name, paths)
        self.assertEqual("house/resolver", paths["house/resolver/0"]["parent"])
        self.client.wait_until_serving()
        state = self.get("/debug/state")
        self.assertEqual((True, {}), (state["ready"], state["reasons"]))
        self.assertEqual(self.service.pid, state["process"]["pid"])
        self.assertGreater(self.get("/debug/journal")["commits"], -1)
        self.assertEqual(self.service.state, self.get("/debug/config")["local"]["stateDirectory"])
        self.assertIn(self.registry.address, [row[0] for row in self.get("/debug/resolver")["registries"]["rows"]])

    def test_events_tell_a_build_as_it_comes_and_goes(self):
        stream = events(self.address)
        self.addCleanup(stream.close)
        first = [next(stream) for _ in range(5)]
        self.assertEqual(["state", "builds", "actors", "series", "registries"], [name for name, _ in first])
        self.assertTrue(first[1][1]["whole"])
        build = self.client.build(request(self.source("house", "Dockerfile.events")))
        build_id = next(build).info.build_id
        self.assertTrue(any(name == "builds" and any(row["id"] == build_id for row in data["rows"]) for name, data in stream))
        self.gate.open("events")
        list(build)
        self.assertTrue(any(name == "builds" and build_id in data["gone"] for name, data in stream))

    def test_what_is_not_there_and_what_is_not_allowed_is_refused(self):
        self.assertEqual(404, call(self.address, "/debug/builds/no-such-build")[0])
        self.assertEqual(404, call(self.address, "/debug/builds/no-such-build/log")[0])
        self.assertEqual(404, call(self.address, "/debug/nothing")[0])
        self.assertEqual(405, call(self.address, "/debug/state", "POST", "{}")[0])
        cancel = "/debug/builds/no-such-build/cancel"
        wish = json.dumps({"reason": "a test"})
        self.assertEqual(404, call(self.address, cancel, "POST", wish, Content_Type="application/json")[0])
        self.assertEqual(400, call(self.address, cancel, "POST", wish, Content_Type="text/plain")[0])
        for wrong in ("", "[]", "{}", '{"reason": 1}', '{"reason": ""}', json.dumps({"reason": "x" * 501})):
            self.assertEqual(400, call(self.address, cancel, "POST", wrong, Content_Type="application/json")[0], wrong)

    def test_a_page_of_elsewhere_cannot_ask_by_a_name_of_its_own(self):
        for host in ("evil.example", "evil.example:6060", "10.0.0.1", ""):
            self.assertEqual(403, call(self.address, "/debug/state", Host=host)[0], host)
        for host in ("localhost", "localhost:1", "127.0.0.1", "[::1]:6060", "[::1]"):
            self.assertEqual(200, call(self.address, "/debug/state", Host=host)[0], host)
        _, headers, _ = call(self.address, "/")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])

    def test_where_a_token_is_set_nothing_is_told_without_it(self):
        path = os.path.join(self.folder, "token")
        with open(path, "w", encoding="utf-8") as file:
            file.write("t0ken-of-the-test\n")
        service = self.add_service({"debug": {"address": "0.0.0.0:0", "tokenFile": path}})
        address = "127.0.0.1:" + service.listening("debug").rpartition(":")[2]
        for name in PATHS:
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                status, answered, _ = call(address, "/debug/" + name, **headers)
                self.assertEqual((401, "Bearer"), (status, answered["WWW-Authenticate"]), name)
            self.assertEqual(200, call(address, "/debug/" + name, Authorization="Bearer t0ken-of-the-test")[0], name)
        self.assertEqual(403, call(address, "/debug/builds/x/cancel", "POST", '{"reason":"x"}', Content_Type="application/json",
                                   Authorization="Bearer t0ken-of-the-test")[0])
        self.assertEqual(200, call(address, "/")[0])
        self.assertNotIn("t0ken-of-the-test", service.log_text())
        self.end_service(service)

    def test_the_page_shows_the_house_follows_a_log_and_cancels_a_build(self):
        browser = Browser()
        self.addCleanup(browser.close)
        browser.open(f"http://{self.address}/")
        browser.wait_for("document.getElementById('link').textContent === 'live'")
        build = self.client.build(request(self.source("house", "Dockerfile.page"), triggered_by="painter"))
        build_id = next(build).info.build_id
        self.gate.wait_for("page")
        browser.press("3")
        browser.wait_for(f"document.querySelector('[data-path=\"house/builds/{build_id}\"]')")
        browser.press("2")
        browser.press("/", *"painter")
        browser.wait_for("document.querySelectorAll('#build-list .row').length === 1")
        browser.click("#build-list .row")
        browser.wait_for("document.querySelector('#build-log .f2')?.textContent === 'green'")
        browser.wait_for("document.querySelector('#machine .now')?.dataset.state === 'building'")
        self.gate.open("page")
        self.assert_built([*build])
        browser.wait_for("document.querySelector('#machine .end-good')")
        browser.wait_for("document.getElementById('build-log').innerText.includes('after page')")

        doomed = self.client.build(request(self.source("house", "Dockerfile.cancel"), triggered_by="doomed"))
        next(doomed)
        self.gate.wait_for("cancel")
        browser.run("document.getElementById('build-filter').value = ''")
        browser.type("#build-filter", "doomed")
        browser.wait_for("document.querySelector('#build-list .row')?.innerText.includes('doomed')")
        browser.click("#build-list .row")
        browser.wait_for("!document.getElementById('build-cancel').hidden")
        browser.click("#build-cancel")
        browser.type("#cancel-reason", "the painter is done\n")
        self.assertEqual("build cancelled: the painter is done", self.assert_failed(list(doomed)))
        browser.wait_for("document.querySelector('#machine .end-bad')")
        self.assertEqual([], browser.console())


class DebugFaultTest(WorkshopTest):
    config = {"faultInjection": {"enabled": True}}

    @classmethod
    def prepare(cls):
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN " + cls.gate.command("crash") + "\n"})

    def kill(self, path):
        self.client.raw("/imagebuilder.v1.Faults/KillActor", bytes([0x0a, len(path)]) + path.encode())

    def test_the_tree_shows_the_restart_of_a_killed_actor(self):
        browser = Browser()
        self.addCleanup(browser.close)
        browser.open(f"http://{self.service.listening('debug')}/#actors")
        browser.wait_for("document.getElementById('link').textContent === 'live'")
        build = self.client.build(request(self.source("house")))
        build_id = next(build).info.build_id
        self.gate.wait_for("crash")
        for path in ("house/fan_out", "house/director", "house/builds/" + build_id):
            row = f"document.querySelector('[data-path=\"{path}\"]')"
            browser.wait_for(f"{row}?.children[6].textContent === '0'")
            self.kill(path)
            browser.wait_for(f"{row}.children[6].textContent === '1' && {row}.children[1].textContent !== 'crashed'")
            self.assertIn("kill", browser.run(f"return {row}.children[7].textContent"))
        self.gate.open("crash")
        self.assert_built([*build])
        self.assertEqual([], browser.console())


class NoDebugTest(WorkshopTest):
    def test_it_can_be_turned_off(self):
        service = self.add_service({"debug": {"address": "off"}, "health": {"address": "off"}})
        with Client(service.address) as client:
            client.wait_until_serving()
        self.end_service(service)
        for word in ("serving debug", "serving health"):
            self.assertNotIn(word, service.log_text())


if __name__ == "__main__":
    for tool in ("chromium", "chromedriver"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed")
    main()
