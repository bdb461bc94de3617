#!/usr/bin/env bash
# Installs what is missing, builds scantune and runs it: scripts/run.sh --shape 4096x4096
# Takes --with-cuda (fetch NVRTC, CUPTI and the headers from PyPI, whatever is installed) and --without-cuda (no CUDA
# at all); every other argument goes to scantune.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/lib/setup.sh"

cuda=auto
arguments=()
for argument in "$@"; do
  case $argument in
    --with-cuda) cuda=with ;;
    --without-cuda) cuda=without ;;
    *) arguments+=("$argument") ;;
  esac
done

need_packages "${build_packages[@]}"
choose_cuda "$cuda"
build run scantune "${cuda_args[@]}"
exec "$root/build/run/scantune" "${arguments[@]}"
