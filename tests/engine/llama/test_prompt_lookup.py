"""What is guessed of a row's next tokens."""

from harness.engine.llama.prompt_lookup import NO_GUESS, Followers, drafted


def learned(*sequences: list[int]) -> Followers:
    followers = Followers()
    for ids in sequences:
        followers.learn(ids)
    return followers


def test_what_followed_once_follows_again():
    assert drafted([9, 1], 4, [learned([1, 2, 3, 4, 5])]) == [2, 3, 4, 5]


def test_two_tokens_say_more_than_one():
    followers = learned([1, 2, 3], [7, 2, 8])
    assert drafted([1, 2], 1, [followers]) == [3]
    assert drafted([7, 2], 1, [followers]) == [8]
    assert drafted([5, 2], 1, [followers]) == [8], "what followed last"


def test_a_longer_match_goes_before_a_nearer_source():
    own, others = learned([2, 4]), learned([1, 2, 3])
    assert drafted([1, 2], 1, [own, others]) == [3]
    assert drafted([6, 2], 1, [own, others]) == [4]


def test_where_nothing_is_known_there_is_a_token_all_the_same():
    assert drafted([1, 2], 2, [Followers()]) == [NO_GUESS, NO_GUESS]
    assert drafted([], 1, [learned([1, 2])]) == [NO_GUESS]
    assert drafted([1, 2], 0, [learned([1, 2])]) == []


def test_only_what_came_since_is_learned():
    followers = Followers()
    followers.learn([1, 2, 3, 4], first=3)
    assert followers.after((3,)) == followers.after((2, 3)) == 4
    assert followers.after((1,)) is followers.after((1, 2)) is None
