"""Loads models and LoRAs into llama.cpp and keeps its log.

Only a backend's own process imports this file. Everything below ``harness/engine/llama/model.py``
uses the C functions of ``llama_cpp``, not its ``Llama`` class, which decodes one sequence.
"""

import ctypes
import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp

from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.engine.model import EngineSettings
from harness.machine.memory import MB, available_mb

WEIGHTS_SHARE = 0.8
"""Share of the free memory that weights read from a file may take."""
MAX_LINES = 40
"""Lines of llama.cpp's log that are kept."""
REASON_LINES = 2
"""Lines of the log that go into an error."""
_DEBUG, _ERROR = 1, 4
"""``GGML_LOG_LEVEL_DEBUG`` and ``_ERROR``; llama_cpp does not name them."""
_LOG_PREFIX = re.compile(r"^(\w*(llama|ggml|gguf)\w*: )+(error loading model: )?")
_UNSPECIFIC = ("failed to load model", "failed to apply lora adapter")


class LlamaLog:
    """Keeps llama.cpp's log lines, which would otherwise go to the terminal."""

    def __init__(self) -> None:
        self.lines: deque[tuple[int, str]] = deque(maxlen=MAX_LINES)
        self._part = ""
        # ctypes keeps no reference to a callback: it lives as long as this object.
        self._callback = llama_cpp.llama_log_callback(self._take)

    def listen(self) -> None:
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))

    def clear(self) -> None:
        self.lines.clear()

    def reason(self) -> str:
        """The last errors of the log in one line; without errors, its last lines."""
        errors = [line for level, line in self.lines if level == _ERROR]
        lines = [_LOG_PREFIX.sub("", line) for line in errors or (line for _, line in self.lines)]
        telling = [line for line in lines if line not in _UNSPECIFIC]
        reason = " | ".join(dict.fromkeys(telling[-REASON_LINES:]))
        # The log quotes the file, whose text is untrusted.
        return printable(reason) or "it does not say why"

    def _take(self, level: int, text: bytes, _: Any) -> None:
        if level == _DEBUG:
            return
        self._part += text.decode("utf-8", "replace")
        while "\n" in self._part:
            line, _, self._part = self._part.partition("\n")
            if line.strip():
                self.lines.append((level, line.strip()))


LOG = LlamaLog()


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model, and a LoRA applied to it, in llama.cpp's memory until the process ends."""

    model: Any
    """``llama_model *``"""
    vocabulary: Any
    """``llama_vocab *``"""
    lora: Any | None
    """``llama_adapter_lora *``"""
    has_gpu: bool

    @property
    def parameters(self) -> int:
        return int(llama_cpp.llama_model_n_params(self.model))

    @property
    def is_rewindable(self) -> bool:
        """The last tokens can be removed from its cache. A recurrent model has a single state,
        which cannot be rewound."""
        return not (
            llama_cpp.llama_model_is_recurrent(self.model)
            or llama_cpp.llama_model_is_hybrid(self.model)
        )

    @property
    def device(self) -> str:
        return "gpu" if self.has_gpu else "cpu"


def processor_features() -> str:
    """What llama.cpp was built to use of the processor: ``CPU : AVX2 = 1 | FMA = 1 | ...``."""
    return bytes(llama_cpp.llama_print_system_info()).decode("ascii", "replace")


def load(file: Path, lora: Path | None, settings: EngineSettings) -> LoadedModel:
    """Open a GGUF file, and a LoRA GGUF over it.

    Raises:
        HarnessError: llama.cpp cannot open one of them, or there is no such device.
    """
    LOG.listen()
    llama_cpp.llama_backend_init()
    has_gpu = _wants_gpu(settings)
    parameters = llama_cpp.llama_model_default_params()
    parameters.n_gpu_layers = -1 if has_gpu else 0
    if not has_gpu and _fits(file):
        # Tensors that llama.cpp repacks for its kernels would otherwise be in memory twice:
        # repacked and as mapped pages.
        parameters.load_mode = llama_cpp.LLAMA_LOAD_MODE_NONE
    LOG.clear()
    model = llama_cpp.llama_model_load_from_file(str(file).encode(), parameters)
    if not model:
        raise HarnessError(f"llama.cpp cannot open {file.name}: {LOG.reason()}")
    if llama_cpp.llama_model_has_encoder(model) or not llama_cpp.llama_model_has_decoder(model):
        raise HarnessError(f"{file.name} is no causal language model, which could answer")
    adapter = None
    if lora is not None:
        LOG.clear()
        adapter = llama_cpp.llama_adapter_lora_init(model, str(lora).encode())
        if not adapter:
            raise HarnessError(f"llama.cpp cannot put {lora.name} over {file.name}: {LOG.reason()}")
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    return LoadedModel(model, vocabulary, adapter, has_gpu)


def _fits(file: Path) -> bool:
    """True if the weights fit into free memory. Otherwise they are mapped and paged in on
    demand."""
    return file.stat().st_size <= WEIGHTS_SHARE * (available_mb(None) or 0.0) * MB


def _wants_gpu(settings: EngineSettings) -> bool:
    """True where llama-cpp-python was built for a GPU, unless ``--device cpu`` was given."""
    is_there = bool(llama_cpp.llama_supports_gpu_offload())
    if settings.device in (None, "cpu"):
        return is_there and settings.device is None
    if not is_there:
        raise HarnessError(
            f"--device {settings.device}: this llama-cpp-python was built without a GPU, try cpu"
        )
    return True
