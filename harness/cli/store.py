"""``harness store``: what the store of completions holds, and what may go."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._group import Group
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.records.completions import Completions

DAMAGED = 1
"""Exit code of a store with damaged answers."""
DAY = 86_400.0


@click.group(cls=Group)
def command() -> None:
    """Look after the answers that are kept between runs.

    The store lies in the user's cache directory. HARNESS_STORE or store in [tool.harness] name
    another folder; false turns it off.
    """


@command.command()
@json_option
def info(is_json: bool) -> None:
    """Show where the store is, its size, and the models that it has answers of."""
    from harness.records.completions_upkeep import counted

    with _opened() as store:
        models = counted(store)
        answers = sum(model.answers for model in models)
        if is_json:
            held = [asdict(model) for model in models]
            return _document(store, answers=answers, models=held)
        _say(f"{store.path}: {answers:,} answers, {store.size_bytes / 1e6:,.1f} MB")
        for model in models:
            dates = f"{model.first[:10]} to {model.last[:10]}"
            _say(f"  {model.answers:>7,}  {dates}  {model.model[:12]}  {model.ref}")


@command.command()
@click.option(
    "--keep-days", type=click.IntRange(0), metavar="N", help="Drop what N days did not use."
)
@click.option(
    "--max-mb", type=click.IntRange(1), metavar="N", help="Then drop the oldest over N MB."
)
@json_option
def gc(keep_days: int | None, max_mb: int | None, is_json: bool) -> None:
    """Drop answers that were not used for long, and give their room back to the disk."""
    from harness.records.completions_upkeep import drop_unused, shrink

    if keep_days is None and max_mb is None:
        raise click.UsageError("say what may go: --keep-days N, --max-mb N or both")
    with _opened() as store:
        dropped = 0
        if keep_days is not None:
            dropped += drop_unused(store, time.time() - keep_days * DAY)
        store.compact()
        if max_mb is not None:
            dropped += shrink(store, max_mb * 1_000_000)
        store.compact()
        if is_json:
            return _document(store, dropped=dropped)
        _say(f"{store.path}: {dropped:,} answers dropped, {store.size_bytes / 1e6:,.1f} MB left")


@command.command()
@click.option("--model", "ref", required=True, metavar="REF", help="As after pytest's --model.")
@json_option
def clear(ref: str, is_json: bool) -> None:
    """Drop every answer of a model."""
    from harness.core.suggestion import did_you_mean
    from harness.records.completions_upkeep import clear as clear_model
    from harness.records.completions_upkeep import counted

    with _opened() as store:
        known = sorted({model.ref for model in counted(store)})
        if ref not in known:
            there = f"there are: {', '.join(known) or 'none'}"
            hint = did_you_mean(ref, known, there)
            raise HarnessError(f"--model {ref}: the store has no answers of it, {hint}")
        dropped = clear_model(store, ref)
        store.compact()
        if is_json:
            return _document(store, model=ref, dropped=dropped)
        _say(f"{store.path}: {dropped:,} answers of {ref} dropped")


@command.command()
@json_option
def verify(is_json: bool) -> None:
    """Check every answer against its hash.

    Exit code 0 when all are whole, 1 when one is damaged: it is generated again when it is needed.
    """
    from harness.records.completions_upkeep import verify as verify_all

    with _opened() as store:
        whole, damage = verify_all(store)
        if is_json:
            _document(store, whole=whole, faults=list(damage))
        else:
            _say(f"{store.path}: {whole:,} answers are whole, {len(damage):,} faults")
            _say(*(f"  {line}" for line in damage))
    if damage:
        raise SystemExit(DAMAGED)


@contextmanager
def _opened() -> "Iterator[Completions]":
    from harness.files.cache_folder import cache_folder
    from harness.records.completions import Completions
    from harness.records.completions_file import StoreFailed
    from harness.run.settings import project_settings

    folder = cache_folder(project_settings().store)
    if folder is None:
        raise HarnessError("the store is turned off, by HARNESS_STORE or store in [tool.harness]")
    try:
        store = Completions(folder)
        try:
            yield store
        finally:
            store.close()
    except StoreFailed as error:
        raise HarnessError(str(error)) from None


def _document(store: "Completions", **values: Any) -> None:
    say_document({"file": store.path, "bytes": store.size_bytes, **values})


def _say(*lines: str) -> None:
    from harness.report.console.output import say

    say(*lines)
