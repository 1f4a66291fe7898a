"""Types of a GGUF file: those written here, and those of llama.cpp's quantiser."""

from collections import Counter
from functools import cache
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean

UNQUANTIZED = {"f32": "F32", "f16": "F16", "bf16": "BF16"}
"""As safetensors names them."""
WANT_IMATRIX = (
    "iq1_s",
    "iq1_m",
    "iq2_xxs",
    "iq2_xs",
    "iq2_s",
    "iq2_m",
    "iq3_xxs",
    "iq3_xs",
    "q2_k_s",
)
"""Types that llama.cpp refuses to make without an importance matrix."""
NOT_FOR_THESE = ("mxfp4_moe", "nvfp4", "guessed")
"""Types for mixture-of-experts models, and types that are not quantised."""


@cache
def quantized() -> dict[str, int]:
    """llama.cpp's number of each quantised type for plain models, by name."""
    from gguf import LlamaFileType

    names = {
        kind.name.removeprefix("MOSTLY_").removeprefix("ALL_").lower(): int(kind)
        for kind in LlamaFileType
    }
    left_out = {*UNQUANTIZED, *NOT_FOR_THESE}
    return {name: number for name, number in names.items() if name not in left_out}


def check_type(name: str, *, has_matrix: bool = False) -> str:
    """The type in lower case.

    Args:
        has_matrix: an importance matrix is given.

    Raises:
        HarnessError: there is no such type, or it needs an importance matrix and has none, or has
            one and is not quantised.
    """
    wanted = name.lower()
    known = [*UNQUANTIZED, *quantized()]
    if wanted in UNQUANTIZED and has_matrix:
        raise HarnessError(f"--imatrix: {name} is not quantised, name a type such as q4_k_m")
    if wanted in WANT_IMATRIX and not has_matrix:
        raise HarnessError(
            f"--type {name}: llama.cpp makes it only with an importance matrix, add --imatrix "
            "DATA; q2_k, iq3_s or iq4_xs need none"
        )
    if wanted in known:
        return wanted
    hint = did_you_mean(wanted, known, f"there are: {', '.join(known)}")
    raise HarnessError(f"--type {name}: no such type, {hint}")


def bytes_of(name: str, numel: int) -> int:
    """Upper estimate of the bytes of ``numel`` weights in a quantised type.

    Mixed types keep some tensors in a larger type, so a quarter is added.
    """
    from gguf import GGML_QUANT_SIZES

    sizes = {kind.name.lower(): size for kind, size in GGML_QUANT_SIZES.items()}
    stem = max((n for n in sizes if name.startswith(n)), key=len, default="q8_0")
    block, size = sizes[stem]
    return int(numel * size / block * 1.25)


def tensor_types(file: Path) -> dict[str, int]:
    """Counts of a file's tensors by llama.cpp's lower-case type name, the most frequent first."""
    from gguf import GGUFReader

    counts = Counter(tensor.tensor_type.name.lower() for tensor in GGUFReader(file).tensors)
    return dict(counts.most_common())
