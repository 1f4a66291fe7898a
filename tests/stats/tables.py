"""Seeded random tables of paired outcomes."""

import random


def tables(count: int = 1_000, seed: int = 11) -> list[tuple[int, int, int]]:
    """``count`` triples of broke, fixed and pairs: small and large, lopsided and even."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        pairs = rng.choice((1, 5, 30, 100, 299, 300, 1_000, 5_000))
        flips = rng.randint(0, min(pairs, rng.choice((3, 30, 300))))
        broke = rng.randint(0, flips)
        found.append((broke, flips - broke, pairs))
    return found
