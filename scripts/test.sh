#!/usr/bin/env bash
# Installs what is missing, builds everything with warnings as errors, checks the style and runs the tests.
#   scripts/test.sh                 all tests; those that need a GPU skip where there is none
#   scripts/test.sh -L unit         any selection of ctest's (-L, -R, -E, ...): those tests, and no style check
#   scripts/test.sh --asan          unit and command-line tests under AddressSanitizer and UBSan (--tsan: ThreadSanitizer)
#   scripts/test.sh --with-cuda     against NVRTC, CUPTI and headers fetched from PyPI, whatever is installed
#   scripts/test.sh --without-cuda  without CUDA
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/lib/setup.sh"

cuda=auto
preset=release
selection=()
for argument in "$@"; do
  case $argument in
    --with-cuda) cuda=with ;;
    --without-cuda) cuda=without ;;
    --asan) preset=asan ;;
    --tsan) preset=tsan ;;
    -h | --help)
      sed -n '2,/^set /{/^# \{0,1\}/s///p}' "${BASH_SOURCE[0]}"
      exit
      ;;
    *) selection+=("$argument") ;;
  esac
done

need_packages "${build_packages[@]}" "${test_packages[@]}"
choose_cuda "$cuda"
# GCC warns of things that are not so in code that its sanitizers rewrote: an error in the plain build alone.
werror=ON
if [[ $preset != release ]]; then werror=OFF; fi
build "$preset" all -DSCANTUNE_WERROR=$werror "${cuda_args[@]}"

if [[ $preset == release && ${#selection[@]} -eq 0 ]]; then
  "$root/scripts/lib/style.sh" "$root/build/$preset"
fi
if [[ $preset != release && ${#selection[@]} -eq 0 ]]; then selection=(-L '^(unit|cli)$'); fi

# ThreadSanitizer cannot map its shadow memory where a kernel randomises addresses by more than 28 bits.
runner=()
if [[ $preset == tsan ]] && setarch -R true 2>/dev/null; then runner=(setarch -R); fi
cd "$root"
exec "${runner[@]}" ctest --preset "$preset" --parallel "$(nproc)" --output-junit "$root/build/$preset/tests.xml" \
  "${selection[@]}"
