"""Answers of a model that is open in this process already, such as one in training."""

from collections.abc import Iterator, Sequence
from typing import Any

from harness.core.completion import Completion
from harness.core.plan import Request
from harness.core.record import ModelRecord
from harness.engine.hf.model import HfModel
from harness.engine.model import EngineSettings

BATCH_TOKENS = 16_384
"""The most tokens in one batch: a training has filled most of the memory by itself."""


def live_answers(
    model: Any, tokenizer: Any, requests: Sequence[Request]
) -> Iterator[tuple[Request, Completion]]:
    """Answer requests as the opened model would, whose weights the model has.

    The caller puts it into evaluation mode, and keeps the random state.
    """
    record = ModelRecord(ref="live", kind="live", name="live")
    live = HfModel(model, tokenizer, record, EngineSettings(batch_tokens=BATCH_TOKENS))
    for batch in live.batches(requests):
        yield from zip(batch, live.generate(batch, _no_step), strict=True)


def _no_step(tokens: int, ended: int) -> None:
    pass
