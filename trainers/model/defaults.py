"""Defaults that depend on the base; imports no torch, so that an estimate can use them."""

SMALL_PARAMETERS = 100_000_000
"""Up to this size float32 takes at most 0.4 GB, and is reproducible without bfloat16 hardware."""
DEFAULT_LENGTH = 1024
"""``max_length`` where the recipe gives none and the base's context is at least as long."""
TILE_LOGITS = 5_000_000
"""Logits that a CPU holds at once, 20 MB in float32: 32 tokens of a vocabulary of 150,000."""
