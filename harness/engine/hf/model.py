"""An open transformers model: divides requests into batches and decodes batches into completions.

``harness/backends/base.py`` and its neighbours open its parts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import groupby
from typing import Any

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.engine import prompt
from harness.engine.continuous import OpenBatch
from harness.engine.grammar import Grammars
from harness.engine.hf.decoding import decode, decode_from, last_logits
from harness.engine.hf.row_source import ArrivingRows
from harness.engine.model import EngineSettings, OnStep
from harness.engine.row import (
    Row,
    batched,
    check_sequence,
    completion,
    prompt_problem,
    sampling_key,
)
from harness.engine.tokenization import Prompt, Token, Tokenization, Vocabulary
from harness.machine.memory import available_bytes
from harness.model_files.end_tokens import end_ids
from harness.model_files.pre_tokenizer import known_name

MAX_BATCH_TOKENS = 32_768
"""Tokens of a batch; on a CPU more rows do not raise throughput: prefill is compute-bound."""
MAX_REQUESTS = 256
"""Requests of one batch of which some wait: as many are lost when the process is killed."""
WIDEST = 2
"""Largest ratio of the longest row of such a batch to the shortest: all get the room of the
longest."""
LOGIT_ROWS = 32
"""Sequences whose logits are in memory at once."""
CACHE_SHARE = 0.2
"""Share of the free memory that a batch's key-value cache may take."""


