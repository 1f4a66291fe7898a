"""The histogram of rows' lengths."""

from trainers.run.lengths import BAR, MOST_BINS, histogram


def test_lengths_are_counted_up_to_the_limit_and_over_it() -> None:
    lines = histogram([5, 5, 6, 9, 12, 13], 10)
    assert lines == [
        f"     5  {'█' * BAR} 2",
        f"     6  {'█' * (BAR // 2)} 1",
        "     7  0",
        "     8  0",
        f"     9  {'█' * (BAR // 2)} 1",
        "-------- max_length 10",
        f"longer  {'█' * BAR} 2",
    ]


def test_bins_are_round_numbers_and_few() -> None:
    lines = histogram(range(37, 1_999), 2_048)
    assert lines[0].startswith("      0 to 199  ")
    assert len(lines) - 2 <= MOST_BINS


def test_a_bin_ends_at_the_limit() -> None:
    assert "130  " in histogram([*range(60, 131), 400], 130)[-3]


def test_without_a_row_that_fits_there_is_no_bin() -> None:
    assert histogram([30], 20) == ["-------- max_length 20", f"longer  {'█' * BAR} 1"]


def test_one_row_among_thousands_has_a_bar() -> None:
    assert any(line.endswith("  █ 1") for line in histogram([*[3] * 5_000, 9], 10))
