"""Collects an importance matrix: what each column of a model's weights is fed by conversations.

llama.cpp calls back before and after each product of its graph (``cb_eval``). The inputs of the
products are summed, squared and by column, as llama.cpp's own ``llama-imatrix`` does. That is done
in the process ``python -m harness.export.gguf.imatrix MODEL ASKED OUT``.
"""

import ctypes
import json
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.template_arguments import Scalar
from harness.engine.llama.environment import set_defaults
from harness.export.gguf.imatrix_file import BLOCK, write_matrix
from harness.export.gguf.llama_process import (
    MISTAKE,
    STEP,
    run_logged,
    tell,
    tell_peak,
)
from harness.machine.cores import usable_cores

MAX_TOKENS = 2048
"""Of one conversation; the rest is left out."""
UBATCH = 128
"""Tokens of a batch. All their logits are computed, so that the last block sees all tokens."""
_DONE = re.compile(r"^harness imatrix (\d+) (\d+) (\d+)$")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Conversations that a matrix is collected from."""

    name: str
    """The data as the user named it."""
    conversations: tuple[tuple[Message, ...], ...]
    """One that ends with an answer is read with it, another as a prompt."""
    arguments: Mapping[str, Scalar]
    """Arguments of the chat template."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The extent of a collected matrix."""

    tokens: int
    weights: int
    refused: int
    """Conversations that the chat template refuses."""


def collect(
    model: Path, data: Calibration, target: Path, asked: Path, on_step: Callable[[int, int], None]
) -> Collected:
    """Write the importance matrix of ``model`` to ``target``.

    Args:
        asked: a name for the file that the process reads the conversations from.

    Raises:
        HarnessError: llama.cpp cannot open the model, or the template refuses every conversation.
    """
    asked.write_text(
        json.dumps(
            {
                "name": data.name,
                "conversations": [[asdict(m) for m in c] for c in data.conversations],
                "arguments": dict(data.arguments),
            }
        ),
        "utf-8",
    )
    found: list[Collected] = []

    def on_line(line: str) -> None:
        if match := STEP.match(line):
            on_step(int(match[1]), int(match[2]))
        if match := _DONE.match(line):
            found.append(Collected(*map(int, match.groups())))

    files = (str(model), str(asked), str(target))
    run_logged(__spec__.name, *files, doing="collect an importance matrix", on_line=on_line)
    return found[-1]


