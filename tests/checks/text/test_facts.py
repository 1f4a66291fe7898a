"""What a text states: words, numbers and days, however written."""

# ruff: noqa: E501

import datetime
from decimal import Decimal

import pytest

from harness.checks.text.days import days_of
from harness.checks.text.facts import facts_of
from harness.checks.text.numbers import numbers_of
from harness.checks.text.whole_words import has_words, normal
from tests.cpu import MAX_SECONDS, cpu_seconds

# Text, values it states, values it does not.
STATES = [
    ("Ada Byron paid", ["Ada", "ada byron", "ADA  BYRON", "\uff21da", "paid"], ["Ad", "da", "Byron Ada"]),
    ("O'Brien's bill", ["O'Brien", "brien", "bill"], ["OBrien"]),
    ("Smith-Jones", ["Smith", "smith-jones", "Jones"], ["Smith Jones"]),
    ("stra\u00dfe", ["STRASSE", "strasse"], ["strase"]),
    ("caf\u00e9", ["cafe\u0301", "CAF\u00c9"], ["cafe", "caf"]),
    ("cafe\u0301 x", ["caf\u00e9"], ["cafe"]),
    ("\u6771\u4eac\u90fd\u306b", ["\u6771\u4eac", "\u6771\u4eac\u90fd"], ["\u4eac\u6771"]),
    ("snake_case", ["snake_case"], ["snake", "case"]),
    ("<Q1 02:03>", ["Q1 02:03", "q1 02:03"], ["Q1 02:0", "Q1 2:03"]),
    ("a b", ["", " "], ["a  c"]),
    ("costs $47.20 today", ["47.20", "47.2", "$47.2", "USD 47.20", "47.20 EUR", "47,20"], ["47", "20", "7.20", "-47.2", "147.2", "4720"]),
    ("costs 1,234.50", ["1234.5", "1,234.50", "1'234.50"], ["1234", "234.50", "1.2345"]),
    ("costs 1.234,50 EUR", ["1234.5", "1.234,50"], ["1.234"]),
    ("costs 1'234 now", ["1234"], ["234"]),
    ("costs 12 500 000 now", ["12500000"], ["12500"]),
    ("costs 1,00,000 now", ["100000"], ["1000"]),
    ("1,2,3 go", ["1", "2", "3"], ["123"]),
    ("lost -5 and \u22127.5", ["-5", "\u22127.5", "-7.5"], ["5", "7.5"]),
    ("lost -$5 and $-6", ["-5", "-$5", "-6"], ["5", "6"]),
    ("10-20 of 2024-05-06, Q-7", ["10", "20"], ["-20", "-5", "-7", "7", "2024", "6"]),
    ("a - 5 b", ["5"], ["-5"]),
    ("(-5) [-6] x)-7 y]-8", ["-5", "-6", "7", "8"], ["-7", "-8", "5"]),
    ("USD40 and US$ 41 and 5kg and Q4 and 3rd", ["40", "41", "5", "3"], ["4"]),
    ("It costs 47.", ["47", "47.0", "4.7e1"], ["0.47"]),
    (".5 of it", ["0.5", ".5"], ["5"]),
    ("\uff14\uff17", ["47"], ["4"]),
    ("50%", ["50", "50%"], ["0.5"]),
    ("call +1 555 1234", ["+1 555 1234", "555"], ["-1"]),
    ("On March 5, 2024", ["2024-03-05", "March 5, 2024", "5 Mar 2024", "03/05/2024", "5.3.2024", "2024/3/5", "20240305", "2024-03-05T10:00:00Z", "2024-03-05 10:00", "5th of March, 2024", "2024\u5e743\u67085\u65e5"], ["2024-03-06", "March 5, 2023", "2024-05-04"]),
    ("On 5th of March 2024", ["2024-03-05"], ["2024-05-03"]),
    ("Mar. 5th, 2024 MARCH 6 2024", ["2024-03-05", "2024-03-06"], ["2024-03-07"]),
    ("05-Mar-2024", ["2024-03-05"], ["2024-03-15"]),
    ("2024 March 5", ["2024-03-05"], []),
    ("March 5, '24", ["2024-03-05"], []),
    ("3/5/2024", ["2024-03-05", "2024-05-03"], ["2024-03-04"]),
    ("25/12/24", ["2024-12-25"], ["2025-12-24"]),
    ("2024.03.05 or 20240306", ["2024-03-05", "2024-03-06"], []),
    ("2024\u5e743\u67085\u65e5", ["2024-03-05"], []),
    ("2024-03-05T10:00:00Z", ["2024-03-05"], []),
    ("id 12024-03-05 and 2024-03-055", [], ["2024-03-05"]),
    ("on 2024-02-30", [], ["2024-03-01"]),
    ("Flight BA117, BA 118, ISO 9001", ["BA117", "ba117", "BA 117", "BA118", "ISO 9001", "ISO9001"], ["LH117", "LH 118", "RFC 9001", "BA11", "117"]),
    ("part SKU-42 and INV-7, UTC-5", ["SKU-42", "INV-7", "sku-42", "UTC-5"], ["INV-42", "SKU 42", "42", "-42", "7", "-5", "5", "UTC+5", "42 and"]),
    ("COVID-19 cases", ["COVID-19", "covid-19 cases"], ["19", "19 cases", "COVID-20"]),
    ("max.10 or No.5", ["max.10", "10", "5", "No.5"], ["0.1", "min.10"]),
    ("room 12f4, 1e3, 5E2", ["12f4", "1e3", "5E2", "1000", "500"], ["12", "4", "2", "3", "12e4"]),
    ("120 bpm and 5,000km", ["120 bpm", "120bpm", "120", "5000 km", "5,000 km", "5000km", "5000"], ["120 mph", "120mph", "5000 mi", "bpm 120"]),
    ("EUR 5 and 7 USD", ["EUR 5", "5 EUR", "5", "7 USD", "USD 7", "usd 7", "$7"], ["USD 5", "EUR 7", "5 USD", "CHF 5", "XYZ 5", "5 kg"]),
    ("5 kg", ["5", "5 kg"], ["USD 5", "5 EUR", "5 lb"]),
    ("it is 5 dollars", ["USD 5", "$5"], ["USD 6"]),
    ("| amount (EUR) | 5 |", ["EUR 5", "5 EUR"], ["USD 5"]),
    ("by 30 Oct", ["30 Oct", "Oct 30", "October 30", "30 october", "30th of October"], ["30 Nov", "29 Oct", "30", "2024-10-30"]),
    ("by Nov 30, 2024", ["30 Nov", "2024-11-30", "2024"], ["30 Oct", "30", "11"]),
    ("people may march 5 miles", ["5", "5 miles"], ["6"]),
    ("on 2025-03-31 at 14:05", ["2025-03-31", "14:05", "2025-03-31 at 14:05"], ["3", "03", "31", "2025", "14", "5", "05"]),
    ("by 03/31", ["03/31"], ["3", "31"]),
    ("call 555-12-1234 or 555-4321", ["555-12-1234", "555-4321", "4321"], ["12", "1234"]),
    ("version 1.2.34, 192.168.0.7", ["1.2.34", "192.168.0.7"], ["1.2", "34", "2.34", "168", "7"]),
    ("is -5 degrees, 3-5 days", ["-5 degrees", "3-5 days", "3", "5 days", "5"], ["5 degrees", "-3"]),
    ("Clergy exemp-\ntions, a well-\n  known oak", ["Clergy exemptions", "well-known oak", "wellknown"], ["exem"]),
    ("*M. mazei nifH* gene, a _very_ **old** oak, 2 * 3 * 4", ["M. mazei nifH gene", "very old oak", "2 * 3"], ["mazei *"]),
    ("Ada paid it, all of it", ["Ada paid it.", "all of it.", "it \u3002"], ["Ada paid.it", "all of it!"]),
    ("costs 5", ["5.", "5"], ["50."]),
    ("agent 007, ref 00123", ["007", "00123", "7"], ["BA7"]),
    ("BA007", ["BA007", "BA 007"], ["BA7", "7"]),
    ("\u5171\u67093\u4e2a\u82f9\u679c", ["3"], ["4"]),
    ("20250331", ["20250331", "2025-03-31"], ["2025", "31"]),
    ("score 98:87, ratio 3:1", ["98", "87", "3", "1", "98:87"], []),
    ("5-star, 2x, 3rd", ["5", "2", "3", "5-star"], ["-5"]),
    ("." , ["."], ["x."]),
    ("send three drills", ["3", "three"], ["4", "13"]),
    ("nothing", [], ["1", "2024-03-05", "no"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "stated", "not_stated"), STATES)
def test_states(text, stated, not_stated):
    facts = facts_of(text)
    for value in stated:
        assert facts.state(value), value
    for value in not_stated:
        assert not facts.state(value), value


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("47.20", {"47.2"}),
        ("-$1,234.5", {"-1234.5"}),
        ("$-3", {"-3"}),
        ("1.5e3", {"1500"}),
        ("1.234", {"1.234", "1234"}),
        ("EUR 12", {"12"}),
        ("12 EUR", {"12"}),
        ("12%", {"12"}),
        ("a lot", set()),
        ("12 apples", set()),
        ("", set()),
        ("1" * 101, set()),
        ("2024-03", set()),
    ],
)
def test_numbers_of_a_value(value, numbers):
    assert numbers_of(value) == {Decimal(n) for n in numbers}


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("2024-03-05", {(2024, 3, 5)}),
        ("3/5/2024", {(2024, 3, 5), (2024, 5, 3)}),
        ("2024-03-05T10:00:00+01:00", {(2024, 3, 5)}),
        ("2024-03-05 10:00:00", {(2024, 3, 5)}),
        ("on 2024-03-05", set()),
        ("2024-03-05 or so", set()),
        ("2024-13-05", set()),
        ("1/2/3", set()),
        ("x" * 49, set()),
    ],
)
def test_days_of_a_value(value, days):
    assert days_of(value) == {datetime.date(*day) for day in days}


