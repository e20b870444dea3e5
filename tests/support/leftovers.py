"""What a build may leave behind: processes, mounts, folders, open files. Read from /proc, nothing of the service's."""

import os
import threading


def processes(state_folder):
    """"pid command" of every process that works for the service with this state folder, or inside of the folder."""
    found = []
    wanted = state_folder.encode()
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read()
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = file.read()
            places = [os.readlink(f"/proc/{pid}/{name}").encode() for name in ("cwd", "root", "exe")]
        except OSError:
            continue  # it ended meanwhile, or is a zombie without these
        if any(wanted in text for text in [command, environment, *places]):
            found.append(f"{pid} " + command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def children(pid):
    """The pids of all processes below a process."""
    parents = {}
    for other in _pids():
        try:
            with open(f"/proc/{other}/stat", encoding="ascii", errors="replace") as file:
                parents[other] = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    found, level = [], [pid]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return found


def command_line(pid):
    """The arguments of a process, empty where it is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


class Arguments:
    """Collects the arguments of every process below one, from `with` to its end; `text` has them all."""

    def __init__(self, pid):
        self._pid, self._seen, self._done = pid, set(), threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._watcher.start()
        return self

    def __exit__(self, *_what):
        self._done.set()
        self._watcher.join()

    def _watch(self):
        while not self._done.is_set():
            self._seen.update(command_line(pid) for pid in children(self._pid))

    @property
    def text(self):
        return b"\n".join(self._seen)


def mounts(state_folder):
    """The mount points below a folder."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        points = [line.split()[4] for line in file]
    return [point for point in points if point.startswith(state_folder + "/")]


def build_folders(state_folder):
    """The folders of single builds."""
    folder = os.path.join(state_folder, "builds")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def open_files(pid):
    """What the descriptors of a process lead to, without sockets, which come and go with clients."""
    found = []
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except OSError:
            continue
        if not target.startswith("socket:"):
            found.append(target)
    return sorted(found)


def of_builds(state_folder, service_pid):
    """Everything that a build left behind although the service still runs; empty is good."""
    own = [line for line in processes(state_folder) if not line.startswith(f"{service_pid} ")]
    return own + mounts(state_folder) + build_folders(state_folder)


def _pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]
