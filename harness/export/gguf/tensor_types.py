"""Counts the tensors of a GGUF file by stored type."""

from collections import Counter
from pathlib import Path


def tensor_types(file: Path) -> dict[str, int]:
    """Counts by llama.cpp's lower-case type name, the most frequent first."""
    from gguf import GGUFReader

    reader = GGUFReader(file)
    counts = Counter(tensor.tensor_type.name.lower() for tensor in reader.tensors)
    return dict(counts.most_common())
