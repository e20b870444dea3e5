#!/usr/bin/python3
"""Registries that ask who is there: the service's own credentials, the request's, and who may use which."""

import os
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

import leftovers  # noqa: E402
from client import Client, builder, ref_source, request  # noqa: E402
from images import Images  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, encoded, main  # noqa: E402

OWN, OTHER = ("pusher", "own-secret-1"), ("guest", "other-secret-2")


class CredentialsTest(WorkshopTest):
    registry_users = dict([OWN])

    @classmethod
    def prepare(cls):
        cls.other = cls.add_registry("other", dict([OTHER]))
        cls.digest = Images(cls.other.address, OTHER).push("library/base", "v1", {"base": b"base\n"})
        cls.images.push("library/own", "v1", {"own": b"own\n"})
        cls.base = cls.other.address + "/library/base:v1"
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN echo hello\n",
                                     "Dockerfile.from": f"FROM {cls.base}\nCOPY Dockerfile /\n"})
        cls.config = {"orchestrator": {"pullSecretFile": cls.write_pull_secret("right.json", {cls.registry.address: OWN})}}

    def additional(self, user=OTHER):
        return builder.BuildRegistryAuth(additional={self.other.address: encoded(user)})

    def assert_unauthenticated(self, call, *arguments, **more):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, **more)
        self.assertEqual(grpc.StatusCode.UNAUTHENTICATED, caught.exception.code(), caught.exception.details())
        self.assertIn("cannot resolve image", caught.exception.details())
        self.assertNotIn("secret", caught.exception.details())

    def pages(self, *more):
        """What the service shows about itself, metrics included."""
        places = [self.service.listening("metrics") + "/metrics"]
        places += [f"{self.service.listening('debug')}/debug/{name}"
                   for name in ("state", "actors", "running", "builds", "resolver", "journal", "config", "series", *more)]
        texts = []
        for place in places:
            with urllib.request.urlopen("http://" + place, timeout=60) as answer:
                texts.append(answer.read())
        return texts

    def test_the_service_pushes_with_its_own_credentials_whatever_the_request_allows(self):
        last = self.assert_built(self.client.build_to_end(request(self.source("house"))))
        self.assertIsNotNone(self.images.digest(last.base_ref))
        self.assertEqual(self.images.digest(last.base_ref), self.images.digest(last.ref))

    def test_wrong_credentials_of_the_service_refuse_builds_until_the_file_is_mended(self):
        path = self.write_pull_secret("changing.json", {self.registry.address: ("pusher", "secret-of-yesterday")})
        service = self.add_service({"orchestrator": {"pullSecretFile": path}})
        wish = request(self.source("house", version="mended"))
        with Client(service.address) as client:
            self.assert_unauthenticated(client.build_to_end, wish)
            self.assertEqual([], client.list())
            self.write_pull_secret("changing.json", {self.registry.address: OWN})
            self.assert_built(client.build_to_end(wish))
        self.end_service(service)

    def test_the_services_credentials_are_for_those_that_a_request_allows(self):
        own = self.registry.address + "/library/own:v1"
        self.assert_unauthenticated(self.client.resolve_base, own)
        selective = builder.BuildRegistryAuthSelective
        refused = builder.BuildRegistryAuth(selective=selective(any_of=[self.other.address]))
        self.assert_unauthenticated(self.client.resolve_base, own, auth=refused)
        for auth in (builder.BuildRegistryAuth(total=builder.BuildRegistryAuthTotal(allow_all=True)),
                     builder.BuildRegistryAuth(selective=selective(allow_baserep=True)),
                     builder.BuildRegistryAuth(selective=selective(allow_workspacerep=True)),
                     builder.BuildRegistryAuth(selective=selective(any_of=[self.registry.address]))):
            self.assertIn("@sha256:", self.client.resolve_base(own, auth=auth))

    def test_the_requests_own_credentials_open_its_registry(self):
        self.assert_unauthenticated(self.client.resolve_base, self.base)
        self.assert_unauthenticated(self.client.resolve_base, self.base, auth=self.additional(("guest", "secret-x")))
        resolved = self.client.resolve_base(self.base, auth=self.additional())
        self.assertEqual(f"{self.other.address}/library/base@{self.digest}", resolved)

    def test_an_image_behind_the_requests_credentials_becomes_a_workspace_image(self):
        last = self.assert_built(self.client.build_to_end(request(ref_source(self.base), auth=self.additional())))
        self.assertEqual(self.digest, self.images.digest(last.ref))

    def test_from_uses_the_requests_credentials_and_shows_them_to_nobody(self):
        source = self.source("house", "Dockerfile.from")
        refused = self.assert_failed(self.client.build_to_end(request(source)))
        self.assertTrue(refused.startswith("build failed: "), refused)
        self.assertIn("cannot resolve image", refused)
        with leftovers.Arguments(self.service.pid) as arguments:
            responses = self.client.build_to_end(request(source, auth=self.additional()))
        self.assertEqual(b"base\n", self.images.files(self.assert_built(responses).ref)["base"])
        self.assertIn(b"buildah", arguments.text)
        build = responses[0].info.build_id
        pages = self.pages(f"builds/{build}", f"builds/{build}/log")
        self.assertIn(self.other.address.encode(), b"".join(pages))
        for text in (arguments.text, self.client.log_text(build_id=build), self.service.log_text().encode(),
                     self.images.configuration(responses[-1].ref), *pages):
            for secret in (OTHER[1], encoded(OTHER), OWN[1], encoded(OWN)):
                self.assertNotIn(secret.encode(), text)
        # The image's layers are here by now; who may not pull them does not get them from here either.
        again = self.assert_failed(self.client.build_to_end(request(source, force_rebuild=True)))
        self.assertIn("cannot resolve image", again)

    def test_a_dockerfile_command_sees_no_credential(self):
        # In its own file system, and through /proc in those of the processes around it.
        builds = os.path.join(self.service.state, "builds")
        look = (f"cat /proc/*/environ; for place in '' /proc/[0-9]*/root; do ls -a $place/ $place{builds}; "
                f"cat $place{builds}/*/*.json $place{builds}/*/*/*.json; done; echo looked")
        self.add_repository("spy", {"Dockerfile": PROLOGUE + f"RUN {look}\n"})
        auth = self.additional()
        auth.total.allow_all = True
        responses = self.client.build_to_end(request(self.source("spy"), auth=auth))
        self.assert_built(responses)
        log = self.client.log_text(build_id=responses[0].info.build_id)
        found = log.partition(b"\nSTEP 3/3")[2].partition(b"\n")[2]
        self.assertIn(b"looked\n", found)
        for word in (b"auths", b"[redacted]", b"REGISTRY_"):
            self.assertNotIn(word, found, found.decode(errors="replace"))


if __name__ == "__main__":
    main()
