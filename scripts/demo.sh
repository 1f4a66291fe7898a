#!/usr/bin/env bash
# The demo: generates training data, trains a small adapter, judges base and adapter by the same
# suites, shows the changes and makes the page. `make demo` runs it inside the virtual environment.
set -euo pipefail
cd "$(dirname "$0")/.."

base=base:fixtures/models/tiny-qwen2
adapter=out/demo

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

step "1. Training data, from a seed"
for task in json_extraction fan_timeline; do
  python -m fixtures.datasets "$task" --rows 2000 --seed 0 --out "data/$task"
done

step "2. An adapter over the tiny base"
harness train trainers/recipes/demo_tiny.yaml --overwrite

step "3. The same suites over base and adapter (the base is meant to fail)"
status=0
pytest suites/ --task json_extraction --task fan_timeline --model "$base" --model "adapter:$adapter" \
  --tb=no --no-header --no-summary || status=$?
# pytest exits with 1 where tests fail, as they must for the base; any other code is an error.
[ "$status" -eq 1 ] || { echo "demo: pytest ended with exit code $status, expected 1" >&2; exit 1; }

step "4. Before and after"
harness report --format terminal
# A browser is opened for a person only.
if [ -t 1 ] && [ -z "${CI:-}" ]; then harness report --open; else harness report; fi
