"""The span of a prompt that is nearest to a made-up value."""

import json

import pytest

from harness.checks.grounding import Grounding
from harness.core.case import Case, Message
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict
from harness.report.page.cases.nearest import nearest_place
from tests.synthetic import BASE, good, sample, values, with_text


@pytest.mark.parametrize(
    ("prompt", "value", "near"),
    [
        ("Ada Byron paid 47.20 USD.", "Ada Bryon", "Ada Byron"),
        ("ADA\n BYRON paid 47.20 USD.", "Ada Bryon", "ADA\n BYRON"),
        ("Ada paid $1,240.50 on Monday", 1240.51, "1,240.50"),
        ("Ada paid 12 and 1 240 USD", 13, "12"),
        ("Bob says: Ada's 'shop' \\ of books", "Ada's shops", "Ada's 'shop"),
        ("on 3 March 2025, Ada paid", "2025-03-04", None),
        ("", "Ada", None),
    ],
)
def test_the_place_is_that_of_what_the_reason_names(
    prompt: str, value: str | float, near: str | None
) -> None:
    """The reasons are those of the check itself."""
    text = json.dumps({"v": value})
    case = Case("c", (Message("user", prompt),))
    verdict = Grounding(("/v",)).judge(case, Completion(text))
    assert verdict.code == "ungrounded"
    [one] = values(1)
    found = with_text(sample(BASE, 1, one, good(one)), text, grounding=verdict)
    place = nearest_place(found, prompt)
    assert (None if place is None else prompt[slice(*place)]) == near


@pytest.mark.parametrize(
    ("prompt", "value", "nearest"),
    [
        ("Ada Byron paid.", "Ada Bryon", "ada byron"),
        ("on 3 March 2025", "2025-03-04", "2025-03-03"),
        ("", "Ada", None),
        ("Bob says: Ada's, the nearest is 'x'", "Adas", "ada's"),
        ("name " + "longword" * 20, "longword" * 19, "longword" * 20),
    ],
)
def test_a_verdict_carries_the_nearest_text(prompt: str, value: str, nearest: str | None) -> None:
    """It is whole, where the reason shows an excerpt."""
    case = Case("c", (Message("user", prompt),))
    text = json.dumps({"v": value})
    assert Grounding(("/v",)).judge(case, Completion(text)).nearest == nearest


def test_no_reason_is_read_back() -> None:
    reason = "'x' does not occur in the prompt, the nearest is 'Ada'"
    verdict = Verdict.failed(FailureCode.UNGROUNDED, reason, (0, 1))
    [one] = values(1)
    assert (
        nearest_place(with_text(sample(BASE, 1, one, good(one)), "x", own=verdict), "Ada") is None
    )
