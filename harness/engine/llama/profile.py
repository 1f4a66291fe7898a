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


def choose_profile(model: LoadedModel, cores: int) -> DecodingProfile:
    """The profile for a model on so many cores. A GPU always shares one context; a recurrent model
    cannot reject draft tokens. Answers do not depend on ``cores``."""
    if model.has_gpu:
        return BATCHED_ON_GPU
    if not model.is_rewindable:
        return BATCHED
    if model.parameters < PER_CORE_BELOW:
        return PER_CORE
    if model.parameters < FEW_CORES_BELOW and 1 < cores <= FEW_CORES:
        return replace(BATCHED, has_context_per_core=True, max_rows=BATCHED.max_rows // cores)
    return BATCHED
