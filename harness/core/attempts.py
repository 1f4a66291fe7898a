"""The number of an attempt among those against one baseline."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts against one baseline on one plan, on all machines that keep the same ledger."""

    number: int
    """Of this attempt, from 1."""
    of_other_weights: int
    """Earlier attempts of other weights, such as a model that was trained again."""
