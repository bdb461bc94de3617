#!/usr/bin/env bash
# gpu_prepare.sh FOLDER [SEED]: makes, on a machine with nvcc but without a GPU, all that gpu_run.sh wants on one with a
# GPU: exports, the programs that take them (for sm_90, or ARCHITECTURES), scantune itself. SEED: the seed's text.
# Needs build/release; ten minutes of one core, most of it nvcc.
set -euo pipefail
folder=$(realpath -m "$1") seed=${2:-}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scantune=${SCANTUNE:-$source/build/release/scantune}
nvcc=$(command -v nvcc)
architectures=${ARCHITECTURES:-90-real}
best=$source/results/h200-standard.json
work=$folder.work
rm -rf "$folder"
mkdir -p "$folder" "$work"

for how in cmake header bundle; do
  "$source/tests/consumers/check.sh" "$how" "$scantune" "$nvcc" "$work/$how" "$architectures"
done
for format in torch triton; do
  "$scantune" export --best "$best" --format "$format" --out "$folder/$format"
done
cp "$work/cmake/build/consumer" "$work/header/header_consumer" "$work/bundle/load" "$scantune" "$folder"
cp -r "$work/bundle/bundle" "$folder/bundle"
strip "$folder"/{consumer,header_consumer,load,scantune}
cp "$best" "$folder/best.json"
if [[ -n $seed ]]; then cp "$seed" "$folder/seed.txt"; fi
du -sh "$folder"
