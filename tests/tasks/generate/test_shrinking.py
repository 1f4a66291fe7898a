"""The smallest failing example, found with few batches of questions.

The examples are words, made without Hypothesis: how many there are is a choice, and each word is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.generate.choices import Choice, IntegerRange, TextRange, Value
from harness.tasks.generate.shrinking import Bounds, Shrunk, apply, changes_of, shrink, size_of

DEFAULT = Bounds()
COUNT = IntegerRange(0, 6)
WORD = TextRange(((97, 101),), 1, 12)


@dataclass(frozen=True)
class Words:
    words: tuple[str, ...]
    choices: tuple[Choice, ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def prompt(self) -> str:
        return " ".join(self.words)


def made(values: Sequence[Value]) -> Words | None:
    """What a strategy of a count and so many words does; it rejects a word with an ``e``."""
    left = list(values)
    count = left.pop(0) if left else COUNT.simplest
    count = count if COUNT.allows(count) else COUNT.simplest
    words = []
    for _ in range(count):
        word = left.pop(0) if left else WORD.simplest
        words.append(word if WORD.allows(word) else WORD.simplest)
    if any("e" in word for word in words):
        return None
    choices = (Choice(count, COUNT), *(Choice(word, WORD) for word in words))
    return Words(tuple(words), choices, tuple((i, i + 1) for i in range(1, count + 1)))


def shrunk(start: Words, fails: Callable[[str], bool], bounds: Bounds = DEFAULT):
    """The result, and the prompts of each batch."""
    batches: list[list[str]] = []

    def failing(examples: Sequence[Words]) -> list[bool]:
        batches.append([e.prompt for e in examples])
        return [fails(prompt) for prompt in batches[-1]]

    result = shrink(start, lambda sequels: [made(s) for s in sequels], failing, bounds)
    return result, batches


quick = settings(deadline=None, max_examples=40)
words = st.lists(st.text("abcd", min_size=1, max_size=12), min_size=1, max_size=6)
starts = words.map(lambda w: made((len(w), *w)))


@st.composite
def failing_starts(draw) -> tuple[Words, Callable[[str], bool]]:
    """An example and a property that it has: it holds a text, or is long enough, or both."""
    start = draw(starts)
    first = draw(st.integers(0, len(start.prompt) - 1))
    part = start.prompt[first : first + draw(st.integers(1, 4))]
    least = draw(st.integers(0, len(start.prompt)))
    return start, lambda prompt: part in prompt and len(prompt) >= least


@given(failing_starts())
@quick
def test_the_result_fails_and_is_no_larger(pair):
    start, fails = pair
    result, _ = shrunk(start, fails)
    assert fails(result.smallest.prompt)
    assert size_of(result.smallest) <= size_of(start)


@given(failing_starts())
@quick
def test_no_single_change_of_the_result_is_smaller_and_fails(pair):
    start, fails = pair
    result, _ = shrunk(start, fails, Bounds(steps=1000, requests=10**6))
    assert not result.is_bounded
    values = tuple(choice.value for choice in result.smallest.choices)
    for change in changes_of(result.smallest):
        changed = made(apply(values, change))
        assert (
            changed is None
            or size_of(changed) >= size_of(result.smallest)
            or not fails(changed.prompt)
        )


@given(failing_starts())
@quick
def test_it_is_the_same_every_time(pair):
    assert shrunk(*pair) == shrunk(*pair)


@given(
    failing_starts(), st.builds(Bounds, st.integers(0, 5), st.integers(0, 50), st.integers(1, 9))
)
@quick
def test_it_keeps_its_bounds(pair, bounds):
    start, fails = pair
    result, batches = shrunk(start, fails, bounds)
    assert result.steps == len(batches) <= bounds.steps
    assert result.requests == sum(map(len, batches)) <= bounds.requests
    assert all(1 <= len(batch) <= bounds.batch for batch in batches)
    assert fails(result.smallest.prompt)


@given(failing_starts())
@quick
def test_nothing_is_asked_twice_and_nothing_that_is_no_smaller(pair):
    start, fails = pair
    _, batches = shrunk(start, fails)
    asked = [prompt for batch in batches for prompt in batch]
    assert len({start.prompt, *asked}) == len(asked) + 1
    assert all(len(prompt) <= len(start.prompt) for prompt in asked)


@given(starts)
@quick
def test_what_always_fails_ends_at_the_smallest_of_all(start):
    result, batches = shrunk(start, lambda prompt: True)
    assert result.smallest.prompt == ""
    assert len(batches) == 1


def test_one_word_among_many_is_found_in_few_steps():
    start = made((6, "abba", "dada", "cabbadacab", "dab", "baba", "cd"))
    result, batches = shrunk(start, lambda prompt: "dad" in prompt)
    assert result.smallest.prompt == "dad"
    assert len(batches) <= 4


def test_changes_that_fail_one_by_one_are_tried_together():
    """Five words must stay, and each may lose its letters: not a step for each of them."""
    start = made((5, *["abcdabcd"] * 5))
    result, batches = shrunk(start, lambda prompt: prompt.count(" ") == 4)
    assert result.smallest.prompt == "a a a a a"
    assert len(batches) <= 3


def test_a_search_that_may_ask_nothing_gives_back_what_it_got():
    start = made((1, "abc"))
    result, batches = shrunk(start, lambda prompt: True, Bounds(requests=0))
    assert result == Shrunk(start, 0, 0, is_bounded=True)
    assert batches == []


def test_no_step_is_begun_when_the_time_is_up():
    start = made((5, *["abcdabcd"] * 5))
    seconds = iter([0.0, 5.0, 9.0, *[10.0] * 9])
    bounds = Bounds(batch=1, seconds=10.0, clock=lambda: next(seconds))
    result, batches = shrunk(start, lambda prompt: prompt.count(" ") == 4, bounds)
    assert result.steps == len(batches) == 2
    assert result.is_bounded
