"""Draft tokens by prompt lookup."""

from harness.engine.llama.prompt_lookup import NO_GUESS, NgramTable, draft


def learned(*sequences: list[int]) -> NgramTable:
    ngrams = NgramTable()
    for ids in sequences:
        ngrams.learn(ids)
    return ngrams


def test_what_followed_once_follows_again():
    assert draft([9, 1], 4, [learned([1, 2, 3, 4, 5])]) == [2, 3, 4, 5]


def test_two_tokens_say_more_than_one():
    ngrams = learned([1, 2, 3], [7, 2, 8])
    assert draft([1, 2], 1, [ngrams]) == [3]
    assert draft([7, 2], 1, [ngrams]) == [8]
    assert draft([5, 2], 1, [ngrams]) == [8], "what followed last"


def test_a_longer_match_goes_before_a_nearer_source():
    own, others = learned([2, 4]), learned([1, 2, 3])
    assert draft([1, 2], 1, [own, others]) == [3]
    assert draft([6, 2], 1, [own, others]) == [4]


def test_where_nothing_is_known_there_is_a_token_all_the_same():
    assert draft([1, 2], 2, [NgramTable()]) == [NO_GUESS, NO_GUESS]
    assert draft([], 1, [learned([1, 2])]) == [NO_GUESS]
    assert draft([1, 2], 0, [learned([1, 2])]) == []


def test_only_what_came_since_is_learned():
    ngrams = NgramTable()
    ngrams.learn([1, 2, 3, 4], first=3)
    assert ngrams.after((3,)) == ngrams.after((2, 3)) == 4
    assert ngrams.after((1,)) is ngrams.after((1, 2)) is None
