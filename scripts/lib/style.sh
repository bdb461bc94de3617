#!/usr/bin/env bash
# style.sh BUILD-FOLDER: clang-format and clang-tidy over the tree, each where its version 14 is installed: other
# versions format and warn differently. The folder is a finished build (clang-tidy needs its compile commands).
# SCANTUNE_TIDY_SECONDS: no file is begun by clang-tidy after these; what was changed last comes first.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1

# version_14 TOOL: prints the command that is version 14 of the tool; fails where there is none.
version_14() {
  local command
  for command in "$1-14" "$1"; do
    if "$command" --version 2>/dev/null | grep -q 'version 14\.'; then
      printf '%s\n' "$command"
      return
    fi
  done
  printf 'style: %s 14 is not installed: its check is left out\n' "$1" >&2
  return 1
}

if format=$(version_14 clang-format); then
  if ! find "$root"/{src,kernels,tests} -regex '.*\.\(cc\|h\|cuh\)' -print0 |
    xargs -0 -r "$format" --dry-run --Werror; then
    printf 'style: the files above are not formatted; run clang-format -i (version 14) on them\n' >&2
    exit 1
  fi
fi
if tidy=$(version_14 clang-tidy); then
  python3 "$root/scripts/lib/tidy.py" "$tidy" "$build" ${SCANTUNE_TIDY_SECONDS:+"$SCANTUNE_TIDY_SECONDS"}
fi
