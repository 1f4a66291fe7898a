"""Training rows of a known length, half of them prompt, for the benchmarks of the trainer."""

import json
from pathlib import Path

from harness.engine.hf.loading import load_tokenizer

WORD = " Ada"


def write_rows(path: Path, model: Path, tokens: int, count: int = 16) -> None:
    """Write ``count`` equal rows that have ``tokens`` tokens with their ending, or just below."""
    each = len(load_tokenizer(model).encode(WORD * 100, add_special_tokens=False)) / 100
    words = int((tokens - 1) / each)
    prompt = words // 2
    row = {"prompt": WORD * prompt, "completion": WORD * (words - prompt)}
    path.write_text((json.dumps(row) + "\n") * count, "utf-8")
