"""Chooses the decoding profile from the model's size and the cores, so that results do not depend
on batch size. docs/gguf.md has the measurements.
"""

from dataclasses import dataclass, replace

from harness.engine.llama.library import LoadedModel

PER_CORE_BELOW = 50_000_000
"""Parameters. Smaller models are faster with one context per core than with one context shared by
all cores: threads synchronise at every matrix, and wait many times longer where another program
takes a core."""
FEW_CORES = 4
"""On so few cores a medium model has a context for each too, as memory can feed so many copies of a
step; measured on two."""
FEW_CORES_BELOW = 250_000_000
"""Parameters of a medium model."""


@dataclass(frozen=True, slots=True)
class DecodingProfile:
    """The rows of a context, and the tokens of each row in a step."""

    has_context_per_core: bool
    """Each core decodes its own rows; otherwise all cores share one context."""
    max_rows: int
    """Rows decoded at once in one context."""
    draft_tokens: int
    """Draft tokens of each row, which the same step accepts or rejects."""
    max_ubatch_tokens: int
    """Tokens computed at once: more need more memory for activations."""
    refill_share: float
    """Waiting rows are admitted, and slots compacted, when this share of the rows has ended; with 0
    whenever one has."""
    has_flash_attention: bool = False
    """Attention visits the cells that a token sees, in place of all cells of its stream, which are
    256 at least."""

    @property
    def width(self) -> int:
        """Tokens of each row in a step."""
        return 1 + self.draft_tokens


BATCHED = DecodingProfile(
    has_context_per_core=False,
    max_rows=64,
    draft_tokens=0,
    max_ubatch_tokens=256,
    refill_share=0.0,
)
"""The weights are read once for many rows. A step's time is proportional to its tokens, so a
rejected draft token costs as much as an accepted one, and an ended row as much as an open one."""
BATCHED_ON_GPU = replace(BATCHED, refill_share=0.25)
"""A step takes a GPU as long with fewer rows, and every admission is a step of its own."""
PER_CORE = DecodingProfile(
    has_context_per_core=True, max_rows=16, draft_tokens=1, max_ubatch_tokens=64, refill_share=0.0
)
"""The weights stay in a core's cache. Attention takes half of the time and is computed several
times faster for two tokens of a row than for one."""


def choose_profile(model: LoadedModel, cores: int, features: str) -> DecodingProfile:
    """The profile for a model on so many cores. A GPU always shares one context; a recurrent model
    cannot reject draft tokens. Answers do not depend on ``cores``.

    Args:
        model: an open model.
        cores: how many are used.
        features: of the processor, as llama.cpp was built for it (``processor_features``).
    """
    if model.has_gpu:
        return BATCHED_ON_GPU
    if not model.is_rewindable or model.parameters >= FEW_CORES_BELOW:
        return BATCHED
    if model.parameters < PER_CORE_BELOW:
        return PER_CORE
    medium = replace(BATCHED, has_flash_attention=flash_attention_pays(features))
    if 1 < cores <= FEW_CORES:
        return replace(medium, has_context_per_core=True, max_rows=BATCHED.max_rows // cores)
    return medium


def flash_attention_pays(features: str) -> bool:
    """True on a processor with AVX2 and without AVX-512: llama.cpp's flash attention takes a step
    of 64 rows of a medium model from 9.6 to 8.5 ms a token there, and with AVX-512 from 7.7 to 9.2.
    On others it was not measured. A model of 0.5 billion parameters gains nothing."""
    return "AVX2 = 1" in features and "AVX512 = 1" not in features
