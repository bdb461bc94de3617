#!/usr/bin/env bash
# binary.sh libraries|start|help BINARY: what must hold of the program as a file, whatever it computes.
set -euo pipefail
check=$1
binary=$2

case $check in
  libraries) # It needs nothing that a stock Debian or Ubuntu lacks.
    surplus=$(ldd "$binary" | awk '{print $1}' |
      grep -vE '^(linux-vdso\.so\.1|(/lib.*/)?ld-linux-[a-z0-9_-]+\.so\.[0-9]+|lib(stdc\+\+|gcc_s|m|c)\.so\.[0-9]+)$' ||
      true)
    if [[ -n $surplus ]]; then
      printf 'the program needs libraries that a stock system may lack:\n%s\n' "$surplus"
      exit 1
    fi
    ;;
  start) # It starts with an empty environment: no LD_LIBRARY_PATH, no HOME, no PATH.
    env -i "$binary" --version | grep -E '^scantune [0-9]+\.[0-9]+\.[0-9]+'
    ;;
  help) # --help answers within 10 ms: the best of 20 calls, so that a busy machine does not matter.
    best_us=1000000
    for _ in {1..20}; do
      begin=${EPOCHREALTIME/[.,]/}
      "$binary" --help >/dev/null
      end=${EPOCHREALTIME/[.,]/}
      if ((end - begin < best_us)); then best_us=$((end - begin)); fi
    done
    printf 'the fastest of 20 calls took %d us\n' "$best_us"
    ((best_us <= 10000))
    ;;
  *)
    printf 'unknown check: %s\n' "$check"
    exit 2
    ;;
esac
