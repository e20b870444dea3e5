#!/usr/bin/python3
"""Every way to name a state of a git repository, and what then lies in the build's context."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import git_repositories  # noqa: E402
from client import content, file_source, git, request  # noqa: E402
from workshop import WorkshopTest, main  # noqa: E402

COPY_ALL = "FROM scratch\nCOPY . /\n"


class GitSourceTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        folder = cls.git_server.state.repositories
        repository = git_repositories.Repository()
        repository.commit("first", "main", {"Dockerfile": COPY_ALL, "file.txt": "first\n"})
        repository.commit("second", "main", {"file.txt": "second\n"}, "first")
        repository.commit("third", "main", {"file.txt": "third\n"}, "second")
        repository.commit("branch", "feature/x", {"file.txt": "branch\n"}, "first")
        cls.commits = repository.write(os.path.join(folder, "history.git"))
        library = git_repositories.Repository().commit("only", "main", {"lib.txt": "library\n"})
        library_commit = library.write(os.path.join(folder, "library.git"))["only"]
        git_repositories.Repository().commit("only", "main", {
            "Dockerfile": COPY_ALL,
            ".gitmodules": git_repositories.submodule_file(("parts/library", "../library.git")),
            "parts/library": (git_repositories.SUBMODULE, library_commit),
        }).write(os.path.join(folder, "with_parts.git"))

    def build(self, initializer, version=""):
        """The files of the image that this source becomes; its Dockerfile copies the whole context."""
        last = self.assert_built(self.client.build_to_end(request(file_source(initializer, version=version))))
        self.assert_nothing_left()
        return self.images.files(last.ref)

    def head_of(self, files):
        return files[".git/HEAD"].decode().strip()

    def test_the_remote_head_is_its_default_branch_fetched_shallowly(self):
        files = self.build(git(self.url("history")))
        self.assertEqual(b"third\n", files["file.txt"])
        self.assertIn(self.commits["third"].encode(), files[".git/shallow"])

    def test_a_full_clone_has_the_history(self):
        files = self.build(git(self.url("history"), content.REMOTE_BRANCH, "main", full_clone=True))
        self.assertEqual(b"third\n", files["file.txt"])
        self.assertNotIn(".git/shallow", files)

    def test_a_commit_is_checked_out_by_its_id(self):
        files = self.build(git(self.url("history"), content.REMOTE_COMMIT, self.commits["second"]))
        self.assertEqual(b"second\n", files["file.txt"])
        self.assertEqual(self.commits["second"], self.head_of(files))

    def test_a_server_that_does_not_give_single_commits_is_cloned_in_full(self):
        files = self.build(git(self.url("history", "legacy"), content.REMOTE_COMMIT, self.commits["first"]))
        self.assertEqual(b"first\n", files["file.txt"])

    def test_a_branch_is_checked_out_by_its_name(self):
        files = self.build(git(self.url("history"), content.REMOTE_BRANCH, "feature/x"))
        self.assertEqual(b"branch\n", files["file.txt"])

    def test_a_local_branch_starts_at_the_head_of_the_remote(self):
        files = self.build(git(self.url("history"), content.LOCAL_BRANCH, "my/work"))
        self.assertEqual(b"third\n", files["file.txt"])
        self.assertEqual("ref: refs/heads/my/work", self.head_of(files))

    def test_submodules_are_fetched(self):
        files = self.build(git(self.url("with_parts")))
        self.assertEqual(b"library\n", files["parts/library/lib.txt"])

    def test_a_git_daemon_is_spoken_to(self):
        files = self.build(git(f"git://127.0.0.1:{self.git_server.daemon_port}/history.git"))
        self.assertEqual(b"third\n", files["file.txt"])

    def test_upstream_and_settings_are_written_into_the_clone(self):
        files = self.build(git(self.url("history"), content.REMOTE_BRANCH, "feature/x",
                               upstream_Remote_uri="https://upstream.example.com/it.git", full_clone=True,
                               config=content.GitConfig(custom_config={"user.name": "A Tester"})), "upstream")
        config = files[".git/config"].decode()
        self.assertRegex(config, r'\[remote "upstream"\]\s+url = https://upstream.example.com/it.git')
        self.assertRegex(config, r"\[user\]\s+name = A Tester")

    def test_links_that_lead_out_of_the_checkout_are_not_followed(self):
        for dockerfile, context in (("Dockerfile", ""), ("inside/Dockerfile", "to_etc"), ("inside/Dockerfile", "up"),
                                    ("to_etc/passwd", ""), ("round/Dockerfile", ""), ("dangling", "")):
            with self.subTest(dockerfile=dockerfile, context=context):
                source = file_source(git(self.url("links")), dockerfile, context)
                responses = self.client.build_to_end(request(source))
                self.assertTrue(self.assert_failed(responses).startswith("build failed: "), responses[-1].message)
                self.assertNotIn(b"root:", self.client.log_text(build_id=responses[0].info.build_id))
        last = self.assert_built(self.client.build_to_end(request(
            file_source(git(self.url("links")), "to_inside/Dockerfile", "inside"))))
        self.assertIsNotNone(self.images.digest(last.ref))

    def test_what_is_not_there_is_a_failed_build_that_says_what(self):
        for initializer, word in ((git(self.url("history"), content.REMOTE_BRANCH, "no-such-branch"), "no-such-branch"),
                                  (git(self.url("history"), content.REMOTE_COMMIT, "0123456789" * 4), "0123456789"),
                                  (git(self.url("no-such-repository")), "no-such-repository")):
            with self.subTest(word):
                message = self.assert_failed(self.client.build_to_end(request(file_source(initializer))))
                self.assertTrue(message.startswith("build failed: "), message)
                self.assertIn(word, message)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
