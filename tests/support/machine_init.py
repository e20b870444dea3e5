"""The end of machine_boot.sh, in a language that needs no program of the new root: its loopback device, its root.

    machine_init.py ROOT [INIT...]

Becomes INIT, or stays as a first process that does nothing but let the machine's orphans end.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[os.uname().machine]
_MNT_DETACH = 2


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main():
    root, init = sys.argv[1], sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    os.chdir(root)
    # The old root is put above the new one, and taken away from there (pivot_root(2)).
    checked(libc.syscall(_SYS_PIVOT_ROOT, b".", b"."))
    checked(libc.umount2(b".", _MNT_DETACH))
    os.chdir("/")
    print("ready", flush=True)
    if init:
        os.execve(init[0], init, {"container": "test", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
