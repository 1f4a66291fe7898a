#!/usr/bin/env bash
# Credit letters: prepare data, train, validate, look for invented facts, benchmark against the base,
# serve, monitor. docs/systems/credit_letters.md tells it step by step.
#
#   make setup && bash docs/systems/credit_letters.sh
#
# With a model of yours:
#   BASE=Qwen/Qwen2.5-0.5B-Instruct SETTINGS= LETTERS=letters.jsonl OUT=out/letters bash docs/systems/credit_letters.sh
set -euo pipefail
out=${OUT:-out/systems/credit_letters}
base=${BASE:-fixtures/models/tiny-qwen2}
task=${TASK:-credit_dispute}
cases=${CASES:-100}
asked=${ASKED:-30}
# The recipe is for 0.5B; a model this small wants larger steps, and fits more rows into one.
settings=${SETTINGS-"learning_rate=4e-3 per_device_train_batch_size=8 gradient_accumulation_steps=1
  max_steps=200 lora.r=16 lora.lora_alpha=32 save_steps=null max_length=400 activation_checkpointing=false
  dtype=float32 threads=1"}
source "$(dirname "$0")/steps.sh"
runs=$out/runs

step "1. Data: letters as they were collected, split and looked at"
letters=${LETTERS:-$out/letters.jsonl}
if [ -z "${LETTERS:-}" ]; then
  run python -m fixtures.datasets "$task" --rows 2000 --seed 0 --out "$out/collected"
  cat "$out"/collected/*.jsonl >"$letters"
fi
run harness data prepare "$letters" -o "$out/data"
run harness data check "$out/data/train.jsonl" --task "$task"

step "2. Train"
settings "base=$base" "output=$out/adapter" \
  "data.train=$out/data/train.jsonl" "data.val=$out/data/val.jsonl" $settings
run harness train credit_letters_cpu "${sets[@]}"

step "3. Validate: base and adapter by the same suites (the base is meant to fail)"
may_fail pytest suites/ --task "$task" --limit "$cases" --report-dir "$runs" --run-id letters \
  --model "base:$base" --model "adapter:$out/adapter" -k "not budget" -q -rN --tb=no --no-header

step "4. Hallucinations: the stored answers again, by the behaviors that find invented facts"
may_fail pytest suites/ --task "$task" --limit "$cases" --report-dir "$runs" --run-id invented -q -rN --no-header \
  -k "grounding or forbidden" --model "record:$runs/letters+model=base:$base" \
  --model "record:$runs/letters+model=adapter:$out/adapter"

step "5. Benchmark against the base: the gate, and the page"
run harness gate letters --report-dir "$runs"
run harness report letters --report-dir "$runs" -o "$out/report.html"

step "6. Serve: one letter, then base and adapter side by side, 20% of the customers to the base"
start_server --model "adapter:$out/adapter" --task "$task"
ask "/v1/tasks/$task" "$(head -1 "fixtures/tasks/$task/cases.jsonl" | python -c '
import json, sys
print(json.dumps({"variables": json.loads(sys.stdin.read())["variables"]}))')"
stop_server
start_server --ab "baseline=base:$base" "candidate=adapter:$out/adapter" --split 80 --task "$task" \
  --log "$out/log" --log-text
send_cases "$asked"

step "7. Monitor: the numbers of the server, and its log judged"
show curl -s /metrics
curl -s "$url/metrics" >"$out/metrics.txt"
grep -E '^harness_(task_answers|tokens)_total' "$out/metrics.txt" | sort
stop_server
run harness judge "$out/log" --task "fixtures/tasks/$task" --summary
