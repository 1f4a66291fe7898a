"""A row's split depends on its prompt alone."""

from collections import Counter

import pytest

from harness.core.errors import HarnessError
from trainers.data.splits import Shares, split_of


def test_the_shares_are_met_and_the_same_prompt_is_in_one_split() -> None:
    """Of 10,000 prompts each count is within five standard deviations: at most 200."""
    counts = Counter(split_of(f"prompt {i}", Shares()) for i in range(10_000))
    assert abs(counts["train"] - 8_000) < 200
    assert abs(counts["val"] - 1_000) < 150
    assert abs(counts["test"] - 1_000) < 150
    for i in range(50):
        assert split_of(f"prompt {i}", Shares()) == split_of(f" PROMPT,  {i}!", Shares())


def test_the_splits_are_the_ones_of_every_machine() -> None:
    """The first bytes of their SHA-256 are 48, e4 and f3: 28, 89 and 95 of 100."""
    prompts = ("prompt 0", "prompt 27", "prompt 10")
    assert [split_of(prompt, Shares()) for prompt in prompts] == ["train", "val", "test"]


@pytest.mark.parametrize("text", ["80/20", "80/10/11", "0/50/50", "a/b/c", "80/10/10/0"])
def test_shares_that_do_not_add_up_are_refused(text: str) -> None:
    with pytest.raises(HarnessError, match="expected three percentages"):
        Shares.parse(text)
    assert Shares.parse("90/10/0") == Shares(90, 10, 0)
