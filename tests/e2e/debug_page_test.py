#!/usr/bin/python3
"""The debug page in a browser, before a service that says what a test wants: crowds, crashes, keys, small screens."""

import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from browser import Browser  # noqa: E402
from child import PATIENCE, show  # noqa: E402
from debug_stub import DebugStub, actor, build, changes, state  # noqa: E402

LIVE = "document.getElementById('link').textContent === 'live'"


def shown(selector):
    return f"[...document.querySelectorAll('{selector}')].map((row) => row.innerText).join('\\n')"


def registries(asked):
    return {"ahead_of_time": [{"ref": "r.test/a:1", "image": "r.test/a@sha256:aa"}],
            "registries": {"columns": ["registry", "asked"], "rows": [["r.test", asked]]}}


class DebugPageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, stub, browser=None, until=LIVE):
        self.addCleanup(stub.close)
        browser = browser or self.browser
        browser.open("about:blank")
        browser.console()
        browser.open(stub.url)
        browser.wait_for(until)
        return browser

    def usual(self, actors=(), builds=(), **more):
        return DebugStub([("state", state()), ("builds", changes(list(builds), whole=True)),
                          ("actors", changes(list(actors), whole=True)),
                          ("series", {"times_ms": [1, 2, 3], "values": {"messages/s": [1, 5, 2], "builds": [None, 0, 1]}}),
                          ("registries", registries(asked=1))],
                         **more)

    def assert_no_complaint(self, browser=None):
        self.assertEqual([], (browser or self.browser).console())

    def test_the_overview_says_how_the_service_fares_and_draws_the_last_minutes(self):
        stub = self.usual()
        page = self.open(stub)
        page.wait_for("document.querySelectorAll('.chart path').length === 2")
        self.assertEqual("ready", page.text("#ready"))
        self.assertEqual("1.2.3", page.text("#version"))
        stub.say("state", state(ready=False, reasons={"journal": "the disk is full"}))
        page.wait_for("document.getElementById('reasons').innerText === 'journal: the disk is full'")
        self.assertEqual("not ready", page.text("#ready"))
        self.assert_no_complaint()

    def test_the_tree_shows_a_crash_and_the_restart(self):
        stub = self.usual([actor("house"), actor("house/engine"), actor("house/builds"), actor("house/builds/b1")])
        page = self.open(stub)
        page.press("3")
        page.wait_for(shown("#actor-list .row") + ".includes('b1')")
        stub.say("actors", changes([actor("house/engine", alive=False, restarts=1, last_error="killed by a test")]))
        page.wait_for("document.querySelector('[data-path=\"house/engine\"]').innerText.includes('crashed')")
        stub.say("actors", changes([actor("house/engine", restarts=1, last_error="killed by a test", handled=3)]))
        page.wait_for("document.querySelector('[data-path=\"house/engine\"]').innerText.includes('idle')")
        self.assertIn("killed by a test", page.text('[data-path="house/engine"]'))
        stub.say("actors", changes([], gone=["house/builds/b1"]))
        page.wait_for("!document.querySelector('[data-path=\"house/builds/b1\"]')")
        self.assert_no_complaint()

    def test_the_tree_is_folded_and_searched_by_keyboard(self):
        page = self.open(self.usual([actor("house"), actor("house/builds"), actor("house/builds/b1"), actor("house/engine")]))
        page.press("3")
        page.wait_for("document.querySelectorAll('#actor-list .row').length === 4")
        page.run("document.getElementById('actor-list').focus()")
        page.press("ArrowDown", "ArrowDown", "ArrowLeft")
        page.wait_for("document.querySelectorAll('#actor-list .row').length === 3")
        page.press("ArrowRight")
        page.wait_for("document.querySelectorAll('#actor-list .row').length === 4")
        page.press("/", *"engine")
        page.wait_for("document.querySelectorAll('#actor-list .row').length === 1")
        self.assertEqual("1 of 4", page.text("#actor-count"))
        self.assert_no_complaint()

    def test_a_build_is_drawn_with_its_attempts_and_its_log_in_colour(self):
        steps = [{"state": s, "attempt": a, "at_ms": 1_000_000 + t, "message": s}
                 for s, a, t in (("preparing", 1, 2000), ("building", 1, 5000), ("preparing", 2, 9000), ("failed", 2, 12000))]
        one = build("b1", state="failed", ended_ms=1_012_000, message="build failed: no", attempt=2, steps=steps,
                    failure={"fault": "user", "line": 7, "command": "RUN false", "last_lines": []})
        log = "plain \x1b[31mred\x1b[0m \x1b[1;38;5;46mbright\x1b[m\n10%\r100%\r\n<b>no markup</b>\n".encode()
        page = self.open(self.usual(answers={"/debug/builds": {"rows": [one]}, "/debug/builds/b1": one, "/debug/builds/b1/log": log}))
        page.press("2")
        page.wait_for("document.querySelector('#build-list .row')")
        page.click("#build-list .row")
        page.wait_for("document.querySelector('#machine .end-bad')")
        page.wait_for("document.querySelectorAll('#build-log div').length >= 4")
        self.assertEqual("failed", page.run("return document.querySelector('#machine .end-bad').dataset.state"))
        self.assertIn("6 s", page.text('#machine [data-state="preparing"]'))
        self.assertEqual(["0", "1", "2"], page.run(
            "return [...document.querySelectorAll('.attempt')].map((bar) => bar.dataset.attempt)"))
        self.assertIn("line 7: RUN false", page.text("#build-facts"))
        self.assertEqual(["plain red bright", "100%", "<b>no markup</b>", ""], page.run(
            "return [...document.querySelectorAll('#build-log div')].map((line) => line.textContent)"))
        self.assertEqual("red", page.text("#build-log .f1"))
        self.assertEqual("rgb(0, 255, 0)", page.run("return document.querySelector('#build-log .bold').style.color"))
        page.press("Escape")
        page.wait_for("document.getElementById('build').hidden")
        self.assert_no_complaint()

    def test_a_build_is_cancelled_with_a_reason_where_that_is_allowed(self):
        one = build("b1")
        answers = {"/debug/builds/b1": one, "/debug/builds/b1/log": b""}
        stub = self.usual(builds=[one], answers=answers)
        page = self.open(stub)
        page.press("2")
        page.wait_for("document.querySelector('#build-list .row')")
        page.click("#build-list .row")
        page.wait_for("!document.getElementById('build-cancel').hidden")
        page.click("#build-cancel")
        page.type("#cancel-reason", "not needed\n")
        self.assertEqual(("/debug/builds/b1/cancel", {"reason": "not needed"}), stub.posted.get(timeout=PATIENCE))
        page.wait_for("document.getElementById('build-words').textContent.includes('not needed')")
        page = self.open(self.usual(builds=[one], answers={**answers, "/debug/may": {"cancel": False}}))
        page.press("2")
        page.wait_for("document.querySelector('#build-list .row')")
        page.click("#build-list .row")
        page.wait_for("document.querySelectorAll('#machine g').length === 9")
        self.assertTrue(page.run("return document.getElementById('build-cancel').hidden"))

    def test_the_queue_is_shown_in_its_order_with_place_and_guess(self):
        waiting = [build("b1", state="queued", created_ms=1, ahead=2, wait_ms=90_000), build("b2", state="queued", created_ms=2, ahead=0),
                   build("b3", state="queued", created_ms=3, ahead=1, wait_ms=30_000), build("b4")]
        stub = self.usual(builds=waiting, answers={"/debug/builds/b3": waiting[2], "/debug/builds/b3/log": b"log of b3\n"})
        page = self.open(stub)
        page.press("4")
        page.wait_for("document.querySelectorAll('#queue-list .row').length === 3")
        cells = "[...document.querySelectorAll('#queue-list .row')].map((row) => [...row.children].map((cell) => cell.textContent))"
        rows = page.run(f"return {cells}")
        self.assertEqual([("1", "–", "images:b2"), ("2", "about 30 s", "images:b3"), ("3", "about 1 m 30 s", "images:b1")],
                         [(row[0], row[2], row[4]) for row in rows])
        stub.say("builds", changes([build("b1", state="queued", created_ms=1, ahead=0)], gone=["b2"]))
        page.wait_for(f"{cells}[0][4] === 'images:b1'")
        page.run("document.getElementById('queue-list').focus()")
        page.press("ArrowDown", "ArrowDown", "Enter")
        page.wait_for("!document.getElementById('builds').hidden && document.getElementById('build-log').innerText.includes('log of b3')")
        self.assert_no_complaint()

    def test_registries_and_kept_digests_are_shown_and_follow(self):
        stub = self.usual(answers={"/debug/cache": {"kept": 7, "rows": [
            {"ref": "r.test/b:1", "digest": "sha256:bb", "age_ms": 61_000, "expires_in_ms": 5000},
            {"ref": "r.test/c@sha256:cc", "digest": "sha256:cc", "age_ms": 5, "expires_in_ms": None}]}})
        page = self.open(stub)
        page.press("5")
        page.wait_for("document.querySelectorAll('#registry-tables table').length === 3")
        text = page.text("#registry-tables")
        for part in ("r.test/a@sha256:aa", "Digests that are kept: 7", "1 m 1 s", "as long as there is room"):
            self.assertIn(part, text)
        stub.say("registries", {**registries(asked=4711), "limited": [{"registry": "hub.test", "for_s": 42, "times": 3}]})
        page.wait_for("document.getElementById('registry-tables').innerText.includes('left alone for 42 s')")
        page.wait_for("document.getElementById('registry-tables').innerText.includes('4711')")
        self.assert_no_complaint()

    def test_a_crowd_of_builds_and_actors_is_shown_quickly(self):
        actors = [actor("house"), actor("house/builds"), *(actor(f"house/builds/{i:04}") for i in range(5000))]
        stub = self.usual(actors, [build(f"b{i:04}", created_ms=i) for i in range(1000)])
        page = self.open(stub)
        page.press("3")
        page.wait_for("document.getElementById('actor-count').textContent === '5002 of 5002'")
        self.assertLess(page.run("return document.querySelectorAll('#actor-list .row').length"), 100)
        page.run("document.getElementById('actor-list').focus()")
        page.press("End")
        page.wait_for(shown("#actor-list .row") + ".includes('4999')")
        # What a second's changes of all of them cost: the longest time between two frames, in which the page answers nothing.
        page.run("""window.gap = 0;
            let last = performance.now();
            (function frame() {
              const now = performance.now();
              window.gap = Math.max(window.gap, now - last);
              last = now;
              requestAnimationFrame(frame);
            })();""")
        for handled in range(1, 4):
            stub.say("builds", changes([build(f"b{i:04}", created_ms=i, log_bytes=handled) for i in range(1000)]))
            stub.say("actors", changes([actor(f"house/builds/{i:04}", handled=handled, busy=handled == 3) for i in range(5000)]))
        page.wait_for(shown("#actor-list .row") + ".includes('busy')")
        gap = page.run("return window.gap")
        loaded = page.run("return performance.timing.domComplete - performance.timing.navigationStart")
        show("page with 1,000 builds and 5,000 actors", f"loaded in {loaded} ms; all of them changing: {gap:.0f} ms between two frames")
        self.assertGreater(gap, 0)
        page.press("2")
        page.wait_for("document.getElementById('build-count').textContent === '1000 of 1000'")
        self.assertLess(page.run("return document.querySelectorAll('#build-list .row').length"), 100)
        self.assert_no_complaint()

    def test_a_lost_connection_is_said_and_made_again(self):
        stub = self.usual([actor("house")])
        page = self.open(stub)
        stub.first = [("state", state(version="2.0.0")), ("actors", changes([actor("house"), actor("house/new")], whole=True))]
        stub.cut()
        page.wait_for("document.getElementById('version').textContent === '2.0.0'")
        page.wait_for(LIVE)
        page.press("3")
        page.wait_for(shown("#actor-list .row") + ".includes('new')")

    def test_a_token_is_asked_for_and_kept_in_the_tab(self):
        page = self.open(self.usual(token="t0ken"), until="document.getElementById('token-dialog').open")
        page.type("#token", "wrong\n")
        page.wait_for("document.getElementById('token-dialog').open")
        page.run("document.getElementById('token').value = ''")
        page.type("#token", "t0ken\n")
        page.wait_for(LIVE)
        self.assertNotIn("t0ken", page.run("return location.href + document.cookie"))

    def test_a_phone_in_the_dark_shows_all_views(self):
        phone = Browser(dark=True, width=400, height=760)
        self.addCleanup(phone.close)
        self.open(self.usual([actor("house"), actor("house/engine")], [build("b1", state="queued", message="queued, next in line")],
                             answers={"/debug/builds/b1": build("b1"), "/debug/builds/b1/log": b"log\n"}), phone)
        self.assertTrue(phone.run("return matchMedia('(prefers-color-scheme: dark)').matches"))
        self.assertEqual("rgb(20, 23, 27)", phone.run("return getComputedStyle(document.body).backgroundColor"))
        for tab in ("builds", "actors", "queue", "registries", "journal", "config", "overview"):
            phone.click("#tab-" + tab)
            phone.wait_for(f"!document.getElementById('{tab}').hidden")
            self.assertLessEqual(phone.run("return document.documentElement.scrollWidth - innerWidth"), 0, tab)
        phone.click("#tab-builds")
        phone.wait_for("document.querySelector('#build-list .row')")
        phone.click("#build-list .row")
        phone.wait_for("document.getElementById('build-log').innerText.includes('log')")
        self.assertEqual(0, phone.run("return document.getElementById('build-list').clientHeight"))
        self.assert_no_complaint(phone)


if __name__ == "__main__":
    for tool in ("chromium", "chromedriver"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed")
    unittest.main(verbosity=2)
