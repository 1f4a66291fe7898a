"""``training.json``: how an adapter came to be, as our trainer writes it beside the weights.

It is read as hostile input: a value of the wrong type counts as absent. Adapters of other trainers
have no such file.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.record import ModelRecord
from harness.files.regular import read_regular
from harness.files.strict_json import UnreadableFile, parse_object, read_object
from harness.model_files.folders import ADAPTER_WEIGHTS

Rates = tuple[tuple[str, tuple[tuple[int, float, float, float], ...]], ...]
"""By behavior: step, rate, and the ends of its 95% interval."""
FILE = "training.json"
CURVES = "curves.jsonl"
"""The curve so far, beside the checkpoints of a training that goes on."""
MAX_CURVES_BYTES = 50_000_000
MAX_STEPS = 10**9
MAX_BEHAVIORS = 40
MAX_POINTS = 400
"""Points kept of one line of the curve."""


@dataclass(frozen=True, slots=True)
class Training:
    """The part of an adapter's training that a page shows."""

    method: str
    seconds: float
    losses: tuple[tuple[int, float], ...]
    """Step and mean loss over the trained tokens since the point before."""
    held_out: tuple[tuple[int, float], ...]
    """Step and loss on the held-out examples."""
    rates: Rates = ()
    """Each behavior that was watched: step, rate, and the ends of its 95% interval."""
    kept: int | None = None
    """The step whose adapter was kept, where that is not simply the last."""

    @property
    def steps(self) -> int:
        """The last that was logged."""
        return max(step for step, _ in (*self.losses, *self.held_out))


def training_of(model: ModelRecord, folder: Path) -> Training | None:
    """The training of the adapter in ``folder``.

    A run's record names the adapter's weights by their hash, and so does the file: it is believed
    only where the two agree, since a folder that was trained again tells of other weights.
    ``None`` where they do not, or where there is no curve.
    """
    try:
        values = read_object(folder / FILE)
        if not _is_of(values, model.files):
            return None
        losses, held_out = (_points(values["curve"], name) for name in ("loss", "eval_loss"))
        rates, kept = tuple(_rates(values["curve"])), _kept(values["result"])
        method, seconds = str(values["method"])[:20], float(values["result"]["seconds"])
    except (UnreadableFile, ValueError, LookupError, TypeError, ArithmeticError):
        return None
    if not losses or not math.isfinite(seconds):
        return None
    return Training(method, seconds, losses, held_out, rates, kept)


def watched_rates(folder: Path) -> Rates:
    """What the training in ``folder`` watched, finished or not; nothing where that is not known."""
    try:
        values = read_object(folder / FILE)
        curve = values["curve"] if values else _curves(folder / CURVES)
        return tuple(_rates(curve))
    except (
        UnreadableFile,
        HarnessError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        ArithmeticError,
    ):
        return ()


def _curves(file: Path) -> list[Any]:
    lines = read_regular(file, MAX_CURVES_BYTES).split(b"\n")
    return [parse_object(line) for line in lines if line.strip()]


def describes(folder: Path, files: Mapping[str, str]) -> bool:
    """The training that ``folder`` tells of is that of an adapter with these files.

    Args:
        files: SHA-256 by name.
    """
    try:
        return _is_of(read_object(folder / FILE), files)
    except (UnreadableFile, LookupError, TypeError):
        return False


def _is_of(values: Mapping[str, Any], files: Mapping[str, str]) -> bool:
    weights = files.get(ADAPTER_WEIGHTS)
    return weights is not None and bool(values["result"]["adapter_sha256"] == weights)


def trained_over(values: Mapping[str, Any]) -> str | None:
    """The hash of the base's weights, out of the file's values."""
    return _text(values, "base", "weights_sha256")


def training_warnings(folder: Path, base_sha256: str) -> tuple[str, ...]:
    """Warnings before the adapter in ``folder`` is put over a base.

    Args:
        folder: the adapter's.
        base_sha256: fingerprint of the base that it is put over.
    """
    try:
        values = read_object(folder / FILE)
    except UnreadableFile:
        return ()
    warnings: list[str] = []
    quantized = _text(values, "recipe", "quantize")
    if quantized not in (None, "none"):
        warnings.append(
            f"the adapter was trained over the base in {quantized}, it is put over the base as "
            "stored: answers differ a little from those in training"
        )
    trained = trained_over(values)
    if trained not in (None, base_sha256):
        warnings.append(
            f"the adapter was trained over other weights ({trained:.12}...) than this base's "
            f"({base_sha256[:12]}...): judge the result before you ship it"
        )
    return tuple(warnings)


def _text(values: Mapping[str, Any], section: str, key: str) -> str | None:
    inner = values.get(section)
    value = inner.get(key) if isinstance(inner, dict) else None
    return value if isinstance(value, str) else None


def _kept(result: Mapping[str, Any]) -> int | None:
    chosen = result.get("kept")
    step = chosen.get("step") if isinstance(chosen, dict) else None
    return step if type(step) is int and 0 <= step <= MAX_STEPS else None


def _rates(
    curve: Any,
) -> Iterator[tuple[str, tuple[tuple[int, float, float, float], ...]]]:
    """The shares of each behavior, in the order of their steps, thinned."""
    points = [(int(p["step"]), p["behaviors"]) for p in curve if "behaviors" in p]
    names = [name for _, own in points for name in own if isinstance(name, str)]
    for name in [*dict.fromkeys(names)][:MAX_BEHAVIORS]:
        found: list[tuple[int, float, float, float]] = []
        for step, own in points:
            if name in own:
                low, high = map(float, own[name]["interval"])
                rate = float(own[name]["rate"])
                if 0 <= step <= MAX_STEPS and 0 <= low <= rate <= high <= 1:
                    found.append((step, rate, low, high))
        every = max(1, -(-len(found) // MAX_POINTS))
        if found:
            yield name[:80], tuple(sorted(found)[::every])


def _points(curve: Any, name: str) -> tuple[tuple[int, float], ...]:
    """The finite values of one name, in the order of their steps, thinned."""
    found = sorted({int(p["step"]): float(p[name]) for p in curve if name in p}.items())
    finite = [(s, value) for s, value in found if 0 <= s <= MAX_STEPS and math.isfinite(value)]
    every = max(1, -(-len(finite) // MAX_POINTS))
    return tuple(finite[::every])
