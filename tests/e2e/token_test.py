#!/usr/bin/python3
"""The service's own registry behind a token service: by password, identity token, helper program, registry token."""

import json
import os
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

import leftovers  # noqa: E402
from certificates import self_signed  # noqa: E402
from client import Client, builder, request  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, encoded, main  # noqa: E402

ALICE = ("alice", "right-password-of-alice")
IDENTITY = "identity-token-of-alice"
ALL = builder.BuildRegistryAuth(total=builder.BuildRegistryAuthTotal(allow_all=True))


class TokenTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        keys = os.path.join(cls.folder, "keys")
        os.makedirs(keys)
        certificate = os.path.join(keys, "certificate.pem")
        self_signed("DNS:token.test", os.path.join(keys, "key.pem"), certificate)
        cls.tokens = cls.add_program("token_server.py", keys, "--user", ":".join(ALICE), "--identity",
                                     IDENTITY + ":alice")
        cls.guarded = cls.add_registry("guarded", auth=(
            f'auth: {{token: {{realm: "http://{cls.tokens}/token", service: "the tests", issuer: tests, '
            f'rootcertbundle: "{certificate}"}}}}\n'))
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN echo hello\n"})
        cls.config = cls.by({"auths": {cls.guarded.address: {"auth": encoded(ALICE)}}}, "password.json")

    @classmethod
    def by(cls, docker_config, name):
        """The configuration of a service whose images are in the guarded registry."""
        return {"orchestrator": {"pullSecretFile": cls.write_docker_config(name, docker_config),
                                 "baseImageRepository": cls.guarded.address + "/base-images",
                                 "workspaceImageRepository": cls.guarded.address + "/workspace-images"}}

    @classmethod
    def asked(cls):
        """The token requests so far."""
        with urllib.request.urlopen(f"http://{cls.tokens}/requests", timeout=60) as answer:
            return answer.read().decode().splitlines()

    def service_by(self, docker_config, name, environment=None):
        service = self.add_service(self.by(docker_config, name), environment)
        self.addCleanup(self.end_service, service)
        client = Client(service.address)
        self.addCleanup(client.close)
        return service, client

    def assert_secret_free(self, *texts):
        for text in texts:
            for secret in (ALICE[1], IDENTITY, encoded(ALICE)):
                self.assertNotIn(secret.encode(), text if isinstance(text, bytes) else text.encode())

    def assert_builds(self, service, client, version):
        """A build of its own is pushed, published and found; nobody is shown how."""
        with leftovers.Arguments(service.pid) as arguments:
            responses = client.build_to_end(request(self.source("house", version=version)))
        last = self.assert_built(responses)
        base, workspace = (client.resolve_base(ref, auth=ALL) for ref in (last.base_ref, last.ref))
        self.assertEqual(base.partition("@")[2], workspace.partition("@")[2])
        self.assert_secret_free(arguments.text, client.log_text(build_id=responses[0].info.build_id),
                                service.log_text())
        return last

    def test_images_are_pushed_and_published_by_password(self):
        last = self.assert_builds(self.service, self.client, "password")
        self.assertIn("GET user=alice service=the tests scope=repository:workspace-images:pull,push "
                      "repository:base-images:pull", self.asked())
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.resolve_base(last.ref)
        self.assertEqual(grpc.StatusCode.UNAUTHENTICATED, caught.exception.code())

    def test_images_are_pushed_and_published_by_identity_token(self):
        service, client = self.service_by({"auths": {self.guarded.address: {"identitytoken": IDENTITY}}}, "identity.json")
        before = len(self.asked())
        self.assert_builds(service, client, "identity")
        asked = self.asked()[before:]
        self.assertTrue(asked)
        self.assertEqual([], [line for line in asked if not line.startswith("POST user=alice ")])

    def test_images_are_pushed_and_published_by_a_helper_program(self):
        folder = os.path.join(self.folder, "helpers")
        os.makedirs(folder)
        helper = os.path.join(folder, "docker-credential-e2e")
        with open(helper, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\ntest \"$1\" = get && test \"$(cat)\" = {self.guarded.address} &&\n"
                       f"echo '{json.dumps({'Username': ALICE[0], 'Secret': ALICE[1]})}'\n")
        os.chmod(helper, 0o700)
        service, client = self.service_by({"credHelpers": {self.guarded.address: "e2e"}}, "helper.json",
                                          {"PATH": folder + ":" + os.environ["PATH"]})
        self.assert_builds(service, client, "helper")

    def test_a_registry_token_serves_lookups_and_a_build_says_that_it_cannot_push_with_it(self):
        last = self.assert_builds(self.service, self.client, "before")
        query = urllib.parse.urlencode({"service": "the tests", "scope": "repository:workspace-images:pull "
                                        "repository:base-images:pull"})
        asking = urllib.request.Request(f"http://{self.tokens}/token?{query}",
                                        headers={"Authorization": "Basic " + encoded(ALICE)})
        with urllib.request.urlopen(asking, timeout=60) as answer:
            token = json.load(answer)["token"]
        service, client = self.service_by({"auths": {self.guarded.address: {"registrytoken": token}}}, "bearer.json")
        self.assertIn("@sha256:", client.resolve_base(last.ref, auth=ALL))
        responses = client.build_to_end(request(self.source("house", version="bearer")))
        self.assertIn("cannot push the base image", self.assert_failed(responses))
        log = client.log_text(build_id=responses[0].info.build_id)
        self.assertIn(f"the credential for {self.guarded.address} is a registry token".encode(), log)
        self.assertNotIn(token.encode(), log + service.log_text().encode())


if __name__ == "__main__":
    main()
