#!/usr/bin/python3
"""Contexts that do not come from one git repository: downloads, composites, prebuilds, nothing at all."""

import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from client import content, file_source, git, git_initializer, request  # noqa: E402
from workshop import WorkshopTest, main  # noqa: E402

COPY_ALL = b"FROM scratch\nCOPY . /\n"


class SourceKindsTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {"Dockerfile": COPY_ALL, "house.txt": "house\n"}, with_busybox=False)
        cls.add_repository("garden", {"garden.txt": "garden\n"}, with_busybox=False)
        for name, text in (("Dockerfile", COPY_ALL), ("data", b"data\n")):
            with open(os.path.join(cls.git_server.state.files, name), "wb") as file:
                file.write(text)

    def file(self, name, path, digest=None, area="files"):
        return content.FileDownloadInitializer.FileInfo(
            url=self.git_server.url(f"/{area}/{name}"), file_path=path, digest=digest or "")

    def download(self, *files, target=""):
        return content.WorkspaceInitializer(
            download=content.FileDownloadInitializer(files=files, target_location=target))

    def build(self, initializer, **more):
        last = self.assert_built(self.client.build_to_end(request(file_source(initializer, **more))))
        self.assert_nothing_left()
        return self.images.files(last.ref)

    def failure_of(self, initializer, **more):
        message = self.assert_failed(self.client.build_to_end(request(file_source(initializer, **more))))
        self.assert_nothing_left()
        self.assertTrue(message.startswith("build failed: "), message)
        return message

    def test_files_are_downloaded_below_the_target_and_their_digests_verified(self):
        digest = "sha256:" + hashlib.sha256(b"data\n").hexdigest()
        files = self.build(self.download(self.file("Dockerfile", "Dockerfile"), self.file("data", "deep/data", digest),
                                         self.file("data", "moved", digest, "redirect"), target="sub"),
                           dockerfile="sub/Dockerfile")
        self.assertEqual({"Dockerfile": COPY_ALL, "deep/data": b"data\n", "moved": b"data\n"}, files)

    def test_a_wrong_digest_and_a_missing_file_fail_the_build(self):
        dockerfile = self.file("Dockerfile", "Dockerfile")
        wrong = self.failure_of(self.download(dockerfile, self.file("data", "data", "sha256:" + "0" * 64)))
        self.assertIn("sha256:" + hashlib.sha256(b"data\n").hexdigest(), wrong)
        self.assertIn("404", self.failure_of(self.download(dockerfile, self.file("none", "none"))))

    def test_the_parts_of_a_composite_are_laid_over_each_other_in_order(self):
        files = self.build(content.WorkspaceInitializer(composite=content.CompositeInitializer(initializer=[
            git(self.url("house")),
            git(self.url("garden"), checkout_location="behind/garden"),
            self.download(self.file("data", "house.txt")),
        ])))
        self.assertEqual(b"garden\n", files["behind/garden/garden.txt"])
        self.assertEqual(b"data\n", files["house.txt"])

    def test_of_a_prebuild_its_git_repositories_are_used(self):
        files = self.build(content.WorkspaceInitializer(prebuild=content.PrebuildInitializer(git=[
            git_initializer(self.url("house")),
            git_initializer(self.url("garden"), checkout_location="garden"),
        ])))
        self.assertEqual((b"house\n", b"garden\n"), (files["house.txt"], files["garden/garden.txt"]))

    def test_an_empty_context_has_no_dockerfile(self):
        message = self.failure_of(content.WorkspaceInitializer(empty=content.EmptyInitializer()))
        self.assertIn("no Dockerfile", message)

    def test_a_context_folder_that_is_not_there_fails_the_build(self):
        self.assertIn("attic", self.failure_of(git(self.url("house")), context="attic"))

    def test_the_same_source_has_the_same_reference_and_every_kind_its_own(self):
        kinds = [git(self.url("house")),
                 content.WorkspaceInitializer(prebuild=content.PrebuildInitializer(
                     git=[git_initializer(self.url("house"))])),
                 content.WorkspaceInitializer(composite=content.CompositeInitializer(
                     initializer=[git(self.url("house"))])),
                 self.download(self.file("Dockerfile", "Dockerfile")),
                 self.download(self.file("Dockerfile", "Dockerfile"), target="sub")]
        refs = [self.client.resolve_workspace(file_source(kind)).base_ref for kind in kinds]
        self.assertEqual(len(kinds), len(set(refs)), refs)
        self.assertEqual(refs, [self.client.resolve_workspace(file_source(kind)).base_ref for kind in kinds])


if __name__ == "__main__":
    main()
