"""Log-probabilities as servers give them, and as hostile or careless ones do."""

import pytest

from harness.engine.served.logprobs import logprobs_in


def entry(token, logprob=-0.25, others=(("x", -1.5),), raw=None):
    """A token in the form of the chat protocol."""
    top = [{"token": t, "logprob": v} for t, v in ((token, logprob), *others)]
    made = {"token": token, "logprob": logprob, "top_logprobs": top}
    return made if raw is None else {**made, "bytes": list(raw)}


def read(text, content):
    return logprobs_in({"logprobs": {"content": content}}, text)


def test_the_runner_up_is_the_likeliest_other_token():
    found = read('{"a"', [entry("{"), entry('"a', -0.5, [("b", -2), ("c", -1.0)]), entry('"')])
    assert found.lengths == (1, 2, 1)
    assert found.logprobs == (-0.25, -0.5, -0.25)
    assert found.runner_ups == ("x", "c", "x")
    assert found.runner_up_logprobs == (-1.5, -1.0, -1.5)


def test_the_completions_protocol_has_columns():
    columns = {
        "tokens": ["{", "a"],
        "token_logprobs": [-0.25, -1],
        "top_logprobs": [{"{": -0.25, "x": -2.0}, {"a": -1, "b": -0.5}],
    }
    found = logprobs_in({"logprobs": columns}, "{a")
    assert (found.lengths, found.runner_ups) == ((1, 1), ("x", "b"))


@pytest.mark.parametrize(
    ("content", "lengths"),
    [
        ([entry("�", raw=b"\xf0\x9f"), entry("�", raw=b"\x98\x80"), entry("!")], (0, 1, 1)),
        ([entry("�"), entry("�"), entry("!")], (0, 1, 1)),
        ([entry("😀"), entry("�")], (1, 1)),
        ([entry(""), entry("😀"), entry("!"), entry("<|im_end|>")], (0, 1, 1, 0)),
        ([entry("😀!")], (2,)),
    ],
    ids=["bytes", "signs", "sign at the end", "end token", "whole"],
)
def test_tokens_are_mapped_to_the_text_exactly(content, lengths):
    assert read("😀!", content).lengths == lengths


def test_bytes_that_are_no_list_are_not_read():
    assert read("a", [{**entry("a"), "bytes": 10**9}]).lengths == (1,)


def test_an_empty_answer_may_have_its_end_alone():
    assert read("", [entry("<|im_end|>")]).lengths == (0,)
    assert read("", []) is None


NONE = [None, [], "a", {}, {"content": None}, {"content": "a"}, {"tokens": ["a"]}]


@pytest.mark.parametrize("given", NONE, ids=repr)
def test_a_choice_may_have_none(given):
    assert logprobs_in({"logprobs": given}, "a") is None
    assert logprobs_in({}, "a") is None


@pytest.mark.parametrize(
    "content",
    [
        [entry("b")],
        [entry("a"), entry("b"), entry("c")],
        [],
        [{"token": "a", "logprob": -0.1, "top_logprobs": []}],
        [entry("a", None)],
        [entry("a", True)],
        [entry("a", float("nan"))],
        [entry("a", 10**400)],
        [entry(7)],
        [entry("\ud83d")],
        [None],
        ["a"],
        [{**entry("a"), "bytes": [999]}],
    ],
    ids=repr,
)
def test_what_does_not_map_to_the_text_is_not_taken(content):
    assert read("a", content) is None
