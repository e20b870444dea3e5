"""Certificates for tests: an authority of its own, and what it signs."""

import os
import ssl
import subprocess


class Authority:
    """A CA in a folder. `issue` makes NAME.crt and NAME.key there."""

    def __init__(self, folder, name="ca"):
        os.makedirs(folder, exist_ok=True)
        self._folder, self._name = folder, name
        self.certificate = self.path(name + ".crt")
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test-" + name,
                 "-keyout", self.path(name + ".key"), "-out", self.certificate)

    def path(self, name):
        return os.path.join(self._folder, name)

    def issue(self, name, alt_name="IP:127.0.0.1", days=2):
        """The paths of the certificate and its key; both replace what was there in one step each. One with a negative
        number of days has ended."""
        request, made, key = self.path(name + ".csr"), self.path(name + ".crt"), self.path(name + ".key")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test-" + name, "-addext",
                 "subjectAltName=" + alt_name, "-keyout", key + ".new", "-out", request)
        _openssl("x509", "-req", "-in", request, "-days", str(days), "-CA", self.certificate, "-CAkey",
                 self.path(self._name + ".key"), "-CAcreateserial", "-copy_extensions", "copy", "-out", made + ".new")
        os.replace(key + ".new", key)
        os.replace(made + ".new", made)
        return made, key

    def client_context(self, certificate=None, key=None):
        """What a client needs that trusts this authority, and shows a certificate where one is given."""
        context = ssl.create_default_context(cafile=self.certificate)
        if certificate:
            context.load_cert_chain(certificate, key)
        return context


def self_signed(alt_name, key, certificate):
    """Makes a certificate for a name ("DNS:a.test"), which is its own authority, and its key."""
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
             "subjectAltName=" + alt_name, "-keyout", key, "-out", certificate)


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
