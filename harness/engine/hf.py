"""A transformers model, opened: prompts to batches, batches to completions.

``harness/backends/base.py`` and its neighbours say where the parts come from.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from harness.core.completion import Completion, FinishReason, Timing
from harness.core.plan import Request
from harness.core.record import ModelRecord
from harness.engine import prompt
from harness.engine.decoding import Row, decode
from harness.engine.memory import available_bytes
from harness.engine.model import EngineSettings, OnStep
from harness.engine.worker import failed

MOST_BATCH_TOKENS = 32_768
"""Where more rows stop paying on a CPU: prefill is bound by arithmetic long before."""
CACHE_SHARE = 0.2
"""Share of the free memory that a batch's key-value cache may take."""


@dataclass
class HfModel:
    """A loaded causal language model with its tokenizer."""

    model: Any
    tokenizer: Any
    record: ModelRecord
    settings: EngineSettings
    _encoded: dict[str, list[int]] = field(default_factory=dict, repr=False)
    """Token ids of the prompts of the requests last divided into batches, by request key."""

    def describe(self) -> ModelRecord:
        return self.record

    def batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        """Requests of one sampling and of like length together, the longest first.

        The longest batch comes first so that a machine too small fails early. Timed requests come
        last, each alone.
        """
        self._encoded = {r.key: self._encode(r) for r in requests}
        budget = self.settings.batch_tokens or self._batch_tokens()
        batches: list[list[Request]] = []
        untimed = sorted((r for r in requests if not r.timed), key=self._order)
        for _, same in groupby(untimed, key=lambda r: _like(r)):
            batch: list[Request] = []
            for request in same:
                # The first is the longest: the others are padded to it.
                width = self._width(batch[0] if batch else request)
                if batch and width * (len(batch) + 1) > budget:
                    batches.append(batch)
                    batch = []
                batch.append(request)
            batches.append(batch)
        return batches + [[r] for r in requests if r.timed]

    def generate(self, batch: Sequence[Request], on_step: OnStep) -> list[Completion]:
        rows = {
            r.key: Row(self._encoded[r.key], r.seed, room)
            for r in batch
            if (room := min(r.sampling.max_new_tokens, self._room(r))) > 0
        }
        if rows:
            decode(self.model, list(rows.values()), batch[0].sampling, self.end_ids, on_step)
        return [self._completion(r, rows.get(r.key), len(rows)) for r in batch]

    def _completion(self, request: Request, row: Row | None, batch_rows: int) -> Completion:
        if row is None:
            tokens = len(self._encoded[request.key])
            return failed(
                request, f"the prompt has {tokens} tokens, the model holds {self.context}"
            )
        said = row.token_ids[:-1] if row.ended else row.token_ids
        return Completion(
            text=self.tokenizer.decode(
                said, skip_special_tokens=False, clean_up_tokenization_spaces=False
            ),
            finish_reason=FinishReason.STOP if row.ended else FinishReason.LENGTH,
            case_id=request.case_id,
            repeat=request.repeat,
            token_ids=tuple(row.token_ids),
            prompt_tokens=len(row.prompt),
            timing=Timing(row.seconds, row.first_token_seconds, batch_rows),
        )

    @property
    def end_ids(self) -> frozenset[int]:
        """The tokens that end an answer: the generation config's and the tokenizer's."""
        configured = self.model.generation_config.eos_token_id
        ids = configured if isinstance(configured, list) else [configured]
        return frozenset(i for i in (*ids, self.tokenizer.eos_token_id) if i is not None)

    @property
    def context(self) -> int | None:
        """The most tokens the model's positions reach, where it says so."""
        config = self.model.config
        for name in ("max_position_embeddings", "n_positions"):
            if (limit := getattr(config, name, None)) is not None:
                return int(limit)
        return None

    def _room(self, request: Request) -> int:
        used = len(self._encoded[request.key])
        limit = self.context
        return request.sampling.max_new_tokens if limit is None else limit - used

    def _encode(self, request: Request) -> list[int]:
        return prompt.encode(self.tokenizer, prompt.render(self.tokenizer, request.messages))

    def _width(self, request: Request) -> int:
        return len(self._encoded[request.key]) + request.sampling.max_new_tokens

    def _order(self, request: Request) -> tuple[str, int, str]:
        return (_like(request), -self._width(request), request.key)

    def _batch_tokens(self) -> int:
        """How many tokens' keys and values fit into a share of the free memory."""
        config = self.model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or (
            config.hidden_size // config.num_attention_heads
        )
        per_token: int = 2 * config.num_hidden_layers * heads * width * self.model.dtype.itemsize
        fitting = int(CACHE_SHARE * available_bytes(self.model.device)) // per_token
        return max(1, min(MOST_BATCH_TOKENS, fitting))


def _like(request: Request) -> str:
    """What the rows of one batch must share."""
    s = request.sampling
    return repr((s.temperature, s.top_p, s.top_k, s.repetition_penalty))


def quiet() -> None:
    """Keep the libraries' own progress bars and telemetry out of the log. Call before imports."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
