#!/usr/bin/env bash
# A 7B assistant in two stages: SFT, preferences mined from its own failures, DPO, a gate for each stage,
# and the memory that the real one needs on one A100. docs/systems/assistant.md tells it step by step.
#
#   make setup && bash docs/systems/assistant.sh
#
# With a model of yours:
#   BASE=Qwen/Qwen2.5-7B-Instruct SFT= DPO= ROWS=conversations.jsonl OUT=out/assistant bash docs/systems/assistant.sh
set -euo pipefail
out=${OUT:-out/systems/assistant}
base=${BASE:-fixtures/models/tiny-qwen2}
task=${TASK:-json_extraction}
cases=${CASES:-150}
prompts=${PROMPTS:-450}
# The recipes are for 7B; a model this small wants larger steps. The first stage is short, so that it leaves failures.
small="per_device_train_batch_size=16 gradient_accumulation_steps=1 max_length=256
  activation_checkpointing=false save_steps=null threads=1"
sft=${SFT-"$small lora.r=8 lora.lora_alpha=16 learning_rate=2e-3 max_steps=14 warmup_steps=3"}
dpo=${DPO-"$small lora.r=16 lora.lora_alpha=32 learning_rate=3e-3 max_steps=30
  per_device_train_batch_size=8 max_prompt_length=128"}
source "$(dirname "$0")/steps.sh"
runs=$out/runs

step "1. Memory of the real one, on one A100 of 80 GB"
# Qwen2.5-7B's shape: weights of zeros that take no room. With the model on this machine, --set base=Qwen/Qwen2.5-7B-Instruct.
run python -m benchmarks.random_model "$out/shape_7b" --shape 7b --empty
run harness train assistant_7b_sft --estimate --device-gb 80 --set "base=$out/shape_7b"
run harness train assistant_7b_dpo --estimate --device-gb 80 --set "base=$out/shape_7b"

step "2. Data"
rows=${ROWS:-$out/rows.jsonl}
if [ -z "${ROWS:-}" ]; then
  run python -m fixtures.datasets "$task" --rows 2000 --seed 0 --out "$out/collected"
  cat "$out"/collected/*.jsonl >"$rows"
fi
run harness data prepare "$rows" -o "$out/data"

step "3. The first stage: SFT, merged"
settings "base=$base" "output=$out/sft" "data.train=$out/data/train.jsonl" "data.val=$out/data/val.jsonl" $sft
run harness train assistant_7b_sft "${sets[@]}"
run harness export merge "adapter:$out/sft" -o "$out/sft_merged"

step "4. Its gate: base against the first stage (both still miss budgets)"
judge=(pytest suites/ --task "$task" --limit "$cases" --report-dir "$runs" -k "not budget" -q -rN --tb=no --no-header)
may_fail "${judge[@]}" --run-id sft --model "base:$base" --model "merged:$out/sft_merged"
run harness gate sft --report-dir "$runs"

step "5. Preferences: training prompts, answered by the first stage, its failures rejected"
# A prompt stays in its split, so those of val become preferences to watch the training by.
run harness data task "$out/data/val.jsonl" "$out/data/train.jsonl" --task "$task" -o "$out/training" --limit "$prompts"
may_fail pytest suites/ --tasks-dir "$out/training" --task "$task" --report-dir "$runs" --run-id failures \
  --model "merged:$out/sft_merged" -k "not budget" -q -rN --tb=no --no-header
run harness mine "$runs/failures" --tasks-dir "$out/training" --references "$out/data/val.jsonl" \
  --references "$out/data/train.jsonl" -o "$out/pairs.jsonl"
run harness data prepare "$out/pairs.jsonl" -o "$out/preferences"

step "6. The second stage: DPO over the merged first one"
settings "base=$out/sft_merged" "output=$out/dpo" \
  "data.train=$out/preferences/train.jsonl" "data.val=$out/preferences/val.jsonl" $dpo
run harness train assistant_7b_dpo "${sets[@]}"

step "7. Its gate: the first stage against the second, whose budgets are all met"
run "${judge[@]}" --run-id dpo --model "adapter:$out/dpo"
run harness gate sft dpo --before "merged:$out/sft_merged" --report-dir "$runs"
run harness report sft dpo --before "merged:$out/sft_merged" --report-dir "$runs" -o "$out/report.html"
