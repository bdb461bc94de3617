#!/usr/bin/env bash
# check.sh HOW SCANTUNE NVCC FOLDER [ARCHITECTURES]: exports the recorded results of an H200, and compiles a project that
# takes them. HOW: cmake (add_subdirectory), package (find_package), header, bundle (its loader), digests (a file that was
# changed is noticed). Runs what it built where there is a GPU.
set -euo pipefail
how=$1 scantune=$2 nvcc=$3 folder=$4 architectures=${5:-80-real;86-real;89-real;90-real;100-real;120-real}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
best=$source/results/h200-standard.json
rm -rf "$folder"
mkdir -p "$folder"

# Exit code 77 says that there is no GPU, which is no fault.
run() {
  local code=0
  "$@" || code=$?
  [[ $code -eq 0 || $code -eq 77 ]]
}

configure() {
  cmake -S "$source/tests/consumers/app" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_ARCHITECTURES="$architectures" \
    -DSCANTUNE_KERNELS="$folder/kernels" "$@"
}

case $how in
  cmake | package | digests)
    "$scantune" export --best "$best" --format cmake --out "$folder/kernels"
    ;;
esac
case $how in
  cmake)
    configure
    cmake --build "$folder/build"
    run "$folder/build/consumer"
    ;;
  package) # that it is found; the library is the same, and compiled for one of them
    architectures=${architectures%%;*}
    configure -DFIND_PACKAGE=ON -DSCANTUNE_KERNELS_DTYPES=f32
    cmake --build "$folder/build" --target scantune_kernels
    ;;
  digests)
    printf '\n' >>"$folder/kernels/include/scantune_kernels/kernels/scan.cuh"
    configure 2>&1 | tee "$folder/log"
    grep -q 'include/scantune_kernels/kernels/scan.cuh' "$folder/log"
    if configure -DSCANTUNE_KERNELS_VERIFY=ERROR; then exit 1; fi
    configure -DSCANTUNE_KERNELS_VERIFY=OFF
    ;;
  header)
    "$scantune" export --best "$best" --format header --out "$folder/include"
    "$nvcc" -std=c++17 -Werror all-warnings -Xcompiler -Wall,-Wextra,-Werror "-arch=sm_${architectures%%-*}" \
      -I "$folder/include" "$source/tests/consumers/app/header.cu" -o "$folder/header_consumer"
    run "$folder/header_consumer"
    ;;
  bundle)
    some=(--dtype f32 --shape 4096x4096 --shape 128x4000 --shape 1x2^24) # NVRTC takes seconds for each
    "$scantune" export --best "$best" --format bundle --out "$folder/bundle" "${some[@]}" --cache-dir "$folder/cache"
    # The same bytes again, though nothing is found in a cache.
    "$scantune" export --best "$best" --format bundle --out "$folder/again" "${some[@]}" --cache-dir "$folder/cache2"
    diff -r "$folder/bundle" "$folder/again"
    root=$(dirname "$(dirname "$(realpath "$nvcc")")")
    g++ -std=c++17 -Wall -Wextra -Werror "$folder/bundle/example/load.cc" -isystem "$root/include" -o "$folder/load" \
      -L "$root/lib64/stubs" -L "$root/lib/stubs" -lcuda
    # Without a driver there is no libcuda.so.1 to start with.
    if ldconfig -p | grep -q 'libcuda\.so\.1'; then run "$folder/load" "$folder/bundle"; fi
    ;;
  *)
    printf 'check.sh: what is %s?\n' "$how" >&2
    exit 2
    ;;
esac
