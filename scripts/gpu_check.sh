#!/usr/bin/env bash
# Checks on a machine with a CUDA GPU of 24 GB or more: peaks of QLoRA trainings beside their estimates,
# verdicts equal to the CPU's. At most nine minutes; writes benchmarks/results/gpu.json. Run it inside an
# environment with the extras hf, train and dev, and bitsandbytes. Without a GPU: --device cpu, which
# tries the path with tiny shapes.
set -euo pipefail
cd "$(dirname "$0")/.."
exec python -m benchmarks.gpu_check "$@"
