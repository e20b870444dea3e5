#!/usr/bin/python3
"""Mutual TLS of the gRPC server: who gets in, and certificates that are replaced while it serves."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import urllib.request
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import grpc  # noqa: E402

from certificates import Authority  # noqa: E402
from child import PATIENCE  # noqa: E402
from client import Client, builder  # noqa: E402
from workshop import WorkshopTest, main  # noqa: E402


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    """Replaces a file in one step."""
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.replace(path + ".new", path)


class GrpcTlsTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.authority = Authority(os.path.join(cls.folder, "authority"))
        cls.stranger = Authority(os.path.join(cls.folder, "stranger"))
        cls.roots = read(cls.authority.certificate)
        cls.known = cls.authority.issue("client")
        files = cls.tls_files("server", cls.authority)
        cls.config = {"server": {"services": {"grpc": {"tls": files}}}}

    @classmethod
    def tls_files(cls, name, authority):
        certificate, key = authority.issue(name)
        return {"caPath": authority.certificate, "certPath": certificate, "keyPath": key}

    def call(self, service, certificate=None, key=None, roots=None):
        """One call over a connection of its own, with a client's certificate or without."""
        mine = (read(key), read(certificate)) if certificate else (None, None)
        credentials = grpc.ssl_channel_credentials(roots or self.roots, *mine)
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.secure_channel(service.address, credentials, options) as channel:
            stub = channel.unary_unary("/builder.ImageBuilder/ListBuilds",
                                       request_serializer=builder.ListBuildsRequest.SerializeToString,
                                       response_deserializer=builder.ListBuildsResponse.FromString)
            return stub(builder.ListBuildsRequest(), timeout=PATIENCE)

    def assert_refused(self, service, *papers, **more):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call(service, *papers, **more)
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code(), caught.exception.details())

    def shown_by(self, service):
        """The server's certificate, as a new connection sees it."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        host, port = service.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), PATIENCE) as plain, context.wrap_socket(plain) as secured:
            return ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True))

    def test_a_client_with_the_right_certificate_gets_in(self):
        self.assertEqual([], list(self.call(self.service, *self.known).builds))

    def test_a_client_without_a_certificate_stays_out(self):
        self.assert_refused(self.service)

    def test_a_certificate_of_another_ca_stays_out(self):
        self.assert_refused(self.service, *self.stranger.issue("client"))

    def test_a_certificate_that_has_ended_stays_out(self):
        self.assert_refused(self.service, *self.authority.issue("late", days=-1))

    def test_a_client_does_not_take_another_server_for_ours(self):
        self.assert_refused(self.service, *self.known, roots=read(self.stranger.certificate))

    def test_plain_text_gets_nowhere(self):
        with Client(self.service.address) as client, self.assertRaises(grpc.RpcError) as caught:
            client.list()
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, caught.exception.code())

    def test_tls_1_1_is_refused_and_1_2_is_not(self):
        host, port = self.service.address.rsplit(":", 1)
        for version, wanted in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
            context = self.authority.client_context(*self.known)
            context.set_alpn_protocols(["h2"])
            context.set_ciphers("ALL:@SECLEVEL=0")  # else our own side would not try
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of the version that is to be refused
                context.minimum_version = context.maximum_version = version
            with socket.create_connection((host, int(port)), PATIENCE) as plain:
                try:
                    with context.wrap_socket(plain, server_hostname=host) as secured:
                        self.assertTrue(wanted, secured.version())
                except (ssl.SSLError, ConnectionError) as refused:
                    self.assertFalse(wanted, refused)
                    said = json.loads(self.service.wait_for_text("unsupported protocol"))
                    self.assertEqual(("warning", "gRPC"), (said["severity"], said["library"]))

    def test_replaced_certificates_are_shown_to_the_next_connection(self):
        files = self.tls_files("turning", self.authority)
        files["caPath"] = os.path.join(self.folder, "turning-ca.crt")
        write(files["caPath"], self.roots)
        service = self.add_service({"server": {"services": {"grpc": {"tls": files}}}})
        first = read(files["certPath"]).decode()
        self.assertEqual(first, self.shown_by(service))
        certificate, key = map(read, self.known)
        with grpc.secure_channel(service.address, grpc.ssl_channel_credentials(self.roots, key, certificate)) as channel:
            listing = channel.unary_unary("/builder.ImageBuilder/ListBuilds")
            listing(b"", timeout=PATIENCE)

            # Half of a change: the certificate is new, the key is not yet.
            certificate, key = self.authority.issue("next")
            os.replace(certificate, files["certPath"])
            self.assertEqual(first, self.shown_by(service))
            service.wait_for_log("the changed certificates cannot be used; the last ones stay in force")
            os.replace(key, files["keyPath"])
            second = read(files["certPath"]).decode()
            self.assertNotEqual(first, second)
            self.assertEqual(second, self.shown_by(service))
            service.wait_for_log("read certificates again")
            self.call(service, *self.known)

            # A CA that is replaced lets its own clients in from then on. Who is in stays in.
            newcomer = self.stranger.issue("newcomer")
            self.assert_refused(service, *newcomer)
            write(files["caPath"], read(self.stranger.certificate))
            self.call(service, *newcomer)
            self.assert_refused(service, *self.known)
            listing(b"", timeout=PATIENCE)
        self.end_service(service)

    def test_a_service_whose_files_do_not_fit_does_not_start(self):
        files = self.tls_files("misfit", self.authority)
        files["keyPath"] = self.known[1]
        with self.assertRaises(AssertionError) as caught:
            self.add_service({"server": {"services": {"grpc": {"tls": files}}}})
        self.assertRegex(str(caught.exception), r"cannot start: .*client\.key: it is not the key of .*misfit\.crt")

    def test_the_end_of_the_certificate_is_a_metric(self):
        address = self.service.listening("metrics")
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        end = re.search(r'image_builder_certificate_expiry_timestamp_seconds\{owner="grpc"\} (\S+)', text)
        certificate = self.config["server"]["services"]["grpc"]["tls"]["certPath"]
        said = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-enddate"], check=True,
                              capture_output=True, text=True).stdout
        self.assertEqual(ssl.cert_time_to_seconds(said.strip().removeprefix("notAfter=")), float(end[1]))


if __name__ == "__main__":
    main()
