#!/bin/bash
# The first process of a machine of a test (machine.py): makes its file systems, becomes its root, and stays.
#
#   machine_boot.sh overlay|folder ROOT SHARED [INIT...]
#
# overlay: ROOT is the running system under a layer of its own, on memory, that is seen at /mnt. folder: ROOT itself.
# SHARED is seen at /srv. INIT becomes the first process; without it, this stays as one that does nothing.
set -euo pipefail
kind=$1 root=$2 shared=$3
shift 3

# An init would manage the control groups of the whole machine: it is shown a group of its own, named as SHARED is.
if (($# > 0)) && [[ -z ${IN_OWN_GROUP:-} ]]; then
  groups=$(mktemp -d)
  mount -t cgroup2 none "$groups"
  mkdir "$groups/$(basename "$(dirname "$shared")")"
  echo 0 >"$groups/$(basename "$(dirname "$shared")")/cgroup.procs"
  umount "$groups"
  rmdir "$groups"
  IN_OWN_GROUP=yes exec unshare --cgroup -- bash "$0" "$kind" "$root" "$shared" "$@"
fi

if [[ $kind == overlay ]]; then
  lower=$root
  root=$(mktemp -d --tmpdir="$shared" root.XXXXXX)
  layers=$root.layers
  mkdir "$layers"
  mount -t tmpfs -o mode=0755 layers "$layers"
  mkdir "$layers/upper" "$layers/work"
  mount -t overlay -o "lowerdir=$lower,upperdir=$layers/upper,workdir=$layers/work" overlay "$root"
else
  mount --bind "$root" "$root"
  layers=
fi

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
# One tree of control groups, as a machine of today has it; without the right to make one: none.
mount -t cgroup2 none "$root/sys/fs/cgroup" 2>/dev/null || true
mount -t tmpfs -o mode=0755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=0755 dev "$root/dev"
mkdir "$root"/dev/{pts,shm,net,mqueue}
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mknod -m 0666 "$root/dev/net/tun" c 10 200 2>/dev/null || true
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mkdir -p "$root/srv" "$root/mnt"
mount --bind "$shared" "$root/srv"
if [[ -n $layers ]]; then mount --bind "$layers/upper" "$root/mnt"; fi

exec python3 "$(dirname "$0")/machine_init.py" "$root" "$@"
