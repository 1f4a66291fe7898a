"""Asks models that are opened in this process."""

from collections.abc import Sequence

import numpy as np

from harness.core.case import Message
from harness.core.plan import Request, Sampling
from harness.engine.model import EngineSettings

SETTINGS = EngineSettings(device="cpu", dtype="float32", threads=1)


def answers(model, requests):
    """Completions by case, over however many batches."""
    batches = model.batches(requests)
    return {c.case_id: c for b in batches for c in model.generate(b, lambda tokens, ended: None)}


def ids(model, requests):
    return {case: c.token_ids for case, c in answers(model, requests).items()}


def ask(text: str, case_id: str = "a", timed: bool = False, **sampling) -> Request:
    return Request("t", case_id, (Message("user", text),), Sampling(**sampling), timed=timed)


def logits(model, sequences: Sequence[Sequence[int]]) -> np.ndarray:
    return np.concatenate(list(model.logits(sequences)))
