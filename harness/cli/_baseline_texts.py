"""Shows the answers of a baseline that keeps hashes alone, where their texts can be found."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.record import RunRecord
    from harness.records.baselines import Baseline
    from harness.records.completions import Completions
    from harness.run.settings import Settings


@dataclass(frozen=True, slots=True)
class BaselineTexts:
    """Finds the texts of baselines for one report."""

    root: Path
    """The folder of runs."""
    settings: "Settings"
    others: "tuple[RunRecord, ...]"
    """The report's runs, which were asked the same."""
    remarks: dict[str, str] = field(default_factory=dict)
    """A line about missing texts, by the id of the baseline's run."""

    def filled(self, baseline: "Baseline") -> "Baseline":
        """The baseline with the texts that were found."""
        from harness.records.baseline_texts import with_found_texts

        with _store(self.settings) as store:
            done = with_found_texts(baseline, (*self._own(baseline), *self.others), store)
        if done.remark:
            self.remarks[baseline.record.id] = done.remark
        return done.baseline

    def record(self, name: str, record: "RunRecord") -> "RunRecord":
        """The record that the name stands for, with texts where it is a baseline's."""
        from harness.records.baselines import baseline_named

        baseline = baseline_named(name, self.root, Path(self.settings.baselines_dir))
        return record if baseline is None else self.filled(baseline).record

    def _own(self, baseline: "Baseline") -> "Iterator[RunRecord]":
        """The run that it was made of, where it is stored here; a damaged one says nothing."""
        from harness.records.runs import read_run, record_file

        folder = self.root / baseline.record.id
        if record_file(folder).is_file():
            with suppress(HarnessError):
                yield read_run(folder)


@contextmanager
def _store(settings: "Settings") -> "Iterator[Completions | None]":
    """The store of completions; ``None`` where there is none, which makes none."""
    from harness.files.cache_folder import cache_folder
    from harness.records.completions import Completions
    from harness.records.completions_file import FILE, StoreFailed

    folder, store = cache_folder(settings.store), None
    if folder is not None and (folder / FILE).is_file():
        with suppress(StoreFailed):
            store = Completions(folder)
    try:
        yield store
    finally:
        if store is not None:
            store.close()
