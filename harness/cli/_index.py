"""``harness report --index``: writes the page of all stored runs."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.record import RunRecord
    from harness.model_files.training_record import Rates
    from harness.report.page.index.runs import IndexedRun, RunIndex

MAX_RUNS = 500
"""Newest runs that are shown."""
MAX_UNREADABLE = 5
"""Damaged runs that are named."""
FILE = "index.html"
PAGE = "report.html"


def index_of(root: Path, page: Path) -> "RunIndex":
    """The runs under ``root``, with addresses as seen from the folder of ``page``."""
    from harness.files.paths import short_path
    from harness.records.runs import read_results, run_ids
    from harness.report.page.index.runs import RunIndex

    ids = list(reversed(run_ids(root)))
    found, unreadable = [], []
    for run_id in ids[:MAX_RUNS]:
        try:
            record = read_results(root / run_id)
        except HarnessError as error:
            unreadable.append(error.mistakes[0])
        else:
            found.append(_indexed(record, root / run_id, page.parent))
    shown = unreadable[:MAX_UNREADABLE]
    if len(unreadable) > MAX_UNREADABLE:
        shown.append(f"and {len(unreadable) - MAX_UNREADABLE} more that cannot be read")
    return RunIndex(
        str(short_path(root)),
        tuple(found),
        max(0, len(ids) - MAX_RUNS),
        tuple(shown),
        dict(_trainings(found)),
    )


def _indexed(record: "RunRecord", folder: Path, seen_from: Path) -> "IndexedRun":
    from harness.records.runs import record_file
    from harness.report.page.index.runs import IndexedRun

    has_page = (folder / PAGE).is_file()
    there = folder / PAGE if has_page else record_file(folder)
    return IndexedRun(record, _address(there, seen_from), has_page)


def _address(file: Path, seen_from: Path) -> str:
    """A relative address, which a browser never reads as one with a scheme."""
    return "./" + quote(os.path.relpath(file, seen_from).replace(os.sep, "/"))


def _trainings(runs: "Iterable[IndexedRun]") -> Iterator[tuple[str, "Rates"]]:
    """What was watched while the models' trainings ran, as far as their folders are here."""
    from harness.model_files.training_record import watched_rates
    from harness.report.page.index.checkpoints import training_folder

    refs = {model.ref for run in runs for model in run.record.models}
    folders = sorted({found[1] for ref in refs if (found := training_folder(ref))})
    for folder in folders:
        for there in (Path(folder), Path(f"{folder}.partial")):
            if rates := watched_rates(there):
                yield folder, rates
                break
