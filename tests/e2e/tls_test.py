#!/usr/bin/python3
"""The service's own registry by HTTPS with a private CA and client certificates, and by IPv6."""

import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from certificates import self_signed  # noqa: E402
from client import Client, request  # noqa: E402
from images import Images  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


class TlsTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.ours = {"certFile": os.path.join(cls.folder, "our.pem"), "keyFile": os.path.join(cls.folder, "our.key")}
        self_signed("DNS:builder.test", cls.ours["keyFile"], cls.ours["certFile"])
        cls.closed = cls.add_registry("closed", host="IP:127.0.0.1", client_ca=cls.ours["certFile"])
        cls.how = {"plainHttp": False, "caFile": cls.closed.ca_file}
        cls.config = cls.at(cls.closed.address, {cls.closed.address: {**cls.how, **cls.ours}})
        cls.add_repository("house", {"Dockerfile": PROLOGUE + "RUN echo hello\n"})

    @staticmethod
    def at(address, registries):
        """The configuration of a service whose images are in this registry."""
        return {"registries": registries, "orchestrator": {"baseImageRepository": address + "/base-images",
                                                           "workspaceImageRepository": address + "/workspace-images"}}

    def test_images_are_pushed_published_and_built_upon_with_a_client_certificate(self):
        first = self.assert_built(self.client.build_to_end(request(self.source("house"))))
        self.add_repository("upon", {"Dockerfile": f"FROM {first.base_ref}\nCOPY Dockerfile /upon\n"})
        last = self.assert_built(self.client.build_to_end(request(self.source("upon"))))
        self.assertIn("@sha256:", self.client.resolve_base(last.ref))

    def test_a_registry_that_wants_a_certificate_is_unavailable_without_one(self):
        service = self.add_service(self.at(self.closed.address, {self.closed.address: self.how}))
        self.addCleanup(self.end_service, service)
        with Client(service.address) as client:
            with self.assertRaises(grpc.RpcError) as caught:
                client.build_to_end(request(self.source("house", version="without")))
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code(), caught.exception.details())
        self.assertIn(self.closed.address, caught.exception.details())

    @unittest.skipUnless(has_ipv6(), "this machine has no ::1")
    def test_an_image_is_resolved_by_ipv6(self):
        # buildah and skopeo know no such names: a build would need a host name with an IPv6 address.
        registry = self.add_registry("six", address="[::1]")
        self.assertTrue(registry.address.startswith("[::1]:"))
        digest = Images(registry.address).push("library/six", "v1", {"six": b"6"})
        self.assertEqual(f"{registry.address}/library/six@{digest}",
                         self.client.resolve_base(registry.address + "/library/six:v1"))


if __name__ == "__main__":
    main()
