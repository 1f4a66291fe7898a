"""Ways of beginning a LoRA that take the update's beginning out of the base's own weights.

The adapter's files do not hold what is left of the base, so that update and base do not add up: as
a plain LoRA it is another model.
"""

from collections.abc import Mapping
from typing import Any

_BASE_CHANGING = ("pissa", "olora", "corda", "loftq", "lora_ga", "lora-ga")


def base_changing_start(config: Mapping[str, Any]) -> str | None:
    """What the adapter's configuration says it began with, in lower case, where that changes the
    base's weights; else ``None``."""
    start = str(config.get("init_lora_weights", True)).lower()
    return start if start.startswith(_BASE_CHANGING) else None
