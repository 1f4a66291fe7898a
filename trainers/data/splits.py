"""Assigns a row to the training, validation or test rows by a hash of its prompt.

So a row stays where it is when others are added, and all rows of one prompt are in one split.
Prompts that differ in case, blanks and punctuation alone are one.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from harness.core.errors import HarnessError
from harness.model_files.training_sketch import normalised

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Shares:
    """Percentages of the rows in each split; they add up to 100."""

    train: int = 80
    val: int = 10
    test: int = 10

    @classmethod
    def parse(cls, text: str) -> "Shares":
        """The shares of a text such as ``80/10/10``.

        Raises:
            HarnessError: it is none.
        """
        match = re.fullmatch(r"(\d{1,3})/(\d{1,3})/(\d{1,3})", text)
        shares = cls(*map(int, match.groups())) if match else None
        if shares is None or shares.train == 0 or shares.train + shares.val + shares.test != 100:
            raise HarnessError(
                f"--split {text}: expected three percentages that add up to 100, such as 80/10/10"
            )
        return shares


def split_of(prompt: str, shares: Shares) -> Split:
    """The split of the rows with this prompt."""
    digest = hashlib.sha256(normalised(prompt).encode("utf-8", "surrogatepass")).digest()
    place = int.from_bytes(digest[:8], "big") * 100 >> 64
    if place < shares.train:
        return "train"
    return "val" if place < shares.train + shares.val else "test"
