"""Pairs of answers that are hard to set side by side, made from a seed."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace

from harness.core.record import RunRecord
from harness.core.verdict import FailureCode, Verdict
from tests.report.hostile import HOSTILE
from tests.synthetic import ADAPTER, BASE, good, record_of, sample, values, with_text

_PIECES = (
    '{"name": "Ada", "amount": 47.2}',
    '{"name": "Ada", "amount": "47.20"}',
    '{"a": 1, "a": 2, "b": [1, {"c/d~": null}], "": {}}',
    '[1, 2.50, -0, 1e400, true, "\\u0041\\n", "\\ud800", []]',
    "[" * 150 + "]" * 150,
    "[" * 5 + "1" + "]" * 5,
    "{" + ", ".join(f'"k{i}": {i}' for i in range(90)) + "}",
    '{"a": 01}',
    '{"a": 1,}',
    "{'a': 1}",
    '{"a": 1} x',
    "```json\n{}\n```",
    "\ufeff{}",
    " {} ",
    "NaN",
    "12",
    "the invoice is due on Monday",
    "the invoyce was due, on Monday\n",
    "  \t\n x ",
    "\U0001f600 \U0001f601 é e\u0301 你好 שלום",
    *HOSTILE,
)


def texts(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Pairs: two pieces, or one piece and what is left of it when some of it is changed.

    As they are read from a file: there, two halves of a character that meet are that character.
    """
    rng = random.Random(seed)
    for _ in range(count):
        before = "".join(rng.choices(_PIECES, k=rng.choice((1, 1, 1, 2, 5))))
        after = rng.choice((rng.choice(_PIECES), _changed(rng, before)))
        yield json.loads(json.dumps(before)), json.loads(json.dumps(after))


def _changed(rng: random.Random, text: str) -> str:
    characters = list(text)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(characters) + 1)
        more = rng.choices('ab "{},\n\U0001f600', k=rng.randint(0, 4))
        characters[at : at + rng.randint(0, 5)] = more
    return "".join(characters)


def odd_record(count: int, seed: int) -> RunRecord:
    """Cases that all regressed, answered by such pairs, most of them with a reference."""
    rng = random.Random(seed)
    before, after = [], []
    found = zip(values(count), texts(count, seed), strict=True)
    for number, (value, (old, new)) in enumerate(found, 1):
        reference = rng.choice((value, json.loads('{"a": 1, "b": [1]}'), None))
        span = sorted(rng.randrange(len(new) + 1) for _ in range(2))
        failed = Verdict.failed(FailureCode.SYNTAX, "", (span[0], span[1]))
        asked = {model: sample(model, number, value, good(value)) for model in (BASE, ADAPTER)}
        asked = {model: replace(s, reference=reference) for model, s in asked.items()}
        before.append(with_text(asked[BASE], old))
        after.append(with_text(asked[ADAPTER], new, json_validity=failed))
    return record_of([(BASE, before), (ADAPTER, after)])
