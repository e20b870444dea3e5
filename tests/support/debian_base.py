"""A base image of Debian 12 without a network: the files of packages that are installed on this machine."""

import io
import os
import re
import tarfile

_DPKG = "/var/lib/dpkg"
#: Not needed by any program, and most of the bytes.
_LEFT_OUT = re.compile(r"/usr/share/(doc|man|locale|info|lintian|bug|vim|bash-completion|fish|zsh)/|/usr/lib/udev/hwdb")


def write(path, packages):
    """Writes a root as a tar archive: the essential packages and these, with what they depend on."""
    status = _status()
    names = _closure(status, [name for name, entry in status.items() if entry.get("Essential") == "yes"] + packages)
    entries = [entry for name in names for entry in status[name]["entries"]]
    with tarfile.open(path, "w") as archive:
        # The merged /usr of every Debian 12: files that packages have below /bin or /lib go where these lead.
        for folder in ("bin", "sbin", "lib", "lib64"):
            archive.add("/" + folder, folder, recursive=False)
        seen = set()
        for entry in entries:
            for file in _files_of(entry):
                place = os.path.join(os.path.realpath(os.path.dirname(file)), os.path.basename(file))
                if place not in seen and not _LEFT_OUT.search(place + "/"):
                    seen.add(place)
                    archive.add(place, place.lstrip("/"), recursive=False)
        _add_what_no_package_owns(archive)
        _add_text(archive, _DPKG + "/status", "".join(entry["text"] + "\n\n" for entry in entries))


def _status():
    """The installed packages by name: their fields, and `entries`, one for each architecture."""
    with open(_DPKG + "/status", encoding="utf-8") as file:
        texts = file.read().strip().split("\n\n")
    found = {}
    for text in texts:
        fields = dict(re.findall(r"^([A-Z][A-Za-z-]*): (.*)$", text, re.MULTILINE))
        if fields["Status"].endswith(" installed"):
            fields["text"] = text
            first = found.setdefault(fields["Package"], fields)
            first.setdefault("entries", []).append(fields)
    return found


def _closure(status, names):
    provided = {}
    for name, entry in status.items():
        for other in re.findall(r"([a-z0-9][a-z0-9+.-]+)", re.sub(r"\([^)]*\)", "", entry.get("Provides", ""))):
            provided.setdefault(other, name)
    chosen, waiting = [], list(names)
    while waiting:
        name = waiting.pop()
        name = name if name in status else provided.get(name)
        if name is None or name in chosen:
            continue
        chosen.append(name)
        for field in ("Pre-Depends", "Depends"):
            for alternatives in status[name].get(field, "").split(","):
                options = [re.split(r"[ (:]", option.strip())[0] for option in alternatives.split("|")]
                known = [option for option in options if option in status or option in provided]
                waiting += known[:1]
    return chosen


def _files_of(entry):
    name = entry["Package"]
    if not os.path.exists(f"{_DPKG}/info/{name}.list"):
        name += ":" + entry["Architecture"]
    with open(f"{_DPKG}/info/{name}.list", encoding="utf-8") as file:
        files = [line.rstrip("\n") for line in file if line.strip() != "/."]
    files += [f"{_DPKG}/info/{name}.{kind}" for kind in ("list", "md5sums", "postinst", "triggers", "shlibs")]
    return [file for file in files if os.path.lexists(file)]


def _add_what_no_package_owns(archive):
    """Root alone, as in a new system; commands that packages share out (`awk`); what their scripts made."""
    _add_text(archive, "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n")
    _add_text(archive, "/etc/group", "root:x:0:\nnogroup:x:65534:\n")
    for file in ("/etc/nsswitch.conf", "/etc/ld.so.cache", "/etc/ssl/certs/ca-certificates.crt", "/etc/alternatives"):
        if os.path.exists(file):
            archive.add(file, file.lstrip("/"))
    for entry in os.scandir("/usr/bin"):
        if entry.is_symlink() and os.readlink(entry.path).startswith("/etc/alternatives/"):
            archive.add(entry.path, entry.path.lstrip("/"))


def _add_text(archive, path, text):
    info = tarfile.TarInfo(path.lstrip("/"))
    content = text.encode()
    info.size, info.mode = len(content), 0o644
    archive.addfile(info, io.BytesIO(content))


def build(store, folder, packages):
    """An image of it in an ImageStore; its name."""
    context = os.path.join(folder, "base")
    os.mkdir(context)
    write(os.path.join(context, "root.tar"), packages)
    with open(os.path.join(context, "Containerfile"), "w", encoding="ascii") as file:
        file.write("FROM scratch\nADD root.tar /\n")
    name = "localhost/debian-base"
    store.run("build", "--quiet", "--tag", name, context)
    return name
