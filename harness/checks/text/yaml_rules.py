"""What a task allows in a document of YAML."""

from dataclasses import dataclass
from typing import Literal

Flow = Literal["nested", "allowed", "forbidden"]


@dataclass(frozen=True, slots=True)
class YamlRules:
    """What an answer in YAML may have."""

    flow: Flow = "nested"
    """JSON's style of braces and brackets: within a document in block style, everywhere, or
    nowhere but in lists of scalars."""
    anchors: bool = False
    """Anchors and aliases may stand in it."""
