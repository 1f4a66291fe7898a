"""Single changes that make a training fit: shorter rows before anything else."""

from functools import partial
from typing import Any

import pytest

from tests.trainers.model.test_estimate import QWEN05, recipe
from trainers.model.estimate import estimate
from trainers.model.fitting import change_that_fits, fits

estimated = partial(estimate, shape=QWEN05)


def change(limit_mb: float, **changes: Any) -> str | None:
    found = change_that_fits(recipe(**changes), estimated, limit_mb)
    assert found is None or fits(found[1], limit_mb)
    return found and found[0]


def test_the_longest_rows_that_fit() -> None:
    """1,024 tokens are estimated at 2,468 MB."""
    said = change(2400, max_length=1024)
    assert said is not None
    length = int(said.removeprefix("max_length: "))
    assert not fits(estimated(recipe(max_length=length + 64)), 2400)


@pytest.mark.parametrize(
    ("changes", "limit_mb", "said"),
    [
        ({"lora.r": 512}, 5000, "lora.r: 128"),
        ({"dtype": "float32"}, 3000, "dtype: bfloat16"),
    ],
)
def test_what_shorter_rows_do_not_help(changes: dict[str, Any], limit_mb: float, said: str) -> None:
    assert change(limit_mb, **changes) == said


def test_nothing_fits_into_less_than_the_base() -> None:
    assert change(1000) is None