@dataclass
class HfModel:
    """A loaded causal language model with its tokenizer."""

    model: Any
    tokenizer: Any
    record: ModelRecord
    settings: EngineSettings
    _prompts: dict[str, Prompt] = field(default_factory=dict, repr=False)
    """Prompts of the requests last divided into batches, by request key."""
    _rows: Mapping[str, Row | None] = field(default_factory=dict, repr=False)
    """Rows of the batch last decoded, by request key."""
    _most_tokens: int = 1
    """Tokens that the key-value cache may hold, measured when they were divided."""

    def __post_init__(self) -> None:
        """Refuse prompt-learning adapters: our decoding would omit or double their virtual tokens.

        Raises:
            HarnessError: the adapter is a prompt or prefix tuning.
        """
        adapter = getattr(self.model, "active_peft_config", None)
        if adapter is not None and adapter.is_prompt_learning:
            raise HarnessError(
                f"the adapter's peft_type {adapter.peft_type.value} puts tokens of its own before "
                "every prompt; only adapters that change weights can be run, such as LoRA"
            )

    def describe(self) -> ModelRecord:
        return self.record

    def batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        """Group requests of one sampling and of similar length, the longest first.

        A batch holds more requests than memory has room for at once, unless ``batch_tokens`` was
        given: those that wait take the places of ended ones.
        The longest batch comes first, so that a machine with too little memory fails early. Timed
        requests come last, each alone. Tasks share batches: shared prefixes are computed once in a
        mixed batch, too, and fewer steps decode more rows. With four bundled tasks of 16 cases a
        0.5B model took 25 CPU seconds in batches of one task, 18 in one batch of all.
        """
        self._prompts = {r.key: self._prompt(r) for r in requests}
        self._most_tokens = self.settings.batch_tokens or self._batch_tokens()
        untimed = sorted((r for r in requests if not r.timed), key=self._order)
        groups = groupby(untimed, key=sampling_key)
        batches = [batch for _, same in groups for batch in batched(same, self._fits)]
        return batches + [[r] for r in requests if r.timed]

    def generate(self, batch: Sequence[Request], on_step: OnStep) -> list[Completion]:
        rows = {r.key: self._row(r) for r in batch}
        self._rows = rows
        open_rows = [row for row in rows.values() if row is not None]
        if not open_rows:
            return [self._completion(r, None, 0) for r in batch]
        together = max(1, self._most_tokens // max(row.width for row in open_rows))
        sampling = batch[0].sampling
        decode(self.model, open_rows, sampling, self.end_ids, on_step, self._masked, together)
        return [self._completion(r, rows[r.key], min(together, len(open_rows))) for r in batch]

    def generate_continuously(self, batch: OpenBatch, on_step: OnStep) -> None:
        most_tokens = self.settings.batch_tokens or self._batch_tokens()
        while batch.waiting:
            rows = ArrivingRows(batch, most_tokens, self._read, self._left)
            self._rows = rows.by_key
            decode_from(self.model, rows, self.end_ids, on_step, self._masked)

    def _read(self, request: Request) -> Row | Completion:
        """The row of a request that enters a batch, or its error."""
        prompt = self._prompt(request)
        row = Row.of(request, prompt, self.context, self._text)
        return failed(request, prompt_problem(prompt, self.context) or "") if row is None else row

    def _left(self, request: Request, row: Row) -> Completion:
        return self._completion(request, row, len(self._rows))

    def _row(self, request: Request) -> Row | None:
        return Row.of(request, self._prompts[request.key], self.context, self._text)

    def text_so_far(self, key: str) -> str:
        row = self._rows.get(key)
        return self._text(row.answer_ids) if row else ""

    def _masked(self, logits: Any, rows: Sequence[Row]) -> Any:
        """Logits that keep to the grammars of rows."""
        if not any(row.grammar for row in rows):
            return logits
        from harness.engine.hf.constrained import masked

        return masked(self._grammars, logits, rows)

    @cached_property
    def _grammars(self) -> Grammars:
        def open_tokenizer() -> Any:
            from harness.engine.hf.constrained import guide

            return guide(self.tokenizer, self._width_of_logits, self.end_ids)

        return Grammars(open_tokenizer)

    def encode(self, requests: Sequence[Request], token_ids: Iterable[int]) -> Tokenization:
        prompts = tuple(self._prompt(r) for r in requests)
        ids = {*token_ids, *self.end_ids, *(i for p in prompts for i in p.token_ids)}
        if reason := check_sequence(sorted(ids), self._width_of_logits, None):
            raise HarnessError(reason)
        return Tokenization(self._vocabulary(), prompts, {i: self._text([i]) for i in sorted(ids)})

    def logits(self, sequences: Sequence[Sequence[int]]) -> Iterator[Any]:
        for ids in sequences:
            if reason := check_sequence(list(ids), self._width_of_logits, self.context):
                raise HarnessError(reason)
        for start in range(0, len(sequences), LOGIT_ROWS):
            yield last_logits(self.model, sequences[start : start + LOGIT_ROWS]).cpu().numpy()

    def _vocabulary(self) -> Vocabulary:
        tokenizer, special = self.tokenizer, partial(special_token, self.tokenizer)
        bos, begins = special("bos"), tokenizer("a")["input_ids"]
        return Vocabulary(
            size=len(tokenizer),
            logits=self._width_of_logits,
            bos=bos,
            eos=special("eos"),
            pad=special("pad"),
            end_ids=tuple(sorted(self.end_ids)),
            has_bos_added=bos is not None and begins[:1] == [bos.id],
            chat_template=prompt.template_of(tokenizer),
            context=self.context,
            pre_tokenizer=_pre_tokenizer(tokenizer),
        )

    @property
    def _width_of_logits(self) -> int:
        return int(self.model.get_output_embeddings().weight.shape[0])

    def _text(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(
            ids, skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text

    def _completion(self, request: Request, row: Row | None, batch_rows: int) -> Completion:
        if row is None:
            return failed(request, prompt_problem(self._prompts[request.key], self.context) or "")
        return completion(request, row, self._text(row.answer_ids), batch_rows)

    @property
    def end_ids(self) -> frozenset[int]:
        """The tokens that end an answer: the generation config's and the tokenizer's."""
        configured = self.model.generation_config.eos_token_id
        return end_ids(configured, self.tokenizer.eos_token_id)

    @property
    def context(self) -> int | None:
        """The most tokens the model's positions reach, where it says so."""
        config = self.model.config
        for name in ("max_position_embeddings", "n_positions"):
            if (limit := getattr(config, name, None)) is not None:
                return int(limit)
        return None

    def _prompt(self, request: Request) -> Prompt:
        own = self.tokenizer
        render, encode = partial(prompt.render, own), partial(prompt.encode, own)
        return prompt.read(request, render, encode, partial(prompt.tool_form, own))

    def _fits(self, batch: Sequence[Request], request: Request) -> bool:
        """True if a request may be appended to a batch, whose first request is the longest: all
        its rows fit into memory at once, or those that wait may take the places of ended ones."""
        width = self._width(batch[0])
        if width * (len(batch) + 1) <= self._most_tokens:
            return True
        may_wait = self.settings.batch_tokens is None and len(batch) < MAX_REQUESTS
        return may_wait and width <= WIDEST * self._width(request)

    def _width(self, request: Request) -> int:
        return len(self._prompts[request.key].token_ids) + request.sampling.max_new_tokens

    def _order(self, request: Request) -> tuple[str, int, str]:
        return (sampling_key(request), -self._width(request), request.key)

    def _batch_tokens(self) -> int:
        """The tokens whose keys and values fit into a share of the free memory."""
        config = self.model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or (
            config.hidden_size // config.num_attention_heads
        )
        per_token: int = 2 * config.num_hidden_layers * heads * width * self.model.dtype.itemsize
        fitting = int(CACHE_SHARE * available_bytes(self.model.device)) // per_token
        return max(1, min(MAX_BATCH_TOKENS, fitting))


def special_token(tokenizer: Any, name: str) -> Token | None:
    """The tokenizer's ``bos``, ``eos`` or ``pad``."""
    token_id = getattr(tokenizer, f"{name}_token_id")
    return None if token_id is None else Token(int(token_id), getattr(tokenizer, f"{name}_token"))


def _pre_tokenizer(tokenizer: Any) -> str | None:
    """llama.cpp's name for the pre-tokenizer as it was loaded, whatever ``tokenizer.json`` says."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or backend.pre_tokenizer is None:
        return None
    rules = json.loads(backend.pre_tokenizer.__getstate__())
    ignores_merges = getattr(backend.model, "ignore_merges", False)
    return known_name({"pre_tokenizer": rules, "model": {"ignore_merges": ignores_merges}})
