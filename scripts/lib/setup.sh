# shellcheck shell=bash disable=SC2034,SC2154
# What run.sh and test.sh share: install what a bare Debian 12 or Ubuntu 24.04 lacks, find or fetch CUDA, configure
# and build. Sourced with `root` set to the top of the tree. Every step that is already done costs milliseconds.

program=$(basename "$0")
logs=$root/build/log
build_packages=(g++ cmake ninja-build libcli11-dev nlohmann-json3-dev libfmt-dev libexpected-dev libxxhash-dev
  libjs-chart.js)
test_packages=(libgtest-dev libgmock-dev libvalijson-dev python3 python3-yaml libxml2-utils zstd jq)
# The browser that the page of `scantune report` is tested in. Ubuntu has it as a snap only, whose tests are left out.
if grep -qs '^ID=debian' /etc/os-release; then test_packages+=(chromium); fi

# Talk goes to stderr: stdout belongs to the program that is run.
say() { printf '%s: %s\n' "$program" "$*" >&2; }

fail() {
  say "$@"
  exit 2
}

# step NAME WHAT-TO-DO COMMAND...: runs a command with its output in a log; where it fails, shows the log's end and
# what to do about it.
step() {
  local name=$1 remedy=$2 log=$logs/$1.log
  shift 2
  mkdir -p "$logs"
  if ! "$@" </dev/null >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    fail "$name failed; the end of $log is above. $remedy"
  fi
}

# as_root COMMAND...
as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

apt_install() {
  # A list that cannot be refreshed (a third-party source that is gone) matters only where the install then fails.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q || true
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 "$@"
}

# need_packages PACKAGE...: installs those that are missing.
need_packages() {
  local package status missing=()
  if ! command -v apt-get >/dev/null; then
    say "this is not a Debian or Ubuntu system: taking it that the equivalents of these are there: $*"
    return
  fi
  for package in "$@"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=missing
    [[ $status == installed ]] || missing+=("$package")
  done
  if [[ ${#missing[@]} -eq 0 ]]; then return; fi
  if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
    fail "packages are missing, and there is no sudo; as root, run: apt-get install ${missing[*]}"
  fi
  if [[ $EUID -ne 0 ]] && ! sudo true; then
    fail "packages are missing, and sudo was refused; as root, run: apt-get install ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  step apt "Where a package was not found, enable its section (on Ubuntu: universe) in /etc/apt." \
    apt_install "${missing[@]}"
}

# one_of PATH...: whether one of them exists.
one_of() {
  local path
  for path in "$@"; do
    if [[ -e $path ]]; then return; fi
  done
  return 1
}

# toolkit: prints the root of a CUDA 13 toolkit with NVRTC, CUPTI and NVTX; fails where there is none.
toolkit() {
  local place nvcc
  nvcc=$(command -v nvcc || true)
  for place in "${CUDA_HOME:-}" "${CUDA_PATH:-}" "${nvcc:+$(dirname "$(dirname "$(realpath "$nvcc")")")}" \
    /usr/local/cuda /usr/local/cuda-13*; do
    if [[ -n $place && -e $place/include/cuda.h && -e $place/include/nvrtc.h && -e $place/include/nvtx3/nvToolsExt.h ]] &&
      one_of "$place"/{include,extras/CUPTI/include}/cupti_range_profiler.h &&
      one_of "$place"/{lib64,lib,targets/*/lib}/libnvrtc.so.13 &&
      one_of "$place"/{lib64,lib,targets/*/lib,extras/CUPTI/lib64}/libcupti.so.13; then
      printf '%s\n' "$place"
      return
    fi
  done
  return 1
}

has_nvidia_driver() {
  [[ -e /proc/driver/nvidia/version || -e /dev/nvidiactl ]] || command -v nvidia-smi >/dev/null ||
    /sbin/ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'
}

# fetch_wheels: NVRTC, CUPTI and the headers from PyPI; sets cuda_root.
fetch_wheels() {
  local list=$root/scripts/lib/cuda-wheels.txt folder=$root/build/cuda-wheels python=python3
  cuda_root=$folder/nvidia/cu13
  if cmp -s "$list" "$folder/complete.txt"; then return; fi
  if ! python3 -m pip --version >/dev/null 2>&1; then
    need_packages python3 python3-pip
    python=/usr/bin/python3
  fi
  say "fetching NVRTC, CUPTI and the CUDA headers from PyPI (110 MB)"
  rm -rf "$folder"
  # --target puts them in a folder of ours: neither the system's Python nor the user's is touched.
  step wheels "Check the connection to PyPI, or give --without-cuda to go on without a GPU." \
    "$python" -m pip install --target "$folder" --no-deps --only-binary :all: --require-hashes --no-compile \
    --disable-pip-version-check -r "$list"
  cp "$list" "$folder/complete.txt"
}

# choose_cuda auto|with|without: sets cuda_args, the CMake options. auto: a toolkit, else the wheels where there is a
# driver, else none. with: the wheels, whatever else there is.
choose_cuda() {
  cuda_args=(-DSCANTUNE_CUDA=OFF -DSCANTUNE_CUDA_ROOT=)
  if [[ $1 == without ]]; then return; fi
  if [[ $1 == with ]] || ! cuda_root=$(toolkit); then
    if [[ $1 == auto ]] && ! has_nvidia_driver; then return; fi
    fetch_wheels
  fi
  cuda_args=(-DSCANTUNE_CUDA=ON "-DSCANTUNE_CUDA_ROOT=$cuda_root")
}

# build PRESET TARGET CMAKE-OPTION...: configures build/PRESET where its options changed, and builds the target.
build() {
  local preset=$1 target=$2 folder=$root/build/$1 options
  shift 2
  local remedy="Where the tree is as you got it, please report this with the log; 'rm -rf $folder' starts afresh."
  options=(--preset "$preset" "$@")
  if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  if [[ ! -e $folder/build.ninja || ${options[*]} != "$(cat "$folder/configured-with" 2>/dev/null)" ]]; then
    step "configure-$preset" "$remedy" env -C "$root" cmake "${options[@]}"
    printf '%s\n' "${options[*]}" >"$folder/configured-with"
    say "building in build/$preset (a few minutes the first time)"
  fi
  step "build-$preset" "$remedy" cmake --build "$folder" --target "$target"
}
