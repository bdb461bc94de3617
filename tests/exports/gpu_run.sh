#!/usr/bin/env bash
# gpu_run.sh FOLDER OUT [STEPS]: checks on this machine's GPU what gpu_prepare.sh put into FOLDER: first whether results are
# right, several steps at once, then speeds, one by one. Each step has a limit of its own and costs the others nothing.
# Writes to OUT: summary.txt, a line a step; steps.log, all that they said; JSON of what was measured.
# STEPS: a regular expression that picks some of them. About three minutes. Exit code: 0 all passed, 1 some step did not.
set -uo pipefail
folder=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
wanted=${3:-.}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
export PYTHONUNBUFFERED=1 TRITON_CACHE_DIR=$work/triton SCANTUNE_TORCH_CACHE=$work/torch
export TORCHINDUCTOR_CACHE_DIR=$work/inductor
cd "$source" || exit 2

# step NAME SECONDS COMMAND...: SIGTERM first, upon which a Python script says where it is.
step() {
  local name=$1 limit=$2 code=0 began=$SECONDS
  shift 2
  if [[ ! $name =~ $wanted ]]; then
    echo 0 >"$work/$name.code"
    return
  fi
  timeout -k 5 "$limit" "$@" >"$work/$name.log" 2>&1 || code=$?
  echo "$code" >"$work/$name.code"
  local line
  case $code in
    0) line=passed ;;
    124 | 137) line="TOOK LONGER THAN $limit s" ;;
    *) line="FAILED (exit code $code)" ;;
  esac
  line=$(printf '%-18s %s, %d s' "$name" "$line" $((SECONDS - began)))
  {
    flock 9
    printf '%s\n' "$line" | tee -a "$out/summary.txt"
    printf '\n===== %s\n$ %s\n' "$line" "$*" >>"$out/steps.log"
    cat "$work/$name.log" >>"$out/steps.log"
  } 9>"$work/lock"
  return "$code"
}

nvidia-smi --query-gpu=name,driver_version,clocks.sm,memory.used --format=csv,noheader | tee -a "$out/summary.txt"

# --- Right? ---
step consumer 90 "$folder/consumer" checks 400 &
step header 30 "$folder/header_consumer" &
step bundle 30 "$folder/load" "$folder/bundle" &
step warm 60 python3 tests/exports/gpu_warm.py --torch "$folder/torch" --triton "$folder/triton"
step torch 90 python3 tests/exports/gpu_check.py --torch "$folder/torch" --checks-only --out "$out/torch.json" &
step triton 90 python3 tests/exports/gpu_check.py --triton "$folder/triton" --checks-only --out "$out/triton.json" &
step compile_settings 60 python3 scripts/tune_triton.py --compile-only --time-limit 50 &
wait

# --- Fast? ---
step consumer_speed 60 "$folder/consumer" speed
step scantune_check 60 "$folder/scantune" check --baseline "$folder/best.json" --max-time 40s --cache-dir "$work/cubins" \
  --format json --out "$out/check.json" --format text
step side_by_side 10 python3 tests/consumers/side_by_side.py "$work/consumer_speed.log" "$out/check.json"
others=(--torch "$folder/torch")
if [[ $(cat "$work/triton.code") != 124 ]]; then # where its kernels hang, they would again
  others+=(--triton "$work/module")
  cp -r "$folder/triton" "$work/module"
  if step tune_triton 50 python3 scripts/tune_triton.py --time-limit 35 --out "$out/triton-settings.json"; then
    step settings 10 python3 scripts/tune_triton.py --table "$out/triton-settings.json" \
      --into "$work/module/reverse_cumsum.py"
  fi
fi
if [[ -e $folder/seed.txt ]]; then others+=(--seed "$folder/seed.txt"); fi
step speed 90 python3 tests/exports/gpu_check.py "${others[@]}" --speed-only --workloads 6 --time-limit 60 --out "$out/exports.json"

failed=$(grep -Lx 0 "$work"/*.code | wc -l)
echo "$failed steps failed" | tee -a "$out/summary.txt"
rm -rf "$work"
[[ $failed == 0 ]]
