"""The split of a batch: every row finds its prefix, and little is computed twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.hf import shared_prefix
from harness.engine.hf.shared_prefix import PrefixSplit, best_split

TASK = list(range(100, 160))
OTHER_TASK = list(range(200, 240))
ANY = 10_000
"""Columns: more than any prompt here has."""


def cut_of(prompts, max_columns=ANY):
    found = best_split(prompts, max_columns)
    assert found is not None
    return found


def test_what_all_prompts_begin_with_is_one_beginning():
    prompts = [[*TASK, i, i + 1, i + 2] for i in range(8)]
    assert cut_of(prompts) == PrefixSplit(60, [TASK], [0] * 8)


def test_each_task_has_a_beginning_of_its_own():
    prompts = [task + [i] * 5 for i in range(4) for task in (TASK, OTHER_TASK)]
    assert cut_of(prompts) == PrefixSplit(60, [TASK, OTHER_TASK], [0, 1] * 4)


def test_a_prompt_asked_again_is_computed_once_but_for_its_last_token():
    again, other = [*TASK, 1, 2], [*OTHER_TASK, 3, 4]
    found = cut_of([again, other, again, again, other, again, again])
    assert found == PrefixSplit(61, [again[:-1], other[:-1]], [0, 1, 0, 0, 1, 0, 0])


def test_a_prompt_that_begins_another_needs_no_computing_of_its_own():
    short, long = TASK, [*TASK, 1, 2, 3]
    found = cut_of([short, long] * 4)
    assert found == PrefixSplit(62, [long[:-1]], [0] * 8)


def test_a_much_shorter_row_has_nothing_before_the_cut():
    prompts = [[7]] + [TASK + [i] * 9 for i in range(6)]
    assert cut_of(prompts) == PrefixSplit(60, [TASK], [0] * 7)


def test_prompts_with_nothing_in_common_are_not_cut():
    assert best_split([[i, *TASK] for i in range(50)], ANY) is None


def test_one_prompt_is_not_cut():
    assert best_split([TASK * 20], ANY) is None


def test_a_cut_that_saves_too_little_is_not_made():
    assert best_split([[*TASK, 1], [*TASK, 2]], ANY) is None


def test_a_cut_leaves_out_columns_that_may_not_move():
    prompts = [[*TASK, i, i + 1] for i in range(10)]
    assert cut_of(prompts, max_columns=31) == PrefixSplit(31, [TASK[:31]], [0] * 10)
    assert best_split(prompts, max_columns=0) is None


def computed_with(prompts, columns):
    """Tokens computed with one split, by its definition: all tokens after it, and every prefix that
    is not the start of another one."""
    behind = max(map(len, prompts)) - columns
    all_of_them = {tuple(p[: max(0, len(p) - behind)]) for p in prompts}
    needed = [a for a in all_of_them if not any(b != a and b[: len(a)] == a for b in all_of_them)]
    return len(prompts) * behind + len(needed) * columns


def computed(prompts, max_columns):
    """Tokens computed when the prefixes are split in turn."""
    found, longest = best_split(prompts, max_columns), max(map(len, prompts))
    if found is None:
        return len(prompts) * longest
    behind = len(prompts) * (longest - found.columns)
    return behind + computed(found.prefixes, max_columns)


few_tokens = st.lists(st.integers(0, 1), min_size=1, max_size=7)


@given(st.lists(few_tokens, min_size=1, max_size=9), st.integers(0, 8))
def test_no_single_cut_saves_more_and_every_row_finds_its_beginning(prompts, max_columns):
    longest = max(map(len, prompts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_prefix, "MIN_SAVED_TOKENS", 1)
        found, count = best_split(prompts, max_columns), computed(prompts, max_columns)
    cuts = range(min(longest - 1, max_columns) + 1)
    assert count <= min(computed_with(prompts, columns) for columns in cuts)
    if found is None:
        return
    assert found.columns in cuts
    assert max(map(len, found.prefixes)) == found.columns
    for prompt, number in zip(prompts, found.prefix_of_row, strict=True):
        before = prompt[: max(0, len(prompt) - (longest - found.columns))]
        assert found.prefixes[number][: len(before)] == before
