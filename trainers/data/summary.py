"""Says in lines what the preparation of rows found, and where it is."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.core.extras import install
from harness.report.words.numbers import plural
from trainers.data.prepare import Prepared
from trainers.data.prepared_folder import FLAGGED, REJECTED
from trainers.data.reading import Refused
from trainers.data.sensitive import has_library
from trainers.data.splits import SPLITS

MAX_REASONS = 5
"""Kinds of rejected rows that are named; the rest are in ``rejected.jsonl``."""

Lines = Iterator[tuple[str, str]]


def lines(prepared: Prepared, output: Path) -> list[tuple[str, str]]:
    """Name and text of each line."""
    counts = ", ".join(f"{name} {len(prepared.splits[name]):,}" for name in SPLITS)
    return [
        *(("read", f"{f.path}: {f.shape}; {plural(f.rows, 'row')}") for f in prepared.files),
        *reasons("left out", [r for r in prepared.refused if not r.is_mistake]),
        *reasons("wrong", [r for r in prepared.refused if r.is_mistake]),
        *_dropped(prepared),
        *_found(prepared, output),
        ("written", f"{output}: {counts}; {REJECTED} {len(prepared.rejected):,}"),
        ("next", _next(prepared, output)),
    ]


def reasons(name: str, rows: Sequence[Refused]) -> Lines:
    """The reasons, the most frequent first, each with its first place."""
    counted = Counter(row.reason for row in rows)
    first = {row.reason: row.where for row in reversed(rows)}
    for reason, count in counted.most_common(MAX_REASONS):
        yield name, f"{plural(count, 'row')}: {reason} ({_places(first[reason], count)})"
    if rest := sum(counted.values()) - sum(n for _, n in counted.most_common(MAX_REASONS)):
        yield name, f"{plural(rest, 'row')} for other reasons: {REJECTED}"


def _places(first: str, count: int) -> str:
    return first if count == 1 else f"the first is {first}"


def _dropped(prepared: Prepared) -> Lines:
    if found := prepared.duplicates:
        yield "dropped", f"{plural(len(found), 'duplicate')} of earlier rows"
    if found := prepared.near:
        example = f"{found[0].where}: {found[0].reason}"
        yield "dropped", f"{plural(len(found), 'row')} near a held-out one ({example})"
    if found := prepared.sensitive:
        yield "dropped", f"{plural(len(found), 'row')} as sensitive"


def _found(prepared: Prepared, output: Path) -> Lines:
    for is_secret, name in ((True, "secrets"), (False, "personal data")):
        kinds = [(k, n) for (secret, k), n in sorted(prepared.kinds.items()) if secret == is_secret]
        if kinds:
            text = ", ".join(f"{kind} {count:,}" for kind, count in kinds)
            hint = "" if prepared.sensitive else "; --drop-flagged leaves the rows out"
            yield "flagged", f"{name}: {text} ({output / FLAGGED}){hint}"
    if not has_library():
        yield "note", f"secrets were not looked for: {install('data')}"
    if count := prepared.ambiguous:
        verb = "has" if count == 1 else "have"
        text = f"{plural(count, 'row')} {verb} the prompt of another and another answer"
        yield "ambiguous", f"{text}: harness data check shows them"


def _next(prepared: Prepared, output: Path) -> str:
    train, val = (shlex.quote(str(output / f"{name}.jsonl")) for name in ("train", "val"))
    held_out = f" --set data.val={val}" if prepared.splits["val"] else ""
    return f"harness train RECIPE --set data.train={train}{held_out}"
