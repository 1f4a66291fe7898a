"""Finds rows that say what another says: in all words, or nearly and in another split."""

from collections.abc import Iterable, Sequence

from harness.model_files.training_sketch import TrainingSketch, trained_cases
from trainers.data.reading import Refused
from trainers.data.row_text import Row, answers, plain_value, prompt_key, user_text


def without_repeats(rows: Iterable[Row]) -> tuple[list[Row], list[Refused]]:
    """The rows without those whose prompt and answers an earlier one has; and these."""
    first: dict[object, Row] = {}
    repeats = []
    for row in rows:
        earlier = first.setdefault((prompt_key(row), answers(row)), row)
        if earlier is not row:
            reason = f"a duplicate of {earlier.where}"
            repeats.append(Refused(row.where, reason, plain_value(row), is_mistake=False))
    return [*first.values()], repeats


def without_near(
    rows: Sequence[Row], held_out: Sequence[Row], split: str
) -> tuple[list[Row], list[Refused]]:
    """The rows without those whose prompt is nearly that of a held-out row; and these.

    The held-out rows are the ones that stay, so that what a model is judged on does not change
    when training rows are added.
    """
    near = _near(rows, held_out)
    dropped = [
        Refused(
            row.where,
            f"a near-duplicate of {near[index].where}, which is in {split}",
            plain_value(row),
            is_mistake=False,
        )
        for index, row in enumerate(rows)
        if index in near
    ]
    return [row for index, row in enumerate(rows) if index not in near], dropped


def _near(rows: Sequence[Row], held_out: Sequence[Row]) -> dict[int, Row]:
    """The held-out row that each row is near to, by the row's index."""
    found: dict[int, Row] = {}
    sketch = TrainingSketch.of([user_text(row.prompt) for row in rows])
    for match in trained_cases(sketch, [user_text(row.prompt) for row in held_out]):
        for index in match.rows:
            found.setdefault(index, held_out[match.index])
    return found


def ambiguous(rows: Iterable[Row]) -> list[tuple[Row, Row]]:
    """Rows of one prompt with other answers, each with the first row of that prompt."""
    first: dict[object, Row] = {}
    return [
        (earlier, row)
        for row in rows
        if answers(earlier := first.setdefault(prompt_key(row), row)) != answers(row)
    ]
