# Sourced by the scripts: paths, messages, Debian packages, building.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
JOBS=${MESETA_JOBS:-$(nproc)}

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What building and running needs; libraries are Debian 12's own.
BUILD_PACKAGES=(g++ cmake ninja-build ccache mold pkg-config git
  libboost1.81-dev libboost-json1.81-dev libssl-dev libcaf-dev libprotobuf-dev protobuf-compiler
  libleveldb-dev libgoogle-glog-dev libhowardhinnant-date-dev tzdata libarchive-dev zlib1g-dev
  libcurl4-openssl-dev libjemalloc-dev libyaml-dev libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev ca-certificates)
# What the tests need beside it.
TEST_PACKAGES=(python3 python3-venv python3-dev curl procps psmisc openssl iproute2 nginx-light zip xz-utils bzip2)
# Only for scripts/format, scripts/lint and the fuzz targets.
CLANG_PACKAGES=(clang clang-format clang-tidy libclang-rt-14-dev libfuzzer-14-dev)

missing_packages() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == "install ok installed" ]] ||
      echo "$package"
  done
}

# Installs what is missing of the packages named; does nothing, and needs no root, when all are there.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "these Debian 12 packages are missing: ${missing[*]}"
  local sudo=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "install as root, or install sudo first: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  "${sudo[@]}" apt-get -o DPkg::Lock::Timeout=300 -qq update
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y \
    --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install: ${missing[*]}"
}

# Parallel compile jobs that fit the memory: a heavy translation unit takes up to 1.5 GB.
compile_jobs() {
  local by_memory
  by_memory=$(awk '/MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
  echo $((by_memory < 1 ? 1 : by_memory < JOBS ? by_memory : JOBS))
}

# configure DIR [cmake options ...]
configure() {
  local dir=$1
  shift
  export CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1
  cmake -S "$ROOT" -B "$dir" -G Ninja "$@" >"$dir.configure.log" 2>&1 ||
    { cat "$dir.configure.log" >&2; die "cmake failed"; }
  rm -f "$dir.configure.log"
}

# compile DIR [targets ...]: with ninja's own progress.
compile() {
  local dir=$1
  shift
  cmake --build "$dir" --parallel "$(compile_jobs)" ${1:+--target "$@"} ||
    die "the build failed (see above)"
}
