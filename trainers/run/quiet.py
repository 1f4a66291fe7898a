"""Keeps the libraries' output off the terminal and collects their warnings for the record.

Progress bars, advice and banners of transformers, datasets and TRL are switched off; their log
messages and warnings are collected instead of printed.
"""

import contextlib
import logging
import os
import re
import warnings
from collections.abc import Iterator

ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "USE_HUB_KERNELS": "0",
    "BITSANDBYTES_NOWELCOME": "1",
    "TQDM_DISABLE": "1",
}
"""Environment variables that the libraries read when they are imported. Without them TRL sends
telemetry when a trainer is built, and transformers fetches native code from the hub."""

LOGGERS = ("transformers", "trl", "peft", "datasets", "accelerate", "bitsandbytes", "torch")

KNOWN = (
    # The trainer copies the tokenizer's special tokens to the model, as intended.
    r"The tokenizer has new PAD/BOS/EOS tokens",
    # Training needs no generation cache.
    r"`use_cache=True` is incompatible",
    # bitsandbytes looks for native code on the hub, which is disabled here.
    r"Failed to load CPU gemm_4bit_forward",
    # Rows that are too long are counted and left out.
    r"Token indices sequence length is longer",
    # GRPO's answers are drawn by it; TRL is pinned, and tests run it.
    r"You are using 'rollout_func'",
    # Ray's group: this package divides the work itself, and hides its processes from the libraries.
    r"torch\.distributed process group is initialized",
    # Deprecations between the libraries.
    r".* is deprecated",
)
"""Beginnings of messages on which a user cannot act, each with the reason."""

DEPRECATIONS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
"""Warnings for the libraries' developers, not for their users."""


@contextlib.contextmanager
def quiet() -> Iterator[list[str]]:
    """Yields a list to which each distinct warning of the libraries is added, as one line."""
    os.environ.update(ENVIRONMENT)
    found: list[str] = []
    collector = _Collector(found)
    before = [_silence(logging.getLogger(name), collector) for name in LOGGERS]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        for category in DEPRECATIONS:
            warnings.simplefilter("ignore", category)
        warnings.showwarning = lambda message, *_, **__: collector.add(str(message))
        try:
            yield found
        finally:
            for logger, handlers, propagate in before:
                logger.handlers, logger.propagate = handlers, propagate


def silence_bars() -> None:
    """Switch off the bars of libraries that were imported before ``quiet()`` or ignore it."""
    import datasets
    from transformers.utils import logging as transformers_logging

    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()


class _Collector(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.add(record.getMessage())

    def add(self, message: str) -> None:
        line = " ".join(message.split())
        if line not in self._lines and not re.match("|".join(KNOWN), line):
            self._lines.append(line)


def _silence(
    logger: logging.Logger, collector: logging.Handler
) -> tuple[logging.Logger, list[logging.Handler], bool]:
    before = (logger, logger.handlers, logger.propagate)
    logger.handlers, logger.propagate = [collector], False
    return before
