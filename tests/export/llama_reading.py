"""A GGUF file opened by llama.cpp: token ids and logits, for holding against transformers."""

import atexit
import ctypes
from pathlib import Path

import numpy as np
import pytest

llama_cpp = pytest.importorskip("llama_cpp")


@atexit.register
def _close() -> None:
    """llama-cpp-python leaves two files open, which Python would complain of at the end."""
    from llama_cpp import _utils

    _utils.outnull_file.close()
    _utils.errnull_file.close()


@llama_cpp.llama_log_callback
def _silent(level, text, data):
    pass


class Llama:
    """One context of 512 tokens in float32; to be closed."""

    def __init__(self, path: Path, lora: Path | None = None) -> None:
        llama_cpp.llama_log_set(_silent, ctypes.c_void_p(0))
        self.model = llama_cpp.llama_model_load_from_file(
            str(path).encode(), llama_cpp.llama_model_default_params()
        )
        assert self.model, f"llama.cpp cannot open {path}"
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = 512
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.type_k = parameters.type_v = 0  # float32
        parameters.flash_attn_type = 0
        self.context = llama_cpp.llama_init_from_model(self.model, parameters)
        assert self.context
        if lora is not None:
            self._put_over(lora)

    def _put_over(self, lora: Path) -> None:
        adapter = llama_cpp.llama_adapter_lora_init(self.model, str(lora).encode())
        assert adapter, f"llama.cpp cannot put {lora} over its base"
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
        scales = (ctypes.c_float * 1)(1.0)
        assert llama_cpp.llama_set_adapters_lora(self.context, adapters, 1, scales) == 0

    def tokens(self, text: str, *, special: bool = False) -> list[int]:
        """Ids of a text whose special tokens are recognised."""
        data = text.encode()
        ids = (llama_cpp.llama_token * (len(data) + 8))()
        count = llama_cpp.llama_tokenize(
            self.vocabulary, data, len(data), ids, len(ids), special, True
        )
        assert count >= 0
        return list(ids[:count])

    def ends(self, token: int) -> bool:
        """Whether llama.cpp ends an answer at the token."""
        return llama_cpp.llama_vocab_is_eog(self.vocabulary, token)

    def logits(self, ids: list[int]) -> np.ndarray:
        """After each of the ids, shape (ids, vocabulary)."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.logits[i] = token, i, 1
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        assert llama_cpp.llama_decode(self.context, batch) == 0
        rows = [llama_cpp.llama_get_logits_ith(self.context, i) for i in range(len(ids))]
        found = np.stack([np.ctypeslib.as_array(row, (self.size,)).copy() for row in rows])
        llama_cpp.llama_batch_free(batch)
        return found

    def close(self) -> None:
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)


def expected_logits(model, ids: list[int]) -> np.ndarray:
    """transformers' own, shape (ids, vocabulary)."""
    import torch

    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].float().numpy()
