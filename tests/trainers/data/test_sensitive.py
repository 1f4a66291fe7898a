"""Secrets and personal data are found by their form, and not guessed."""

import pytest

from trainers.data.rows import TrainingRow
from trainers.data.sensitive import findings, has_library


def kinds(text: str) -> list[str]:
    return [f.kind for f in findings(TrainingRow("q", text, "f:1")) if not f.is_secret]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to ada@firm.co.uk.", "e-mail address"),
        ("call +44 20 7946 0958 now", "telephone number"),
        ("paid by 4111 1111 1111 1111", "card number"),
        ("to GB82 WEST 1234 5698 7654 32", "IBAN"),
    ],
)
def test_personal_data_are_found(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com and ada@host.test",
        "+1 goal, +12 points, 2024-03-01, 10.50",
        "4111 1111 1111 1112",
        "GB82 WEST 1234 5698 7654 33",
        "id 3f2a-4111111111111111x",
        '{"amount": 123456.75, "date": "2024-01-02"}',
        "a@" * 20_000,
    ],
)
def test_what_only_looks_similar_is_not(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.skipif(not has_library(), reason="needs detect-secrets")
def test_secrets_are_found_and_not_repeated() -> None:
    token = "ghp_" + "a1B2" * 9
    (found,) = findings(TrainingRow("q", f"use {token}", "f:1"))
    assert (found.kind, found.is_secret) == ("GitHub Token", True)
    assert token not in repr(found)
