#!/usr/bin/env bash
# A coder on a CPU: collected interactions split 80/10/10, training, evaluation, a GGUF of four bits,
# its budgets, parity with the adapter, A/B. docs/systems/coder.md tells it step by step.
#
#   make setup && bash docs/systems/coder.sh
#
# With a model of yours:
#   BASE=Qwen/Qwen2.5-Coder-7B-Instruct SETTINGS= INTERACTIONS=log.jsonl OUT=out/coder bash docs/systems/coder.sh
set -euo pipefail
out=${OUT:-out/systems/coder}
base=${BASE:-fixtures/models/tiny-qwen2}
task=${TASK:-code_assistant}
cases=${CASES:-100}
asked=${ASKED:-100}
# The recipe is for 7B; a model this small wants larger steps, more of its layers, and no checkpoints.
settings=${SETTINGS-"learning_rate=4e-3 per_device_train_batch_size=8 gradient_accumulation_steps=1
  max_steps=180 lora.r=16 lora.target_modules=all-linear max_length=256 activation_checkpointing=false
  dtype=float32 save_steps=null threads=1"}
source "$(dirname "$0")/steps.sh"
runs=$out/runs

step "1. Data: what the agents were asked and what they answered, 80/10/10"
interactions=${INTERACTIONS:-$out/interactions.jsonl}
if [ -z "${INTERACTIONS:-}" ]; then
  run python -m fixtures.datasets "$task" --rows 2000 --seed 0 --out "$out/collected"
  # As crews of agents log them; one in ten failed, and is no example to imitate.
  cat "$out"/collected/*.jsonl | python -c '
import json, sys
for number, row in enumerate(map(json.loads, sys.stdin)):
    print(json.dumps({
        "agent": {"role": "coder"},
        "task": {"description": row["prompt"][-1]["content"]},
        "execution": {"output": row["completion"][0]["content"], "success": number % 10 != 9},
    }))' >"$interactions"
fi
run harness data prepare "$interactions" -o "$out/data" --split 80/10/10

step "2. Train"
settings "base=$base" "output=$out/adapter" \
  "data.train=$out/data/train.jsonl" "data.val=$out/data/val.jsonl" $settings
run harness train coder_7b_cpu "${sets[@]}"

step "3. Evaluate (the base is meant to fail)"
judge=(pytest suites/ --task "$task" --limit "$cases" --report-dir "$runs" -q -rN --tb=no --no-header)
may_fail "${judge[@]}" --run-id coder -k "not budget" --model "base:$base" --model "adapter:$out/adapter"
run harness gate coder --report-dir "$runs"

step "4. A GGUF of four bits, and what its files say"
gguf=$out/coder-q4_k_m.gguf
run harness export gguf "adapter:$out/adapter" -o "$gguf" --type q4_k_m
run harness doctor "gguf:$gguf"

step "5. Budgets of the file that is shipped: its answers, then its time and memory"
may_fail "${judge[@]}" --run-id shipped --model "gguf:$gguf"
run "${judge[@]}" --run-id budgets -k budget --model "gguf:$gguf"

step "6. Parity: does the file answer as the adapter did?"
run harness parity --task "$task" --limit "$cases" --report-dir "$runs" "adapter:$out/adapter" "gguf:$gguf"
run harness report coder shipped --before "adapter:$out/adapter" --report-dir "$runs" -o "$out/report.html"

step "7. A/B: half of the users get the file, the others the model that they had"
start_server --ab "baseline=base:$base" "candidate=gguf:$gguf" --split 50 --task "$task" --log "$out/log"
send_cases "$asked"
stop_server
# In production a key's answers count for 24 hours, which is the default; here for a third of a second.
run harness gate --log "$out/log" --key-hours 0.0001