@pytest.mark.parametrize(
    ("text", "value", "nearest"),
    [
        ("we paid Ada Byron today", "Ada Byrom", "ada byron"),
        ("we paid Ada Byron, today", "Adda Byron", "ada byron"),
        ("we paid Ada Byron today", "Xyz", ""),
        ("costs 47.20 and 12", "47.02", "47.20"),
        ("costs 10 and 12", "11", "10"),
        ("on 2024-03-05 and 2024-03-09", "2024-03-06", "2024-03-05"),
        ("costs 47", "2024-03-05", ""),
        ("", "Ada", ""),
    ],
)
def test_nearest(text, value, nearest):
    assert facts_of(text).nearest(value) == nearest


def test_normal_form():
    assert normal("  \uff21\u00a0B\tc\n") == "a b c"
    assert normal("\u01c4") == "d\u017e"


def test_a_text_made_of_one_part_is_searched_so_far():
    assert not has_words("a" * 5000 + " aa", "aa")
    assert has_words("a" * 900 + " aa", "aa")


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("24.76", "24", False),
        ("24.76", "76", False),
        ("1,240", "240", False),
        ("24. 76", "24", True),
        ("24.", "24", True),
        ("x.24", "24", True),
        ("24.x", "24", True),
        ("24-76", "76", True),
        ("a.b", "a", True),
        ("24", "24", True),
        ("(a)", "(a)", True),
        ("b(a)b", "(a)", True),
        ("e\u0301a", "a", False),
        ("\u0e01\u0e02", "\u0e01", True),
        ("a\u6771", "a", True),
    ],
)
def test_whole_words(text, words, found):
    assert has_words(text, words) is found


HOSTILE = ["1" * 500_000, "a" * 500_000, "1-" * 250_000, "a1" * 250_000, "1a" * 250_000, "Oct 1 " * 80_000,
           "*a" * 250_000, "a-\n" * 150_000, "1:1" * 150_000, "EUR " * 120_000, "_" * 500_000, "1 111" * 90_000,
           "1," * 250_000, "1e" * 250_000, "$" * 500_000, "." * 500_000, "-" * 500_000]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_time_is_linear_in_the_text(text):
    half = text[: len(text) // 2]
    values = ("a 1", "x2", "30 Oct", "EUR 5", "12e4", text[:150])

    def state(prompt):
        facts = facts_of(prompt)
        return [facts.state(value) for value in values]

    first, second = cpu_seconds(lambda: state(half)), cpu_seconds(lambda: state(text))
    assert second < max(3.5 * first, MAX_SECONDS)


@pytest.mark.parametrize("text", ["1" * 100_000, f"{'1' * 50_000}-{'1' * 50_000}", "1-" * 50_000])
def test_a_long_number_is_read_once(text):
    assert cpu_seconds(lambda: facts_of(text)) < MAX_SECONDS
