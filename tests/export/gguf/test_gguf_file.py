"""Where llama.cpp would end an answer elsewhere than transformers."""

from harness.export.gguf.gguf_file import end_warnings


def test_none_and_too_many_ends_are_warned_of():
    assert "names a token that ends an answer" in end_warnings(())[0]
    assert end_warnings((1, 2, 3)) == ()
    assert "4 tokens end an answer, GGUF has places for 3" in end_warnings((1, 2, 3, 4))[0]
