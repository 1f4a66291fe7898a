#!/usr/bin/env bash
# Strict JSON on a GPU of 4 GB: QLoRA with curves of behavior, a report of before and after, and the
# proof that the same recipe and the same run give the same. docs/systems/strict_json.md tells it step by step.
#
#   make setup && bash docs/systems/strict_json.sh
#
# With a model of yours:
#   BASE=Qwen/Qwen2.5-0.5B-Instruct SETTINGS= ROWS=rows.jsonl OUT=out/json bash docs/systems/strict_json.sh
set -euo pipefail
out=${OUT:-out/systems/strict_json}
base=${BASE:-fixtures/models/tiny-qwen2}
task=${TASK:-json_extraction}
cases=${CASES:-100}
# The recipe is for 0.5B; a model this small wants larger steps. nf4 is the recipe's, also on a CPU.
settings=${SETTINGS-"learning_rate=2e-3 per_device_train_batch_size=16 gradient_accumulation_steps=1
  max_steps=40 max_length=256 warmup_steps=4 activation_checkpointing=false save_steps=null threads=1
  eval_steps=10"}
source "$(dirname "$0")/steps.sh"
runs=$out/runs

step "1. Data"
rows=${ROWS:-$out/rows.jsonl}
if [ -z "${ROWS:-}" ]; then
  run python -m fixtures.datasets "$task" --rows 2000 --seed 0 --out "$out/collected"
  cat "$out"/collected/*.jsonl >"$rows"
fi
run harness data prepare "$rows" -o "$out/data"

step "2. Memory before it is spent: the recipe's own base on a GPU of 4 GB"
# Qwen2.5-0.5B's shape: weights of zeros that take no room. With the model here, leave out --set base.
run python -m benchmarks.random_model "$out/shape_0.5b" --empty
run harness train strict_json_4gb --estimate --device-gb 4 --set "base=$out/shape_0.5b"

step "3. Train, with the curve of the behavior; the best step is kept"
data=("base=$base" "data.train=$out/data/train.jsonl" "data.val=$out/data/val.jsonl")
settings "${data[@]}" "output=$out/adapter" "task=$task" select=format_success_rate $settings
run harness train strict_json_4gb "${sets[@]}"

step "4. Before and after (before is meant to fail)"
judge=(pytest suites/ --task "$task" --limit "$cases" --report-dir "$runs" --quantize nf4 -k "not budget"
  -q -rN --tb=no --no-header)
may_fail "${judge[@]}" --run-id json --model "base:$base" --model "adapter:$out/adapter"
run harness gate json --report-dir "$runs"
run harness report json --report-dir "$runs" -o "$out/report.html"

step "5. The same recipe gives the same adapter, bit for bit"
settings "${data[@]}" "output=$out/again" "task=$task" select=format_success_rate $settings
show harness train strict_json_4gb "${sets[@]}"
harness train strict_json_4gb "${sets[@]}" >"$out/again.txt"
run cmp "$out/adapter/adapter_model.safetensors" "$out/again/adapter_model.safetensors"

step "6. The same run gives the same answers and verdicts: asked again, with nothing from the store"
run "${judge[@]}" --run-id again --fresh --model "adapter:$out/again"
run harness compare json again --before "adapter:$out/adapter" --report-dir "$runs"
