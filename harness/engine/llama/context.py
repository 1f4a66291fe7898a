"""A llama.cpp context: streams of cached tokens, and batches that extend them.

Every sequence has a stream of its own in the key-value cache (``kv_unified`` is off): its cells lie
in the order of its tokens whatever its neighbours do, and attention reads no neighbour's cells.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from harness.engine.llama.library import LOG, LoadedModel

CELLS = 256
"""llama.cpp rounds a stream's length up to a multiple of this."""
BYTES_PER_CACHED = 2
"""Keys and values are float16, llama.cpp's default."""
FLASH_TOKENS = 60
"""A multiple of four below the 64 from which on llama.cpp computes flash attention in tiles, with
other last digits."""
_ALLOCATION_FAILED = -2
"""``llama_decode``'s code where the backend cannot allocate; llama_cpp does not name it."""


@dataclass(frozen=True, slots=True)
class ContextShape:
    """Sizes with which a llama.cpp context is created."""

    streams: int
    cells: int
    """Tokens that one stream holds, a multiple of ``CELLS``."""
    ubatch_tokens: int
    """The most tokens of one batch."""
    outputs: int
    """The most tokens whose logits one batch asks for."""
    threads: int
    has_flash_attention: bool = False
    """Attention over the cells that a token sees, one after the other."""

    @property
    def stream_tokens(self) -> int:
        """The most tokens of one stream in a batch: with flash attention llama.cpp has another
        kernel for more."""
        most = self.ubatch_tokens
        return min(most, FLASH_TOKENS) if self.has_flash_attention else most


def rounded_up(count: int, step: int) -> int:
    return -(-count // step) * step


class LlamaContext:
    """One llama.cpp context. Call ``close``: Python does not free llama.cpp's memory."""

    def __init__(self, loaded: LoadedModel, shape: ContextShape) -> None:
        self.shape = shape
        self.vocabulary = int(llama_cpp.llama_vocab_n_tokens(loaded.vocabulary))
        LOG.clear()
        self._pointer = llama_cpp.llama_init_from_model(loaded.model, _parameters(shape))
        if not self._pointer:
            raise MemoryError(f"llama.cpp cannot make room for the answers: {LOG.reason()}")
        if loaded.lora is not None:
            _apply_lora(self._pointer, loaded.lora)
        self._memory = llama_cpp.llama_get_memory(self._pointer)
        self._batch = _LlamaBatch(shape.ubatch_tokens)

    def close(self) -> None:
        llama_cpp.llama_free(self._pointer)

    def decode(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        streams: Sequence[int],
        *,
        outputs: bool | Sequence[bool],
    ) -> None:
        """Append tokens to streams: at most ``ubatch_tokens``, the same number to each stream.

        ``outputs``: for which tokens logits are computed.

        Raises:
            MemoryError: llama.cpp found no memory for the computation.
            RuntimeError: llama.cpp failed in another way; the message says how.
        """
        LOG.clear()
        batch = self._batch.filled(tokens, positions, streams, outputs)
        if code := llama_cpp.llama_decode(self._pointer, batch):
            kind = MemoryError if code == _ALLOCATION_FAILED else RuntimeError
            raise kind(f"llama.cpp cannot decode (code {code}): {LOG.reason()}")

    def logits(self, rows: int) -> npt.NDArray[np.float32]:
        """Logits of the first ``rows`` outputs of the last batch, ``[rows, vocabulary]``: a view
        that the next batch overwrites."""
        pointer = llama_cpp.llama_get_logits(self._pointer)
        return np.ctypeslib.as_array(pointer, (rows, self.vocabulary))

    def copy(self, source: int, target: int) -> None:
        """Copy the cached tokens of one stream to another."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def cut(self, stream: int, length: int) -> None:
        """Keep the first ``length`` tokens of a stream and remove the rest."""
        llama_cpp.llama_memory_seq_rm(self._memory, stream, length, -1)

    def empty(self, stream: int) -> None:
        self.cut(stream, 0)

    def empty_all(self) -> None:
        llama_cpp.llama_memory_clear(self._memory, False)


class _LlamaBatch:
    """llama.cpp's batch struct over numpy arrays, which are filled without a Python loop."""

    def __init__(self, max_tokens: int) -> None:
        self.tokens, self.positions, self.streams = np.zeros((3, max_tokens), np.int32)
        self.ones = np.ones(max_tokens, np.int32)
        self.outputs = np.zeros(max_tokens, np.int8)
        address, width = self.streams.ctypes.data, self.streams.itemsize
        pointers = [address + i * width for i in range(max_tokens)]
        self.stream_of = np.array(pointers, np.uintp)
        self.struct = llama_cpp.llama_batch(
            token=_pointer(self.tokens, ctypes.c_int32),
            pos=_pointer(self.positions, ctypes.c_int32),
            n_seq_id=_pointer(self.ones, ctypes.c_int32),
            seq_id=_pointer(self.stream_of, ctypes.POINTER(ctypes.c_int32)),
            logits=_pointer(self.outputs, ctypes.c_int8),
        )

    def filled(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        streams: Sequence[int],
        outputs: bool | Sequence[bool],
    ) -> Any:
        count = len(tokens)
        self.tokens[:count], self.positions[:count] = tokens, positions
        self.streams[:count], self.outputs[:count] = streams, outputs
        self.struct.n_tokens = count
        return self.struct


def _pointer(array: npt.NDArray[Any], kind: Any) -> Any:
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))


def _parameters(shape: ContextShape) -> Any:
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_seq_max = shape.streams
    parameters.n_ctx = shape.streams * shape.cells
    parameters.kv_unified = False
    parameters.n_batch = parameters.n_ubatch = shape.ubatch_tokens
    parameters.n_outputs_max = shape.outputs
    parameters.n_threads = parameters.n_threads_batch = shape.threads
    parameters.flash_attn_type = (
        llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        if shape.has_flash_attention
        else llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    )
    parameters.no_perf = True
    return parameters


def _apply_lora(context: Any, lora: Any) -> None:
    adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(lora)
    scales = (ctypes.c_float * 1)(1.0)
    if llama_cpp.llama_set_adapters_lora(context, adapters, 1, scales):
        raise RuntimeError(f"llama.cpp cannot use the LoRA: {LOG.reason()}")
