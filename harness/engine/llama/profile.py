"""In what manner a GGUF model's rows are decoded: decided by the size of the model alone, so that
no answer depends on how many are asked beside it. docs/gguf.md has what was measured.
"""

from dataclasses import dataclass

from harness.engine.llama.library import LoadedModel

PER_CORE_BELOW = 50_000_000
"""Parameters. With fewer, a core decodes rows of its own faster than it shares those of all:
threads wait for each other at every matrix, and many times longer where another program takes their
core."""


@dataclass(frozen=True, slots=True)
class DecodingProfile:
    """How many rows a context holds, and what a step does to each."""

    has_context_per_core: bool
    """Each core decodes rows of its own, rather than all cores those of one context."""
    most_rows: int
    """Decoded at once in one context."""
    draft_tokens: int
    """Tokens guessed ahead of each row, which the same step finds right or wrong."""
    most_ubatch_tokens: int
    """Tokens computed at once: more take more memory for what is in between."""
    refill_share: float
    """Waiting prompts come in, or the rows that are left move together, when this share of the rows
    has ended: after a move llama.cpp plans its memory anew."""

    @property
    def width(self) -> int:
        """Tokens of each row in a step."""
        return 1 + self.draft_tokens


BATCHED = DecodingProfile(
    has_context_per_core=False,
    most_rows=64,
    draft_tokens=0,
    most_ubatch_tokens=256,
    refill_share=0.25,
)
"""The weights are read once for many rows, and every token costs: a wrong guess as much as a right
one. Of rows twice as many take twice as long for a step."""
PER_CORE = DecodingProfile(
    has_context_per_core=True, most_rows=16, draft_tokens=1, most_ubatch_tokens=64, refill_share=0.0
)
"""The weights stay in a core's cache if little else is there, and attention, which takes half of
the time, is computed several times faster for two tokens of a row than for one."""


def choose_profile(model: LoadedModel) -> DecodingProfile:
    """A GPU is one, however light the model; a recurrent model cannot take a guess back."""
    is_small = model.parameters < PER_CORE_BELOW and not model.has_gpu and model.has_cells
    return PER_CORE if is_small else BATCHED
