"""Tokens to text: pieces of bytes, of characters, and tokenizers that read a window otherwise."""

import random

import pytest

from harness.engine.token_lengths import next_text, token_lengths

TEXTS = [
    "plain text",
    "a 😀 b",
    "👨‍👩‍👧‍👦 and é, ü, 漢字",
    '{"name": "Zoë 🇩🇪"}\n',
    "😀" * 40,
]


def decoder(pieces):
    """Decodes tokens by their places, as a byte-level tokenizer does."""
    return lambda ids: b"".join(pieces[i] for i in ids).decode("utf-8", "replace")


def lengths_of(pieces):
    decode = decoder(pieces)
    return token_lengths(range(len(pieces)), decode(range(len(pieces))), decode)


def cut(raw: bytes, seed: int) -> list[bytes]:
    """The bytes in pieces of one to five."""
    chance, pieces = random.Random(seed), []
    while raw:
        size = chance.randint(1, 5)
        pieces, raw = [*pieces, raw[:size]], raw[size:]
    return pieces


def expected(pieces):
    """A place between two tokens is one between two characters where the bytes before it decode."""
    lengths, begun = [], b""
    for piece in pieces:
        begun += piece
        try:
            lengths.append(len(begun.decode()))
            begun = b""
        except UnicodeDecodeError:
            lengths.append(0)
    return lengths


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(8))
def test_the_pieces_of_one_character_end_with_its_last(text, seed):
    pieces = cut(text.encode(), seed)
    assert lengths_of(pieces) == expected(pieces)


def test_a_token_that_ends_inside_a_character_is_one_stretch_with_the_next():
    assert lengths_of([b"a", b" \xf0\x9f", b"\x98\x80", b"b"]) == [1, 0, 2, 1]


def test_bytes_that_are_no_character_have_the_place_of_their_sign():
    assert lengths_of([b"\xf0", b"\x9f", b"a"]) == [0, 1, 1]
    assert lengths_of([b"a", b"\xff", b"\xff"]) == [1, 1, 1]
    assert lengths_of([b"a", b"\xf0\x9f"]) == [1, 1]
    assert lengths_of([b"\xf0\x9f", b"\xf0\x9f", b"\x98\x80"]) == [1, 0, 1]
    assert lengths_of([]) == []


@pytest.mark.parametrize("seed", range(20))
def test_the_sum_is_the_length_of_the_text_whatever_the_bytes_are(seed):
    pieces = cut(random.Random(seed).randbytes(60), seed)
    decode = decoder(pieces)
    assert sum(lengths_of(pieces)) == len(decode(range(len(pieces))))


def test_a_tokenizer_that_drops_the_first_space_drops_it_once():
    pieces = [" one", " two", " ", " three"]
    decode = lambda ids: "".join(pieces[i] for i in ids).removeprefix(" ")  # noqa: E731
    assert token_lengths(range(4), decode(range(4)), decode) == [3, 4, 1, 6]
    assert next_text([0], 3, decode) == " three"
    assert next_text([], 3, decode) == "three"


def test_a_tokenizer_that_reads_windows_otherwise_is_read_from_the_start():
    words = ["a", "b", "c", "d", "e", "f", "g"]
    decode = lambda ids: "-".join(words[i] for i in ids) + ("!" if ids and ids[0] else "")  # noqa: E731
    text = decode(range(7))
    assert token_lengths(range(7), text, decode) == [1, 2, 2, 2, 2, 2, 2]


def test_a_stretch_without_end_takes_no_time():
    pieces = [b"a", b"\xf0", *[b""] * 5_000, b"\x9f\x98\x80", b"b"]
    decoded, decode = [], decoder(pieces)

    def counted(ids):
        decoded.extend(ids)
        return decode(ids)

    assert token_lengths(range(len(pieces)), "a😀b", counted) == [1, *[0] * 5_002, 2]
    assert len(decoded) < 20_000


def test_a_runner_up_after_half_a_character_is_read_by_itself():
    pieces = [b"\xf0\x9f", b"\x98\x80", b"x"]
    assert next_text([0], 2, decoder(pieces)) == "x"
    assert next_text([0], 1, decoder(pieces)) == "��"
