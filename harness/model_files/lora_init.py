"""LoRA initializations that change the base's weights; such adapters are not plain LoRAs.

They take the first update out of the base's own weights. The adapter's files do not hold what is
left of the base, so that update and base do not add up.
"""

from collections.abc import Mapping
from typing import Any

_BASE_CHANGING = ("pissa", "olora", "corda", "loftq", "lora_ga", "lora-ga")


def base_changing_init(config: Mapping[str, Any]) -> str | None:
    """The adapter's initialization in lower case, where it changes the base's weights."""
    init = str(config.get("init_lora_weights", True)).lower()
    return init if init.startswith(_BASE_CHANGING) else None
