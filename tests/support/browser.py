"""A headless Chromium, driven by the WebDriver protocol through its own driver."""

import base64
import json
import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request

from child import PATIENCE, Child

KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowDown": "\ue015", "ArrowUp": "\ue013", "ArrowLeft": "\ue012",
        "ArrowRight": "\ue014", "End": "\ue010", "Home": "\ue011", "PageDown": "\ue00f"}


def start_driver(environment):
    """The driver and its port. It takes a port that is free in IPv6 and then wants the same one in IPv4, where somebody
    else may have it by then: such a start is made again."""
    said = []
    while len(said) < 10:
        driver = Child(["chromedriver", "--port=0"], environment)
        port = driver.out.wait_for(lambda line: re.search(r"started successfully on port (\d+)", line))
        if port:
            return driver, port.group(1)
        said.append(driver.text())
        driver.kill()
        if "port not available" not in said[-1]:
            break
    raise AssertionError("chromedriver does not start:\n" + "\n".join(said))


class Browser:
    """One window. Ends with `close`."""

    def __init__(self, dark=False, width=1200, height=800):
        self._folder = tempfile.mkdtemp(prefix="ib-browser-")
        environment = {**os.environ, "HOME": self._folder, "TMPDIR": self._folder}
        self._driver, port = start_driver(environment)
        self._base = f"http://127.0.0.1:{port}"
        self._session = ""
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
                     f"--window-size={width},{height}", "--user-data-dir=" + os.path.join(self._folder, "profile")]
        if dark:
            arguments.append("--force-dark-mode")
        options = {"args": arguments, "binary": shutil.which("chromium")}
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": PATIENCE * 1000}}}})
        self._session = "/session/" + made["sessionId"]

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """What a function body returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait_for(self, expression):
        """Until an expression is something true; the answer is what it is then. It is asked at every frame."""
        script = """const done = arguments[arguments.length - 1];
            const look = () => { const found = (() => { try { return %s; } catch { return null; } })();
                                 found ? done(found) : setTimeout(look, 30); };
            look();""" % expression
        try:
            return self._call("POST", "/execute/async", {"script": script, "args": []})
        except AssertionError as failure:
            text = self.run("return document.body.innerText")
            raise AssertionError(f"{expression} does not come true; the page says:\n{text}\n{self.console()}") from failure

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def click(self, selector):
        self._call("POST", f"/element/{self._element(selector)}/click", {})

    def type(self, selector, text):
        self._call("POST", f"/element/{self._element(selector)}/value", {"text": text})

    def press(self, *keys):
        """Keys to whatever has the focus."""
        actions = [step for key in keys for step in ({"type": "keyDown", "value": KEYS.get(key, key)},
                                                     {"type": "keyUp", "value": KEYS.get(key, key)})]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def console(self):
        """What the page complained about since the last call."""
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._call("GET", "/screenshot")))

    def close(self):
        try:
            if self._session:
                self._call("DELETE", "")
        finally:
            self._driver.kill()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _element(self, selector):
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        return next(iter(found.values()))

    def _call(self, method, path, body=None):
        url = self._base + (path if path == "/session" else self._session + path)
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=2 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{method} {path}: {json.load(refused)['value']['message']}") from refused
