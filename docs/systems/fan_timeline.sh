#!/usr/bin/env bash
# A fan timeline by a GPT-2: raw, repaired and constrained answers side by side, a demo, a server.
# docs/systems/fan_timeline.md tells it step by step.
#
#   make setup && bash docs/systems/fan_timeline.sh
#
# With a model of yours:
#   BASE=microsoft/DialoGPT-medium RECIPE=fan_timeline_dialogpt SETTINGS= ROWS=posts.jsonl OUT=out/fans bash docs/systems/fan_timeline.sh
set -euo pipefail
out=${OUT:-out/systems/fan_timeline}
base=${BASE:-fixtures/models/tiny-gpt2}
recipe=${RECIPE:-fan_timeline_gpt2_tiny}
task=${TASK:-fan_timeline}
cases=${CASES:-60}
asked=${ASKED:-40}
# Short, so that repair and grammar have something left to do.
settings=${SETTINGS-"max_steps=40 warmup_steps=4"}
source "$(dirname "$0")/steps.sh"
runs=$out/runs

step "1. Data"
if [ -z "${ROWS:-}" ]; then
  run python -m fixtures.datasets "$task" --rows 2000 --seed 0 --out "$out/data"
else
  run harness data prepare "$ROWS" -o "$out/data"
fi

step "2. Train"
settings "base=$base" "output=$out/adapter" "data.train=$out/data/train.jsonl" $settings
run harness train "$recipe" "${sets[@]}"

step "3. Raw: base and adapter, decoded freely (both miss budgets)"
judge=(pytest suites/ --task "$task" --limit "$cases" --report-dir "$runs" -k "not budget" -q -rN --tb=no --no-header
  --model "base:$base" --model "adapter:$out/adapter")
may_fail "${judge[@]}" --run-id raw

step "4. Constrained: the same, held to the task's schema"
may_fail "${judge[@]}" --run-id constrained --decode constrained

step "5. Repair lift, grammar lift, and what the grammar is worth to the adapter"
run harness report raw constrained --report-dir "$runs" --format terminal
run harness report raw constrained --report-dir "$runs" -o "$out/report.html"
run harness gate raw constrained --before "adapter:$out/adapter" --after "adapter:$out/adapter" \
  --allow decoding --report-dir "$runs"

step "6. Demo: a conversation in the terminal, each answer judged"
posts="Scoreboard reads Q3 00:15. Awful, buzzer shot by Oyelaran."
show harness chat --model "adapter:$out/adapter" --task "$task"
echo "$posts" | harness chat --model "adapter:$out/adapter" --task "$task"

step "7. Server: the same posts under each policy, then $asked cases of the suite"
start_server --model "adapter:$out/adapter" --task "$task"
for policy in raw repair constrained; do
  ask "/v1/tasks/$task" "{\"policy\": \"$policy\", \"variables\": {\"text\": \"$posts\"}}"
done
for policy in raw repair constrained; do send_cases "$asked" "$policy"; done
show curl -s /metrics
curl -s "$url/metrics" >"$out/metrics.txt"
grep '^harness_task_answers_total' "$out/metrics.txt" | sort
stop_server
