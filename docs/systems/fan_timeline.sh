#!/usr/bin/env bash
# A fan timeline by a GPT-2: raw, repaired and constrained answers side by side, a demo, a server.
# docs/systems/fan_timeline.md tells it step by step.
#
#   make setup && bash docs/systems/fan_timeline.sh
#
# With a model of yours:
#   BASE=microsoft/DialoGPT-medium RECIPE=fan_timeline_dialogpt SETTINGS= OUT=out/fans bash docs/systems/fan_timeline.sh
set -euo pipefail
out=${OUT:-out/systems/fan_timeline}
base=${BASE:-fixtures/models/tiny-gpt2}
recipe=${RECIPE:-fan_timeline_gpt2_tiny}
task=${TASK:-fan_timeline}
cases=${CASES:-60}
# Short, so that repair and grammar have something left to do.
settings=${SETTINGS-"max_steps=40 warmup_steps=4"}
source "$(dirname "$0")/steps.sh"
runs=$out/runs
mkdir -p "$out"

step "1. Data"
run python -m fixtures.datasets "$task" --rows 2000 --seed 0 --out "$out/data"

step "2. Train"
settings "base=$base" "output=$out/adapter" "data.train=$out/data/train.jsonl" $settings
run harness train "$recipe" --overwrite "${sets[@]}"

step "3. Raw: base and adapter, decoded freely (both miss budgets)"
judge=(pytest suites/ --task "$task" --limit "$cases" --report-dir "$runs" -k "not budget" -q -rN --tb=no --no-header
  --model "base:$base" --model "adapter:$out/adapter")
ends_with 1 "${judge[@]}" --run-id raw

step "4. Constrained: the same, held to the task's schema"
ends_with 1 "${judge[@]}" --run-id constrained --decode constrained

step "5. Repair lift and grammar lift"
run harness report raw constrained --report-dir "$runs" --format terminal
run harness report raw constrained --report-dir "$runs" -o "$out/report.html"