class _Tensor(ctypes.Structure):
    """``struct ggml_tensor`` of ggml.h, as far as it is read."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),
        ("nb", ctypes.c_size_t * 4),
        ("op", ctypes.c_int),
        ("op_params", ctypes.c_int32 * 16),
        ("flags", ctypes.c_int32),
        ("src", ctypes.c_void_p * 10),
        ("view_src", ctypes.c_void_p),
        ("view_offs", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("name", ctypes.c_char * 64),
    ]


_F32 = 0


class Collector:
    """Sums of squares of the inputs of every product with a weight of a block."""

    def __init__(self) -> None:
        import llama_cpp

        self.sums: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.failed: Exception | None = None
        self._ggml = _ggml()
        # Kept: llama.cpp holds no reference to it.
        self.callback = llama_cpp.llama_cpp.ggml_backend_sched_eval_callback(self._on_node)

    def _on_node(self, address: int, is_asking: bool, _: Any) -> bool:
        """True where the node is wanted; called again after it was computed."""
        try:
            return self._take(address, is_asking)
        except Exception as error:  # It must not cross llama.cpp's frames.
            self.failed = error
            return False

    def _take(self, address: int, is_asking: bool) -> bool:
        if self._ggml.ggml_op_desc(address) != b"MUL_MAT":
            return False
        node = _Tensor.from_address(address)
        weight, fed = (_Tensor.from_address(source) for source in node.src[:2])
        name = weight.name.decode("utf-8", "replace")
        if not name.startswith(BLOCK) or fed.type != _F32:
            return False
        if not is_asking:
            self._add(name, node.src[1], fed)
        return True

    def _add(self, name: str, address: int, fed: _Tensor) -> None:
        import numpy as np

        size, columns = self._ggml.ggml_nbytes(address), int(fed.ne[0])
        if size != 4 * math.prod(fed.ne):
            raise HarnessError(f"the input of {name} has gaps between its rows, which is not read")
        values = np.empty((size // (4 * columns), columns), np.float32)
        self._ggml.ggml_backend_tensor_get(address, values.ctypes.data, 0, size)
        summed = np.einsum("rc,rc->c", values, values, dtype=np.float64)
        if name in self.sums:
            self.sums[name] += summed
        else:
            self.sums[name] = summed
        self.counts[name] = self.counts.get(name, 0) + len(values)


def _ggml() -> Any:
    """The library that holds the tensors, after a check that its struct is the one read here."""
    import llama_cpp

    folder = Path(llama_cpp.__file__).parent / "lib"
    found = sorted(folder.glob("*ggml-base.*"))
    if not found:
        raise HarnessError(
            f"{folder}: has no ggml-base, which importance matrices are read through"
        )
    library = ctypes.CDLL(str(found[0]))
    for name, result, arguments in (
        ("ggml_get_name", ctypes.c_void_p, [ctypes.c_void_p]),
        ("ggml_op_desc", ctypes.c_char_p, [ctypes.c_void_p]),
        ("ggml_nbytes", ctypes.c_size_t, [ctypes.c_void_p]),
        (
            "ggml_backend_tensor_get",
            None,
            [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t],
        ),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    probe = _Tensor()
    address = ctypes.addressof(probe)
    # The name stands behind all other fields that are read.
    if library.ggml_get_name(address) - address != _Tensor.name.offset:
        raise HarnessError(
            "this llama-cpp-python lays out ggml's tensors in another way than this version reads: "
            "give --imatrix a file of llama-imatrix"
        )
    return library


def _main(model: str, asked: str, target: str) -> int:
    # llama.cpp's threads wait for each other at every product that it calls back for.
    set_defaults()
    try:
        found = _collect(Path(model), json.loads(Path(asked).read_text("utf-8")), Path(target))
    except HarnessError as error:
        tell(f"{MISTAKE}{error.mistakes[0]}")
        return 1
    tell(f"harness imatrix {found.tokens} {found.weights} {found.refused}")
    tell_peak()
    return 0


def _collect(model: Path, asked: Mapping[str, Any], target: Path) -> Collected:
    from harness.engine.llama.library import load
    from harness.engine.llama.vocabulary import LlamaVocabulary
    from harness.engine.model import EngineSettings
    from harness.model_files.gguf_header import read_gguf_header

    loaded = load(model, None, EngineSettings(device="cpu"))
    vocabulary = LlamaVocabulary(loaded, read_gguf_header(model))
    rows, refused = _encoded(vocabulary, asked)
    collector = Collector()
    _run(loaded, collector, rows)
    if collector.failed is not None or not collector.sums:
        raise HarnessError(
            f"no importance matrix was collected ({collector.failed or 'no products'})"
        )
    write_matrix(target, collector.sums, collector.counts, asked["name"])
    return Collected(sum(map(len, rows)), len(collector.sums), refused)


def _encoded(vocabulary: Any, asked: Mapping[str, Any]) -> tuple[list[list[int]], int]:
    """The tokens of each conversation, and the number of those that the template refuses."""
    rows, refused, reason = [], 0, "it writes nothing"
    for conversation in asked["conversations"]:
        try:
            tokens = _tokens(vocabulary, conversation, asked["arguments"])
        except Exception as error:  # whatever a stranger's template raises
            tokens, reason = [], str(error)
        if tokens:
            rows.append(tokens)
        else:
            refused += 1
    if not rows:
        raise HarnessError(f"--imatrix: the chat template refuses every conversation ({reason})")
    return rows, refused


def _tokens(vocabulary: Any, conversation: Any, arguments: Mapping[str, Scalar]) -> list[int]:
    messages = [Message(**message) for message in conversation]
    if vocabulary.template is None:
        text = vocabulary.render(messages)
    else:
        is_asking = messages[-1].role != "assistant"
        text = vocabulary.template.render(
            messages, arguments.items(), adds_generation_prompt=is_asking
        )
    return list(vocabulary.encode(text))[:MAX_TOKENS]


def _run(loaded: Any, collector: Collector, rows: Sequence[list[int]]) -> None:
    """Feed the conversations to the model, one after the other."""
    import llama_cpp

    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = max(map(len, rows))
    parameters.n_batch = parameters.n_ubatch = parameters.n_outputs_max = UBATCH
    parameters.n_threads = parameters.n_threads_batch = usable_cores()
    parameters.cb_eval = collector.callback
    parameters.no_perf = True
    context = llama_cpp.llama_init_from_model(loaded.model, parameters)
    if not context:
        raise HarnessError("llama.cpp cannot make room for an importance matrix")
    batch = llama_cpp.llama_batch_init(UBATCH, 0, 1)
    for number, row in enumerate(rows, 1):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), False)
        for start in range(0, len(row), UBATCH):
            _fill(batch, row[start : start + UBATCH], start)
            if llama_cpp.llama_decode(context, batch):
                raise HarnessError("llama.cpp cannot compute a conversation")
        tell(f"[{number}/{len(rows)}]")
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)


def _fill(batch: Any, tokens: Sequence[int], start: int) -> None:
    batch.n_tokens = len(tokens)
    for place, token in enumerate(tokens):
        batch.token[place], batch.pos[place] = token, start + place
        batch.n_seq_id[place], batch.seq_id[place][0], batch.logits[place] = 1, 0, 1


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
