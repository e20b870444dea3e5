"""Amazon's GetAuthorizationToken and AssumeRoleWithWebIdentity on a free port of the loopback interface.

Verifies signatures (version 4) by its own reading of Amazon's documentation and refuses wrong ones. The first
part of a request's path chooses what goes wrong; GET /seen lists what was asked, GET /release lets requests
to /hold go on.
"""

import argparse
import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.parse
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TARGET = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
ALGORITHM = "AWS4-HMAC-SHA256"


class Refused(Exception):
    """A request that Amazon would refuse: the type of the failure and its words."""


def hmac_of(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature_of(secret, scope, stamp, canonical):
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac_of(key, part)
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac_of(key, "\n".join([ALGORITHM, stamp, scope, hashed])).hex()


def canonical_request(method, path, query, headers, signed, body):
    lines = [method, path, query]
    lines += [name + ":" + " ".join(headers[name].split()) for name in signed]
    lines += ["", ";".join(signed), hashlib.sha256(body).hexdigest()]
    return "\n".join(lines)


def check_published_example():
    """The worked example of Amazon's documentation: a verifier that fails it verifies nothing."""
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
    }
    query = "Action=ListUsers&Version=2010-05-08"
    canonical = canonical_request("GET", "/", query, headers, sorted(headers), b"")
    scope = "20150830/us-east-1/iam/aws4_request"
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    found = signature_of(secret, scope, headers["x-amz-date"], canonical)
    assert found == "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", found


def verify(keys, method, path, headers, body):
    """The access key and scope of a well signed request; raises Refused for any other."""
    algorithm, _, rest = headers.get("authorization", "").partition(" ")
    fields = dict(field.strip().partition("=")[::2] for field in rest.split(","))
    if algorithm != ALGORITHM or set(fields) != {"Credential", "SignedHeaders", "Signature"}:
        raise Refused("MissingAuthenticationTokenException", "no signature")
    access, _, scope = fields["Credential"].partition("/")
    secret, session = keys.get(access, (None, None))
    if secret is None:
        raise Refused("UnrecognizedClientException", "unknown key")
    if headers.get("x-amz-security-token", "") != session:
        raise Refused("UnrecognizedClientException", "wrong session token")
    signed = fields["SignedHeaders"].split(";")
    needed = {"host"} | {name for name in headers if name.startswith("x-amz-") or name == "content-type"}
    if signed != sorted(signed) or not needed <= set(signed) or not set(signed) <= set(headers):
        raise Refused("IncompleteSignatureException", "signed: " + ";".join(signed))
    stamp = headers["x-amz-date"]
    when = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    day, _, service, end = scope.split("/")
    if abs(when - time.time()) > 300 or not stamp.startswith(day) or (service, end) != ("ecr", "aws4_request"):
        raise Refused("InvalidSignatureException", "scope " + scope + " at " + stamp)
    canonical = canonical_request(method, path, "", headers, signed, body)
    if not hmac.compare_digest(signature_of(secret, scope, stamp, canonical), fields["Signature"]):
        raise Refused("InvalidSignatureException", "the canonical string should have been " + canonical)
    return access, scope


class Service(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.options = options
        self.keys = {
            "AKIDSTATIC": (options.secret, ""),
            "ASIDSESSION": (options.secret, options.session),
            "ASIDASSUMED": ("assumed/" + options.secret, "assumed/" + options.session),
        }
        self.seen = []
        self.released = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/x-amz-json-1.1", extra=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in extra:
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/release":
            self.server.released.set()
        self.answer(200, self.server.seen)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        mode = self.path.strip("/").split("/")[0]
        if mode.startswith("sts"):
            return self.assume_role(mode, body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            access, scope = verify(self.server.keys, "POST", self.path, headers, body)
        except Refused as refused:
            self.server.seen.append({"refused": refused.args[0]})
            return self.answer(400, {"__type": refused.args[0], "message": refused.args[1]})
        self.server.seen.append({"key": access, "scope": scope.split("/", 1)[1]})
        if headers.get("x-amz-target") != TARGET or json.loads(body) != {}:
            return self.answer(400, {"__type": "UnknownOperationException"})
        return self.authorize(mode)

    def authorize(self, mode):
        if mode == "hold":
            self.server.released.wait(60)
        if mode in FAILURES:
            return self.answer(*FAILURES[mode])
        if mode == "redirect":
            return self.answer(307, b"", extra=[("Location", "http://127.0.0.2:9/elsewhere")])
        password = self.server.options.password or "password-%d" % len(self.server.seen)
        lifetime = int(mode.removeprefix("expires-")) if mode.startswith("expires-") else 12 * 3600
        entry = {
            "authorizationToken": base64.b64encode(("AWS:" + password).encode()).decode(),
            "expiresAt": time.time() + lifetime,
            "proxyEndpoint": "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        }
        return self.answer(200, {"authorizationData": [entry]})

    def assume_role(self, mode, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        self.server.seen.append({"role": form.get("RoleArn"), "session": form.get("RoleSessionName")})
        if mode == "sts-garbage":
            return self.answer(200, b"<AssumeRoleWithWebIdentityResponse/>", "text/xml")
        right = (
            form.get("Action") == "AssumeRoleWithWebIdentity"
            and form.get("Version") == "2011-06-15"
            and form.get("WebIdentityToken") == self.server.options.identity
            and self.headers.get("Accept") == "application/json"
            and "Authorization" not in self.headers
        )
        if not right:
            failure = {"Code": "InvalidIdentityToken", "Message": "not " + str(form), "Type": "Sender"}
            return self.answer(400, {"Error": failure, "RequestId": "1"})
        secret, session = self.server.keys["ASIDASSUMED"]
        credentials = {
            "AccessKeyId": "ASIDASSUMED",
            "SecretAccessKey": secret,
            "SessionToken": session,
            "Expiration": time.time() + 3600,
        }
        outcome = {"AssumeRoleWithWebIdentityResult": {"Credentials": credentials}}
        return self.answer(200, {"AssumeRoleWithWebIdentityResponse": outcome})


def token_answer(token):
    return {"authorizationData": [{"authorizationToken": token, "expiresAt": 4e9}]}


FAILURES = {
    "throttled": (400, {"__type": "com.amazonaws.ecr#ThrottlingException", "message": "Rate exceeded"}),
    "denied": (400, {"__type": "AccessDeniedException", "Message": "s3cret words"}),
    "expired": (400, {"__type": "ExpiredTokenException", "message": "s3cret words"}),
    "invalid": (400, {"__type": "InvalidParameterException", "message": "s3cret words"}),
    "broken": (500, b"<html>s3cret words</html>"),
    "garbage": (200, b"s3cret words"),
    "empty": (200, {"authorizationData": []}),
    "not-base64": (200, token_answer("s3cret words")),
    "no-colon": (200, token_answer("czNjcmV0")),
    "no-password": (200, token_answer("QVdTOg==")),
    "huge": (200, b"[" * 1_000_000),
    "wrong-types": (200, {"authorizationData": {"authorizationToken": 5}}),
}


def main():
    parser = argparse.ArgumentParser()
    for name in ("--secret", "--session", "--identity"):
        parser.add_argument(name, required=True)
    parser.add_argument("--password", help="what is given out; else a new one each time")
    check_published_example()
    service = Service(parser.parse_args())
    print("listening on 127.0.0.1:%d;" % service.server_address[1], flush=True)
    service.serve_forever()


main()
