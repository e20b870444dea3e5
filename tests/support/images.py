"""Images in a registry by plain HTTP: made by hand, looked up, and unpacked. Shares no code with the service."""

import base64
import hashlib
import http.client
import io
import json
import tarfile

from registry import unverified

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_ACCEPTED = ", ".join([MANIFEST, INDEX, "application/vnd.docker.distribution.manifest.v2+json",
                       "application/vnd.docker.distribution.manifest.list.v2+json"])


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Images:
    """The images of one registry; `user` is a (name, password) pair where it asks for one."""

    def __init__(self, address, user=None, tls=False):
        self.address = address
        self._tls = tls
        self._headers = {}
        if user:
            self._headers["Authorization"] = "Basic " + base64.b64encode(":".join(user).encode()).decode()

    def push(self, repository, tag, files, platform=("linux", "amd64")):
        """Makes a one-layer image of `files` (path to bytes); returns its digest."""
        layer = _tar(files)
        config = json.dumps({
            "architecture": platform[1], "os": platform[0], "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}, "history": [{"created_by": "a test"}],
        }).encode()
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": self._put_blob(repository, config), "size": len(config)},
            "layers": [{"mediaType": _LAYER, "digest": self._put_blob(repository, layer), "size": len(layer)}],
        }).encode()
        return self._put_manifest(repository, tag or digest_of(manifest), MANIFEST, manifest)

    def push_index(self, repository, tag, platforms):
        """Makes an index of one image for each (os, architecture); returns its digest and theirs by platform."""
        digests, entries = {}, []
        for platform in platforms:
            digests[platform] = self.push(repository, None, {"platform": "/".join(platform).encode()}, platform)
            size = len(self.manifest(repository, digests[platform])[1])
            entries.append({"mediaType": MANIFEST, "digest": digests[platform], "size": size,
                            "platform": {"os": platform[0], "architecture": platform[1]}})
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
        return self._put_manifest(repository, tag, INDEX, index), digests

    def manifest(self, repository, tag_or_digest):
        """(digest, bytes) of a manifest, None where there is none."""
        status, headers, body = self._ask("GET", f"/v2/{repository}/manifests/{tag_or_digest}", {"Accept": _ACCEPTED})
        if status == 404:
            return None
        assert status == 200, (status, body)
        assert headers["Docker-Content-Digest"] == digest_of(body)
        return digest_of(body), body

    def digest(self, reference):
        """The digest of "domain/repository:tag" in this registry, None where there is none."""
        repository, _, tag = reference.removeprefix(self.address + "/").rpartition(":")
        found = self.manifest(repository, tag)
        return found and found[0]

    def delete(self, repository, digest):
        status, _, body = self._ask("DELETE", f"/v2/{repository}/manifests/{digest}")
        assert status == 202, (status, body)

    def files(self, reference):
        """Path to bytes of all files in the layers of an image; a symbolic link gives its target."""
        repository, _, tag = reference.removeprefix(self.address + "/").rpartition(":")
        manifest = json.loads(self.manifest(repository, tag)[1])
        found = {}
        for layer in manifest["layers"]:
            status, _, body = self._ask("GET", f"/v2/{repository}/blobs/{layer['digest']}")
            assert status == 200, status
            with tarfile.open(fileobj=io.BytesIO(body)) as tar:
                for member in tar:
                    if member.isfile():
                        found[member.name.removeprefix("./")] = tar.extractfile(member).read()
                    elif member.issym():
                        found[member.name.removeprefix("./")] = member.linkname.encode()
        return found

    def configuration(self, reference):
        """The bytes of an image's configuration, its history among them."""
        repository, _, tag = reference.removeprefix(self.address + "/").rpartition(":")
        digest = json.loads(self.manifest(repository, tag)[1])["config"]["digest"]
        status, _, body = self._ask("GET", f"/v2/{repository}/blobs/{digest}")
        assert status == 200, status
        return body

    def _put_blob(self, repository, content):
        status, headers, body = self._ask("POST", f"/v2/{repository}/blobs/uploads/")
        assert status == 202, (status, body)
        place = headers["Location"]
        place = place[place.index("/v2/"):]
        digest = digest_of(content)
        separator = "&" if "?" in place else "?"
        status, _, body = self._ask("PUT", f"{place}{separator}digest={digest}",
                                    {"Content-Type": "application/octet-stream"}, content)
        assert status == 201, (status, body)
        return digest

    def _put_manifest(self, repository, tag, media_type, content):
        status, _, body = self._ask("PUT", f"/v2/{repository}/manifests/{tag}", {"Content-Type": media_type}, content)
        assert status == 201, (status, body)
        return digest_of(content)

    def _ask(self, method, path, headers=None, body=None):
        connection = http.client.HTTPSConnection(self.address, timeout=60, context=unverified()) if self._tls else \
            http.client.HTTPConnection(self.address, timeout=60)
        try:
            connection.request(method, path, body, {**self._headers, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


def _tar(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
