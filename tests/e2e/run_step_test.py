#!/usr/bin/python3
"""What a command of a Dockerfile finds: what it may do as root, and the modes of files, however the service was started."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from client import Client, request  # noqa: E402
from places import program  # noqa: E402
from workshop import PROLOGUE, WorkshopTest, main  # noqa: E402

#: The numbers of linux/capability.h: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service,
#: sys_chroot, setfcap.
CAPABILITIES = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31))


class RunStepTest(WorkshopTest):
    @classmethod
    def prepare(cls):
        cls.add_repository("house", {
            "Dockerfile": PROLOGUE + "COPY file /file\nRUN cat /proc/self/status; ls -l /file; echo made > /made; ls -l /made\n",
            "file": "content\n"})

    def test_a_command_has_no_right_that_builds_do_not_need_and_files_have_the_modes_of_the_checkout(self):
        before = os.umask(0o077)
        try:
            service = self.add_service({})
        finally:
            os.umask(before)
        with Client(service.address) as client:
            responses = client.build_to_end(request(self.source("house")))
            self.assert_built(responses)
            lines = client.log_text(build_id=responses[0].info.build_id).decode().splitlines()
        status = dict(line.split(":\t") for line in lines if line.startswith(("Cap", "Umask")))
        for name in ("CapPrm", "CapEff", "CapBnd"):
            self.assertEqual(CAPABILITIES, int(status[name], 16), name)
        self.assertEqual("0022", status["Umask"])
        for name in ("/file", "/made"):
            self.assertTrue(any(line.startswith("-rw-r--r--") and line.endswith(name) for line in lines), lines)
        self.end_service(service)

    def test_the_trial_of_an_isolation_gives_a_file_to_another_user(self):
        root = os.path.join(self.folder, "root")
        os.mkdir(root)
        shutil.copy(program("image-builder-probe"), os.path.join(root, "probe"))
        # With one id, as for a user without lines in /etc/subuid, commands run and package managers fail.
        alone = ["unshare", "--user", "--map-root-user"]
        if subprocess.run([*alone, "true"], check=False).returncode != 0 or os.geteuid() != 0:
            self.skipTest("user namespaces cannot be made here")
        refused = subprocess.run([*alone, "chroot", root, "/probe"], capture_output=True, text=True, check=False)
        self.assertEqual(1, refused.returncode, refused.stderr)
        self.assertIn("probe: a file cannot be given to another user: ", refused.stderr)
        subprocess.run(["chroot", root, "/probe"], check=True)
        self.assertEqual(1234, os.stat(os.path.join(root, "probe")).st_uid)

    def test_a_way_to_build_that_is_no_boundary_is_said_loudly_and_why(self):
        service = self.add_service({"local": {"isolation": "auto"}})
        line = service.wait_for_text("build isolation: ")
        if "chroot: no boundary" in line:
            self.assertIn('"severity":"warning"', line)
            self.assertIn('"oci_does_not_work":"', line)
        else:
            self.assertIn('"severity":"info"', line)
        self.end_service(service)


if __name__ == "__main__":
    main()
