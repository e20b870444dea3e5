#!/usr/bin/python3
"""A mirror is asked before its registry, by lookups and by builds, and does not have to be there."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from client import builder, request  # noqa: E402
from images import Images  # noqa: E402
from limiting_registry import LimitingRegistry  # noqa: E402
from workshop import WorkshopTest, encoded, main  # noqa: E402

GUEST = ("guest", "secret-of-the-guest")


class MirrorTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        copies = cls.add_registry("copies", dict([GUEST]))
        cls.mirror, cls.origin = cls.add_door(copies), cls.add_door(cls.registry)
        for name in ("everywhere", "closed", "down"):
            cls.images.push("library/" + name, "v1", {"from": b"the registry"})
            Images(copies.address, GUEST).push("library/" + name, "v1", {"from": b"the mirror"})
        cls.images.push("library/new", "v1", {"from": b"the registry"})
        cls.add_repository("house", {f"Dockerfile.{name}": f"FROM {cls.origin.address}/library/{name}:v1\nCOPY bin /bin\n"
                                     for name in ("everywhere", "closed", "new", "down")})
        cls.config = {"registries": {cls.origin.address: {"mirror": cls.mirror.address}}}

    @classmethod
    def add_door(cls, registry):
        door = LimitingRegistry(registry.address)
        cls.addClassCleanup(door.close)
        return door

    def build(self, name, user=GUEST, version=""):
        """What the base image of a build came from."""
        auth = builder.BuildRegistryAuth(additional={self.mirror.address: encoded(user)} if user else {})
        source = self.source("house", "Dockerfile." + name, version=version)
        last = self.assert_built(self.client.build_to_end(request(source, auth=auth)))
        return self.images.files(last.ref)["from"]

    def pulls(self, door, name):
        return door.requests("GET", f"/library/{name}/manifests/")

    def test_a_build_pulls_from_the_mirror(self):
        self.assertEqual(b"the mirror", self.build("everywhere"))
        self.assertEqual((1, 0), (self.pulls(self.mirror, "everywhere"), self.pulls(self.origin, "everywhere")))

    def test_a_mirror_without_the_image_is_passed_over(self):
        self.assertEqual(b"the registry", self.build("new"))
        self.assertEqual((1, 1), (self.pulls(self.mirror, "new"), self.pulls(self.origin, "new")))

    def test_a_mirror_that_lets_nobody_in_is_passed_over(self):
        self.assertEqual(b"the registry", self.build("closed", None, "none"))
        self.assertEqual(b"the registry", self.build("closed", ("guest", "wrong"), "wrong"))

    def test_a_mirror_that_is_away_is_passed_over(self):
        self.mirror.out_of_order = True
        self.addCleanup(setattr, self.mirror, "out_of_order", False)
        self.assertEqual(b"the registry", self.build("down"))


if __name__ == "__main__":
    main()
