#!/usr/bin/python3
"""Amazon ECR: its registries by their real names, through a proxy that leads to one of the test's own."""

import json
import os
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

import leftovers  # noqa: E402
from client import Client, builder, ref_source, request  # noqa: E402
from images import Images  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, encoded, main  # noqa: E402

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
BASE = HOST + "/team/base:v1"
PASSWORD, SECRET, IDENTITY = "ecr-password-1", "s3cret/key+with=signs", "s3cret.identity&token=%+"
SECRETS = (PASSWORD, SECRET, IDENTITY, "s3cret/session", encoded(("AWS", PASSWORD)))


class EcrTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.ecr = cls.add_registry("ecr", {"AWS": PASSWORD}, host="DNS:" + HOST)
        cls.digest = Images(cls.ecr.address, ("AWS", PASSWORD), tls=True).push("team/base", "v1", {"base": b"base\n"})
        cls.amazon = cls.add_program("ecr_server.py", "--secret", SECRET, "--session", "s3cret/session", "--identity",
                                     IDENTITY, "--password", PASSWORD)
        cls.proxy = cls.add_program("connect_proxy.py", cls.ecr.address)
        cls.config = {"orchestrator": {"enableAdditionalECRAuth": True},
                      "registries": {HOST: {"caFile": cls.ecr.ca_file}}}
        proxy = "http://" + cls.proxy
        cls.environment = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": "", **cls.keys()}
        cls.add_repository("house", {
            "Dockerfile": f"FROM {BASE}\nCOPY Dockerfile /\n",
            "Dockerfile.spy": f"FROM {BASE} AS base\n" + PROLOGUE + "COPY --from=base /base /\n" +
                              "RUN cat /proc/*/environ; echo looked\n"})

    @classmethod
    def keys(cls, mode=""):
        """The environment of a user with keys."""
        return {"AWS_ACCESS_KEY_ID": "AKIDSTATIC", "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_ENDPOINT_URL_ECR": f"http://{cls.amazon}/{mode}"}

    def with_service(self, config, environment):
        service = self.add_service(config, {**self.environment, **environment})
        self.addCleanup(self.end_service, service)
        client = Client(service.address)
        self.addCleanup(client.close)
        return service, client

    def asked(self):
        """What Amazon was asked so far, by requests whose signatures it verified."""
        with urllib.request.urlopen(f"http://{self.amazon}/seen", timeout=60) as answer:
            return json.load(answer)

    def assert_refused(self, code, call, *arguments, **more):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, **more)
        self.assertEqual(code, caught.exception.code(), caught.exception.details())
        self.assert_secret_free(caught.exception.details())

    def assert_secret_free(self, *texts):
        for text in texts:
            for secret in SECRETS:
                self.assertNotIn(secret.encode(), text if isinstance(text, bytes) else text.encode())

    def test_an_image_is_resolved_whoever_asks_with_one_password_for_all(self):
        service, client = self.with_service(self.config, {})
        before = self.asked()
        for auth in (None, builder.BuildRegistryAuth(total=builder.BuildRegistryAuthTotal(allow_all=False))):
            self.assertEqual(f"{HOST}/team/base@{self.digest}", client.resolve_base(BASE, auth=auth))
        self.assertEqual([{"key": "AKIDSTATIC", "scope": "eu-west-1/ecr/aws4_request"}], self.asked()[len(before):])
        self.assert_secret_free(service.log_text())

    def test_from_pulls_a_private_image_and_shows_its_password_to_nobody(self):
        with leftovers.Arguments(self.service.pid) as arguments:
            responses = self.client.build_to_end(request(self.source("house")))
        last = self.assert_built(responses)
        self.assertEqual(b"base\n", self.images.files(last.ref)["base"])
        self.assertIn(b"buildah", arguments.text)
        self.assert_secret_free(arguments.text, self.client.log_text(build_id=responses[0].info.build_id),
                                self.service.log_text(), self.images.configuration(last.ref))

    def test_a_dockerfile_command_sees_neither_the_password_nor_the_keys(self):
        responses = self.client.build_to_end(request(self.source("house", "Dockerfile.spy")))
        self.assert_built(responses)
        log = self.client.log_text(build_id=responses[0].info.build_id)
        self.assertIn(b"looked\n", log)
        self.assertNotIn(b"AWS_", log)
        self.assertNotIn(b"[redacted]", log)
        self.assert_secret_free(log)

    def test_an_image_is_published_as_a_workspace_image(self):
        last = self.assert_built(self.client.build_to_end(request(ref_source(BASE))))
        self.assertEqual(self.digest, self.images.digest(last.ref))

    def test_a_host_that_only_looks_alike_gets_no_password(self):
        before = len(self.asked())
        for host in (HOST + ".evil.com", "x" + HOST, HOST.replace("12.", "."), HOST.replace("amazonaws", "amazon")):
            self.assert_refused(grpc.StatusCode.UNAVAILABLE, self.client.resolve_base, host + "/team/base:v1")
        self.assertEqual(before, len(self.asked()))

    def test_nobody_is_asked_where_it_is_switched_off(self):
        before = len(self.asked())
        _, client = self.with_service({"registries": self.config["registries"]}, {})
        self.assert_refused(grpc.StatusCode.UNAUTHENTICATED, client.resolve_base, BASE)
        self.assertEqual(before, len(self.asked()))

    def test_keys_are_got_by_web_identity(self):
        path = os.path.join(self.folder, "identity")
        with open(path, "w", encoding="ascii") as file:
            file.write(IDENTITY + "\n")
        before = len(self.asked())
        service, client = self.with_service(self.config, {
            "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ROLE_ARN": "arn:aws:iam::1:role/builder",
            "AWS_WEB_IDENTITY_TOKEN_FILE": path, "AWS_ENDPOINT_URL_STS": f"http://{self.amazon}/sts"})
        self.assertEqual(f"{HOST}/team/base@{self.digest}", client.resolve_base(BASE))
        self.assertEqual([{"role": "arn:aws:iam::1:role/builder", "session": "image-builder"},
                          {"key": "ASIDASSUMED", "scope": "eu-west-1/ecr/aws4_request"}], self.asked()[before:])
        self.assert_secret_free(service.log_text())

    def test_where_amazon_refuses_the_requests_own_password_serves(self):
        service, client = self.with_service(self.config, self.keys("denied"))
        self.assert_refused(grpc.StatusCode.UNAUTHENTICATED, client.resolve_base, BASE)
        own = builder.BuildRegistryAuth(additional={HOST: encoded(("AWS", PASSWORD))})
        self.assertEqual(f"{HOST}/team/base@{self.digest}", client.resolve_base(BASE, auth=own))
        service.wait_for_log("a source of registry credentials failed", registry=HOST)
        self.assert_secret_free(service.log_text())


if __name__ == "__main__":
    main()
