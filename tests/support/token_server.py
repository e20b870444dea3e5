#!/usr/bin/env python3
"""A token service for a registry's tests (Docker's token authentication specification), with real signatures.

    token_server.py FOLDER [--user NAME:PASSWORD] [--identity TOKEN:NAME] [--expires-in SECONDS] [--delay SECONDS]

FOLDER holds key.pem and certificate.pem. Repositories under "public/" may be pulled by everybody, all others by
users; users may do everything. GET /requests tells the token requests so far, a line each.
"""
import argparse
import base64
import http.server
import json
import os
import subprocess
import time
import urllib.parse

from http_body import read_body

options = None
requests = []


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims):
    certificate = os.path.join(options.folder, "certificate.pem")
    with open(certificate) as file:
        x5c = "".join(line.strip() for line in file if "-----" not in line)
    parts = [{"typ": "JWT", "alg": "RS256", "x5c": [x5c]}, claims]
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    key = os.path.join(options.folder, "key.pem")
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(),
                               stdout=subprocess.PIPE, check=True).stdout
    return text + "." + encoded(signature)


def access_for(user, scopes):
    access = []
    for scope in " ".join(scopes).split():
        kind, name, actions = scope.split(":", 2)
        granted = actions.split(",")
        if not user:
            granted = [action for action in granted if action == "pull" and name.startswith("public/")]
        if granted:
            access.append({"type": kind, "name": name, "actions": granted})
    return access


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def give_token(self, user, service, scopes, name):
        requests.append(f"{self.command} user={user} service={service} scope={' '.join(scopes)}")
        time.sleep(options.delay)
        now = int(time.time())
        claims = {"iss": "tests", "sub": user, "aud": service, "nbf": now - 60, "iat": now, "exp": now + 600,
                  "jti": str(len(requests)), "access": access_for(user, scopes)}
        self.answer(200, json.dumps({name: signed(claims), "expires_in": options.expires_in}))

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        if url.path == "/requests":
            return self.answer(200, "".join(line + "\n" for line in requests))
        query = urllib.parse.parse_qs(url.query)
        user = ""
        if header := self.headers.get("Authorization"):
            given = base64.b64decode(header.removeprefix("Basic ")).decode()
            if given not in options.user:
                return self.answer(401, '{"details":"incorrect username or password"}')
            user = given.split(":")[0]
        self.give_token(user, query.get("service", [""])[0], query.get("scope", []), "token")

    def do_POST(self):
        body = read_body(self).decode()
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
        users = dict(pair.split(":", 1) for pair in options.identity)
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") not in users:
            return self.answer(400, '{"error":"invalid_grant"}')
        self.give_token(users[form["refresh_token"]], form["service"], [form["scope"]], "access_token")


def main():
    global options
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--user", action="append", default=[])
    parser.add_argument("--identity", action="append", default=[])
    parser.add_argument("--expires-in", type=int, default=300)
    parser.add_argument("--delay", type=float, default=0)
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


main()
