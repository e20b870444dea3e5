# Shared by the scripts of this folder, which source it; not a program.
# Needs: `name`, what the script is called in its messages.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$name: $*"
  exit 1
}

# Compilers that may run at once: one per core, but a file that includes gRPC takes up to 1.2 GB.
build_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1200000) }' /proc/meminfo)
  local jobs=$((cores < memory ? cores : memory))
  echo $((jobs < 1 ? 1 : jobs))
}

# Where the service keeps its state when nobody says (config/README.md, local.stateDirectory).
state_directory() {
  if [[ ${XDG_STATE_HOME:-} == /* ]]; then
    echo "${XDG_STATE_HOME%/}/image-builder"
  elif [[ $EUID -eq 0 ]]; then
    echo /var/lib/image-builder
  elif [[ ${HOME:-} == /* ]]; then
    echo "${HOME%/}/.local/state/image-builder"
  else
    fail "set XDG_STATE_HOME or HOME to an absolute path: there is no directory for the service's state"
  fi
}

# Seconds since the script was started, or since the given value of SECONDS.
elapsed() { echo "$((SECONDS - ${1:-0})) s"; }

# configure PRESET: makes the build folder of a preset; ninja itself keeps it up to date from then on.
configure() {
  cd "$root"
  if [[ ! -f build/$1/build.ninja ]]; then cmake --preset "$1"; fi
}
